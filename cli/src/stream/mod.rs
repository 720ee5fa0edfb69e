//! What models write at this moment, for whoever watches: pieces that no journal holds.
//!
//! The process that drives a run has a channel of them, and where the system has such things a socket in the workspace
//! (`.troupe/live/RUN.sock`) on which other processes hear the same. A run does not depend on it: where there can be
//! no socket there is none, and whoever hears too slowly misses pieces. Replies come from the journal as always.

mod hear;
mod speak;

pub use hear::hear;
pub use speak::Speaker;

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use troupe_core::id::{ActorId, RunId};

/// A piece of what a model writes: a line of JSON on the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The agent that it is written for.
    pub actor: ActorId,
    /// The text; none when what was written so far is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Where the process that drives a run is heard.
fn path(state: &Path, run: &RunId) -> PathBuf {
    folder(state).join(format!("{run}.sock"))
}

fn folder(state: &Path) -> PathBuf {
    state.join("live")
}

/// Removes the sockets of processes that died.
pub fn sweep(state: &Path) {
    let entries = std::fs::read_dir(folder(state)).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let run = name.to_str().and_then(|name| RunId::parse(name.strip_suffix(".sock")?));
        if run.is_some_and(|run| !troupe_store::is_held(state, &run)) {
            // One that cannot be removed is removed when its run is gone on with, or stays: it is empty.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Duration;
    use troupe_agents::Silent;
    use troupe_core::port::model::Delta;

    #[tokio::test]
    async fn another_process_hears_what_is_written_while_it_listens() {
        let state = tempfile::tempdir().unwrap();
        let run = RunId::parse("01A").unwrap();
        let speaker = Speaker::open(state.path(), &run);
        let observer = speaker.observer(Arc::new(Silent));
        observer.delta(ActorId(1), &Delta::Text("nobody hears this".into()));
        let (say, pieces) = channel();
        let listening = tokio::spawn({
            let (state, run) = (state.path().to_owned(), run.clone());
            async move { hear(&state, &run, |piece| say.send(piece).is_ok()).await }
        });
        while speaker.listeners() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        observer.delta(ActorId(1), &Delta::Text("seen\nas it is".into()));
        observer.delta(ActorId(2), &Delta::Thinking("hm".into()));
        observer.delta(ActorId(1), &Delta::Void);
        let piece = |actor, text: Option<&str>| Piece {
            actor: ActorId(actor),
            text: text.map(str::to_owned),
        };
        let heard = tokio::task::spawn_blocking(move || pieces.iter().take(3).collect::<Vec<_>>());
        let expected = [piece(1, Some("seen\nas it is")), piece(2, Some("hm")), piece(1, None)];
        assert_eq!(heard.await.unwrap(), expected);
        drop((speaker, observer));
        listening.await.unwrap();
        assert!(!path(state.path(), &run).exists(), "nothing is left of it");
    }

    #[tokio::test]
    async fn a_socket_that_was_left_is_taken_over_or_swept() {
        let state = tempfile::tempdir().unwrap();
        let run = RunId::parse("01A").unwrap();
        std::fs::create_dir_all(folder(state.path())).unwrap();
        std::fs::write(path(state.path(), &run), "").unwrap();
        let speaker = Speaker::open(state.path(), &run);
        hear_nothing(state.path(), &run).await;
        drop(speaker);
        std::fs::write(path(state.path(), &run), "").unwrap();
        sweep(state.path());
        assert!(!path(state.path(), &run).exists());
        // Where no socket can be, there is none, and nothing else changes.
        let long = state.path().join("x".repeat(120));
        let speaker = Speaker::open(&long, &run);
        speaker
            .observer(Arc::new(Silent))
            .delta(ActorId(0), &Delta::Text("x".into()));
    }

    #[tokio::test]
    async fn whoever_goes_on_with_a_run_keeps_its_socket() {
        let state = tempfile::tempdir().unwrap();
        let run = RunId::parse("01A").unwrap();
        let before = Speaker::open(state.path(), &run);
        let speaker = Speaker::open(state.path(), &run);
        drop(before);
        assert!(path(state.path(), &run).exists());
        hear_nothing(state.path(), &run).await;
        drop(speaker);
        assert!(!path(state.path(), &run).exists());
    }

    #[tokio::test]
    async fn one_who_does_not_read_holds_up_nobody() {
        let state = tempfile::tempdir().unwrap();
        let run = RunId::parse("01A").unwrap();
        let speaker = Speaker::open(state.path(), &run);
        let observer = speaker.observer(Arc::new(Silent));
        let asleep = tokio::net::UnixStream::connect(path(state.path(), &run)).await.unwrap();
        let (say, mut pieces) = tokio::sync::mpsc::unbounded_channel();
        let listening = tokio::spawn({
            let (state, run) = (state.path().to_owned(), run.clone());
            async move { hear(&state, &run, |piece| say.send(piece).is_ok()).await }
        });
        while speaker.listeners() < 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // More than is kept, and than a socket holds.
        for number in 0..10_000 {
            observer.delta(ActorId(number), &Delta::Text("x".repeat(1_000)));
            tokio::task::yield_now().await;
        }
        drop((speaker, observer));
        listening.await.unwrap();
        let mut heard = Vec::new();
        while let Some(piece) = pieces.recv().await {
            heard.push(piece.actor.0);
        }
        assert_eq!(heard.last(), Some(&9_999), "{} pieces", heard.len());
        assert!(heard.is_sorted());
        drop(asleep);
    }

    async fn hear_nothing(state: &Path, run: &RunId) {
        let heard = hear(state, run, |_| true);
        let ended = tokio::time::timeout(Duration::from_millis(50), heard).await;
        assert!(ended.is_err(), "it is connected, and there is nothing to hear");
    }
}
