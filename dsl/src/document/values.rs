//! Values of one kind: text, numbers in a range, durations, names, mappings.

use super::Spanned;
use crate::code;
use crate::expression::old_boolean;
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node, Plain, is_old_boolean};
use std::ops::RangeInclusive;
use troupe_core::diagnostic::{Diagnostic, Span};

/// Milliseconds in a year: no duration is longer.
const LONGEST_MS: f64 = 366.0 * 86_400_000.0;

pub(super) fn wrong_kind(report: &mut Report, span: Span, key: &str, wanted: &str, node: &Node) {
    report.add(Diagnostic::error(
        code::WRONG_KIND,
        span,
        format!("`{key}` takes {wanted}, and this is {}", node.describe()),
    ));
}

/// Text without expressions.
pub(super) fn text(report: &mut Report, entry: &Entry) -> Option<Spanned<String>> {
    text_of(report, &entry.key, &entry.value)
}

pub(super) fn text_of(report: &mut Report, key: &str, node: &Node) -> Option<Spanned<String>> {
    let span = node.span;
    match &node.kind {
        Kind::Scalar(scalar) if scalar.plain() == Plain::Null => {
            report.error(code::WRONG_KIND, span, format!("`{key}` is empty"));
            None
        }
        Kind::Scalar(scalar) if scalar.is_plain() && is_old_boolean(&scalar.text) => {
            old_boolean(report, span, &scalar.text);
            None
        }
        Kind::Scalar(scalar) if scalar.text.contains("${{") => {
            report.error(
                code::WRONG_KIND,
                span,
                format!("`{key}` takes plain text: there are no expressions here"),
            );
            None
        }
        Kind::Scalar(scalar) => Some(Spanned {
            value: scalar.text.clone(),
            span,
        }),
        _ => {
            wrong_kind(report, span, key, "text", node);
            None
        }
    }
}

/// A name, or a list of names.
pub(super) fn names(report: &mut Report, entry: &Entry) -> Vec<Spanned<String>> {
    match &entry.value.kind {
        Kind::List(items) => items
            .iter()
            .filter_map(|item| text_of(report, &entry.key, item))
            .collect(),
        _ => text(report, entry).into_iter().collect(),
    }
}

/// The entries of a mapping; `wanted` says what it holds.
pub(super) fn mapping<'a>(report: &mut Report, entry: &'a Entry, wanted: &str) -> Option<&'a [Entry]> {
    match &entry.value.kind {
        Kind::Map(entries) => Some(entries),
        Kind::Scalar(_) if entry.value.is_null() => Some(&[]),
        _ => {
            let (key, node) = (&entry.key, &entry.value);
            let message = format!("`{key}` takes a mapping: {wanted}, and this is {}", node.describe());
            let problem = Diagnostic::error(code::WRONG_KIND, node.span, message);
            report.add(match &node.kind {
                Kind::List(_) => problem.hint("a mapping is made of `name: …`, without `-`"),
                _ => problem,
            });
            None
        }
    }
}

/// A whole number in a range.
pub(super) fn integer(report: &mut Report, entry: &Entry, range: RangeInclusive<u64>) -> Option<Spanned<u64>> {
    let node = &entry.value;
    let plain = match &node.kind {
        Kind::Scalar(scalar) => scalar.plain(),
        _ => Plain::Text,
    };
    let Plain::Integer(number) = plain else {
        wrong_kind(report, node.span, &entry.key, "a whole number", node);
        return None;
    };
    match u64::try_from(number) {
        Ok(value) if range.contains(&value) => Some(Spanned { value, span: node.span }),
        _ => {
            let message = format!("`{}` must be from {} to {}", entry.key, range.start(), range.end());
            report.error(code::OUT_OF_RANGE, node.span, message);
            None
        }
    }
}

/// One of some words.
pub(super) fn word(
    report: &mut Report,
    key: &str,
    given: &Spanned<String>,
    words: &'static [&'static str],
) -> Option<&'static str> {
    let found = words.iter().copied().find(|word| *word == given.value);
    if found.is_none() {
        let message = format!("`{key}` cannot be `{}`", given.value);
        let mut problem = Diagnostic::error(code::WRONG_WORD, given.span, message);
        problem.hints = report.hints(&given.value, "words", words);
        report.add(problem);
    }
    found
}

/// `true` or `false`.
pub(super) fn boolean(report: &mut Report, entry: &Entry) -> Option<bool> {
    match &entry.value.kind {
        Kind::Scalar(scalar) => match scalar.plain() {
            Plain::Boolean(boolean) => return Some(boolean),
            Plain::Text if scalar.is_plain() && is_old_boolean(&scalar.text) => {
                old_boolean(report, entry.value.span, &scalar.text);
                return None;
            }
            _ => {}
        },
        Kind::List(_) | Kind::Map(_) => {}
    }
    wrong_kind(report, entry.value.span, &entry.key, "true or false", &entry.value);
    None
}

/// Any number in a range.
pub(super) fn number(report: &mut Report, entry: &Entry, range: RangeInclusive<f64>) -> Option<f64> {
    let node = &entry.value;
    let value = match &node.kind {
        Kind::Scalar(scalar) => match scalar.plain() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a number beyond 2^53 is out of every range here"
            )]
            Plain::Integer(integer) => Some(integer as f64),
            Plain::Number(number) => Some(number),
            _ => None,
        },
        _ => None,
    };
    let Some(value) = value else {
        wrong_kind(report, node.span, &entry.key, "a number", node);
        return None;
    };
    if range.contains(&value) {
        return Some(value);
    }
    let message = format!("`{}` must be from {} to {}", entry.key, range.start(), range.end());
    report.error(code::OUT_OF_RANGE, node.span, message);
    None
}

/// A duration in milliseconds: seconds as a number, or `500ms`, `30s`, `5m`, `2h`, `3d`.
pub(super) fn duration_ms(report: &mut Report, entry: &Entry) -> Option<u64> {
    let node = &entry.value;
    let parsed = match &node.kind {
        Kind::Scalar(scalar) => parse_duration(&scalar.text),
        _ => None,
    };
    let Some(ms) = parsed else {
        report.add(
            Diagnostic::error(
                code::WRONG_KIND,
                node.span,
                format!("`{}` takes a duration, and this is {}", entry.key, node.describe()),
            )
            .hint("write seconds as a number, or a number with ms, s, m, h or d: 500ms, 30s, 5m, 2h, 3d"),
        );
        return None;
    };
    if !(1.0..=LONGEST_MS).contains(&ms) {
        let message = format!("`{}` must be from 1ms to 366 days", entry.key);
        report.error(code::OUT_OF_RANGE, node.span, message);
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked against the range above"
    )]
    Some(ms.round() as u64)
}

fn parse_duration(text: &str) -> Option<f64> {
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let scale = match text[digits..].trim() {
        "ms" => 1.0,
        "" | "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    Some(number * scale)
}
