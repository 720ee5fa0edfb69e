//! What is inside of a value: fields, items; and whether there is a value at all.

use super::facts::{is_plain, path};
use super::infer::Inference;
use crate::code;
use cel::common::ast::IdedExpr;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::types::Type;

impl Inference<'_> {
    /// The type of a value that is used as one: null and absence must have been asked about.
    pub(super) fn there(&mut self, expr: &IdedExpr, kind: Type) -> Type {
        self.there_to_read(expr, kind, "")
    }

    /// The same, where it is there to read `.field` of it.
    fn there_to_read(&mut self, expr: &IdedExpr, kind: Type, field: &str) -> Type {
        let part = |wanted: &Type| match &kind {
            Type::Union(parts) => parts.contains(wanted),
            other => other == wanted,
        };
        let (null, absent) = (part(&Type::Null), part(&Type::Absent));
        if (null || absent) && !self.scope.is_unsure {
            self.not_there(expr, absent, field);
        }
        kind.without(&[Type::Null, Type::Absent]).unwrap_or(Type::Any)
    }

    fn not_there(&mut self, expr: &IdedExpr, absent: bool, field: &str) {
        let at = path(expr);
        if let Some(at) = &at {
            if self.told.iter().any(|told| at.starts_with(told)) {
                return;
            }
            self.told.push(at.clone());
        }
        let text = self.text(expr).to_owned();
        let span = self.span(expr);
        let (code, what) = if absent {
            (code::MAY_BE_ABSENT, "may be missing")
        } else {
            (code::MAY_BE_NULL, "may be null")
        };
        let mut problem = Diagnostic::error(code, span, format!("`{text}` {what} here"));
        if let Some([steps, name, output]) = at.as_deref()
            && steps == "steps"
            && output == "output"
            && let Some(step) = self.scope.names.steps.get(name)
        {
            if let Some(when) = step.when {
                problem = problem.related(when, format!("`{name}` is skipped when this is false"));
            }
            if step.continues {
                problem = problem.related(step.span, "with `on_error: continue` a failure leaves null");
            }
        }
        let instead = match is_plain(expr) {
            true => format!("`default({text}{field}, …)`"),
            false => format!("`{text} == null ? … : {text}{field}`"),
        };
        problem = match (at.is_some(), absent) {
            (true, true) => problem.hint(format!("write {instead}, or ask first: `has({text}) ? … : …`")),
            (true, false) => problem.hint(format!("write {instead}, or ask first: `{text} != null && …`")),
            (false, _) => problem.hint(format!("write {instead}")),
        };
        self.report
            .add(problem.hint("the step's `when`, or a `filter` of the list, can ask as well"));
    }

    /// The type of `value.name`.
    pub(super) fn field(&mut self, operand: &IdedExpr, kind: &Type, name: &str, span: Span) -> Type {
        let kind = self.there_to_read(operand, kind.shape().clone(), &format!(".{name}"));
        let kind = kind.shape();
        let problem = |message: String| Diagnostic::error(code::UNKNOWN_FIELD, span, message);
        let problem = match kind {
            Type::Any => {
                self.weak(operand);
                return Type::Any;
            }
            Type::Object(fields) => match fields.get(name) {
                Some(kind) => return kind.clone(),
                None => {
                    let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                    let mut problem = problem(format!("there is no field `{name}` here"));
                    problem.hints = self.report.hints(name, "fields", &known);
                    problem
                }
            },
            Type::Union(parts) => match in_parts(parts, name) {
                Some(kind) => return kind,
                None => problem(format!("there is no field `{name}` here")).hint(format!("the value is {kind}")),
            },
            Type::List(item) => {
                let problem = problem(format!("a list has no field `{name}`"));
                match item.shape() {
                    Type::Object(fields) if fields.contains_key(name) => problem.hint(format!(
                        "its items do: `.map(x, x.{name})` gives all of them, `[0].{name}` the first"
                    )),
                    _ => problem.hint(format!("the value is {kind}")),
                }
            }
            other => problem(format!("{} has no fields", with_article(other))),
        };
        self.report.add(problem);
        Type::Any
    }

    /// The type of the items that a loop over a value sees.
    pub(super) fn item_of(&mut self, kind: &Type, expr: &IdedExpr) -> Type {
        match kind.shape() {
            Type::List(item) => item.as_ref().clone(),
            Type::Object(fields) => {
                // A loop over an object sees its keys, which is hardly meant where a field is a list.
                let list = fields.iter().find(|(_, kind)| matches!(kind.shape(), Type::List(_)));
                let Some((name, _)) = list else { return Type::String };
                let span = self.span(expr);
                let problem = Diagnostic::error(code::WRONG_TYPE, span, "an object is no list to go through");
                self.report
                    .add(problem.hint(format!("did you mean its field `{name}`?")));
                Type::Any
            }
            Type::Any => {
                self.weak(expr);
                Type::Any
            }
            Type::Union(parts) => {
                let items: Option<Vec<Type>> = parts
                    .iter()
                    .map(|part| match part {
                        Type::List(item) => Some(item.as_ref().clone()),
                        _ => None,
                    })
                    .collect();
                match items.and_then(|items| items.into_iter().reduce(Type::or)) {
                    Some(item) => item,
                    None => self.no_list(kind, expr),
                }
            }
            other => self.no_list(other, expr),
        }
    }

    fn no_list(&mut self, kind: &Type, expr: &IdedExpr) -> Type {
        let span = self.span(expr);
        let message = format!("{} is no list to go through", with_article(kind));
        self.report.error(code::WRONG_TYPE, span, message);
        Type::Any
    }

    /// Notes that a declared `any` keeps something from being checked.
    pub(super) fn weak(&mut self, expr: &IdedExpr) {
        if path(expr).is_some() && !self.is_made(expr) {
            let span = self.span(expr);
            let text = self.text(expr).to_owned();
            self.found.weak.push((span, text));
        }
    }
}

/// The field, where every part of a union has it.
fn in_parts(parts: &[Type], name: &str) -> Option<Type> {
    let kinds: Option<Vec<Type>> = parts
        .iter()
        .map(|part| match part {
            Type::Object(fields) => fields.get(name).cloned(),
            Type::Any => Some(Type::Any),
            _ => None,
        })
        .collect();
    kinds?.into_iter().reduce(Type::or)
}

/// A type in a sentence.
pub(super) fn with_article(kind: &Type) -> String {
    match kind {
        Type::Integer => "an integer".into(),
        Type::Any => "any value".into(),
        Type::Null => "null".into(),
        Type::Absent => "nothing".into(),
        Type::List(_) => "a list".into(),
        Type::Object(_) => "an object".into(),
        Type::Enum(_) => "a string".into(),
        Type::Union(_) => format!("`{kind}`"),
        Type::Schema(schema) => with_article(schema.shape()),
        other => format!("a {other}"),
    }
}
