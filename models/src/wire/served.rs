//! The runtime that carries the requests of blocking callers.

use std::future::Future;
use std::sync::{OnceLock, mpsc};
use tokio::runtime::{Builder, Runtime};
use troupe_core::port::{Error, ErrorKind};

/// Runs `work` to its end on a runtime of its own while the caller's thread waits. The runtime lives as
/// long as the process, and with it the connections that are kept open.
pub fn wait_for<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    let (send, receive) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // Nobody listens any more only when the caller's thread is gone.
        let _ = send.send(work.await);
    });
    receive
        .recv()
        .map_err(|_| Error::new(ErrorKind::Other, "a request ended without an answer"))?
}

fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("encoders")
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Other, "no thread for requests could be started").caused_by(error))?;
    Ok(RUNTIME.get_or_init(|| runtime))
}
