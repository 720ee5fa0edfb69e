//! What the screens show, as data: where somebody looks, what is known, and what is asked.

use super::folds::{Folds, History};
use super::page::Row;
use super::screen::{self, Screen};
use super::source::{Act, BuildRow, Details, Facts, Passage, RunRow};
use crate::view::Theme;
use crate::writing::Writing;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use troupe_core::id::{ActorId, RunId};
use troupe_core::port::approver::Question;
use troupe_core::port::pool::Environment;
use troupe_core::view::Transcript;

/// How long a notice stays, in milliseconds.
pub(super) const NOTICE_MS: u64 = 8_000;

/// Bytes kept of what a model writes at this moment.
const WRITING_KEPT: usize = 8 * 1024;

/// How the screens begin, and what the terminal can show.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// Whether it shows colours, and the user wants them.
    pub colour: bool,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// The run to begin with; none for the list of runs.
    pub run: Option<RunId>,
    /// Whether the run works in this process, so that closing the screens is a question.
    pub own: bool,
}

/// What the screens show.
#[derive(Debug)]
pub struct Model {
    /// Columns and rows of the terminal.
    pub(super) size: (u16, u16),
    /// The present, in milliseconds since the Unix epoch.
    pub(super) now_ms: u64,
    pub(super) theme: Theme,
    /// The run that works in this process.
    pub(super) own: Option<RunId>,
    /// Where somebody looks, and where that person came from; never empty.
    pub(super) spots: Vec<Spot>,
    pub(super) fleet: Fleet,
    /// The run that is looked at, once it was read.
    pub(super) run: Option<Watched>,
    /// The moment of it that is looked at.
    pub(super) past: Option<Past>,
    pub(super) transcript: Option<Heard>,
    /// What models write at this moment.
    pub(super) writing: Writing,
    pub(super) passage: Option<Passage>,
    pub(super) environments: Option<Arc<[Environment]>>,
    /// Builds of environments, the newest first.
    pub(super) builds: Option<Arc<[BuildRow]>>,
    /// A build, and the end of what its commands printed.
    pub(super) build_log: Option<(String, String)>,
    /// What is in front of the screen.
    pub(super) overlay: Option<Overlay>,
    pub(super) notice: Option<Notice>,
    /// Why data may be old.
    pub(super) trouble: Option<String>,
    /// What the source was told last.
    pub(super) told: super::Interest,
    /// Whether rows may have come since the chosen one was last brought onto the screen.
    pub(super) is_unsettled: bool,
}

/// A screen that somebody looks at.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) screen: &'static Screen,
    pub(super) run: Option<RunId>,
    pub(super) actor: Option<ActorId>,
    /// The build of an environment.
    pub(super) build: Option<String>,
    /// The chosen row, and its position when it was last seen.
    pub(super) chosen: Option<Row>,
    pub(super) position: usize,
    /// The first row on the screen.
    pub(super) top: usize,
    /// Whether the end is followed.
    pub(super) follows: bool,
    /// Words that rows must hold.
    pub(super) filter: String,
    /// Rows that were folded or unfolded by hand.
    pub(super) turned: BTreeSet<Row>,
    /// Which of its orders a screen shows.
    pub(super) order: usize,
    pub(super) reversed: bool,
}

impl Spot {
    pub(super) fn new(screen: &'static Screen, run: Option<RunId>, actor: Option<ActorId>) -> Self {
        Self {
            screen,
            run,
            actor,
            build: None,
            chosen: None,
            position: 0,
            top: 0,
            follows: false,
            filter: String::new(),
            turned: BTreeSet::new(),
            order: 0,
            reversed: false,
        }
    }

    /// Whether a text holds all words of the filter.
    pub(super) fn admits(&self, text: &str) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        self.filter
            .to_lowercase()
            .split_whitespace()
            .all(|word| text.contains(word))
    }
}

/// The list of runs.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// None before it was read.
    pub(super) rows: Option<Arc<[RunRow]>>,
    pub(super) details: BTreeMap<RunId, Details>,
}

/// A run that is looked at.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) facts: Facts,
    pub(super) history: History,
}

/// A moment that is looked at.
#[derive(Debug)]
pub(super) struct Past {
    /// After so many events.
    pub(super) at: u64,
    /// The fold of them; older than `at` until the source has answered.
    pub(super) folds: Option<Arc<Folds>>,
    /// What that fold begins with.
    pub(super) base: Arc<Folds>,
}

/// A transcript and whose it is.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) run: RunId,
    pub(super) actor: ActorId,
    pub(super) at: Option<u64>,
    pub(super) transcript: Arc<Transcript>,
}

