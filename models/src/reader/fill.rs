//! A declared output, filled from evidence by the types and names of its fields.
//!
//! | field | becomes |
//! |---|---|
//! | string named like `chunk`, `source`, `citation`, `id` | the id of the best passage |
//! | string named like `title`, `paper` | its title, or its id |
//! | string named like `question`, `task` | the question |
//! | string named like `url`, `link`, `code` | the first fitting address in the evidence |
//! | string named like `answer`, `quote`, `evidence`, `summary` | the best sentence |
//! | other string | the name that stands nearest to the field's own word, or the best sentence |
//! | boolean | whether the evidence holds enough of the question's, or the field's, words; negation is not seen |
//! | integer, number | the number nearest to the field's word in the best sentence that has one |
//! | enum | the word that occurs in the best sentences, then anywhere in the evidence |
//! | list | one entry a sentence, or one object a passage |
//!
//! What finds nothing is null where that fits, and otherwise the end of it. Where null fits, a
//! second-best find is not taken either: an empty cell is better than a wrong one.

mod find;
mod role;

use super::evidence::Passage;
use super::scoring::Question;
use find::Need;
use indexmap::IndexMap;
use role::Role;
use troupe_core::types::Type;
use troupe_core::{Object, Value};

/// Most entries of a list of sentences, names or numbers.
const ENTRIES_MAX: usize = 10;

/// What a value is filled from.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What was asked.
    pub question: String,
    /// What was read.
    pub passages: Vec<Passage>,
}

/// A part of the output that the evidence cannot fill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "builtin/reader cannot fill `{path}` ({wanted}) from what it read. It is no language model and only copies what \
     it finds: allow null there, or use a language model."
)]
pub struct Unfilled {
    /// Where, such as `$.rows[].items`.
    pub path: String,
    /// The type that is asked for.
    pub wanted: String,
}

/// Fills a value of `output`.
///
/// # Errors
/// Names the first part that needs a value and finds none.
pub fn fill(output: &Type, scope: &Scope) -> Result<Value, Unfilled> {
    value(output, "", "$", Need::Required, scope)
}

fn value(output: &Type, name: &str, path: &str, need: Need, scope: &Scope) -> Result<Value, Unfilled> {
    let found = match output {
        Type::Null | Type::Absent => Some(Value::Null),
        Type::Any => find::text(name, need, scope).map(Value::from).or(Some(Value::Null)),
        Type::Boolean => find::truth(name, need, scope).map(Value::from),
        Type::Integer => find::number(name, need, scope, |value| value.fract() == 0.0),
        Type::Number => find::number(name, need, scope, |_| true),
        Type::String => find::text(name, need, scope).map(Value::from),
        Type::File => None,
        Type::Enum(choices) => find::choice(choices, name, scope).map(Value::from),
        Type::List(item) => return list(item, name, path, scope),
        Type::Object(fields) => return object(fields, path, scope),
        Type::Union(parts) => return union(output, parts, name, path, scope),
        Type::Schema(schema) => return value(schema.shape(), name, path, need, scope),
    };
    found.ok_or_else(|| Unfilled::new(path, output))
}

impl Unfilled {
    fn new(path: &str, wanted: &Type) -> Self {
        Self {
            path: path.to_owned(),
            wanted: wanted.to_string(),
        }
    }
}

fn object(fields: &IndexMap<String, Type>, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let present = fields.iter().filter(|(_, field)| !field.allows_absence());
    let fill = |(name, field): (&String, &Type)| {
        let value = value(field, name, &format!("{path}.{name}"), Need::Required, scope)?;
        Ok((name.clone(), value))
    };
    present
        .map(fill)
        .collect::<Result<Object, Unfilled>>()
        .map(Value::Object)
}

/// The first part that can be filled; null last.
fn union(whole: &Type, parts: &[Type], name: &str, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let optional = whole.allows_null();
    let need = if optional { Need::Optional } else { Need::Required };
    let nothing_read = optional && scope.answering().is_empty();
    let mut others = parts.iter().filter(|part| **part != Type::Null && !nothing_read);
    let found = others.find_map(|part| value(part, name, path, need, scope).ok());
    match found {
        Some(value) => Ok(value),
        None if optional => Ok(Value::Null),
        None => Err(Unfilled::new(path, whole)),
    }
}

fn list(item: &Type, name: &str, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let path = format!("{path}[]");
    let answering = scope.answering();
    let each = || answering.iter().map(|passage| scope.only(passage));
    let entries: Vec<Value> = match item {
        Type::Object(_) => {
            let filled: Vec<_> = each()
                .map(|scope| value(item, name, &path, Need::Required, &scope))
                .collect();
            match filled.iter().find_map(|entry| entry.as_ref().err()) {
                Some(unfilled) if filled.iter().all(Result::is_err) => return Err(unfilled.clone()),
                _ => filled.into_iter().flatten().collect(),
            }
        }
        Type::String if Role::of(name).is_of_the_passage() => each()
            .filter_map(|scope| find::text(name, Need::Optional, &scope))
            .map(Value::from)
            .collect(),
        Type::String => find::best_sentences(name, scope).into_iter().map(Value::from).collect(),
        Type::Integer => find::all_numbers(name, scope, |value| value.fract() == 0.0),
        Type::Number => find::all_numbers(name, scope, |_| true),
        other => value(other, name, &path, Need::Optional, scope)
            .into_iter()
            .filter(|value| !value.is_null())
            .collect(),
    };
    let most = ENTRIES_MAX.max(answering.len());
    let mut unique: Vec<Value> = Vec::new();
    for entry in entries {
        if unique.len() < most && !unique.contains(&entry) {
            unique.push(entry);
        }
    }
    Ok(Value::Array(unique))
}

impl Scope {
    /// The same question for one passage; a passage that answers a question of its own brings it along.
    fn only(&self, passage: &Passage) -> Scope {
        Scope {
            question: passage.topic.clone().unwrap_or_else(|| self.question.clone()),
            passages: vec![passage.clone()],
        }
    }

    /// The passages that answer the question.
    fn answering(&self) -> Vec<&Passage> {
        let answering = self.asked().answered_by(&self.passages);
        answering.into_iter().map(|at| &self.passages[at]).collect()
    }

    /// The question with its weights.
    fn asked(&self) -> Question {
        Question::over(&self.question, &self.passages)
    }

    /// The question together with a field's name.
    fn asked_for(&self, name: &str) -> Question {
        let asked = format!("{} {}", role::field_words(name).join(" "), self.question);
        Question::over(&asked, &self.passages)
    }
}
