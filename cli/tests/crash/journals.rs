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
use troupe_core::id::{CallId, RunId};
use troupe_core::ir::{EffectClass, Verb, Workflow};
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Entry;
use troupe_store::Reader;

/// Where an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is wanted, and may have begun.
    Open,
    /// Its answer is on the disk.
    Acknowledged,
    /// Its run ended before it did.
    Stopped,
    /// Nobody wants it any more: its time was over, or what it was for.
    Dropped,
    /// It was told that it may have happened.
    Doubted,
}

/// What the journals say of an effect of a tool or of a command.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub fate: Fate,
    /// Whether it must not happen twice.
    pub once: bool,
    /// How often it was reported as one that may have happened.
    pub doubts: usize,
}

/// The effects of all runs of a family by key.
pub type Fates = BTreeMap<String, Told>;

/// Reads what is there; nothing where no run has begun.
pub fn fates(folder: &Path, root: &RunId, workflow: &Workflow) -> Fates {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
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
    let mut open: BTreeMap<CallId, String> = BTreeMap::new();
    for Entry { event, .. } in entries {
        engine::apply(workflow, &mut state, event);
        let mut now = BTreeMap::new();
        for effect in engine::outstanding(workflow, &state) {
            if let Some(once) = is_once(workflow, &effect) {
                now.insert(effect.call, (format!("{run}/{}", effect.key), once));
            }
        }
        for (_, key) in open.iter().filter(|(call, _)| !now.contains_key(call)) {
            let told = fates.get_mut(key).expect("it was wanted before");
            told.fate = fate(event);
            told.doubts += usize::from(told.fate == Fate::Doubted);
        }
        for (key, once) in now.values() {
            let told = fates.entry(key.clone()).or_insert(Told {
                fate: Fate::Open,
                once: *once,
                doubts: 0,
            });
            told.fate = Fate::Open;
        }
        open = now.into_iter().map(|(call, (key, _))| (call, key)).collect();
    }
}

/// Whether an effect must not happen twice; none for those that leave no line.
fn is_once(workflow: &Workflow, effect: &Effect) -> Option<bool> {
    match &effect.want {
        Want::Process(_) => Some(true),
        Want::Tool(request) => Some(workflow.tool(request.tool).class == EffectClass::Once),
        _ => None,
    }
}

/// What an effect came to that was open before an event and is not after it.
fn fate(event: &Event) -> Fate {
    match event {
        Event::ItemSucceeded { .. } | Event::RoundEnded { .. } | Event::ToolReplied { .. } => Fate::Acknowledged,
        Event::EffectDoubted { .. } | Event::EffectRepeated { .. } => Fate::Doubted,
        Event::ToolFailed { message, .. } if message.contains("interrupted") => Fate::Doubted,
        Event::ItemFailed { failure, .. } => match failure.kind {
            FailureKind::InDoubt => Fate::Doubted,
            FailureKind::Timeout => Fate::Dropped,
            _ => Fate::Acknowledged,
        },
        Event::ToolFailed { .. } => Fate::Acknowledged,
        Event::RunFailed { .. } | Event::RunCancelled => Fate::Stopped,
        _ => Fate::Dropped,
    }
}
