//! One file of a hub onto the disk: gone on with where it stopped, and compared with what the hub says of it.

use super::{Digest, Hub, Listing, Remote};
use crate::local::{Sum, hexadecimal};
use crate::wire::retry::{self, Backoff};
use reqwest::StatusCode;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use troupe_core::port::{Error, ErrorKind};

/// Attempts that may fail one after the other without a byte.
const ATTEMPTS: u32 = 5;

/// A file as far as it is there.
struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
    sha256: Context,
    /// Git's name of it, where its length is known before.
    blob: Option<Context>,
}

/// Why an attempt ended before the file did.
enum Stop {
    /// Another attempt may go further.
    Passing(String),
    /// None would.
    Final(Error),
}

impl Hub {
    /// Fetches a file to `target`, beside which it lies in a part until it is whole. `progress` hears how many bytes
    /// are there; what was there before is not fetched again.
    ///
    /// # Errors
    /// `Corrupt` for a content that is not what the hub says, `Unavailable` for a connection that keeps breaking (what
    /// is there stays), `Storage` for a disk that takes no more, and those of [`Hub::list`].
    pub async fn download(
        &self,
        listing: &Listing,
        remote: &Remote,
        target: &Path,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Sum, Error> {
        let mut part = Part::open(remote, target).map_err(|error| storage(target, error))?;
        let mut failed = 0;
        while remote.bytes.is_none_or(|bytes| part.bytes < bytes) {
            let before = part.bytes;
            match self.attempt(listing, remote, &mut part, progress).await {
                Ok(()) => break,
                Err(Stop::Final(error)) => return Err(error),
                Err(Stop::Passing(why)) => {
                    failed = if part.bytes > before { 1 } else { failed + 1 };
                    if failed >= ATTEMPTS {
                        let message = format!(
                            "{}: the connection broke after {} bytes: {why}; pull again to go on from there",
                            remote.path, part.bytes
                        );
                        return Err(Error::new(ErrorKind::Unavailable, message));
                    }
                    let backoff = Backoff {
                        first: self.pause,
                        longest: Duration::from_secs(30),
                    };
                    tokio::time::sleep(backoff.pause(failed, retry::share())).await;
                }
            }
        }
        part.finish(remote, target)
    }

    async fn attempt(
        &self,
        listing: &Listing,
        remote: &Remote,
        part: &mut Part,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Stop> {
        let after: Vec<&str> = ["resolve", &listing.commit]
            .into_iter()
            .chain(remote.path.split('/'))
            .collect();
        let url = self.url(&[], &listing.repository, &after);
        let answer = self
            .get(url, Some(part.bytes))
            .await
            .map_err(|error| Stop::Passing(reason(&error)))?;
        let status = answer.status();
        if retry::is_passing(status.as_u16()) {
            return Err(Stop::Passing(format!("the hub answers {status}")));
        }
        let disk = |part: &Part, error| Stop::Final(storage(&part.path, error));
        // A server that sends the whole instead of the rest, or has no rest, begins anew.
        if part.bytes > 0 && status != StatusCode::PARTIAL_CONTENT {
            part.clear(remote).map_err(|error| disk(part, error))?;
            if status == StatusCode::RANGE_NOT_SATISFIABLE {
                return Err(Stop::Passing(format!("the hub answers {status}")));
            }
        }
        let what = format!("{} of {}", remote.path, listing.repository);
        let mut answer = self.accepted(answer, &what).map_err(Stop::Final)?;
        let length = answer.content_length().map(|rest| part.bytes + rest);
        while let Some(piece) = answer.chunk().await.map_err(|error| Stop::Passing(reason(&error)))? {
            part.take(&piece).map_err(|error| disk(part, error))?;
            progress(part.bytes);
        }
        match remote.bytes.or(length) {
            Some(whole) if part.bytes < whole => Err(Stop::Passing("it ended too early".to_owned())),
            _ => Ok(()),
        }
    }
}

impl Part {
    /// Opens the part that an earlier attempt left, or a new one. Its name holds that of the content, so that parts of
    /// two revisions never meet.
    fn open(remote: &Remote, target: &Path) -> io::Result<Self> {
        let content = match &remote.digest {
            Digest::Sha256(name) | Digest::Blob(name) => {
                name.chars().filter(char::is_ascii_hexdigit).take(16).collect()
            }
            Digest::Unknown => String::new(),
        };
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{content}.part"));
        let path = PathBuf::from(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let mut part = Self {
            path,
            file,
            bytes: 0,
            sha256: Context::new(&SHA256),
            blob: blob(remote),
        };
        let length = part.file.metadata()?.len();
        // What cannot be gone on with safely is begun anew.
        if remote.digest == Digest::Unknown || remote.bytes.is_some_and(|bytes| length > bytes) {
            part.clear(remote)?;
        }
        let mut buffer = vec![0; 1 << 20];
        loop {
            match part.file.read(&mut buffer)? {
                0 => return Ok(part),
                n => part.digest(&buffer[..n]),
            }
        }
    }

    fn clear(&mut self, remote: &Remote) -> io::Result<()> {
        self.file.set_len(0)?;
        (self.bytes, self.sha256, self.blob) = (0, Context::new(&SHA256), blob(remote));
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.digest(bytes);
        Ok(())
    }

    fn digest(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(blob) = &mut self.blob {
            blob.update(bytes);
        }
        self.bytes += bytes.len() as u64;
    }

    /// Compares what is there with what the hub says, and puts it into its place.
    fn finish(self, remote: &Remote, target: &Path) -> Result<Sum, Error> {
        let sha256 = hexadecimal(self.sha256.finish().as_ref());
        let own = match (&remote.digest, self.blob) {
            (Digest::Sha256(said), _) => Some((sha256.clone(), said)),
            (Digest::Blob(said), Some(blob)) => Some((hexadecimal(blob.finish().as_ref()), said)),
            _ => None,
        };
        let mut wrong = own
            .filter(|(own, said)| *own != **said)
            .map(|(own, said)| format!("its checksum is {own}, the hub says {said}"));
        if let Some(said) = remote.bytes.filter(|said| *said != self.bytes) {
            wrong = Some(format!("it has {} bytes, the hub says {said}", self.bytes));
        }
        let at = |error| storage(&self.path, error);
        if let Some(wrong) = wrong {
            std::fs::remove_file(&self.path).map_err(at)?;
            let message = format!("{}: {wrong}; it was thrown away: pull again", remote.path);
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        self.file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.path, target))
            .map_err(at)?;
        Ok(Sum {
            bytes: self.bytes,
            sha256,
        })
    }
}

/// The beginning of what Git calls a small file by.
fn blob(remote: &Remote) -> Option<Context> {
    let (Digest::Blob(_), Some(bytes)) = (&remote.digest, remote.bytes) else {
        return None;
    };
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(format!("blob {bytes}\0").as_bytes());
    Some(context)
}

fn storage(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("{}: {error}", path.display()))
}

/// The innermost cause is the one that says something.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
