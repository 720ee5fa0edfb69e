//! Types in YAML: shorthand as text, or as lists and mappings of YAML itself.

use crate::code;
use crate::expression::{self, Tree, old_boolean};
use crate::files::Files;
use crate::report::Report;
use crate::shorthand;
use crate::yaml::{Entry, Kind, Node, Plain, is_old_boolean};
use indexmap::IndexMap;
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::types::{Schema, Type};

/// A type; none where something was reported.
pub(super) fn read(report: &mut Report, node: &Node, files: &dyn Files) -> Option<Type> {
    let kind = part(report, node, files)?;
    if shorthand::is_larger(&kind, shorthand::MAX_PARTS) {
        let message = format!("the type has more than {} parts", shorthand::MAX_PARTS);
        report.add(Diagnostic::error(code::BAD_TYPE, node.span, message).hint("`any` takes everything"));
        return None;
    }
    Some(kind)
}

fn part(report: &mut Report, node: &Node, files: &dyn Files) -> Option<Type> {
    match &node.kind {
        Kind::Scalar(scalar) => {
            if scalar.plain() == Plain::Null && scalar.text.is_empty() {
                report.add(
                    Diagnostic::error(code::BAD_TYPE, node.span, "here a type is missing")
                        .hint("types: string, integer, number, boolean, any, file, [T], {field: T}, T | null"),
                );
                return None;
            }
            if scalar.is_plain() && is_old_boolean(&scalar.text) {
                old_boolean(report, node.span, &scalar.text);
                return None;
            }
            let bad = match shorthand::parse(&scalar.text) {
                Ok(kind) => return Some(kind),
                Err(bad) => bad,
            };
            let source = &report.sources.files[node.span.source.0 as usize].text;
            let mut span = node.places(scalar, source).span(bad.at.start, bad.at.end);
            if span.start == span.end {
                span = node.span;
            }
            let mut problem = Diagnostic::error(code::BAD_TYPE, span, bad.message);
            problem.hints.extend(bad.hint);
            report.add(problem);
            None
        }
        Kind::List(items) => match items.as_slice() {
            // A part that could not be read is any: what stands around it still holds.
            [item] => Some(Type::List(Box::new(part(report, item, files).unwrap_or(Type::Any)))),
            _ => {
                report.add(
                    Diagnostic::error(
                        code::BAD_TYPE,
                        node.span,
                        format!("a list type holds one type, and this holds {}", items.len()),
                    )
                    .hint("write `[T]`; for one of several types `[A | B]`"),
                );
                None
            }
        },
        Kind::Map(entries) => object(report, entries, files),
    }
}

fn object(report: &mut Report, entries: &[Entry], files: &dyn Files) -> Option<Type> {
    let mut fields = IndexMap::new();
    for entry in entries {
        // The one field name with a meaning of its own: a full JSON Schema.
        if entry.key == "schema" && entries.len() == 1 {
            match &entry.value.kind {
                Kind::Map(_) => return schema(report, &entry.value),
                Kind::Scalar(path) if path.text.ends_with(".json") => {
                    return schema_file(report, &path.text, entry.value.span, files);
                }
                Kind::Scalar(_) | Kind::List(_) => {}
            }
        }
        let kind = part(report, &entry.value, files).unwrap_or(Type::Any);
        fields.insert(entry.key.clone(), kind);
    }
    Some(Type::Object(fields))
}

/// A full JSON Schema, written in YAML.
fn schema(report: &mut Report, node: &Node) -> Option<Type> {
    let source = literal(report, node)?;
    match Schema::parse(source) {
        Ok(schema) => Some(Type::Schema(Arc::new(schema))),
        Err(errors) => {
            for error in errors {
                let span = inside(node, &error.path);
                report.add(
                    Diagnostic::error(code::BAD_SCHEMA, span, error.reason)
                        .hint("JSON Schema of draft 2020-12 is read here; references lead to its own `$defs`"),
                );
            }
            None
        }
    }
}

/// A JSON Schema in a file of its own.
fn schema_file(report: &mut Report, path: &str, span: Span, files: &dyn Files) -> Option<Type> {
    let (_, text) = report.include_text(files, path, span)?;
    let parsed = text
        .parse::<Value>()
        .map_err(|error| format!("it is not JSON: {error}"));
    let schema = parsed.and_then(|source| {
        Schema::parse(source).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    });
    match schema {
        Ok(schema) => Some(Type::Schema(Arc::new(schema))),
        Err(reason) => {
            report.error(
                code::BAD_SCHEMA,
                span,
                format!("`{path}` is no JSON Schema that can be read here: {reason}"),
            );
            None
        }
    }
}

/// The place of a part of a schema: as far along the path as the file goes.
fn inside(node: &Node, path: &[String]) -> Span {
    let mut at = node;
    for part in path {
        let next = match &at.kind {
            Kind::Map(entries) => entries
                .iter()
                .find(|entry| entry.key == *part)
                .map(|entry| &entry.value),
            Kind::List(items) => part.parse::<usize>().ok().and_then(|n| items.get(n)),
            Kind::Scalar(_) => None,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at.span
}

/// Data without expressions.
pub(super) fn literal(report: &mut Report, node: &Node) -> Option<Value> {
    let tree = expression::value(report, node)?;
    let mut written = None;
    tree.each(&mut |expression| written = written.or(Some(expression.span())));
    if let Some(span) = written {
        report.error(
            code::WRONG_KIND,
            span,
            "here stands plain data: there are no expressions",
        );
        return None;
    }
    Some(data(tree))
}

fn data(tree: Tree) -> Value {
    match tree {
        Tree::Literal(value, _) => value,
        Tree::List(items, _) => Value::Array(items.into_iter().map(data).collect()),
        Tree::Object(fields, _) => {
            Value::Object(fields.into_iter().map(|(name, _, tree)| (name, data(tree))).collect())
        }
        Tree::Expression(_) | Tree::Text(..) => Value::Null,
    }
}
