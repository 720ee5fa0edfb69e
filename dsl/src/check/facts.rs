//! What a condition tells about the values that it asks: that they are not null, that they are there.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use indexmap::IndexMap;
use troupe_core::types::Type;

/// Something known of the value at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// The variable and its fields.
    pub(super) path: Vec<String>,
    pub(super) known: Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It is there, and may be null.
    Present,
    /// It is there and not null.
    NotNull,
    /// The output of a step that has succeeded.
    Succeeded,
    /// The output of a step whose status is not this word.
    StatusIsNot(Word),
}

/// Why a step has no output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Skipped,
    Failed,
}

impl Fact {
    fn dropped(&self) -> &'static [Type] {
        match self.known {
            Known::Present => &[Type::Absent],
            Known::NotNull => &[Type::Absent, Type::Null],
            // What such a step gives may be null by its own type: the walk knows that.
            Known::Succeeded | Known::StatusIsNot(_) => &[],
        }
    }
}

/// Whether any of these facts is about an expression, or about what is inside of it.
pub(super) fn concerned(facts: &[Fact], expr: &IdedExpr) -> bool {
    facts
        .iter()
        .any(|fact| (1..=fact.path.len()).any(|length| is_path(expr, &fact.path[..length])))
}

/// The type at a path, when these facts hold. What has a field that was found is there itself.
pub(super) fn narrowed(facts: &[Fact], path: &[String], kind: Type) -> Type {
    facts
        .iter()
        .filter(|fact| fact.path.starts_with(path))
        .fold(kind, |kind, fact| {
            let is_whole = fact.path.len() > path.len();
            let dropped = if is_whole {
                &[Type::Absent, Type::Null]
            } else {
                fact.dropped()
            };
            kind.without(dropped).unwrap_or(Type::Any)
        })
}

/// The type of a variable when facts hold about it or its fields: what is left of a list's items
/// behind a filter.
pub(super) fn refined(facts: &[Fact], variable: &str, kind: Type) -> Type {
    facts
        .iter()
        .filter(|fact| fact.path.first().is_some_and(|root| root == variable))
        .fold(kind, |kind, fact| refine(kind, &fact.path[1..], fact))
}

fn refine(kind: Type, path: &[String], fact: &Fact) -> Type {
    match (path.split_first(), kind) {
        (None, kind) => kind.without(fact.dropped()).unwrap_or(Type::Any),
        (Some((name, rest)), Type::Object(mut fields)) => {
            if let Some(field) = fields.get_mut(name) {
                *field = refine(std::mem::replace(field, Type::Null), rest, fact);
            }
            Type::Object(fields)
        }
        (Some(_), Type::Schema(schema)) if matches!(schema.shape(), Type::Object(_)) => {
            refine(schema.shape().clone(), path, fact)
        }
        // A field that was found means that the whole was not null.
        (Some(_), union @ Type::Union(_)) => match union.without(&[Type::Null, Type::Absent]) {
            Some(Type::Union(parts)) => Type::Union(parts),
            Some(one) => refine(one, path, fact),
            None => Type::Any,
        },
        (Some(_), other) => other,
    }
}

/// Whether an expression is this path.
fn is_path(expr: &IdedExpr, path: &[String]) -> bool {
    let Some((last, rest)) = path.split_last() else {
        return false;
    };
    match &expr.expr {
        Expr::Ident(name) => rest.is_empty() && name == last,
        Expr::Select(select) => !select.test && select.field == *last && is_path(&select.operand, rest),
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [value, index] => is_item(index, last) && is_path(value, rest),
            _ => false,
        },
        _ => false,
    }
}

