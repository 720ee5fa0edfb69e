//! Where the screens' data comes from and where their wishes go: plain data on both sides, and one trait.

use super::folds::{Folds, History};
use std::sync::Arc;
use troupe_core::id::{ActorId, ItemIndex, RunId, StepIndex};
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_core::port::pool::Environment;
use troupe_core::view::{BuildView, Transcript};

/// Reads runs and acts on them for the screens. No method but [`Source::outside`] waits.
pub trait Source {
    /// What the screens show from now on; replaces what was asked before.
    fn look(&mut self, interest: &Interest);

    /// Begins to do or to fetch something; what comes of it is news.
    fn begin(&mut self, wanted: Wanted);

    /// What has arrived, oldest first; nothing when nothing has.
    fn news(&mut self) -> Option<News>;

    /// Does something that needs the terminal, which is free for as long as this takes.
    fn outside(&mut self, errand: Errand) -> Option<News>;
}

/// What the screens show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// The list of runs.
    pub fleet: bool,
    /// The runs whose rows are on the screen, for details that lists do not hold.
    pub visible: Vec<RunId>,
    /// One run.
    pub run: Option<RunId>,
    /// The run as it was after so many events; none for the present.
    pub at: Option<u64>,
    /// What the screens have from which that moment can be folded.
    pub base: Option<Base>,
    /// The transcript of one of its agents.
    pub agent: Option<ActorId>,
    /// The pool of environments, and the builds of such.
    pub environments: bool,
    /// What the commands of one of these builds print.
    pub build: Option<String>,
}

/// A moment of a run, not after another one.
#[derive(Debug, Clone)]
pub struct Base(pub Arc<Folds>);

impl PartialEq for Base {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Base {}

/// What `update` wants of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// The end of the screens.
    Close(super::Ending),
    /// The screens show something else.
    Look(Interest),
    /// Something is fetched or done.
    Begin(Wanted),
    /// Something is done with the terminal given away.
    Outside(Errand),
    /// A text goes to the clipboard.
    Copy(String),
}

/// What a source fetches or does once.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// The text of a chunk of a run's corpora.
    Chunk {
        /// The run.
        run: RunId,
        /// The chunk's id.
        chunk: String,
    },
    /// The output of a step or of one of its items.
    Output {
        /// The run.
        run: RunId,
        /// After so many events; none for now.
        at: Option<u64>,
        /// The step.
        step: StepIndex,
        /// The item; none for the whole step.
        item: Option<ItemIndex>,
        /// Whether it is to be edited, and not only read.
        edit: bool,
    },
    /// Something is done to a run.
    Act(Act),
}

/// What people do to runs, all of it through the commands of the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Answers a question.
    Answer {
        /// The run that a person started.
        run: RunId,
        /// Where it asks.
        place: String,
        /// What is chosen.
        choice: String,
        /// What there is to say about it; empty for nothing.
        comment: String,
    },
    /// Cancels a run.
    Cancel {
        /// Which.
        run: RunId,
    },
    /// Stops a part of a run.
    Stop {
        /// Which run.
        run: RunId,
        /// What: `check`, `check[7]`, `check[7]/lead/seeker[2]`.
        place: String,
    },
    /// Lets a run use more than its file says.
    Raise {
        /// Which run.
        run: RunId,
        /// `tokens=500000`, and more of such.
        limits: String,
    },
    /// Goes on with a run, or tries again what failed.
    Resume {
        /// Which.
        run: RunId,
        /// Whether a changed file is accepted.
        accept_changes: bool,
    },
    /// Starts a run that shares another one's past.
    Fork {
        /// The other one.
        run: RunId,
        /// How many of its events; none for all.
        at: Option<u64>,
        /// An output to set: whose (`check[7]`), and its JSON.
        set: Option<(String, String)>,
    },
}

/// What needs the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// A text in the pager.
    Page {
        /// What it is.
        title: String,
        /// The text.
        text: String,
    },
    /// The file that a run was started from, in the editor.
    File {
        /// The run.
        run: RunId,
    },
    /// An output in the editor; the news is [`News::Edited`].
    Edit(Opened),
}

