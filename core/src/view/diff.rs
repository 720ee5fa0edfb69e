//! What two runs came to, and where that is not the same: steps by name, items by key, agents by address.
//!
//! When a thing happened, and how long it took, is told and never makes a difference. Outputs are taken from the
//! engine's own fold, so that what is compared is what later steps read.

use super::run::{AgentView, RunView, StepStatus, StepView};
use crate::engine::{self, State};
use crate::id::{ItemIndex, StepIndex};
use crate::ir::Workflow;
use crate::port::journal::{Entry, RunStatus};
use crate::{Object, Value};
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// One of the two runs.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What it runs.
    pub workflow: &'a Workflow,
    /// Its journal.
    pub entries: &'a [Entry],
    /// Whether it waits, which is no event.
    pub waits: bool,
}

/// The same thing in both runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pair<T> {
    /// In the first.
    pub left: T,
    /// In the second.
    pub right: T,
}

/// Where two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDiff {
    /// Where they stand.
    pub status: Pair<RunStatus>,
    /// Inputs that differ.
    pub inputs: Vec<Change>,
    /// Outputs of the runs that differ.
    pub outputs: Vec<Change>,
    /// Steps that differ.
    pub steps: Vec<StepDiff>,
    /// Agents that differ.
    pub agents: Vec<AgentDiff>,
    /// What they used.
    pub figures: Pair<Figures>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where: `.rows[2].paper`; empty for the whole.
    pub path: String,
    /// In the first; none where there is nothing.
    pub left: Option<Value>,
    /// In the second; none where there is nothing.
    pub right: Option<Value>,
}

/// A step that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepDiff {
    /// Its name.
    pub name: String,
    /// Where it stands; none where there is no such step.
    pub status: Pair<Option<StepStatus>>,
    /// Why an item of it failed last, where that differs.
    pub failure: Option<Pair<Option<String>>>,
    /// Its items that differ; a step without `for_each` has one.
    pub items: Vec<ItemDiff>,
}

/// An item that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemDiff {
    /// Its key, or its position where it has none; none for a step without `for_each`.
    pub name: Option<String>,
    /// Where it stands; none where there is no such item.
    pub status: Pair<Option<StepStatus>>,
    /// What differs in its output.
    pub output: Vec<Change>,
}

/// An agent that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentDiff {
    /// Its address; of several of one address, as attempts leave them, the later ones have `#2` and so on behind it.
    pub address: String,
    /// Where it stands; none where there is no such agent.
    pub status: Pair<Option<&'static str>>,
    /// Its last message, where that differs.
    pub answer: Option<Pair<Option<String>>>,
}

/// What a run used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Events.
    pub events: u64,
    /// Agents started, those of runs that it started included.
    pub agents: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Tool calls that ended.
    pub tool_calls: u32,
    /// From its first event to its last, in milliseconds.
    pub duration_ms: u64,
}

impl RunDiff {
    /// Compares two runs.
    pub fn of(left: Side<'_>, right: Side<'_>) -> Self {
        let (left, right) = (Folded::of(left), Folded::of(right));
        Self {
            status: Pair {
                left: left.view.status,
                right: right.view.status,
            },
            inputs: changes(
                &Value::Object(Object::clone(&left.view.inputs)),
                &Value::Object(Object::clone(&right.view.inputs)),
            ),
            outputs: changes(
                &Value::Object(left.view.outputs.clone()),
                &Value::Object(right.view.outputs.clone()),
            ),
            steps: steps(&left, &right),
            agents: agents(&left.view, &right.view),
            figures: Pair {
                left: figures(&left.view),
                right: figures(&right.view),
            },
        }
    }

    /// Whether both came to the same in the same way: only times, and how many events told it, may differ.
    pub fn is_equal(&self) -> bool {
        let used = |figures: Figures| (figures.agents, figures.tokens, figures.tool_calls);
        self.status.left == self.status.right
            && self.inputs.is_empty()
            && self.outputs.is_empty()
            && self.steps.is_empty()
            && self.agents.is_empty()
            && used(self.figures.left) == used(self.figures.right)
    }
}

struct Folded<'a> {
    workflow: &'a Workflow,
    view: RunView,
    state: State,
}

impl<'a> Folded<'a> {
    fn of(side: Side<'a>) -> Self {
        let events = side.entries.iter().map(|entry| &entry.event);
        let mut view = RunView::of(side.workflow, side.entries);
        if side.waits && !view.status.is_over() {
            view.status = RunStatus::Waiting;
        }
        Self {
            workflow: side.workflow,
            view,
            state: engine::fold(side.workflow, events),
        }
    }

    fn step(&self, name: &str) -> Option<(StepIndex, &StepView)> {
        let index = self.workflow.step_named(name)?;
        Some((index, &self.view.steps[index.at()]))
    }

