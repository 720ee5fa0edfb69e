//! What can stand at an editor's cursor: the names that are seen there, or what a value has inside.
//!
//! The editor writes [`CURSOR`] where its cursor is, as a name or as a field, and has the part of the
//! file around it looked at with the names of the whole file.

use super::infer::{Inference, Meaning};
use super::names::{Found, Names, Place, Use};
use super::steps::{Callables, Kind, expressions};
use super::{Checked, agents, outputs};
use crate::document::Document;
use crate::report::Report;
use troupe_core::ir::{EffectClass, OnError, Retry};
use troupe_core::limits::Limits;
use troupe_core::types::Type;

/// The name that stands for the cursor.
pub(crate) const CURSOR: &str = "cursor__";

/// Whether the cursor is looked for, and what was found.
#[derive(Debug, Default)]
pub(super) enum Question {
    #[default]
    None,
    Open,
    Answered(Asked),
}

/// What can stand at the cursor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    /// The name of a variable: those of the place, then those that have types.
    Variables(&'static [&'static str], Vec<(String, Type)>),
    /// The name of a step.
    Steps,
    /// One of these names, as after `inputs.` and after a step.
    Names(Vec<(String, Type)>),
    /// A field or a function of a value.
    Inside(Type),
    /// A name that the file does not declare, as after `env.`.
    Foreign,
}

/// What the names and fields in a file's expressions mean.
#[derive(Debug)]
pub(crate) struct Meanings {
    pub(super) names: Names,
    pub(super) kinds: Vec<Kind>,
    pub(crate) uses: Vec<Use>,
}

impl Question {
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

/// Finds the cursor in a part of a file: a document with one step, agent, model or output. `whole` is
/// the file that it belongs to.
pub(crate) fn ask(part: &Document, whole: &Document, checked: &Checked) -> Option<Asked> {
    let meanings = checked.meanings.as_ref()?;
    let names = &meanings.names;
    let mut report = Report::new("");
    let mut found = Found {
        question: Question::Open,
        ..Found::default()
    };
    let callables = Callables {
        tools: &checked.tools,
        signatures: &checked.signatures,
        agents: &checked.agents,
        workflows: &checked.workflows,
    };
    for step in &part.steps {
        let at = whole.steps.iter().position(|known| known.name.value == step.name.value);
        let known = at.and_then(|at| meanings.kinds.get(at));
        let mut kind = known.cloned().unwrap_or_else(unknown);
        if let Some(output) = &step.output {
            kind.output = output.clone();
        }
        expressions(&mut report, step, &kind, names, &callables, &mut found);
    }
    agents::check_prompts(&mut report, part, names, &mut found);
    outputs::check(&mut report, part, names, &mut found);
    match found.question {
        Question::Answered(asked) => Some(asked),
        _ if !part.shared.models.is_empty() || !part.shared.servers.is_empty() => {
            Some(Asked::Variables(Place::Model.roots(), Vec::new()))
        }
        _ => None,
    }
}

/// A step that was not there when the file was compiled.
fn unknown() -> Kind {
    Kind {
        output: Type::Any,
        limits: Limits::AGENT,
        callee: None,
        retry: Retry::NONE,
        on_error: OnError::default(),
        effect: EffectClass::Once,
        untrusted: false,
    }
}

impl Inference<'_> {
    pub(super) fn answer_with_variables(&mut self) {
        let outer = self
            .scope
            .locals
            .iter()
            .map(|local| (local.name.clone(), local.kind.clone()));
        let mut variables: Vec<(String, Type)> = Vec::new();
        for (name, kind) in self.locals.iter().cloned().rev().chain(outer.rev()) {
            if !name.starts_with('@') && variables.iter().all(|(inner, _)| *inner != name) {
                variables.push((name, kind));
            }
        }
        self.found.question = Question::Answered(Asked::Variables(self.scope.place.roots(), variables));
    }

    pub(super) fn answer_with_parts(&mut self, meaning: Meaning<'_>) {
        let names = self.scope.names;
        let asked = match meaning {
            Meaning::Value(kind) => Asked::Inside(kind.into_owned()),
            Meaning::Inputs => {
                let inputs = names.inputs.iter();
                Asked::Names(inputs.map(|(name, input)| (name.clone(), input.kind.clone())).collect())
            }
            Meaning::Steps => Asked::Steps,
            Meaning::Step(at) => {
                let step = names.steps.get_index(at).map(|(_, step)| step);
                let fields = step
                    .into_iter()
                    .flat_map(|step| step.fields().map(|field| (field, step.field(field))));
                Asked::Names(
                    fields
                        .filter_map(|(field, kind)| Some((field.to_owned(), kind?.into_owned())))
                        .collect(),
                )
            }
            Meaning::Env | Meaning::Secrets => Asked::Foreign,
        };
        self.found.question = Question::Answered(asked);
    }
}
