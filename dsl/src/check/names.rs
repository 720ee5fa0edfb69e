//! Which names an expression sees at its place, and which of them it uses.

use super::cursor::Question;
use super::facts::Fact;
use super::steps::Kind;
use crate::document::Document;
use crate::shorthand;
use indexmap::{IndexMap, IndexSet};
use std::borrow::Cow;
use std::collections::HashSet;
use troupe_core::diagnostic::Span;
use troupe_core::failure::FailureKind;
use troupe_core::ir::OnError;
use troupe_core::types::Type;

/// The names of a workflow.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) inputs: IndexMap<String, Declared>,
    /// All inputs as one value; `any` when they are too many.
    pub(super) all_inputs: Type,
    pub(super) steps: IndexMap<String, StepName>,
}

/// A value and where it was declared.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) kind: Type,
    pub(super) span: Span,
}

/// A step as expressions see it.
#[derive(Debug)]
pub(super) struct StepName {
    /// What one item gives when it succeeds.
    pub(super) output: Type,
    /// `output`, or `outputs` of a fan-out: with null where it can be.
    value: Type,
    pub(super) fan_out: bool,
    /// The place of its `when`, which may skip it.
    pub(super) when: Option<Span>,
    /// Whether a failure leaves null.
    pub(super) continues: bool,
    /// Whether its output is text from outside: of a tool or a command.
    pub(super) untrusted: bool,
    pub(super) span: Span,
}

impl Names {
    pub(super) fn new(document: &Document, kinds: &[Kind]) -> Self {
        let inputs = document.inputs.iter().map(|input| {
            let declared = Declared {
                kind: input.kind.clone(),
                span: input.name.span,
            };
            (input.name.value.clone(), declared)
        });
        let inputs: IndexMap<String, Declared> = inputs.collect();
        let fields = inputs.iter().map(|(name, input)| (name.clone(), input.kind.clone()));
        let all = Type::Object(fields.collect());
        let too_many = shorthand::is_larger(&all, shorthand::MAX_PARTS);
        let steps = document.steps.iter().zip(kinds).map(|(step, kind)| {
            let (fan_out, continues) = (step.fan_out.is_some(), kind.on_error == OnError::Continue);
            let seen = StepName {
                output: kind.output.clone(),
                value: value(
                    &kind.output,
                    fan_out,
                    continues,
                    step.when.is_some() || step.unread_when.is_some(),
                ),
                fan_out,
                when: step.when.as_ref().map(|when| when.span()).or(step.unread_when),
                continues,
                untrusted: kind.untrusted,
                span: step.name.span,
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

impl StepName {
    /// The type of `steps.NAME.FIELD`; none when a step like this has no such field.
    pub(super) fn field(&self, field: &str) -> Option<Cow<'_, Type>> {
        Some(match (field, self.fan_out) {
            ("output", false) | ("outputs", true) => Cow::Borrowed(&self.value),
            ("status", _) => Cow::Owned(words(&["succeeded", "failed", "skipped"])),
            ("errors", _) => Cow::Owned(Type::List(Box::new(error()))),
            _ => return None,
        })
    }

    /// The fields that it has.
    pub(super) fn fields(&self) -> [&'static str; 3] {
        [if self.fan_out { "outputs" } else { "output" }, "status", "errors"]
    }
}

fn value(output: &Type, fan_out: bool, continues: bool, may_be_skipped: bool) -> Type {
    let null = continues || (may_be_skipped && !fan_out);
    let item = if null {
        output.clone().or(Type::Null)
    } else {
        output.clone()
    };
    if fan_out { Type::List(Box::new(item)) } else { item }
}

fn words(words: &[&str]) -> Type {
    Type::Enum(words.iter().map(|word| (*word).to_owned()).collect())
}

/// An entry of `steps.NAME.errors`.
fn error() -> Type {
    let fields = [
        ("item", Type::Integer),
        ("key", Type::String.or(Type::Null)),
        ("kind", words(&FailureKind::ALL.map(FailureKind::word))),
        ("message", Type::String),
    ];
    Type::Object(fields.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect())
}

/// A place in the file, as far as it decides what can be seen from there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `base_url` and `api_key` of a model, `env` of a server: read before a run begins.
    Model,
    /// An agent's system prompt: the same in all steps.
    System,
    /// What goes to a tool or a command.
    Effect,
    /// Any other field of a step, or an output.
    Run,
}

impl Place {
    pub(super) fn roots(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["env", "secrets"],
            Self::System => &["inputs", "env"],
            Self::Effect => &["inputs", "steps", "env", "secrets"],
            Self::Run => &["inputs", "steps", "env"],
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Model => "a model's settings",
            Self::System => "a system prompt",
            Self::Effect | Self::Run => "a step",
        }
    }
}

/// A variable that is there in some places alone: a fan-out's item, `output`, `round`, `carry`.
#[derive(Clone)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) kind: Type,
    /// Where the file names it.
    pub(super) declared: Option<Span>,
}

/// What an expression sees.
pub(super) struct Scope<'a> {
    pub(super) names: &'a Names,
    pub(super) place: Place,
    pub(super) locals: Vec<Local>,
    /// The name of the fan-out's item where it cannot be seen: in `when` and `for_each`.
    pub(super) hidden_item: Option<&'a str>,
    /// What is known to hold here: what the step's `when` asks.
    pub(super) facts: Vec<Fact>,
    /// The step whose expressions these are, by position.
    pub(super) own_step: Option<usize>,
    /// Whether the step's `when` could not be read: what it asks is not known, nor what may be null.
    pub(super) is_unsure: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn new(names: &'a Names, place: Place) -> Self {
        Self {
            names,
            place,
            locals: Vec::new(),
            hidden_item: None,
            facts: Vec::new(),
            own_step: None,
            is_unsure: false,
        }
    }

    /// The same with some more variables.
    pub(super) fn with(&self, place: Place, locals: impl IntoIterator<Item = (&'static str, Type)>) -> Self {
        let more = locals.into_iter().map(|(name, kind)| Local {
            name: name.to_owned(),
            kind,
            declared: None,
        });
        Self {
            names: self.names,
            place,
            locals: self.locals.iter().cloned().chain(more).collect(),
            hidden_item: self.hidden_item,
            facts: self.facts.clone(),
            own_step: self.own_step,
            is_unsure: self.is_unsure,
        }
    }
}

/// What expressions were found to use.
#[derive(Default)]
pub(super) struct Found {
    /// Steps by position, each with the place of the reference; taken by the step that refers.
    pub(super) steps: Vec<(usize, Span)>,
    /// Steps whose value anything reads.
    pub(super) read_steps: HashSet<usize>,
    pub(super) inputs: HashSet<String>,
    /// Whether `inputs` is used as a whole.
    pub(super) all_inputs: bool,
    pub(super) env: IndexSet<String>,
    pub(super) secrets: IndexSet<String>,
    /// Where a value of type `any` kept something from being checked.
    pub(super) weak: Vec<(Span, String)>,
    /// Every name and field with its meaning, when an editor asks.
    pub(super) uses: Option<Vec<Use>>,
    /// What an editor asks about the place of its cursor.
    pub(super) question: Question,
}

/// A name in an expression, and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) span: Span,
    pub(crate) kind: Type,
    /// Where it was declared.
    pub(crate) declared: Option<Span>,
    /// The step, by position.
    pub(crate) step: Option<usize>,
}