/// An output that is being edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The run.
    pub run: RunId,
    /// After so many events.
    pub at: Option<u64>,
    /// Whose output: `research`, `check[7]`.
    pub place: String,
    /// Its text: JSON.
    pub text: String,
}

/// What a source found out.
#[derive(Debug)]
pub enum News {
    /// All runs, newest first.
    Fleet(Arc<[RunRow]>),
    /// What lists do not hold of a run.
    Details(RunId, Details),
    /// A run as it is now.
    Run(Box<Loaded>),
    /// More events of the run.
    Entries(RunId, Vec<Entry>),
    /// What is known of the run besides its events.
    Facts(Box<Facts>),
    /// The run as it was.
    Past(Box<Moment>),
    /// An agent's transcript.
    Transcript {
        /// The run.
        run: RunId,
        /// After so many events; none for now.
        at: Option<u64>,
        /// The agent.
        actor: ActorId,
        /// What was said.
        transcript: Arc<Transcript>,
    },
    /// A piece of what a model writes at this moment, for an agent of a run.
    Writing(RunId, ActorId, String),
    /// What a model wrote so far is void.
    Void(RunId, ActorId),
    /// A text that was asked for.
    Passage(Passage),
    /// An output to edit.
    Output(Opened),
    /// It was edited, and now reads so.
    Edited(Opened, String),
    /// The pool of environments.
    Environments(Arc<[Environment]>),
    /// Builds of environments, the newest first.
    Builds(Arc<[BuildRow]>),
    /// The end of what the commands of a build printed.
    BuildLog(String, String),
    /// Something that a person asked for was done, or is under way.
    Done(String),
    /// Something that a person asked for could not be done.
    Refused(String),
    /// Data cannot be had: a database that is locked or gone, a run of a newer version, a run that was removed.
    /// The screens keep what they have. None when it can be had again.
    Trouble(Option<String>),
}

/// A run in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its name.
    pub run: RunId,
    /// Its workflow.
    pub workflow: String,
    /// Where it stands.
    pub standing: Standing,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When its last event was appended.
    pub updated_ms: u64,
    /// Events so far.
    pub events: u64,
    /// Agents started.
    pub agents: u32,
    /// Tool calls ended.
    pub tool_calls: u32,
    /// Tokens used.
    pub tokens: u64,
}

/// A build of an environment in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRow {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub view: BuildView,
    /// Whether a process works on it.
    pub at_work: bool,
}

/// What the list learns of a run from its journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Details {
    /// Steps that are over.
    pub steps_over: u32,
    /// All steps.
    pub steps: u32,
    /// Millionths of a US dollar.
    pub cost_micros: u64,
}

/// Where a run stands, as far as other processes can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What its journal says.
    pub status: RunStatus,
    /// Whether no process works on it although it is not over.
    pub interrupted: bool,
}

impl Standing {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self.interrupted {
            true => "interrupted",
            false => self.status.word(),
        }
    }

    /// Whether a process works on it.
    pub fn is_live(self) -> bool {
        self.status == RunStatus::Running && !self.interrupted
    }
}

/// A run as it is now.
#[derive(Debug)]
pub struct Loaded {
    /// What is known besides its events.
    pub facts: Facts,
    /// The folds of its events.
    pub history: History,
}

/// What is known of a run besides its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its name.
    pub run: RunId,
    /// The file that it was started from.
    pub path: String,
    /// Where it stands.
    pub standing: Standing,
    /// Whose past it shares, and how many events of it.
    pub forked: Option<(RunId, u64)>,
    /// What it asks people.
    pub questions: Vec<Question>,
}

/// A run as it was.
#[derive(Debug)]
pub struct Moment {
    /// The run.
    pub run: RunId,
    /// After so many events.
    pub at: u64,
    /// The fold of those.
    pub folds: Arc<Folds>,
}

/// A text to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// What it is.
    pub title: String,
    /// The file that it comes from.
    pub file: Option<String>,
    /// The text.
    pub text: String,
}
