//! One run that the screens look at: its events as they come, its past, and the transcript of one of its agents.

use super::looking::Looking;
use super::tape;
use super::worker::standing;
use crate::past::Past;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, RunId, StepIndex};
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Entry, RunRecord, RunStatus};
use troupe_core::view::{StepStatus, TranscriptFold};
use troupe_store::Reader;
use troupe_tui::watch::{Base, Facts, Folds, History, Interest, Loaded, Moment, News};

/// Between two looks at what the runs below a run ask.
const ASKED: Duration = Duration::from_secs(2);

/// A run and how far it was read.
pub(super) struct Followed {
    record: RunRecord,
    workflow: Arc<Workflow>,
    facts: Facts,
    /// Events that the screens have.
    next: u64,
    /// The moment of the past that the screens have.
    shown: Option<u64>,
    /// Events that were read last for a moment of the past, and the sequence of the first.
    stretch: (u64, Vec<Entry>),
    heard: Option<Heard>,
    /// When it was looked what the run asks.
    asked: Instant,
}

/// A transcript that grows with the run.
struct Heard {
    fold: TranscriptFold,
    /// The moment of it that the screens have, if they have one.
    told: Option<Option<u64>>,
    /// Events that it holds.
    next: u64,
}

/// Events that are read beyond a moment of the past: those beside it are asked for next.
const AHEAD: u64 = 256;

impl Followed {
    /// Reads a run for the first time.
    pub(super) async fn begin(reader: &Reader, run: &RunId, state: &Path) -> anyhow::Result<(Self, News)> {
        let record = reader.run(run).await?;
        let workflow = workflow(reader, &record).await?;
        let mut history = History::new(workflow.clone());
        tape::play(reader, &record.header, (0, record.events), |entries| {
            entries.iter().for_each(|entry| history.fold(entry));
        })
        .await?;
        let facts = facts(reader, &record, &workflow, &history.now, state).await;
        let loaded = Loaded {
            facts: facts.clone(),
            history,
        };
        let followed = Self {
            next: record.events,
            record,
            workflow,
            facts,
            shown: None,
            stretch: (0, Vec::new()),
            heard: None,
            asked: Instant::now(),
        };
        Ok((followed, News::Run(Box::new(loaded))))
    }

    pub(super) fn run(&self) -> &RunId {
        &self.record.header.run
    }

    /// Whether a process works on it.
    pub(super) fn is_live(&self) -> bool {
        self.facts.standing.is_live()
    }

    /// The file that it was started from.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(&self.record.header.path)
    }

    /// What is new.
    pub(super) async fn look(
        &mut self,
        reader: &Reader,
        interest: &Interest,
        state: &Path,
    ) -> anyhow::Result<Vec<News>> {
        let mut news = Vec::new();
        let run = self.run().clone();
        let record = reader.record_of(&run).await?;
        let mut is_asked = record.progress.status != self.record.progress.status;
        if record.events > self.next {
            let entries = reader.load_between(&run, self.next..u64::MAX).await?;
            self.next += entries.len() as u64;
            is_asked |= entries
                .iter()
                .any(|entry| asks_or_answers(&self.workflow, &entry.event));
            news.push(News::Entries(run.clone(), entries));
        }
        // What a run that it started asks is no event of this one.
        let asks_below = || self.workflow.workflows.iter().any(|called| asks(called));
        is_asked |= self.asked.elapsed() >= ASKED && (!self.facts.questions.is_empty() || asks_below());
        let stands = standing(state, &record);
        let has_moved = record.updated_ms != self.record.updated_ms || stands != self.facts.standing;
        let before = self.facts.questions.clone();
        if is_asked {
            self.asked = Instant::now();
            self.facts.questions = questions(reader, &record, &self.workflow).await;
        }
        if has_moved || self.facts.questions != before {
            self.facts.standing = stands;
            news.push(News::Facts(Box::new(self.facts.clone())));
        }
        self.record = RunRecord {
            header: self.record.header.clone(),
            ..record
        };
        news.extend(self.past(reader, interest).await?);
        news.extend(self.transcript(reader, interest).await?);
        Ok(news)
    }

    /// Forgets what the screens do not have any more when they show this.
    pub(super) fn forget(&mut self, interest: &Interest) {
        if self.shown != interest.at {
            self.shown = None;
        }
        match &mut self.heard {
            Some(heard) if interest.agent != Some(heard.fold.actor()) => self.heard = None,
            Some(heard) if heard.told != Some(interest.at) => heard.told = None,
            _ => {}
        }
    }

    async fn past(&mut self, reader: &Reader, interest: &Interest) -> anyhow::Result<Option<News>> {
        if interest.at == self.shown {
            return Ok(None);
        }
        self.shown = interest.at;
        let (Some(at), Some(Base(base))) = (interest.at, &interest.base) else {
            self.stretch = (0, Vec::new());
            return Ok(None);
        };
        let mut folds = Folds::clone(base);
        let entries = self.stretch(reader, (folds.view.events, at)).await?;
        entries.iter().for_each(|entry| folds.fold(entry));
        let (run, folds) = (self.run().clone(), Arc::new(folds));
        Ok(Some(News::Past(Box::new(Moment { run, at, folds }))))
    }

    /// The events from one sequence up to another, read with some of those that follow.
    async fn stretch(&mut self, reader: &Reader, (from, to): (u64, u64)) -> anyhow::Result<&[Entry]> {
        let (first, known) = (self.stretch.0, self.stretch.1.len() as u64);
        if from < first || to > first + known {
            // One goes before the next one comes: what tools answered takes room.
            self.stretch = (from, Vec::new());
            let end = to.max(self.next.min(to + AHEAD));
            let entries = &mut self.stretch.1;
            tape::play(reader, &self.record.header, (from, end), |played| {
                entries.extend_from_slice(played);
            })
            .await?;
        }
        let (first, entries) = &self.stretch;
        let at = |sequence: u64| {
            usize::try_from(sequence.saturating_sub(*first))
                .unwrap_or(usize::MAX)
                .min(entries.len())
        };
        Ok(&entries[at(from)..at(to.max(from))])
    }

    async fn transcript(&mut self, reader: &Reader, interest: &Interest) -> anyhow::Result<Option<News>> {
        let Some(actor) = interest.agent else {
            self.heard = None;
            return Ok(None);
        };
        let kept = self.heard.take();
        let mut is_changed = false;
        let mut heard = kept.unwrap_or_else(|| Heard {
            fold: TranscriptFold::new(&self.workflow, actor),
            told: None,
            next: 0,
        });
        let upto = self.next;
        let workflow = self.workflow.clone();
        tape::play(reader, &self.record.header, (heard.next, upto), |entries| {
            for entry in entries {
                is_changed |= heard.fold.fold(&workflow, entry);
            }
        })
        .await?;
        heard.next = upto;
        let is_moved = heard.told != Some(interest.at);
        heard.told = Some(interest.at);
        // What is said now was not said then.
        let news = (is_moved || is_changed && interest.at.is_none()).then(|| News::Transcript {
            run: self.run().clone(),
            at: interest.at,
            actor,
            transcript: Arc::new(match interest.at {
                None => heard.fold.transcript().clone(),
                Some(at) => heard.fold.at(at),
            }),
        });
        self.heard = Some(heard);
        Ok(news)
    }
}

