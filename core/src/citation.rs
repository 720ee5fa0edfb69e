//! Citations of an answer: what it names as its sources, and whether those were there and were read.
//!
//! In text a citation is a bracket with ids of chunks, `[otters#2]` or `[a, b; c]`; in structured answers it
//! is also what stands in fields that hold ids ([`find`]). The claim is the sentence that it stands behind.
//! Whether a source exists and was read needs no model ([`Level`]); whether it says so does.

mod fields;
mod shape;
mod text;

pub use fields::find;
pub use shape::Shapes;

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// One source that an answer names for one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The chunk's id as the answer has it.
    pub id: String,
    /// What is claimed: the sentence before the bracket without its citations. Empty where there is none.
    pub claim: String,
    /// Which string of a structured answer holds it: `rows[2].source`; empty for an answer that is a text.
    pub place: String,
    /// The bytes of the id in that string.
    pub span: Range<usize>,
}

/// What can be told of a cited source without understanding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// No corpus has a chunk of that id.
    NotInIndex,
    /// There is such a chunk, and nobody in the run read it.
    NeverRead,
    /// Somebody in the run read it, but not who answers nor one who works for it.
    ReadElsewhere,
    /// Who answers read it, or one who works for it.
    Read,
    /// Whether there is such a chunk could not be looked up.
    Unchecked,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NotInIndex,
        Self::NeverRead,
        Self::ReadElsewhere,
        Self::Read,
        Self::Unchecked,
    ];

    /// The word in results and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotInIndex => "not_in_index",
            Self::NeverRead => "never_read",
            Self::ReadElsewhere => "read_elsewhere",
            Self::Read => "read",
            Self::Unchecked => "unchecked",
        }
    }

    /// Whether the citation is at fault. What could not be looked up is not.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::NotInIndex | Self::NeverRead)
    }
}

/// What decides the level of a citation.
pub struct Grounds<'a> {
    /// Whether a corpus has such a chunk; none where that could not be looked up.
    pub in_index: &'a dyn Fn(&str) -> Option<bool>,
    /// Ids of chunks that who answers, or one who works for it, read in full.
    pub own: &'a BTreeSet<String>,
    /// Ids of chunks that anybody in the run read in full.
    pub run: &'a BTreeSet<String>,
}

impl Grounds<'_> {
    /// The level of a citation of `id`. What was read was there, whatever has become of its file since.
    pub fn level(&self, id: &str) -> Level {
        match (self.own.contains(id), self.run.contains(id), (self.in_index)(id)) {
            (true, ..) => Level::Read,
            (_, true, _) => Level::ReadElsewhere,
            (.., Some(true)) => Level::NeverRead,
            (.., Some(false)) => Level::NotInIndex,
            (.., None) => Level::Unchecked,
        }
    }
}

/// How many citations have each level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Of [`Level::NotInIndex`].
    pub not_in_index: u64,
    /// Of [`Level::NeverRead`].
    pub never_read: u64,
    /// Of [`Level::ReadElsewhere`].
    pub read_elsewhere: u64,
    /// Of [`Level::Read`].
    pub read: u64,
    /// Of [`Level::Unchecked`].
    pub unchecked: u64,
}

impl Counts {
    /// Of one level.
    pub fn of(&self, level: Level) -> u64 {
        match level {
            Level::NotInIndex => self.not_in_index,
            Level::NeverRead => self.never_read,
            Level::ReadElsewhere => self.read_elsewhere,
            Level::Read => self.read,
            Level::Unchecked => self.unchecked,
        }
    }

    /// One more of a level.
    pub fn add(&mut self, level: Level) {
        let count = match level {
            Level::NotInIndex => &mut self.not_in_index,
            Level::NeverRead => &mut self.never_read,
            Level::ReadElsewhere => &mut self.read_elsewhere,
            Level::Read => &mut self.read,
            Level::Unchecked => &mut self.unchecked,
        };
        *count += 1;
    }

    /// All together.
    pub fn total(&self) -> u64 {
        Level::ALL.into_iter().map(|level| self.of(level)).sum()
    }

    /// Those at fault.
    pub fn faults(&self) -> u64 {
        self.not_in_index + self.never_read
    }
}

impl FromIterator<Level> for Counts {
    fn from_iter<T: IntoIterator<Item = Level>>(levels: T) -> Self {
        let mut counts = Self::default();
        levels.into_iter().for_each(|level| counts.add(level));
        counts
    }
}

/// What counts as an id of a chunk.
#[derive(Clone, Copy)]
pub struct Ids<'a> {
    /// Whether a chunk of that id exists, or was seen by the run.
    pub known: &'a dyn Fn(&str) -> bool,
    /// What the ids of the corpora look like: by it an id that does not exist is told from `[sic]`.
    pub shapes: &'a Shapes,
}

impl Ids<'_> {
    /// Whether somebody who writes `text` in a bracket means a chunk.
    fn means(&self, text: &str) -> bool {
        // another part of a document that there is
        (self.known)(text) || (self.known)(shape::document(text)) || self.shapes.fit(text)
    }
}

#[cfg(test)]
mod tests;
