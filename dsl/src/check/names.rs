//! Which names an expression sees at its place, and which of them it uses.

use super::steps::Kind;
use crate::document::Document;
use crate::shorthand;
use indexmap::{IndexMap, IndexSet};
use std::collections::HashSet;
use troupe_core::diagnostic::Span;
use troupe_core::types::Type;

/// The names of a workflow.
pub(super) struct Names {
    pub(super) inputs: IndexMap<String, Type>,
    /// All inputs as one value; `any` when they are too many.
    pub(super) all_inputs: Type,
    pub(super) steps: IndexMap<String, StepName>,
}

/// A step as expressions see it.
pub(super) struct StepName {
    pub(super) output: Type,
    pub(super) fan_out: bool,
}

impl Names {
    pub(super) fn new(document: &Document, kinds: &[Kind]) -> Self {
        let inputs = document
            .inputs
            .iter()
            .map(|input| (input.name.value.clone(), input.kind.clone()));
        let inputs: IndexMap<String, Type> = inputs.collect();
        let all = Type::Object(inputs.clone());
        let too_many = shorthand::is_larger(&all, shorthand::MAX_PARTS);
        let steps = document.steps.iter().zip(kinds).map(|(step, kind)| {
            let seen = StepName {
                output: kind.output.clone(),
                fan_out: step.fan_out.is_some(),
            };
            (step.name.value.clone(), seen)
        });
        Self {
            all_inputs: if too_many { Type::Any } else { all },
            inputs,
            steps: steps.collect(),
        }
    }

    /// The names where nothing of a workflow can be seen.
    pub(super) fn none() -> Self {
        Self {
            inputs: IndexMap::new(),
            all_inputs: Type::Any,
            steps: IndexMap::new(),
        }
    }
}

/// A place in the file, as far as it decides what can be seen from there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `base_url` and `api_key` of a model: read before a run begins.
    Model,
    /// An agent's system prompt: the same in all steps.
    System,
    /// A step's field or an output.
    Run,
}

impl Place {
    pub(super) fn roots(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["env", "secrets"],
            Self::System => &["inputs", "env"],
            Self::Run => &["inputs", "steps", "env"],
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Model => "a model's settings",
            Self::System => "a system prompt",
            Self::Run => "a step",
        }
    }
}

/// What an expression sees.
pub(super) struct Scope<'a> {
    pub(super) names: &'a Names,
    pub(super) place: Place,
    /// The item of the step's fan-out, where it can be seen.
    pub(super) item: Option<(&'a str, Type)>,
    /// Its name where it cannot: in `when` and `for_each`.
    pub(super) hidden_item: Option<&'a str>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(names: &'a Names, place: Place) -> Self {
        Self {
            names,
            place,
            item: None,
            hidden_item: None,
        }
    }
}

/// What expressions were found to use.
#[derive(Default)]
pub(super) struct Found {
    /// Steps by position, each with the place of the reference; taken by the step that refers.
    pub(super) steps: Vec<(usize, Span)>,
    pub(super) inputs: HashSet<String>,
    /// Whether `inputs` is used as a whole.
    pub(super) all_inputs: bool,
    pub(super) env: IndexSet<String>,
}
