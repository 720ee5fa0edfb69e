//! Files that commands gave, as lines: after a set's own line one for each file and folder, and behind a file's its
//! content in pieces.

use super::read::Lines as Reading;
use super::write::Lines as Writing;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};
use troupe_core::port::artifact::Artifacts;
use troupe_core::port::blob::Digest;

/// Bytes of a file in one line.
const PIECE: usize = 768 << 10;

/// What stands before the files of a set.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Set {
    /// Its name: the hash of all that follows.
    set: Digest,
    /// How many files and folders follow.
    entries: usize,
}

/// A file or a folder.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// With `/` between names.
    path: String,
    /// Bytes of the file, which follow in pieces; none of a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    executable: bool,
}

/// Writes the files of a set that lie in `folder`.
pub(super) fn write(set: &Digest, folder: &Path, lines: &mut Writing<impl Write>) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    list(folder, "", &mut entries)?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    lines.push(&Set {
        set: *set,
        entries: entries.len(),
    })?;
    for entry in entries {
        lines.push(&entry)?;
        if entry.bytes.is_none() {
            continue;
        }
        let file = File::open(folder.join(&entry.path))?;
        loop {
            let mut piece = Vec::new();
            (&file).take(PIECE as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            lines.push(&STANDARD.encode(&piece))?;
        }
    }
    Ok(())
}

fn list(folder: &Path, path: &str, entries: &mut Vec<Entry>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("the name of an artifact is no UTF-8")?;
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}/{name}")
        };
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            list(&entry.path(), &path, entries)?;
        }
        entries.push(Entry {
            path,
            bytes: metadata.is_file().then_some(metadata.len()),
            executable: metadata.is_file() && metadata.permissions().mode() & 0o111 != 0,
        });
    }
    Ok(())
}

/// Reads a set; keeps it where somebody is there who does.
pub(super) async fn read(lines: &mut Reading, keeper: Option<&dyn Artifacts>) -> anyhow::Result<()> {
    let Set { set, entries } = lines.parse("what is known of artifacts")?;
    let gathered = match keeper {
        Some(keeper) => Some((keeper, keeper.gather().await?)),
        None => None,
    };
    for _ in 0..entries {
        one(lines, gathered.as_ref().map(|(_, gathered)| gathered.folder()))?;
    }
    let Some((keeper, gathered)) = gathered else {
        return Ok(());
    };
    let kept = keeper.keep(gathered, Vec::new()).await?;
    match kept.set == set {
        true => Ok(()),
        false => Err(lines.damaged(&format!("the artifacts of set {set} are not those that were written"))),
    }
}

fn one(lines: &mut Reading, folder: Option<&Path>) -> anyhow::Result<()> {
    let entry: Entry = lines.parse("an artifact")?;
    let path = Path::new(&entry.path);
    let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_below || entry.path.is_empty() {
        return Err(lines.damaged(&format!("`{}` is no path of an artifact", entry.path)));
    }
    let whole = folder.map(|folder| folder.join(path));
    let Some(mut left) = entry.bytes else {
        return Ok(whole.map_or(Ok(()), fs::create_dir_all)?);
    };
    let mut file = match &whole {
        Some(whole) => {
            fs::create_dir_all(whole.parent().unwrap_or(whole))?;
            Some(File::create_new(whole)?)
        }
        None => None,
    };
    while left > 0 {
        let text: String = lines.parse("a piece of an artifact")?;
        let piece = STANDARD
            .decode(text)
            .map_err(|error| lines.damaged(&error.to_string()))?;
        left = left
            .checked_sub(piece.len() as u64)
            .filter(|_| !piece.is_empty())
            .ok_or_else(|| lines.damaged(&format!("`{}` has not as many bytes as it says", entry.path)))?;
        if let Some(file) = &mut file {
            file.write_all(&piece)?;
        }
    }
    if let Some(file) = file {
        file.set_permissions(Permissions::from_mode(if entry.executable { 0o755 } else { 0o644 }))?;
    }
    Ok(())
}
