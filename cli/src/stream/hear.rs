//! The end that hears: screens over a run that another process drives.

use super::Piece;
use std::path::Path;
use troupe_core::id::RunId;

/// Gives `take` what the models of a run write, until nobody speaks any more or `take` has heard enough (false).
/// Comes back at once where nobody speaks.
#[cfg(unix)]
pub async fn hear(state: &Path, run: &RunId, mut take: impl FnMut(Piece) -> bool) {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let Ok(stream) = tokio::net::UnixStream::connect(super::path(state, run)).await else {
        return;
    };
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(piece) = serde_json::from_str(&line) else {
            return;
        };
        if !take(piece) {
            return;
        }
    }
}

/// There is nothing to hear where there are no such sockets.
#[cfg(not(unix))]
pub async fn hear(_: &Path, _: &RunId, _: impl FnMut(Piece) -> bool) {}
