//! References: what a name at the root of a path stands for, and what to say when it stands for nothing.

use super::facts::{field_of, path};
use super::infer::{Inference, Meaning};
use super::names::Place;
use crate::code;
use crate::nearest;
use cel::common::ast::IdedExpr;
use std::borrow::Cow;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::types::Type;

impl<'a> Inference<'a> {
    pub(super) fn not_visible(&mut self, name: &str, span: Span) {
        let place = self.scope.place;
        let problem = match name {
            "secrets" => Diagnostic::error(code::SECRET, span, format!("{} cannot read a secret here", place.describe()))
                .hint("secrets go to tools (`with`), commands (`run`, `env`, `stdin`) and models; what a model reads, it can repeat"),
            "output" | "round" | "carry" => {
                Diagnostic::error(code::NOT_VISIBLE, span, format!("`{name}` is there in a step with `repeat` alone"))
                    .hint("`output` is seen by `until` and `carry`, `round` and `carry` by the whole step; another step's output is `steps.NAME.output`")
            }
            _ => Diagnostic::error(
                code::NOT_VISIBLE,
                span,
                format!("{} cannot read `{name}`", place.describe()),
            )
            .hint(format!("it can read {}", nearest::list(place.roots().iter().copied()))),
        };
        self.report.add(problem);
    }

    /// A secret that is looked into: what stands here is its name, and nothing knows its value.
    pub(super) fn opaque(&mut self, expr: &IdedExpr) {
        let is_secret = matches!(path(expr).as_deref(), Some([root, _]) if root == "secrets");
        let is_bound = self.locals.iter().any(|(local, _)| local == "secrets");
        if is_secret && !is_bound && !self.is_made(expr) && self.scope.place.roots().contains(&"secrets") {
            let span = self.span(expr);
            let message = "a secret cannot be looked into: its value is put in only when the work is done";
            self.report.add(
                Diagnostic::error(code::SECRET, span, message)
                    .hint("hand it over as it is, or join it with text: `\"Bearer \" + secrets.NAME`"),
            );
        }
    }

    pub(super) fn unknown_name(&mut self, name: &str, span: Span) {
        if self.scope.hidden_item == Some(name) {
            self.report.add(
                Diagnostic::error(
                    code::NOT_VISIBLE,
                    span,
                    format!("`{name}` is not there yet: this is decided once, before the fan-out"),
                )
                .hint("items can be left out in `for_each`: `for_each: list.filter(x, x.wanted)`"),
            );
            return;
        }
        let mut problem = Diagnostic::error(code::UNKNOWN_NAME, span, format!("there is no variable `{name}`"));
        let names = self.scope.names;
        if self.scope.place != Place::Model && names.inputs.contains_key(name) {
            problem = problem.hint(format!("did you mean the input: `inputs.{name}`?"));
        } else if let Some((index, ..)) = names.steps.get_full(name) {
            let (name, field) = self.step_field(index);
            problem = problem.hint(format!("did you mean the step: `steps.{name}.{field}`?"));
        } else {
            let mut known: Vec<&str> = self.scope.place.roots().to_vec();
            known.extend(self.scope.locals.iter().map(|local| local.name.as_str()));
            known.extend(
                self.locals
                    .iter()
                    .map(|(local, _)| local.as_str())
                    .filter(|l| !l.starts_with('@')),
            );
            problem.hints = self.report.hints(name, "variables here", &known);
            problem = problem.hint("a text stands in quotes");
        }
        self.report.add(problem);
    }

    pub(super) fn input(&mut self, name: &str, span: Span) -> Cow<'a, Type> {
        let inputs = &self.scope.names.inputs;
        if let Some(input) = inputs.get(name) {
            self.found.inputs.insert(name.to_owned());
            return Cow::Borrowed(&input.kind);
        }
        let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
        let mut problem = Diagnostic::error(code::UNKNOWN_INPUT, span, format!("there is no input `{name}`"));
        problem.hints = self.report.hints(name, "inputs", &known);
        self.report.add(problem);
        Cow::Owned(Type::Any)
    }

    pub(super) fn step(&mut self, name: &str, span: Span) -> Meaning<'a> {
        let steps = &self.scope.names.steps;
        if let Some(index) = steps.get_index_of(name) {
            self.found.steps.push((index, span));
            self.found.read_steps.insert(index);
            return Meaning::Step(index);
        }
        let known: Vec<&str> = steps.keys().map(String::as_str).collect();
        let mut problem = Diagnostic::error(code::UNKNOWN_STEP, span, format!("there is no step `{name}`"));
        problem.hints = self.report.hints(name, "steps", &known);
        self.report.add(problem);
        Meaning::Value(Cow::Owned(Type::Any))
    }

    pub(super) fn step_value(&mut self, step: usize, field: &str, span: Span) -> Cow<'a, Type> {
        let Some((name, seen)) = self.scope.names.steps.get_index(step) else {
            return Cow::Owned(Type::Any);
        };
        if let Some(kind) = seen.field(field) {
            // That a step waits for itself is the mistake, and not what it would read.
            return if self.scope.own_step == Some(step) {
                Cow::Owned(Type::Any)
            } else {
                kind
            };
        }
        let problem = match (field, seen.fan_out) {
            ("output", true) => Diagnostic::error(
                code::NOT_A_VALUE,
                span,
                format!("`{name}` works on a list, and has one output for each item"),
            )
            .hint(format!(
                "`steps.{name}.outputs` is the list of them, in the order of the items"
            )),
            ("outputs", false) => Diagnostic::error(
                code::NOT_A_VALUE,
                span,
                format!("`{name}` has one output, and no list of them"),
            )
            .hint(format!("write `steps.{name}.output`")),
            _ => {
                let mut problem = Diagnostic::error(code::UNKNOWN_FIELD, span, format!("a step has no `{field}`"));
                problem.hints = self.report.hints(field, "what a step has", &seen.fields());
                // Most often a field of the output was meant.
                if field_of(&seen.output, field).is_some() && !seen.fan_out {
                    problem
                        .hints
                        .insert(0, format!("did you mean `steps.{name}.output.{field}`?"));
                }
                problem
            }
        };
        self.report
            .add(problem.related(seen.span, format!("`{name}` is declared here")));
        Cow::Owned(Type::Any)
    }
}
