//! Builds of environments as they happen: what becomes of one, told while it is at work.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that happened to a build, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildEntry {
    /// In milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub event: BuildEvent,
}

/// What happens to a build, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BuildEvent {
    /// It begins; always the first.
    Begun {
        /// The instance that it is for.
        instance: String,
        /// The instance's repository.
        repository: String,
        /// The key of the effect that asked for it, where a run did: `01K…/build/a1/r1`.
        asked_by: Option<String>,
        /// Attempts from scratch that it may make; 0 where a kept environment is checked again.
        attempts: u32,
    },
    /// An attempt begins.
    AttemptBegun {
        /// Which way it goes.
        way: Way,
        /// The image that it starts from.
        from: String,
        /// The image that is made or tested.
        image: String,
        /// Why its plan is as it is, a line each.
        reasons: Vec<String>,
    },
    /// A command of the attempt begins.
    CommandBegun {
        /// What for.
        command: Command,
    },
    /// It ended.
    CommandEnded {
        /// The exit code that a shell would tell.
        code: i32,
    },
    /// The attempt came to this.
    AttemptEnded {
        /// The verdict's name; none where nothing could be checked.
        verdict: Option<String>,
        /// Whether the image is verified.
        verified: bool,
        /// What it came to, in a sentence.
        reason: String,
    },
    /// The build is over; always the last.
    Over {
        /// Whether the environment is verified.
        verified: bool,
        /// Why it ended so, in a sentence.
        reason: String,
        /// The environment's image, where it is verified.
        image: Option<String>,
    },
}

/// The ways of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A verified environment as it is.
    Reuse,
    /// A verified environment, with a setup script run in it.
    Patch,
    /// From the base image, by rules.
    Scratch,
    /// From the base image, by a plan that was given.
    Given,
    /// The environment itself, once more.
    Again,
}

impl Way {
    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reuse => "reuse as it is",
            Self::Patch => "reuse with a setup",
            Self::Scratch => "from scratch",
            Self::Given => "by a given plan",
            Self::Again => "checked again",
        }
    }
}

/// What a command of a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The repository's files are put into a sandbox.
    Files,
    /// The setup script.
    Setup,
    /// The setup script with the manifests as the patches leave them.
    SetupAhead,
    /// The sandbox is kept as an image.
    Keep,
    /// The tests with the fix, for the so manieth time, from 1.
    After(u32),
    /// The tests without the fix.
    Before(u32),
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files => formatter.write_str("files"),
            Self::Setup => formatter.write_str("setup"),
            Self::SetupAhead => formatter.write_str("setup with the patches' manifests"),
            Self::Keep => formatter.write_str("keeping the image"),
            Self::After(1) => formatter.write_str("tests with the fix"),
            Self::Before(1) => formatter.write_str("tests without the fix"),
            Self::After(time) => write!(formatter, "tests with the fix, time {time}"),
            Self::Before(time) => write!(formatter, "tests without the fix, time {time}"),
        }
    }
}

/// Takes down what becomes of one build. Nothing that is built depends on it: what cannot be taken down is missed.
pub trait BuildRecord: Send {
    /// Something happened.
    fn note(&mut self, entry: BuildEntry);

    /// The command at work printed this.
    fn print(&mut self, bytes: &[u8]);
}

/// Takes down nothing.
#[derive(Debug, Clone, Copy)]
pub struct Unrecorded;

impl BuildRecord for Unrecorded {
    fn note(&mut self, _: BuildEntry) {}

    fn print(&mut self, _: &[u8]) {}
}
