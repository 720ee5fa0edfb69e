//! What the journals of a family of runs say about every effect that was ever wanted: whether it was
//! answered, given up, left in doubt, or stands open.

use crate::place;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::id::RunId;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Entry;
use troupe_store::Reader;

/// What became of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is wanted, and may have begun.
    Open,
    /// Its answer is on the disk.
    Acknowledged,
    /// Nobody wants it any more: its time was over, or its run.
    Dropped,
    /// It was told that it may have happened.
    Doubted,
}

/// The effects of tools and commands by key, in all runs of a family.
pub type Fates = BTreeMap<String, Fate>;

/// Reads what is there; nothing where no run has begun.
pub fn fates(folder: &Path, root: &RunId, workflow: &Workflow) -> Fates {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut fates = Fates::new();
        let reader = match Reader::open(&place::store(folder)).await {
            Err(error) if error.kind == ErrorKind::Missing => return fates,
            opened => opened.unwrap(),
        };
        for record in reader.runs(u32::MAX).await.unwrap() {
            let run = record.header.run;
            if run.root() == *root {
                let workflow = workflow_of(&run, workflow);
                read(&run, &workflow, &reader.load(&run).await.unwrap(), &mut fates);
            }
        }
        reader.close().await;
        fates
    })
}

/// The newest run that a person started; none where there is none.
pub fn newest(folder: &Path) -> Option<RunId> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let reader = Reader::open(&place::store(folder)).await.ok()?;
        let found = reader.find("").await.unwrap();
        reader.close().await;
        found.into_iter().find(|run| run.parent().is_none())
    })
}

/// What a run of the family does: the name of one that a step started begins with the step's.
fn workflow_of(run: &RunId, root: &Workflow) -> Arc<Workflow> {
    let mut workflow = Arc::new(root.clone());
    for part in run.as_str().split('.').skip(1) {
        let name = part.split('-').next().unwrap_or_default();
        let step = workflow.steps.iter().find(|step| step.name == name).unwrap();
        let Verb::Workflow { workflow: called, .. } = &step.verb else {
            panic!("step `{name}` starts no run");
        };
        workflow = workflow.workflow(*called).clone();
    }
    workflow
}

fn read(run: &RunId, workflow: &Workflow, entries: &[Entry], fates: &mut Fates) {
    let mut state = State::new(workflow);
    let mut open: Vec<String> = Vec::new();
    for Entry { event, .. } in entries {
        engine::apply(workflow, &mut state, event);
        let now: Vec<String> = engine::outstanding(workflow, &state)
            .into_iter()
            .filter(|effect| matches!(effect.want, Want::Tool(_) | Want::Process(_)))
            .map(|effect| key(run, &effect))
            .collect();
        for gone in open.iter().filter(|key| !now.contains(key)) {
            fates.insert(gone.clone(), fate(event));
        }
        for new in &now {
            fates.insert(new.clone(), Fate::Open);
        }
        open = now;
    }
}

/// The key under which a tool or a command is told to work.
fn key(run: &RunId, effect: &Effect) -> String {
    format!("{run}/{}", effect.call)
}

/// What an effect came to that was open before an event and is not after it.
fn fate(event: &Event) -> Fate {
    match event {
        Event::ItemSucceeded { .. } | Event::RoundEnded { .. } | Event::ToolReplied { .. } => Fate::Acknowledged,
        Event::ItemFailed { failure, .. } if failure.kind == FailureKind::InDoubt => Fate::Doubted,
        Event::ItemFailed { failure, .. } if failure.kind == FailureKind::Timeout => Fate::Dropped,
        Event::ItemFailed { .. } | Event::ToolFailed { .. } => Fate::Acknowledged,
        _ => Fate::Dropped,
    }
}
