//! All that the screens of one run are drawn from, folded together: at its last event, and at earlier ones.

use std::sync::Arc;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_core::view::{Retrieval, RunView, Timeline};

/// A run at a moment. Clones share what they have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Folds {
    /// What it runs.
    pub workflow: Arc<Workflow>,
    /// Steps, agents, figures.
    pub view: RunView,
    /// When agents worked.
    pub timeline: Timeline,
    /// What was searched and read.
    pub retrieval: Retrieval,
}

impl Folds {
    /// Before the first event.
    pub fn new(workflow: Arc<Workflow>) -> Self {
        Self {
            view: RunView::new(&workflow),
            timeline: Timeline::default(),
            retrieval: Retrieval::default(),
            workflow,
        }
    }

    /// After some events.
    pub fn of<'a>(workflow: Arc<Workflow>, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut folds = Self::new(workflow);
        entries.into_iter().for_each(|entry| folds.fold(entry));
        folds
    }

    /// Takes one more event. One that was taken before changes nothing.
    pub fn fold(&mut self, entry: &Entry) {
        if entry.sequence < self.view.events {
            return;
        }
        self.view.fold(&self.workflow, entry);
        self.timeline.fold(entry);
        self.retrieval.fold(&self.workflow, entry);
    }

    /// Roughly how many bytes of it are not shared with another one.
    fn own_bytes(&self, other: &Self) -> usize {
        let (view, retrieval) = (&self.view, &self.retrieval);
        let agents = view.agents.own(&other.view.agents) * AGENT_BYTES;
        let spans = self.timeline.own(&other.timeline) * SPANS_BYTES;
        let searches = retrieval.searches.own(&other.retrieval.searches) * SEARCH_BYTES;
        let items: usize = view.steps.iter().map(|step| step.items as usize).sum();
        let chunks = (view.chunks_read.len() + retrieval.chunks.len()) * ID_BYTES;
        agents + spans + searches + items + chunks
    }
}

/// What an agent, its spans, a search, and a name take, as they mostly are.
const AGENT_BYTES: usize = 1_200;
const SPANS_BYTES: usize = 400;
const SEARCH_BYTES: usize = 400;
const ID_BYTES: usize = 80;

/// Moments that are kept at most, and the bytes that they may take beside each other.
const KEPT_MAX: usize = 32;
const BYTES_MAX: usize = 16 << 20;
/// Events between two of them at first.
const EVERY: u64 = 1_024;

/// A run at its last event, with some moments before it from which the others are folded.
#[derive(Debug)]
pub struct History {
    /// After all events.
    pub now: Folds,
    kept: Vec<Kept>,
    every: u64,
}

/// A moment, and what it takes beside the one before.
#[derive(Debug)]
struct Kept {
    folds: Arc<Folds>,
    bytes: usize,
}

impl From<Folds> for History {
    /// One of which no earlier moment is known but the first.
    fn from(now: Folds) -> Self {
        let history = Self::new(now.workflow.clone());
        Self { now, ..history }
    }
}

impl History {
    /// Before the first event.
    pub fn new(workflow: Arc<Workflow>) -> Self {
        let now = Folds::new(workflow);
        let first = Kept {
            folds: Arc::new(now.clone()),
            bytes: 0,
        };
        Self {
            now,
            kept: vec![first],
            every: EVERY,
        }
    }

    /// After some events.
    pub fn of<'a>(workflow: Arc<Workflow>, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut history = Self::new(workflow);
        entries.into_iter().for_each(|entry| history.fold(entry));
        history
    }

    /// Takes one more event. One that was taken before changes nothing.
    pub fn fold(&mut self, entry: &Entry) {
        self.now.fold(entry);
        let last = self.kept.last().map_or(0, |kept| kept.folds.view.events);
        if self.now.view.events >= last + self.every {
            self.keep();
        }
    }

    /// The latest moment that is kept and not after so many events.
    pub fn before(&self, events: u64) -> &Arc<Folds> {
        let after = self.kept.partition_point(|kept| kept.folds.view.events <= events);
        // The first one is before all events.
        &self.kept[after.max(1) - 1].folds
    }

    fn keep(&mut self) {
        let bytes = self.kept.last().map_or(0, |last| self.now.own_bytes(&last.folds));
        let mut folds = self.now.clone();
        if folds.view.status == RunStatus::Waiting {
            // That a run waits is no event: it is known of the present alone.
            folds.view.status = RunStatus::Running;
        }
        self.kept.push(Kept {
            folds: Arc::new(folds),
            bytes,
        });
        while self.kept.len() > KEPT_MAX || self.is_heavy() {
            self.every *= 2;
            let mut at = 0;
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            for at in 1..self.kept.len() {
                self.kept[at].bytes = self.kept[at].folds.own_bytes(&self.kept[at - 1].folds);
            }
        }
    }

    fn is_heavy(&self) -> bool {
        self.kept.len() > 2 && self.kept.iter().map(|kept| kept.bytes).sum::<usize>() > BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::crowd;

    #[test]
    fn every_moment_is_the_fold_of_its_events() {
        let story = crowd(1_000);
        let workflow = Arc::new(story.workflow.clone());
        let history = History::of(workflow.clone(), &story.entries);
        assert!(history.now == Folds::of(workflow.clone(), &story.entries));
        let all = story.entries.len();
        for at in [0, 1, 1_023, 1_024, 1_025, all / 3, all / 2 + 7, all - 1, all] {
            let base = history.before(at as u64);
            let from = base.view.events as usize;
            assert!(
                from <= at && at - from <= 2 * EVERY as usize,
                "{at} is folded from {from}"
            );
            let mut folds = Folds::clone(base);
            story.entries[from..at].iter().for_each(|entry| folds.fold(entry));
            assert!(folds == Folds::of(workflow.clone(), &story.entries[..at]), "at {at}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let story = crowd(10_000);
        let history = History::of(Arc::new(story.workflow.clone()), &story.entries);
        assert!(history.kept.len() <= KEPT_MAX && !history.is_heavy());
        assert!(history.kept.len() >= 2, "and there is something to begin with");
    }
}
