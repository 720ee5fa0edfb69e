//! The files that the commands of a run gave and that it still tells of.

use crate::artifact::Given;
use crate::event::Event;
use crate::id::{ItemIndex, StepIndex};
use crate::ir::Workflow;
use std::collections::BTreeMap;

/// What the command of one item gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemArtifacts {
    /// The step's name.
    pub step: String,
    /// The item's key, or its position where it has none; none for a step without `for_each`.
    pub item: Option<String>,
    /// The files.
    pub given: Given,
}

/// What each item gave at last, in the order of steps and items. What an item gave before is not told of any more when
/// it gave something else, or when a person put another output in its place.
pub fn artifacts<'a>(workflow: &Workflow, events: impl Iterator<Item = &'a Event>) -> Vec<ItemArtifacts> {
    let mut given: BTreeMap<(StepIndex, ItemIndex), &Given> = BTreeMap::new();
    let mut keys: BTreeMap<StepIndex, &[String]> = BTreeMap::new();
    for event in events {
        match event {
            Event::StepStarted { step, keys: named, .. } => {
                keys.insert(*step, named);
                given.retain(|(of, _), _| of != step);
            }
            Event::ItemSucceeded {
                step, item, artifacts, ..
            }
            | Event::RoundEnded {
                step, item, artifacts, ..
            } => {
                match artifacts {
                    Some(artifacts) => given.insert((*step, *item), artifacts),
                    None => given.remove(&(*step, *item)),
                };
            }
            Event::OutputEdited { step, item, .. } => {
                given.retain(|(of, at), _| of != step || item.is_some_and(|item| item != *at));
            }
            _ => {}
        }
    }
    let told = given.into_iter().map(|((step, item), given)| {
        let definition = workflow.step(step);
        let key = keys.get(&step).and_then(|keys| keys.get(item.at()));
        let name = || key.cloned().unwrap_or_else(|| item.0.to_string());
        ItemArtifacts {
            step: definition.name.clone(),
            item: definition.fan_out.as_ref().map(|_| name()),
            given: given.clone(),
        }
    });
    told.collect()
}
