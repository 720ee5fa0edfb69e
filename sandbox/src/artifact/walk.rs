//! Files from a folder of this machine.

use super::intake::Intake;
use super::selector::Selector;
use nix::libc::O_NOFOLLOW;
use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use troupe_core::port::{Error, ErrorKind};

/// The folder of a workspace, which holds runs and no work of theirs.
const WORKSPACE: &str = ".troupe";

/// Takes what is selected of a folder; gives what was selected, each once.
pub(super) fn take(directory: &Path, selector: &Selector, intake: &mut Intake) -> Result<Vec<String>, Error> {
    let mut tops: Vec<String> = Vec::new();
    let mut open = vec![selector.base().to_owned()];
    while let Some(path) = open.pop() {
        let whole = directory.join(&path);
        let metadata = match fs::symlink_metadata(&whole) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(unreadable(&path, error)),
        };
        if path == selector.base() {
            within(directory, &path)?;
        }
        let top = selector.top(&path).filter(|top| !top.is_empty());
        if let Some(top) = top {
            if tops.iter().all(|known| known != top) {
                tops.push(top.to_owned());
            }
            one(&whole, &path, &metadata, intake)?;
        }
        if metadata.is_dir() {
            open.extend(children(&whole, &path, top.is_some())?);
        }
    }
    tops.sort();
    Ok(tops)
}

/// Refuses a path that links lead out of the folder: the last name may be a link, which is looked at later.
fn within(directory: &Path, path: &str) -> Result<(), Error> {
    let whole = directory.join(path);
    let parent = if path.is_empty() {
        Some(whole.as_path())
    } else {
        whole.parent()
    };
    let parent = parent.unwrap_or(directory);
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|error| unreadable(&path.display().to_string(), error))
    };
    if real(parent)?.starts_with(real(directory)?) {
        return Ok(());
    }
    let message = format!(
        "the artifact `{path}` lies outside of {}, where a link leads to",
        directory.display()
    );
    Err(Error::new(ErrorKind::Invalid, message))
}

fn one(whole: &Path, path: &str, metadata: &Metadata, intake: &mut Intake) -> Result<(), Error> {
    if metadata.is_dir() {
        return intake.folder(path);
    }
    if metadata.is_symlink() {
        let target = fs::read_link(whole).map_err(|error| unreadable(path, error))?;
        intake.link(path, target.as_os_str().as_bytes());
        return Ok(());
    }
    if !metadata.is_file() {
        return Err(Intake::other(path));
    }
    // A link that has taken the file's place since is none of its content.
    let opened = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW).open(whole);
    let mut file = opened.map_err(|error| unreadable(path, error))?;
    let is_executable = metadata.permissions().mode() & 0o111 != 0;
    intake.file(path, is_executable, &mut file)
}

/// What is in a folder. A name that is no text is refused where the folder is taken whole, else nobody means it.
fn children(whole: &Path, path: &str, is_taken: bool) -> Result<Vec<String>, Error> {
    let mut children = Vec::new();
    for entry in fs::read_dir(whole).map_err(|error| unreadable(path, error))? {
        let name = entry.map_err(|error| unreadable(path, error))?.file_name();
        let name = match Intake::relative(name.as_bytes()) {
            Err(_) if !is_taken => continue,
            name => name?,
        };
        if name != WORKSPACE {
            children.push(if path.is_empty() {
                name
            } else {
                format!("{path}/{name}")
            });
        }
    }
    // The last one is looked at first.
    children.sort_by(|a, b| b.cmp(a));
    Ok(children)
}

fn unreadable(path: &str, error: io::Error) -> Error {
    Error::new(
        ErrorKind::Other,
        format!("the artifact `{path}` cannot be read: {error}"),
    )
    .caused_by(error)
}
