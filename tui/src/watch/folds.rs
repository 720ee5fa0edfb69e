//! All that the screens of one run are drawn from, folded together.

use std::sync::Arc;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::Entry;
use troupe_core::view::{Retrieval, RunView, Timeline};

/// A run at a moment.
#[derive(Debug, Clone)]
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
}