/// A line that says what became of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) bad: bool,
    pub(super) until_ms: u64,
}

/// What is in front of a screen and takes the keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Overlay {
    /// All keys, from so many rows down.
    Help(usize),
    /// A line that is typed.
    Prompt { purpose: Purpose, text: String },
    /// A choice.
    Choose(Choice),
}

/// What a typed line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Rows are filtered while it is typed; this was the filter before.
    Filter(String),
    /// It goes along with an answer.
    Comment(Act),
    /// The number of an event to go to.
    Moment,
    /// Limits to be raised.
    Limits(RunId),
}

/// A question of the screens, and what may be chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub(super) title: String,
    /// What there is to know, foreign text.
    pub(super) text: String,
    pub(super) options: Vec<(String, Then)>,
    pub(super) at: usize,
}

/// What follows from a choice.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Then {
    Nothing,
    Close(super::Ending),
    Do(Act),
    /// Answer a question of a run: choose, then comment.
    Ask(Box<Question>),
    /// Answer with this, after a comment.
    Comment(Act),
    /// Open a chunk.
    Chunk(String),
}

impl Model {
    /// Before anything is known.
    pub fn new(options: &WatchOptions, (width, height): (u16, u16), now_ms: u64) -> Self {
        let fleet = Spot::new(screen::first(), None, None);
        let run = options.run.clone();
        let spots = match run.clone() {
            Some(run) => vec![fleet, Spot::new(screen::of_run(), Some(run), None)],
            None => vec![fleet],
        };
        Self {
            size: (width, height),
            now_ms,
            theme: Theme::new(options.colour, options.unicode),
            own: run.filter(|_| options.own),
            spots,
            fleet: Fleet::default(),
            run: None,
            past: None,
            transcript: None,
            writing: Writing::new(WRITING_KEPT),
            passage: None,
            environments: None,
            builds: None,
            build_log: None,
            overlay: None,
            notice: None,
            trouble: None,
            told: super::Interest::default(),
            is_unsettled: false,
        }
    }

    pub(super) fn spot(&self) -> &Spot {
        self.spots.last().expect("there is always a screen")
    }

    pub(super) fn spot_mut(&mut self) -> &mut Spot {
        self.spots.last_mut().expect("there is always a screen")
    }

    /// The run at the moment that is looked at.
    pub(super) fn folds(&self) -> Option<&Folds> {
        let past = self.past.as_ref().and_then(|past| past.folds.as_deref());
        past.or_else(|| self.run.as_ref().map(|run| &run.history.now))
    }

    /// The time at that moment.
    pub(super) fn clock_ms(&self) -> u64 {
        match self.past.as_ref().and_then(|past| past.folds.as_ref()) {
            Some(folds) => folds.view.updated_ms,
            None => self.now_ms,
        }
    }

    /// What the run's journal alone does not say; nothing of it was so in the past.
    pub(super) fn facts(&self) -> Option<&Facts> {
        self.run.as_ref().map(|run| &run.facts)
    }

    /// The transcript of the agent that is looked at, at the moment that is looked at.
    pub(super) fn heard(&self) -> Option<&Heard> {
        let spot = self.spot();
        let heard = self.transcript.as_ref()?;
        let is_it = Some(heard.actor) == spot.actor && Some(&heard.run) == spot.run.as_ref();
        is_it.then_some(heard)
    }

    /// The build that is looked at.
    pub(super) fn build(&self) -> Option<&BuildRow> {
        let name = self.spot().build.as_ref()?;
        self.builds.as_ref()?.iter().find(|row| row.name == *name)
    }

    /// Whether anything moves by itself, so that times on the screen change.
    pub(super) fn is_live(&self) -> bool {
        let here = self
            .run
            .as_ref()
            .is_some_and(|run| !run.history.now.view.status.is_over());
        let listed = || {
            self.fleet
                .rows
                .iter()
                .flat_map(|rows| rows.iter())
                .any(|row| row.standing.is_live())
        };
        let builds = || {
            let builds = self.builds.iter().flat_map(|rows| rows.iter());
            screen::is_of_environments(self.spot().screen) && builds.into_iter().any(|row| row.at_work)
        };
        self.past.is_none() && (here || listed() || builds())
    }

    pub(super) fn tell(&mut self, text: impl Into<String>, bad: bool) {
        let until_ms = self.now_ms + NOTICE_MS;
        let text = text.into();
        self.notice = Some(Notice { text, bad, until_ms });
    }
}
