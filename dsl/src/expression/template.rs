//! `${{ … }}` inside values, and fields that are expressions.

use super::bounds::{self, string_end};
use super::{Piece, Tree, Written};
use crate::code;
use crate::report::Report;
use crate::yaml::{Kind, Node, Places, Plain, Scalar, is_old_boolean, quoted};
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::expression::Expression;

const OPEN: &str = "${{";

/// Any value: data, expressions, and both inside each other. None where something was reported.
pub(crate) fn value(report: &mut Report, node: &Node) -> Option<Tree> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.text.contains(OPEN) => scalar_text(report, node, scalar),
        Kind::Scalar(scalar) => {
            let literal = match scalar.plain() {
                Plain::Null => Value::Null,
                Plain::Boolean(boolean) => Value::from(boolean),
                Plain::Integer(integer) => Value::from(integer),
                Plain::Number(number) => Value::from(number),
                Plain::Text => {
                    if scalar.is_plain() && is_old_boolean(&scalar.text) {
                        old_boolean(report, node.span, &scalar.text);
                        return None;
                    }
                    Value::from(scalar.text.as_str())
                }
            };
            Some(Tree::Literal(literal, node.span))
        }
        Kind::List(items) => {
            // Every item is looked at, so that all mistakes come at once.
            let trees: Vec<Option<Tree>> = items.iter().map(|item| value(report, item)).collect();
            trees
                .into_iter()
                .collect::<Option<Vec<_>>>()
                .map(|items| Tree::List(items, node.span))
        }
        Kind::Map(entries) => {
            let mut fields = Vec::with_capacity(entries.len());
            let mut complete = true;
            for entry in entries {
                match value(report, &entry.value) {
                    Some(tree) => fields.push((entry.key.clone(), entry.key_span, tree)),
                    None => complete = false,
                }
            }
            complete.then_some(Tree::Object(fields, node.span))
        }
    }
}

/// Text, with or without expressions in it; numbers and booleans are taken as they are written.
pub(crate) fn text(report: &mut Report, node: &Node, what: &str) -> Option<Tree> {
    let Kind::Scalar(scalar) = &node.kind else {
        let message = format!("{what} is text, and this is {}", node.describe());
        report.add(
            Diagnostic::error(code::WRONG_KIND, node.span, message)
                .hint("text that starts with `[` or `{` must stand in quotes; longer text goes under `|`"),
        );
        return None;
    };
    if scalar.plain() == Plain::Null {
        report.add(Diagnostic::error(
            code::WRONG_KIND,
            node.span,
            format!("{what} is empty"),
        ));
        return None;
    }
    if scalar.is_plain() && is_old_boolean(&scalar.text) {
        old_boolean(report, node.span, &scalar.text);
        return None;
    }
    if scalar.text.contains(OPEN) {
        return scalar_text(report, node, scalar);
    }
    Some(Tree::Literal(Value::from(scalar.text.as_str()), node.span))
}

/// Reports a word that some YAML tools read as a boolean.
pub(crate) fn old_boolean(report: &mut Report, span: Span, word: &str) {
    let boolean = matches!(word.to_ascii_lowercase().as_str(), "yes" | "on" | "y");
    report.add(
        Diagnostic::error(
            code::OLD_BOOLEAN,
            span,
            format!("`{word}` without quotes is a boolean to some YAML tools and text to others"),
        )
        .hint(format!(
            "write {} for the text, or {boolean} for the boolean",
            quoted(word)
        )),
    );
}

fn scalar_text(report: &mut Report, node: &Node, scalar: &Scalar) -> Option<Tree> {
    let places = node.places(scalar, &report.sources.files[node.span.source.0 as usize].text);
    if scalar.is_plain() && find_end(&scalar.text).is_none_or(|open| open) && cut_by_comment(report, node) {
        return None;
    }
    pieces(report, &scalar.text, &places, node.span)
}

/// Whether the last `${{` of a text never ends: `Some(true)`. None when there is none.
fn find_end(text: &str) -> Option<bool> {
    let last = text.rfind(OPEN)?;
    Some(end_of_expression(&text[last + OPEN.len()..]).is_none())
}

/// Reports a plain value that YAML cut at ` #`.
fn cut_by_comment(report: &mut Report, node: &Node) -> bool {
    let file = &report.sources.files[node.span.source.0 as usize].text;
    let rest = &file[(node.span.end as usize).min(file.len())..];
    let line = rest.lines().next().unwrap_or("");
    if !line.trim_start().starts_with('#') || line.len() > 4096 {
        return false;
    }
    let end = node.span.end as usize + line.trim_end().len();
    let whole = format!("{}{}", report.text(node.span), line.trim_end());
    let span = Span::new(node.span.source, node.span.start as usize, end);
    report.add(
        Diagnostic::error(
            code::NEEDS_QUOTES,
            span,
            "an expression with ` #` inside must stand in quotes: YAML takes the rest for a comment",
        )
        .hint(format!("write {}", quoted(&whole))),
    );
    true
}

/// The text of an included file.
pub(crate) fn file_text(report: &mut Report, text: &str, span: Span) -> Option<Tree> {
    if !text.contains(OPEN) {
        return Some(Tree::Literal(Value::from(text), span));
    }
    let places = Places::verbatim(span.source, span.start as usize);
    pieces(report, text, &places, span)
}

