//! What is inside of a value: fields, items.

use super::infer::Inference;
use crate::code;
use cel::common::ast::IdedExpr;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::types::Type;

impl Inference<'_> {
    /// The type of `value.name`.
    pub(super) fn field(&mut self, kind: &Type, name: &str, span: Span) -> Type {
        let problem = |message: String| Diagnostic::error(code::UNKNOWN_FIELD, span, message);
        let problem = match kind {
            Type::Any | Type::Null => return Type::Any,
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
                match item.as_ref() {
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
        match kind {
            Type::List(item) => item.as_ref().clone(),
            // A loop over an object sees its keys.
            Type::Object(_) => Type::String,
            Type::Any | Type::Null => Type::Any,
            Type::Union(parts) => {
                let lists: Vec<&Type> = parts.iter().filter(|p| !matches!(p, Type::Null)).collect();
                match lists.as_slice() {
                    [Type::List(item)] => item.as_ref().clone(),
                    _ => Type::Any,
                }
            }
            other => {
                let span = self.span(expr);
                let message = format!("{} is no list to go through", with_article(other));
                self.report.error(code::WRONG_TYPE, span, message);
                Type::Any
            }
        }
    }
}

/// The field in those parts of a union that have it; a part that is null may be another day's.
fn in_parts(parts: &[Type], name: &str) -> Option<Type> {
    let mut found: Option<Type> = None;
    for part in parts {
        let kind = match part {
            Type::Object(fields) => fields.get(name).cloned(),
            Type::Any => Some(Type::Any),
            _ => None,
        };
        if let Some(kind) = kind {
            found = Some(match found {
                Some(other) => other.or(kind),
                None => kind,
            });
        }
    }
    found
}

/// A type in a sentence.
pub(super) fn with_article(kind: &Type) -> String {
    match kind {
        Type::Integer => "an integer".into(),
        Type::Any => "any value".into(),
        Type::Null => "null".into(),
        Type::List(_) => "a list".into(),
        Type::Object(_) => "an object".into(),
        Type::Enum(_) => "a string".into(),
        Type::Union(_) => format!("`{kind}`"),
        other => format!("a {other}"),
    }
}
