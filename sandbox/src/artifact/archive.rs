//! Files out of a tar archive that arrives in pieces: never more than some pieces of it are in memory.

use super::intake::Intake;
use super::selector::Selector;
use futures_util::StreamExt as _;
use std::io::{self, Read};
use tar::EntryType;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use troupe_core::port::sandbox::Pieces;
use troupe_core::port::{Error, ErrorKind};

/// Pieces that wait to be unpacked.
const AHEAD: usize = 8;

/// Takes what is selected of an archive of the selector's base: the intake, and what was selected, each once. Nothing
/// where there is no such file.
pub(super) async fn take(
    mut pieces: Pieces<'_>,
    selector: Selector,
    intake: Intake,
) -> Result<(Intake, Vec<String>), Error> {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>(AHEAD);
    let unpacking = spawn_blocking(move || {
        let mut intake = intake;
        let reader = Arriving {
            receiver,
            piece: Vec::new(),
            at: 0,
        };
        let tops = unpack(reader, &selector, &mut intake);
        (intake, tops)
    });
    let sending = async move {
        while let Some(piece) = pieces.next().await {
            // Whoever unpacks has stopped: it says why.
            if sender.send(piece?).await.is_err() {
                break;
            }
        }
        Ok::<(), Error>(())
    };
    let (sent, unpacked) = tokio::join!(sending, unpacking);
    let (intake, tops) =
        unpacked.map_err(|error| Error::new(ErrorKind::Other, format!("the artifacts were not unpacked: {error}")))?;
    match sent {
        Ok(()) => Ok((intake, tops?)),
        Err(Error {
            kind: ErrorKind::Missing,
            ..
        }) => Ok((intake, Vec::new())),
        Err(error) => Err(error),
    }
}

fn unpack(reader: impl Read, selector: &Selector, intake: &mut Intake) -> Result<Vec<String>, Error> {
    let broken = |error: io::Error| {
        Error::new(
            ErrorKind::Other,
            format!("the artifacts cannot be read out of the sandbox: {error}"),
        )
        .caused_by(error)
    };
    let mut tops: Vec<String> = Vec::new();
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type() == EntryType::XGlobalHeader {
            continue;
        }
        let path = below(selector.base(), &entry.path_bytes())?;
        let Some(top) = selector.top(&path).filter(|top| !top.is_empty()) else {
            continue;
        };
        if tops.iter().all(|known| known != top) {
            tops.push(top.to_owned());
        }
        let header = entry.header();
        match header.entry_type() {
            EntryType::Directory => intake.folder(&path)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let is_executable = header.mode().map_err(broken)? & 0o111 != 0;
                intake.file(&path, is_executable, &mut entry)?;
            }
            EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default();
                intake.same(&path, &below(selector.base(), &target)?)?;
            }
            EntryType::Symlink => intake.link(&path, &entry.link_name_bytes().unwrap_or_default()),
            _ => return Err(Intake::other(&path)),
        }
    }
    tops.sort();
    Ok(tops)
}

/// The path of an entry from where the command started. An archive's first name is the last one of its base.
fn below(base: &str, entry: &[u8]) -> Result<String, Error> {
    let entry = match entry.iter().position(|byte| *byte == b'/') {
        Some(at) => Intake::relative(&entry[at..])?,
        None => String::new(),
    };
    Ok(match (base, entry.as_str()) {
        ("", entry) => entry.to_owned(),
        (base, "") => base.to_owned(),
        (base, entry) => format!("{base}/{entry}"),
    })
}

/// Pieces as one stream of bytes.
struct Arriving {
    receiver: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.receiver.blocking_recv() {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => return Ok(0),
            }
        }
        let read = buffer.len().min(self.piece.len() - self.at);
        buffer[..read].copy_from_slice(&self.piece[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}