fn pieces(report: &mut Report, text: &str, places: &Places, span: Span) -> Option<Tree> {
    let mut pieces = Vec::new();
    let mut complete = true;
    let mut at = 0;
    while let Some(found) = text[at..].find(OPEN) {
        let open = at + found;
        if open > at {
            pieces.push(Piece::Text(text[at..open].to_owned()));
        }
        let inner = open + OPEN.len();
        let Some(length) = end_of_expression(&text[inner..]) else {
            let line = text[open..].lines().next().map_or(0, |line| line.trim_end().len());
            report.add(
                Diagnostic::error(
                    code::BAD_MARKS,
                    places.span(open, open + line),
                    "this `${{` is never closed",
                )
                .hint("an expression ends with `}}`"),
            );
            return None;
        };
        match written(
            report,
            &text[inner..inner + length],
            &places.from(inner),
            places.span(open, inner + length + 2),
        ) {
            Some(written) => pieces.push(Piece::Expression(written)),
            None => complete = false,
        }
        at = inner + length + 2;
    }
    let rest = &text[at..];
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    complete.then(|| single(pieces, span))
}

/// A value that is one expression keeps its type; the line break that ends a block does not count.
fn single(mut pieces: Vec<Piece>, span: Span) -> Tree {
    if let [Piece::Expression(_), Piece::Text(rest)] = pieces.as_slice()
        && rest.trim().is_empty()
    {
        pieces.truncate(1);
    }
    match pieces.as_slice() {
        [Piece::Expression(written)] => Tree::Expression(written.clone()),
        _ => Tree::Text(pieces, span),
    }
}

/// Bytes up to the `}}` that ends an expression: not one inside a string, not one that closes maps.
fn end_of_expression(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => match string_end(bytes, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => break,
            },
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            // The next expression starts before this one has ended: look no further.
            b'$' if text[at..].starts_with(OPEN) => break,
            _ => {}
        }
        at += 1;
    }
    // Unbalanced: the first mark ends it, and the parser says what is wrong inside.
    text.find("}}").filter(|end| !text[..*end].contains(OPEN))
}

/// A field that is an expression: bare CEL, with nothing around it.
pub(crate) fn bare(report: &mut Report, node: &Node, what: &str) -> Option<Written> {
    let Kind::Scalar(scalar) = &node.kind else {
        let shown = report.text(node.span).lines().next().unwrap_or("").to_owned();
        let message = format!("`{what}` is an expression, and this is {}", node.describe());
        report.add(Diagnostic::error(code::WRONG_KIND, node.span, message).hint(format!(
            "an expression that starts with a bracket must stand in quotes: {}",
            quoted(&shown)
        )));
        return None;
    };
    if scalar.plain() == Plain::Null {
        report.add(Diagnostic::error(
            code::WRONG_KIND,
            node.span,
            format!("`{what}` is empty"),
        ));
        return None;
    }
    if scalar.is_plain() && is_old_boolean(&scalar.text) {
        old_boolean(report, node.span, &scalar.text);
        return None;
    }
    if scalar.text.contains(OPEN) {
        not_bare(report, node.span, &scalar.text, what);
        return None;
    }
    let odd_quotes = |quote: char| scalar.text.matches(quote).count() % 2 == 1;
    if scalar.is_plain() && (odd_quotes('\'') || odd_quotes('"')) && cut_by_comment(report, node) {
        return None;
    }
    let places = node.places(scalar, &report.sources.files[node.span.source.0 as usize].text);
    written(report, &scalar.text, &places, node.span)
}

fn not_bare(report: &mut Report, span: Span, text: &str, what: &str) {
    let trimmed = text.trim();
    let inner = trimmed
        .strip_prefix(OPEN)
        .and_then(|rest| rest.strip_suffix("}}"))
        .filter(|inner| !inner.contains(OPEN));
    let problem = match inner {
        Some(inner) => Diagnostic::error(
            code::NOT_BARE,
            span,
            format!("`{what}` is an expression already, and takes no `${{{{ }}}}` around it"),
        )
        .hint(format!("write `{what}: {}`", inner.trim())),
        None => Diagnostic::error(
            code::NOT_BARE,
            span,
            format!(
                "`{what}` is an expression, and this is text with expressions in it, which would always count as true"
            ),
        )
        .hint(format!(
            "write one expression without `${{{{ }}}}`, such as `{what}: inputs.name != \"\"`"
        )),
    };
    report.add(problem);
}

/// Compiles one expression, within bounds.
fn written(report: &mut Report, source: &str, places: &Places, whole: Span) -> Option<Written> {
    let trimmed = source.trim();
    if trimmed.is_empty() {
        report.add(
            Diagnostic::error(code::BAD_MARKS, whole, "there is no expression inside")
                .hint("remove it, or name a value"),
        );
        return None;
    }
    let places = places.from(source.len() - source.trim_start().len());
    let span = places.span(0, trimmed.len());
    if let Err(problem) = bounds::check(trimmed) {
        report.add(Diagnostic::error(code::EXPRESSION_SIZE, span, problem).hint("compute it in a `run` step"));
        return None;
    }
    match Expression::parse(trimmed, span) {
        Ok(expression) => Some(Written { expression, places }),
        Err(error) => {
            let at = places.span(error.place.start, error.place.end);
            let mut problem = Diagnostic::error(code::BAD_EXPRESSION, at, error.message);
            problem.hints.extend(error.hint);
            report.add(problem);
            None
        }
    }
}