    /// The items of a step by name, with where they stand and what they gave.
    fn items(&self, step: StepIndex) -> IndexMap<Option<String>, (StepStatus, Option<&Value>)> {
        let view = &self.view.steps[step.at()];
        let is_fanned = self.workflow.step(step).fan_out.is_some();
        let items = (0..).map(ItemIndex).zip(&view.item_status);
        let named = items.map(|(item, status)| {
            let key = || view.keys.get(item.at()).cloned().unwrap_or_else(|| item.0.to_string());
            let output = self.state.output(self.workflow, step, item);
            (is_fanned.then(key), (*status, output))
        });
        named.collect()
    }
}

fn figures(view: &RunView) -> Figures {
    Figures {
        events: view.events,
        agents: view.agents.len() as u64 + u64::from(view.agents_below),
        tokens: view.usage.total(),
        tool_calls: view.tool_calls,
        duration_ms: view.updated_ms.saturating_sub(view.started_ms),
    }
}

fn steps(left: &Folded<'_>, right: &Folded<'_>) -> Vec<StepDiff> {
    let names = left.view.steps.iter().map(|step| &step.name);
    let others = right.view.steps.iter().map(|step| &step.name);
    let new = others.filter(|name| left.workflow.step_named(name).is_none());
    let diffs = names.chain(new).map(|name| step(name, left, right));
    diffs.flatten().collect()
}

fn step(name: &str, left: &Folded<'_>, right: &Folded<'_>) -> Option<StepDiff> {
    let (before, after) = (left.step(name), right.step(name));
    let status = Pair {
        left: before.map(|(_, view)| view.status),
        right: after.map(|(_, view)| view.status),
    };
    let failure =
        |step: Option<(StepIndex, &StepView)>| step.and_then(|(_, view)| Some(view.failure.as_ref()?.to_string()));
    let failure = differing(failure(before), failure(after));
    let items_before = before.map(|(index, _)| left.items(index)).unwrap_or_default();
    let items_after = after.map(|(index, _)| right.items(index)).unwrap_or_default();
    let new = items_after.keys().filter(|name| !items_before.contains_key(*name));
    let items = items_before.keys().chain(new);
    let items: Vec<ItemDiff> = items
        .filter_map(|name| item(name, items_before.get(name), items_after.get(name)))
        .collect();
    let differs = status.left != status.right || failure.is_some() || !items.is_empty();
    differs.then(|| StepDiff {
        name: name.to_owned(),
        status,
        failure,
        items,
    })
}

type Item<'a> = (StepStatus, Option<&'a Value>);

fn item(name: &Option<String>, before: Option<&Item<'_>>, after: Option<&Item<'_>>) -> Option<ItemDiff> {
    let status = Pair {
        left: before.map(|(status, _)| *status),
        right: after.map(|(status, _)| *status),
    };
    let output = |item: Option<&Item<'_>>| item.and_then(|(_, output)| output.cloned());
    let mut found = Vec::new();
    compare(
        String::new(),
        output(before).as_ref(),
        output(after).as_ref(),
        &mut found,
    );
    let differs = status.left != status.right || !found.is_empty();
    differs.then(|| ItemDiff {
        name: name.clone(),
        status,
        output: found,
    })
}

fn agents(left: &RunView, right: &RunView) -> Vec<AgentDiff> {
    let (before, after) = (by_address(left), by_address(right));
    let new = after.keys().filter(|address| !before.contains_key(*address));
    let addresses = before.keys().chain(new);
    let diffs = addresses.filter_map(|address| {
        let pair = (before.get(address).copied(), after.get(address).copied());
        let status = Pair {
            left: pair.0.map(|agent| agent.status.word()),
            right: pair.1.map(|agent| agent.status.word()),
        };
        let said = |agent: Option<&AgentView>| agent.map(|agent| agent.message.text.clone());
        let answer = differing(said(pair.0), said(pair.1));
        (status.left != status.right || answer.is_some()).then(|| AgentDiff {
            address: address.clone(),
            status,
            answer,
        })
    });
    diffs.collect()
}

fn by_address(view: &RunView) -> IndexMap<String, &AgentView> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let named = view.agents.iter().map(|agent| {
        let count = counts.entry(&agent.address).or_default();
        *count += 1;
        let number = if *count > 1 { format!("#{count}") } else { String::new() };
        (format!("{}{number}", agent.address), agent)
    });
    named.collect()
}

fn differing<T: PartialEq>(left: T, right: T) -> Option<Pair<T>> {
    (left != right).then_some(Pair { left, right })
}

/// Where two values differ, as deep as both have the same shape.
fn changes(left: &Value, right: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(String::new(), Some(left), Some(right), &mut found);
    found
}

fn compare(path: String, left: Option<&Value>, right: Option<&Value>, found: &mut Vec<Change>) {
    match (left, right) {
        (left, right) if left == right => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let new = after.keys().filter(|name| !before.contains_key(*name));
            for name in before.keys().chain(new) {
                compare(format!("{path}.{name}"), before.get(name), after.get(name), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for at in 0..before.len().max(after.len()) {
                compare(format!("{path}[{at}]"), before.get(at), after.get(at), found);
            }
        }
        (left, right) => found.push(Change {
            path,
            left: left.cloned(),
            right: right.cloned(),
        }),
    }
}
