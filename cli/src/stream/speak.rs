//! The end that speaks: an observer of a run that this process drives.

use super::Piece;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::broadcast;
use troupe_agents::Observer;
use troupe_core::id::{ActorId, RunId};
use troupe_core::port::journal::Entry;
use troupe_core::port::model::Delta;

/// Pieces that are kept for whoever hears slowly; older ones are missed.
const KEPT: usize = 4_096;

/// Tells what models write in one run. Dropping it closes its socket.
pub struct Speaker {
    pieces: broadcast::Sender<Arc<Piece>>,
    #[cfg(unix)]
    _door: Option<door::Door>,
}

impl Speaker {
    /// One for a run whose lease this process has; the runtime that this is called in serves the socket.
    pub fn open(state: &Path, run: &RunId) -> Self {
        let (pieces, _) = broadcast::channel(KEPT);
        Self {
            #[cfg(unix)]
            _door: door::Door::open(&super::path(state, run), &pieces),
            pieces,
        }
    }

    /// Hears the same in this process.
    pub fn hear(&self) -> broadcast::Receiver<Arc<Piece>> {
        self.pieces.subscribe()
    }

    /// The port by which the run speaks; another observer is told everything.
    pub fn observer(&self, other: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(Sight(self.pieces.clone(), other))
    }

    #[cfg(test)]
    pub(super) fn listeners(&self) -> usize {
        self.pieces.receiver_count()
    }
}

struct Sight(broadcast::Sender<Arc<Piece>>, Arc<dyn Observer>);

impl Observer for Sight {
    fn recalled(&self, entries: &[Entry]) {
        self.1.recalled(entries);
    }

    fn entries(&self, entries: &[Entry]) {
        self.1.entries(entries);
    }

    fn delta(&self, actor: ActorId, delta: &Delta) {
        let text = match delta {
            Delta::Text(text) | Delta::Thinking(text) => Some(text),
            Delta::Void => None,
            _ => return self.1.delta(actor, delta),
        };
        // Nothing is copied while nobody hears it.
        if self.0.receiver_count() > 0 {
            let text = text.cloned();
            let _ = self.0.send(Arc::new(Piece { actor, text }));
        }
        self.1.delta(actor, delta);
    }

    fn warn(&self, message: &str) {
        self.1.warn(message);
    }
}

#[cfg(unix)]
mod door {
    use super::Piece;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{UnixListener, UnixStream};
    use tokio::sync::broadcast::error::RecvError;
    use tokio::sync::broadcast::{Receiver, Sender};
    use tokio::task::JoinHandle;

    /// A socket and whoever waits at it.
    pub(super) struct Door {
        path: PathBuf,
        /// Which file the socket is.
        file: Option<(u64, u64)>,
        waits: JoinHandle<()>,
    }

    fn file(path: &Path) -> Option<(u64, u64)> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    impl Door {
        /// None where there can be no socket: a folder that cannot be written, a path that is too long for one.
        pub(super) fn open(path: &Path, pieces: &Sender<Arc<Piece>>) -> Option<Self> {
            std::fs::create_dir_all(path.parent()?).ok()?;
            // Whoever left it there is gone: this process has the run's lease.
            let _ = std::fs::remove_file(path);
            let listener = UnixListener::bind(path).ok()?;
            // The door keeps no channel open that nobody speaks on any more.
            let pieces = pieces.downgrade();
            let waits = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let Some(pieces) = pieces.upgrade() else { return };
                    tokio::spawn(tell(stream, pieces.subscribe()));
                }
            });
            Some(Self {
                path: path.to_owned(),
                file: file(path),
                waits,
            })
        }
    }

    impl Drop for Door {
        fn drop(&mut self) {
            self.waits.abort();
            // Whoever goes on with the run may have a socket there by now.
            if file(&self.path) == self.file {
                // What stays is swept by `troupe gc`.
                let _ = std::fs::remove_file(&self.path);
            }
        }
    }

    /// Tells one listener, until either side has gone.
    async fn tell(mut stream: UnixStream, mut pieces: Receiver<Arc<Piece>>) {
        loop {
            let piece = match pieces.recv().await {
                Ok(piece) => piece,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let Ok(mut line) = serde_json::to_vec(&*piece) else {
                return;
            };
            line.push(b'\n');
            if stream.write_all(&line).await.is_err() {
                return;
            }
        }
    }
}
