//! Processes that end by a function of their command, and remember under which keys they were begun.

use async_trait::async_trait;
use std::sync::Mutex;
use troupe_core::artifact::{Artifact, Given};
use troupe_core::effect::Command;
use troupe_core::input::Exit;
use troupe_core::port::Error;
use troupe_core::port::blob::Digest;
use troupe_core::port::process::ProcessRunner;

/// The files that a command was asked for: one for each path.
pub fn given(command: &Command) -> Option<Given> {
    let wanted = command.artifacts.as_ref()?;
    let files = (0..).zip(&wanted.paths).map(|(wanted, path)| Artifact {
        wanted,
        path: path.text.replace('*', "all"),
        bytes: 7,
        files: None,
        hash: Digest([1; 32]),
    });
    Some(Given {
        set: Digest([2; 32]),
        files: files.collect(),
    })
}

/// Runs nothing; every end is a function of the command.
pub struct Pretended<F> {
    end: F,
    begun: Mutex<Vec<(String, Command)>>,
}

impl<F: Fn(&Command) -> Option<Exit> + Send + Sync> Pretended<F> {
    /// Processes that end as `end` says; those of which it says nothing never do.
    pub fn new(end: F) -> Self {
        Self {
            end,
            begun: Mutex::new(Vec::new()),
        }
    }

    /// The key and the command of every process that was begun, in order.
    ///
    /// # Panics
    /// When a process panicked while it was recorded.
    pub fn begun(&self) -> Vec<(String, Command)> {
        self.begun.lock().expect("recording does not panic").clone()
    }
}

#[async_trait]
impl<F: Fn(&Command) -> Option<Exit> + Send + Sync> ProcessRunner for Pretended<F> {
    async fn run(&self, key: &str, command: Command) -> Result<Exit, Error> {
        let end = (self.end)(&command);
        let begun = (key.to_owned(), command);
        self.begun.lock().expect("recording does not panic").push(begun);
        match end {
            Some(exit) => Ok(exit),
            None => std::future::pending().await,
        }
    }
}
