//! Files coming in: written below one folder, in which there never is a link, and no more than may be.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use troupe_core::artifact::FILE_BYTES;
use troupe_core::port::{Error, ErrorKind};

/// A folder that is being filled. Paths are relative to it, with `/` between names, and have been looked at: no name is
/// empty, `.` or `..`.
#[derive(Debug)]
pub(super) struct Intake {
    to: PathBuf,
    /// Where the paths begin in the place that they come from.
    directory: String,
    most: u64,
    left: u64,
    /// Symbolic links, each with what it leads to.
    links: Vec<(String, String)>,
}

impl Intake {
    pub(super) fn new(to: &Path, directory: &str, most: u64) -> Self {
        Self {
            to: to.to_owned(),
            directory: directory.trim_end_matches('/').to_owned(),
            most,
            left: most,
            links: Vec::new(),
        }
    }

    /// A path made of names, or why it is none.
    pub(super) fn relative(path: &[u8]) -> Result<String, Error> {
        let text = std::str::from_utf8(path).map_err(|_| {
            let shown = String::from_utf8_lossy(path);
            Error::new(
                ErrorKind::Invalid,
                format!("the name of the artifact `{shown}` is no UTF-8: give it another one"),
            )
        })?;
        let names: Vec<&str> = text.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        if names.contains(&"..") || text.contains('\0') {
            let message = format!("the artifact `{text}` would lie outside of the folder where artifacts are kept");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(names.join("/"))
    }

    pub(super) fn folder(&mut self, path: &str) -> Result<(), Error> {
        self.charge(FILE_BYTES)?;
        fs::create_dir_all(self.to.join(path)).map_err(|error| unwritten(path, error))
    }

    /// A regular file; one that is there already is left as it is.
    pub(super) fn file(&mut self, path: &str, is_executable: bool, content: &mut dyn Read) -> Result<(), Error> {
        let Some(mut file) = self.create(path)? else {
            return Ok(());
        };
        self.charge(FILE_BYTES)?;
        let copied = io::copy(&mut content.take(self.left.saturating_add(1)), &mut file);
        let copied = copied.map_err(|error| unwritten(path, error))?;
        self.charge(copied)?;
        let mode = if is_executable { 0o755 } else { 0o644 };
        let permissions = Permissions::from_mode(mode);
        file.set_permissions(permissions)
            .map_err(|error| unwritten(path, error))
    }

    /// Another name of a file that came before.
    pub(super) fn same(&mut self, path: &str, earlier: &str) -> Result<(), Error> {
        if !self.is_file(earlier) {
            let message = format!(
                "the artifact `{path}` is the same file as `{earlier}`, which is no artifact: name both under `artifacts`"
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.charge(FILE_BYTES)?;
        self.name(path, earlier)
    }

    /// A symbolic link, which is looked at when all files are there.
    pub(super) fn link(&mut self, path: &str, target: &[u8]) {
        let target = String::from_utf8_lossy(target).into_owned();
        self.links.push((path.to_owned(), target));
    }

    /// Something that is neither a file, a folder nor a link.
    pub(super) fn other(path: &str) -> Error {
        let message = format!("the artifact `{path}` is neither a file nor a folder: remove it, or name others");
        Error::new(ErrorKind::Invalid, message)
    }

    /// Puts in the place of each link the file that it leads to, which has to be among the artifacts.
    pub(super) fn settle_links(&mut self) -> Result<(), Error> {
        let mut links = std::mem::take(&mut self.links);
        loop {
            let before = links.len();
            let mut open = Vec::new();
            for (path, target) in links {
                match self.target(&path, &target).filter(|target| self.is_file(target)) {
                    Some(file) => {
                        self.charge(FILE_BYTES)?;
                        self.name(&path, &file)?;
                    }
                    None => open.push((path, target)),
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            if let (true, Some((path, target))) = (open.len() == before, open.first()) {
                let message = format!(
                    "the artifact `{path}` is a link to `{target}`, which is no file among the artifacts: name that under \
                     `artifacts` as well, or copy it in the command (`cp -L`)"
                );
                return Err(Error::new(ErrorKind::Invalid, message));
            }
            // A link may lead to another one.
            links = open;
        }
    }

    /// The path that a link leads to; none where that is not below the folder where the command started.
    fn target(&self, path: &str, target: &str) -> Option<String> {
        let (from, target) = match target.strip_prefix('/') {
            Some(_) => ("", target.strip_prefix(&self.directory)?.strip_prefix('/')?),
            None => (path.rsplit_once('/').map_or("", |(folder, _)| folder), target),
        };
        let mut names: Vec<&str> = from.split('/').filter(|name| !name.is_empty()).collect();
        for name in target.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(names.pop()?),
                name => names.push(name),
            }
        }
        Some(names.join("/"))
    }

    fn is_file(&self, path: &str) -> bool {
        fs::symlink_metadata(self.to.join(path)).is_ok_and(|file| file.is_file())
    }

    fn name(&self, path: &str, file: &str) -> Result<(), Error> {
        let to = self.to.join(path);
        let parent = to.parent().unwrap_or(&self.to);
        let named = fs::create_dir_all(parent).and_then(|()| fs::hard_link(self.to.join(file), &to));
        match named {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            named => named.map_err(|error| unwritten(path, error)),
        }
    }

    /// None where there is such a file.
    fn create(&self, path: &str) -> Result<Option<File>, Error> {
        let to = self.to.join(path);
        let created = fs::create_dir_all(to.parent().unwrap_or(&self.to)).and_then(|()| File::create_new(&to));
        match created {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(unwritten(path, error)),
        }
    }

    fn charge(&mut self, bytes: u64) -> Result<(), Error> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let message = format!(
                    "the artifacts have more than the {} MiB that `limits.artifact_mb` of the workflow allows a command \
                     (each file counts 1 KiB besides its own bytes): name fewer, or raise it",
                    self.most >> 20
                );
                Err(Error::new(ErrorKind::Invalid, message))
            }
        }
    }
}

fn unwritten(path: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::PermissionDenied => ErrorKind::Storage,
        _ => ErrorKind::Other,
    };
    Error::new(kind, format!("the artifact `{path}` cannot be kept: {error}")).caused_by(error)
}
