//! A run as one portable file: the run, the runs that it started, and the runs whose pasts they share.
//!
//! The file is a zstd frame of JSON lines, described in `docs/export.md`. It is made and read through the journal's
//! port alone, so it says nothing about how runs are stored; the same runs give the same bytes. The files that commands
//! gave come along, by the port for those.

mod files;
mod read;
mod take;
mod write;

pub use read::Archive;
pub use take::take;
pub use write::{Written, write};

use serde::{Deserialize, Serialize};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Fork, Progress, RunHeader};

/// The version of the format that is written, and the newest that is read.
const FORMAT: u32 = 2;

/// The first version with files that commands gave behind the runs.
const WITH_FILES: u32 = 2;

/// The first line: what the file is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Head {
    /// The version of the format.
    troupe_export: u32,
    /// The run that the file is about.
    run: RunId,
    /// How many runs follow.
    runs: usize,
    /// The version of Troupe that wrote it.
    writer: String,
}

/// What stands before the events of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    run: RunId,
    workflow: String,
    path: String,
    fingerprint: String,
    sources: Vec<(String, String)>,
    settings: String,
    started_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forked: Option<Fork>,
    progress: Progress,
    updated_ms: u64,
    /// How many events follow: those that it does not share.
    events: u64,
}

/// An event, with the time at which it became durable.
#[derive(Debug, Serialize, Deserialize)]
struct Line<E = Event> {
    at_ms: u64,
    event: E,
}

/// What stands before the files that commands gave.
#[derive(Debug, Serialize, Deserialize)]
struct Sets {
    /// How many sets of them follow.
    artifact_sets: usize,
}

/// The last line: that nothing is missing.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tail {
    /// The BLAKE3 hash of all bytes before this line, in hexadecimal digits.
    blake3: String,
}

impl Kept {
    fn header(&self) -> RunHeader {
        RunHeader {
            run: self.run.clone(),
            workflow: self.workflow.clone(),
            path: self.path.clone(),
            fingerprint: self.fingerprint.clone(),
            sources: self.sources.clone(),
            settings: self.settings.clone(),
            started_ms: self.started_ms,
            forked: self.forked.clone(),
        }
    }

    /// The sequence of its first own event.
    fn first(&self) -> u64 {
        self.forked.as_ref().map_or(0, |fork| fork.events)
    }
}

#[cfg(test)]
mod tests;
