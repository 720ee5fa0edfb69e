//! What expressions see of a run: `inputs`, `env`, `secrets`, `steps`, a fan-out's item, and a `repeat`'s rounds.

use super::state::{State, StepPhase};
use crate::expression::Scope;
use crate::id::StepIndex;
use crate::ir::Workflow;
use crate::{Object, Value, secret};
use std::borrow::Cow;

/// A run's variables, with the item of a fan-out and the round of a repetition where there is one.
pub(super) struct RunScope<'a> {
    workflow: &'a Workflow,
    state: &'a State,
    /// The steps that the expression's own step waits for: those that it reads are among them.
    before: &'a [StepIndex],
    item: Option<(&'a str, &'a Value)>,
    round: Option<Round<'a>>,
}

/// A round of a step's `repeat`.
pub(super) struct Round<'a> {
    /// From 1.
    pub(super) number: Value,
    /// What the round before left.
    pub(super) carry: &'a Value,
    /// What this one gave, once it has ended.
    pub(super) output: Option<&'a Value>,
}

impl<'a> RunScope<'a> {
    pub(super) fn of(workflow: &'a Workflow, state: &'a State) -> Self {
        Self {
            workflow,
            state,
            before: &[],
            item: None,
            round: None,
        }
    }

    /// For the expressions of a step.
    pub(super) fn of_step(workflow: &'a Workflow, state: &'a State, step: StepIndex) -> Self {
        Self {
            before: &workflow.step(step).after,
            ..Self::of(workflow, state)
        }
    }

    pub(super) fn with_item(self, name: &'a str, value: &'a Value) -> Self {
        Self {
            item: Some((name, value)),
            ..self
        }
    }

    pub(super) fn with_round(self, round: Round<'a>) -> Self {
        Self {
            round: Some(round),
            ..self
        }
    }

    fn of_round(&self, name: &str) -> Option<&Value> {
        let round = self.round.as_ref()?;
        match name {
            "round" => Some(&round.number),
            "carry" => Some(round.carry),
            "output" => round.output,
            _ => None,
        }
    }

    /// A secret is its marker: no value ever gets into the engine.
    fn secret(&self, name: &str) -> Option<Value> {
        let known = self.workflow.secrets.iter().any(|secret| secret == name);
        known.then(|| secret::marker(name).into())
    }

    /// What `steps.NAME` holds: `output` or `outputs`, `status` and `errors`.
    fn step_field<'s>(&'s self, name: &str, field: &str) -> Option<Cow<'s, Value>> {
        let is_meant = |index: &StepIndex| self.workflow.step(*index).name == name;
        let near = self.before.iter().copied().find(is_meant);
        let index = near.or_else(|| self.workflow.step_named(name))?;
        let (step, state) = (self.workflow.step(index), self.state.step(index));
        match (field, &step.fan_out) {
            ("output", None) => Some(Cow::Borrowed(&state.output)),
            ("outputs", Some(_)) if state.phase == StepPhase::Skipped => Some(Cow::Owned(Value::Array(Vec::new()))),
            ("outputs", Some(_)) => Some(Cow::Borrowed(&state.output)),
            ("status", _) => Some(Cow::Owned(Value::from(state.word()))),
            ("errors", _) if state.errors.is_null() => Some(Cow::Owned(Value::Array(Vec::new()))),
            ("errors", _) => Some(Cow::Borrowed(&state.errors)),
            _ => None,
        }
    }

    fn step_object(&self, name: &str) -> Option<Value> {
        let mut object = Object::new();
        for field in ["output", "outputs", "status", "errors"] {
            if let Some(value) = self.step_field(name, field) {
                object.insert(field.to_owned(), value.into_owned());
            }
        }
        (!object.is_empty()).then_some(Value::Object(object))
    }
}

impl Scope for RunScope<'_> {
    fn root(&self, name: &str, fields: Option<&[String]>) -> Option<Value> {
        match (name, self.item) {
            (_, Some((item, value))) if item == name => Some(value.clone()),
            ("secrets", _) => {
                let names = fields.unwrap_or(&self.workflow.secrets).iter();
                let markers = names.filter_map(|name| Some((name.clone(), self.secret(name)?)));
                Some(Value::Object(markers.collect()))
            }
            ("inputs", _) => Some(narrowed(&self.state.inputs, fields)),
            ("env", _) => Some(narrowed(&self.state.env, fields)),
            ("steps", _) => {
                let all = || self.workflow.steps.iter().map(|step| step.name.clone()).collect();
                let names: Vec<String> = fields.map_or_else(all, <[String]>::to_vec);
                let object = names
                    .into_iter()
                    .filter_map(|name| self.step_object(&name).map(|value| (name, value)));
                Some(Value::Object(object.collect()))
            }
            (name, _) => self.of_round(name).cloned(),
        }
    }

    fn path<'s>(&'s self, path: &[String]) -> Option<Cow<'s, Value>> {
        let (root, rest) = path.split_first()?;
        match (root.as_str(), rest, self.item) {
            (name, rest, Some((item, value))) if item == name => walk(Cow::Borrowed(value), rest),
            ("inputs", [field, rest @ ..], _) => walk(Cow::Borrowed(self.state.inputs.get(field)?), rest),
            ("env", [field, rest @ ..], _) => walk(Cow::Borrowed(self.state.env.get(field)?), rest),
            ("secrets", [name], _) => self.secret(name).map(Cow::Owned),
            ("steps", [step, field, rest @ ..], _) => walk(self.step_field(step, field)?, rest),
            ("steps", [step], _) => self.step_object(step).map(Cow::Owned),
            ("inputs" | "env" | "secrets" | "steps", [], _) => self.root(root, None).map(Cow::Owned),
            (name, rest, _) => walk(Cow::Borrowed(self.of_round(name)?), rest),
        }
    }
}

fn narrowed(object: &Object, fields: Option<&[String]>) -> Value {
    let Some(fields) = fields else {
        return Value::Object(object.clone());
    };
    let kept = fields
        .iter()
        .filter_map(|field| object.get(field).map(|value| (field.clone(), value.clone())));
    Value::Object(kept.collect())
}

fn walk<'s>(value: Cow<'s, Value>, path: &[String]) -> Option<Cow<'s, Value>> {
    match value {
        Cow::Borrowed(value) => path
            .iter()
            .try_fold(value, |value, key| value.get(key))
            .map(Cow::Borrowed),
        Cow::Owned(value) if path.is_empty() => Some(Cow::Owned(value)),
        Cow::Owned(value) => path
            .iter()
            .try_fold(&value, |value, key| value.get(key))
            .cloned()
            .map(Cow::Owned),
    }
}