/// The variable, fields and items of a plain path; an item is `[0]`, which no field is called.
pub(super) fn path(expr: &IdedExpr) -> Option<Vec<String>> {
    match &expr.expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) if !select.test => {
            let mut path = path(&select.operand)?;
            path.push(select.field.clone());
            Some(path)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [value, index] => {
                let mut path = path(value)?;
                path.push(match &index.expr {
                    Expr::Literal(LiteralValue::Int(number)) => format!("[{}]", number.inner()),
                    _ => text(index)?.to_owned(),
                });
                Some(path)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether an index is this part of a path.
fn is_item(index: &IdedExpr, part: &str) -> bool {
    match &index.expr {
        Expr::Literal(LiteralValue::Int(number)) => {
            let digits = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'));
            digits.is_some_and(|digits| digits.parse() == Ok(*number.inner()))
        }
        _ => text(index) == Some(part),
    }
}

fn text(expr: &IdedExpr) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// How to say what stands in for a value that may be null.
pub(super) fn instead(expr: &IdedExpr, source: &str, other: &str) -> String {
    match is_plain(expr) {
        true => format!("`default({source}, {other})`"),
        false => format!("`{source} == null ? {other} : {source}`"),
    }
}

/// Whether a part is made of names alone: what `default` takes.
pub(super) fn is_plain(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Ident(_) => true,
        Expr::Select(select) => !select.test && is_plain(&select.operand),
        _ => false,
    }
}

pub(super) fn is_null(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Literal(LiteralValue::Null))
}

/// What is known when a condition is `truth`.
pub(super) fn facts_if(condition: &IdedExpr, truth: bool) -> Vec<Fact> {
    match &condition.expr {
        Expr::Select(select) if select.test && truth => {
            let Some(mut path) = path(&select.operand) else {
                return Vec::new();
            };
            path.push(select.field.clone());
            vec![Fact {
                path,
                known: Known::Present,
            }]
        }
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) if truth => both(left, right, true),
            (operators::LOGICAL_OR, [left, right]) if !truth => both(left, right, false),
            (operators::LOGICAL_NOT, [inner]) => facts_if(inner, !truth),
            (operators::NOT_EQUALS, [left, right]) if truth => unequal(left, right),
            (operators::EQUALS, [left, right]) if !truth => unequal(left, right),
            (operators::EQUALS, [left, right]) if truth => equal(left, right),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn both(left: &IdedExpr, right: &IdedExpr, truth: bool) -> Vec<Fact> {
    let mut facts = facts_if(left, truth);
    facts.extend(facts_if(right, truth));
    facts
}

fn unequal(left: &IdedExpr, right: &IdedExpr) -> Vec<Fact> {
    let asked = match (is_null(left), is_null(right)) {
        (false, true) => left,
        (true, false) => right,
        _ => return status_is_not(left, right),
    };
    not_null(path(asked))
}

fn status_is_not(left: &IdedExpr, right: &IdedExpr) -> Vec<Fact> {
    let (asked, word) = match (text(left), text(right)) {
        (None, Some(word)) => (left, word),
        (Some(word), None) => (right, word),
        _ => return Vec::new(),
    };
    let word = match word {
        "skipped" => Word::Skipped,
        "failed" => Word::Failed,
        _ => return Vec::new(),
    };
    output_of(asked, Known::StatusIsNot(word))
}

/// What a status tells about the step's output.
fn output_of(status: &IdedExpr, known: Known) -> Vec<Fact> {
    match path(status).as_deref() {
        Some([steps, name, status]) if steps == "steps" && status == "status" => vec![Fact {
            path: vec![steps.clone(), name.clone(), "output".into()],
            known,
        }],
        _ => Vec::new(),
    }
}

/// What equals a literal is not null; a step that succeeded has given what its type says.
fn equal(left: &IdedExpr, right: &IdedExpr) -> Vec<Fact> {
    let is_literal = |expr: &IdedExpr| matches!(&expr.expr, Expr::Literal(_)) && !is_null(expr);
    let (asked, literal) = match (is_literal(left), is_literal(right)) {
        (false, true) => (left, right),
        (true, false) => (right, left),
        _ => return Vec::new(),
    };
    let mut facts = not_null(path(asked));
    if text(literal) == Some("succeeded") {
        facts.extend(output_of(asked, Known::Succeeded));
    }
    facts
}

fn not_null(path: Option<Vec<String>>) -> Vec<Fact> {
    path.into_iter()
        .map(|path| Fact {
            path,
            known: Known::NotNull,
        })
        .collect()
}

/// A field of an object type.
pub(super) fn field_of<'t>(kind: &'t Type, name: &str) -> Option<&'t Type> {
    match kind.shape() {
        Type::Object(fields) => IndexMap::get(fields, name),
        _ => None,
    }
}