/// What a run runs.
pub(super) async fn workflow(reader: &Reader, record: &RunRecord) -> anyhow::Result<Arc<Workflow>> {
    let past = Past {
        record: record.clone(),
        entries: Vec::new(),
        lineage: Vec::new(),
    };
    past.workflow(reader).await
}

/// What is known of a run besides its events.
pub(super) async fn facts(
    reader: &Reader,
    record: &RunRecord,
    workflow: &Workflow,
    folds: &Folds,
    state: &Path,
) -> Facts {
    let header = &record.header;
    let asks = folds
        .view
        .steps
        .iter()
        .any(|step| step.status == StepStatus::InDoubt || step.working > 0);
    let questions = match asks {
        true => questions(reader, record, workflow).await,
        false => Vec::new(),
    };
    Facts {
        run: header.run.clone(),
        path: header.path.clone(),
        standing: standing(state, record),
        forked: header.forked.as_ref().map(|fork| (fork.run.clone(), fork.events)),
        questions,
    }
}

/// What a run asks people; one that cannot ask is not read for it.
pub(super) async fn questions(reader: &Reader, record: &RunRecord, workflow: &Workflow) -> Vec<Question> {
    let run = &record.header.run;
    let status = record.progress.status;
    if status.is_over() || run.parent().is_some() || !(asks(workflow) || status == RunStatus::Waiting) {
        return Vec::new();
    }
    // What cannot be read asks nothing; the run itself says why.
    let journal = Looking(reader.clone());
    troupe_agents::questions(&journal, run, workflow)
        .await
        .unwrap_or_default()
}

/// Whether after an event a run may ask something else than before, as far as its own events tell.
fn asks_or_answers(workflow: &Workflow, event: &Event) -> bool {
    let is_of_approval = |step: &StepIndex| matches!(workflow.step(*step).verb, Verb::Approve(_));
    match event {
        Event::EffectDoubted { .. } | Event::EffectRepeated { .. } => true,
        Event::ItemStarted { step, .. }
        | Event::ItemSucceeded { step, .. }
        | Event::RoundEnded { step, .. }
        | Event::ItemFailed { step, .. } => is_of_approval(step),
        _ => false,
    }
}

/// Whether the workflow, or one that it calls, may ask a person while it works.
fn asks(workflow: &Workflow) -> bool {
    let own = workflow.steps.iter().any(|step| matches!(step.verb, Verb::Approve(_)));
    own || workflow.workflows.iter().any(|called| asks(called))
}

/// The transcripts of some agents of a run.
pub(super) fn transcripts(
    workflow: &Workflow,
    entries: &[Entry],
    actors: impl IntoIterator<Item = ActorId>,
) -> Vec<(ActorId, Arc<troupe_core::view::Transcript>)> {
    let of = |actor| {
        let mut fold = TranscriptFold::new(workflow, actor);
        for entry in entries {
            fold.fold(workflow, entry);
        }
        (actor, Arc::new(fold.transcript().clone()))
    };
    actors.into_iter().map(of).collect()
}
