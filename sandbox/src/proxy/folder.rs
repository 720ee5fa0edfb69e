//! The folder in which a proxy has its socket, and which a sandbox sees.
//!
//! Whoever serves in one has it locked, so that it is known which ones are left over: their names do not tell, since a
//! process that goes on with a sandbox of another one serves where that has.

use std::fs::{self, File, TryLockError};
use std::io::{Error, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The socket's name in its folder.
pub(super) const SOCKET: &str = "proxy";

/// A folder in which this process serves; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Open and locked.
    held: File,
}

impl Folder {
    /// The folder of this name, which nobody else may serve in; those that nobody serves in any more are removed.
    pub(super) fn take(name: &str) -> std::io::Result<Self> {
        let parent = parent()?;
        let turn = File::open(&parent)?;
        // A folder that is just made is not locked yet, and would be swept by somebody else.
        turn.lock()?;
        sweep(&parent);
        let path = parent.join(name);
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?;
        let held = File::open(&path)?;
        match held.try_lock() {
            Ok(()) => Ok(Self { path, held }),
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                let message = format!("{} is another process's", path.display());
                Err(Error::new(ErrorKind::AddrInUse, message))
            }
        }
    }

    /// A socket in it to which whoever sees it can connect: what is in a sandbox is another user to the kernel where
    /// the engine says so, and has to come through.
    pub(super) fn listen(&self) -> std::io::Result<UnixListener> {
        let socket = self.path.join(SOCKET);
        // One that a process left that is gone.
        let _ = fs::remove_file(&socket);
        // The address of a socket is 108 bytes at most (unix(7)), and folders of temporary files may have longer ones.
        let short = format!("/proc/self/fd/{}/{SOCKET}", self.held.as_raw_fd());
        let listener = UnixListener::bind(short)?;
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o666))?;
        Ok(listener)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The folder of all such folders of this user, which nobody else can list.
fn parent() -> std::io::Result<PathBuf> {
    let user = nix::unistd::geteuid();
    let parent = std::env::temp_dir().join(format!("troupe-{user}"));
    fs::create_dir_all(&parent)?;
    let found = fs::symlink_metadata(&parent)?;
    if !found.is_dir() || found.uid() != user.as_raw() {
        let message = format!("{} belongs to somebody else", parent.display());
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o711))?;
    Ok(parent)
}

/// Removes those in which nobody serves.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_left = File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok());
        if is_left {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    #[tokio::test]
    async fn a_folder_is_swept_when_nobody_serves_in_it_whoever_made_it() {
        // As of a process that is gone, whose sandbox this one goes on with, and as one that nobody goes on with.
        let (resumed, left) = ("troupe-4194305-0", "troupe-4194305-1");
        fs::create_dir_all(parent().unwrap().join(left)).unwrap();
        let folder = Folder::take(resumed).unwrap();
        let _listener = folder.listen().unwrap();
        assert!(!parent().unwrap().join(left).exists());
        let other = Folder::take("troupe-4194306-0").unwrap();
        UnixStream::connect(folder.path.join(SOCKET)).unwrap();
        assert_eq!(Folder::take(resumed).unwrap_err().kind(), ErrorKind::AddrInUse);
        let paths = [folder.path.clone(), other.path.clone()];
        drop((folder, other));
        assert!(paths.iter().all(|path| !path.exists()));
    }

    #[test]
    fn a_long_path_of_temporary_files_is_no_trouble() {
        if std::env::var_os("LONG").is_some() {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let _inside = runtime.enter();
            let folder = Folder::take("troupe-1-0").unwrap();
            assert!(folder.path.as_os_str().len() > 108);
            folder.listen().unwrap();
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let long = place.path().join("x".repeat(120));
        fs::create_dir(&long).unwrap();
        // The variable is the whole process's.
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["a_long_path_of_temporary_files_is_no_trouble", "--nocapture"])
            .env("TMPDIR", &long)
            .env("LONG", "1")
            .output()
            .unwrap();
        assert!(again.status.success(), "{again:?}");
    }
}
