//! Inside of an expression: variables, steps, fields by their types, functions, words.

use super::{Completion, Suggestions, Suggests, names};
use crate::check::{Asked, FUNCTIONS, MACROS};
use crate::editor::cursor::Cursor;
use crate::editor::expression::{What, before, unescaped};
use crate::editor::{Analysis, Seen};
use std::ops::Range;
use troupe_core::types::Type;

/// Macros that stand before their value, as functions do.
const FREE_MACROS: [&str; 2] = ["has", "default"];

/// `expression` are the bytes from its beginning to the cursor.
pub(super) fn at(
    analysis: &Analysis,
    cursor: &Cursor,
    expression: &Range<usize>,
    quote: Option<u8>,
) -> Vec<Completion> {
    let text = &analysis.text;
    let written = unescaped(&text[expression.clone()], quote);
    let (Some(seen), Some(written)) = (analysis.seen.as_deref(), before(&written)) else {
        return Vec::new();
    };
    let typed = expression.start + written.typed.start..expression.start + written.typed.end;
    let mut suggestions = Suggestions::new(text, typed);
    let asked = written.ask(seen, text, cursor, expression);
    match (written.what, asked) {
        (What::Word, Some(asked)) => {
            for word in words_of(&asked) {
                suggestions.add(Suggests::Word, word, "");
            }
        }
        (What::Name { .. }, asked) => {
            let compared = written.ask_compared(seen, text, cursor, expression);
            let mark = if quote == Some(b'"') { "'" } else { "\"" };
            for word in compared.iter().flat_map(words_of) {
                suggestions.add(Suggests::Word, &format!("{mark}{word}{mark}"), "");
            }
            if let Some(Asked::Variables(roots, locals)) = asked {
                variables(&mut suggestions, roots, &locals);
            }
        }
        (What::Field, Some(asked)) => field(&mut suggestions, seen, cursor, &asked),
        _ => {}
    }
    suggestions.sorted()
}

fn variables(suggestions: &mut Suggestions, roots: &[&str], locals: &[(String, Type)]) {
    for (name, kind) in locals {
        suggestions.add(Suggests::Variable, name, kind.to_string());
    }
    for root in roots {
        let about = match *root {
            "inputs" => "what the caller gave",
            "steps" => "other steps: their outputs, status and errors",
            "env" => "the environment",
            _ => "secrets, by name",
        };
        suggestions.add(Suggests::Variable, root, about);
    }
    for function in FUNCTIONS.iter().filter(|function| function.is_free()) {
        call(
            suggestions,
            function.name,
            function.usage,
            &function.result().to_string(),
            true,
        );
    }
    for (name, usage) in MACROS.iter().filter(|(name, _)| FREE_MACROS.contains(name)) {
        call(suggestions, name, usage, "", true);
    }
    for word in ["true", "false", "null"] {
        suggestions.add(Suggests::Word, word, "");
    }
}

fn call(suggestions: &mut Suggestions, name: &str, usage: &str, result: &str, has_arguments: bool) {
    if let Some(completion) = suggestions.add(Suggests::Function, name, result) {
        completion.documentation = format!("`{usage}`");
        completion.insert.push_str(if has_arguments { "(" } else { "()" });
    }
}

fn field(suggestions: &mut Suggestions, seen: &Seen, cursor: &Cursor, asked: &Asked) {
    match asked {
        Asked::Steps => names::steps(suggestions, seen, cursor.step()),
        Asked::Names(names) => {
            for (name, kind) in names {
                suggestions.add(Suggests::Field, name, kind.to_string());
            }
        }
        Asked::Inside(kind) => inside(suggestions, kind),
        Asked::Variables(..) | Asked::Foreign => {}
    }
}

/// The fields of a value, and the functions that take it.
fn inside(suggestions: &mut Suggestions, kind: &Type) {
    let kind = kind.shape().without(&[Type::Null, Type::Absent]).unwrap_or(Type::Any);
    let mut objects = Vec::new();
    each_object(&kind, &mut objects);
    for (name, kind) in objects {
        suggestions.add(Suggests::Field, name, kind.to_string());
    }
    for function in FUNCTIONS.iter().filter(|function| function.suits(&kind)) {
        let result = function.result().to_string();
        call(
            suggestions,
            function.name,
            function.usage,
            &result,
            function.takes_arguments(),
        );
    }
    if matches!(kind.shape(), Type::List(_) | Type::Any) {
        for (name, usage) in MACROS.iter().filter(|(name, _)| !FREE_MACROS.contains(name)) {
            call(suggestions, name, usage, "", true);
        }
    }
}

/// The fields that can be written behind a dot.
fn each_object<'t>(kind: &'t Type, found: &mut Vec<(&'t str, &'t Type)>) {
    match kind.shape() {
        Type::Object(fields) => {
            for (name, kind) in fields {
                let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                    && !name.starts_with(|c: char| c.is_ascii_digit());
                if is_name && found.iter().all(|(known, _)| known != name) {
                    found.push((name, kind));
                }
            }
        }
        Type::Union(parts) => parts.iter().for_each(|part| each_object(part, found)),
        _ => {}
    }
}

/// The words that a value can be.
fn words_of(asked: &Asked) -> Vec<&str> {
    fn of(kind: &Type) -> Vec<&str> {
        match kind.shape() {
            Type::Enum(words) => words.iter().map(String::as_str).collect(),
            Type::Union(parts) => parts.iter().flat_map(of).collect(),
            _ => Vec::new(),
        }
    }
    match asked {
        Asked::Inside(kind) => of(kind),
        _ => Vec::new(),
    }
}
