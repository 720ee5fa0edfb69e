//! Where the characters of a scalar stand in the file, through quotes, escapes and folding.

use super::node::{Scalar, Style};
use std::sync::Arc;
use troupe_core::diagnostic::{SourceId, Span};

/// Maps byte offsets in a scalar's text to byte offsets in its file.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    source: SourceId,
    map: Map,
    /// Offset in the scalar's text that counts as 0.
    base: usize,
}

#[derive(Debug, Clone)]
enum Map {
    /// The text stands in the file as it is.
    Verbatim(usize),
    /// One file offset per byte of the text, and one for its end.
    Table(Arc<Vec<u32>>),
}

impl Places {
    /// The places of text that stands in a file as it is, from `start` on.
    pub(crate) fn verbatim(source: SourceId, start: usize) -> Self {
        Self {
            source,
            map: Map::Verbatim(start),
            base: 0,
        }
    }

    pub(super) fn new(span: Span, scalar: &Scalar, file: &str) -> Self {
        let start = span.start as usize;
        let raw = file.get(start..span.end as usize).unwrap_or("");
        if raw == scalar.text {
            return Self::verbatim(span.source, start);
        }
        Self {
            source: span.source,
            map: Map::Table(Arc::new(align(raw, start, scalar))),
            base: 0,
        }
    }

    /// The same places seen from `offset` bytes further on in the text.
    pub(crate) fn from(&self, offset: usize) -> Self {
        Self {
            base: self.base + offset,
            ..self.clone()
        }
    }

    /// The file's span of a range of the text.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let end = end.max(start);
        match &self.map {
            Map::Verbatim(first) => Span::new(self.source, first + self.base + start, first + self.base + end),
            Map::Table(table) => {
                let at = |n: usize| table.get(n).or(table.last()).map_or(0, |at| *at as usize);
                let first = at(self.base + start);
                // The end is one past the last character, not the place of the next one: a line
                // break may lie between them.
                let last = if end > start {
                    at(self.base + end - 1) + 1
                } else {
                    first
                };
                Span::new(self.source, first, last)
            }
        }
    }
}

/// Characters that are not white space come in the same order in the file and in the text; only
/// white space is folded, and only double quotes have escapes.
fn align(raw: &str, start: usize, scalar: &Scalar) -> Vec<u32> {
    let at = |offset: usize| u32::try_from(start + offset).unwrap_or(u32::MAX);
    let mut table = Vec::with_capacity(scalar.text.len() + 1);
    let mut rest = match scalar.style {
        Style::Single | Style::Double => 1,
        _ => 0,
    };
    let mut lost = false;
    for wanted in scalar.text.chars() {
        let (found, next) = if lost || wanted.is_whitespace() {
            (rest, skip_one_space(raw, rest))
        } else if let Some(places) = find(raw, rest, wanted, scalar.style) {
            places
        } else {
            // The two texts disagree, which they never should. Searching on would cost quadratic time.
            lost = true;
            (rest, rest)
        };
        for byte in 0..wanted.len_utf8() {
            table.push(at((found + byte).min(raw.len())));
        }
        rest = next;
    }
    table.push(at(rest.min(raw.len())));
    table
}

fn skip_one_space(raw: &str, from: usize) -> usize {
    match raw.get(from..).and_then(|rest| rest.chars().next()) {
        Some(c) if c.is_whitespace() => from + c.len_utf8(),
        _ => from,
    }
}

/// The place of the next `wanted` from `from` on, and the place after it.
fn find(raw: &str, from: usize, wanted: char, style: Style) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        if style == Style::Double && c == '\\' {
            let (decoded, length) = escape(&raw[at..]);
            if decoded == Some(wanted) {
                return Some((at, at + length));
            }
            at += length;
        } else if c == wanted {
            let doubled = style == Style::Single && c == '\'' && raw[at + 1..].starts_with('\'');
            return Some((at, at + c.len_utf8() + usize::from(doubled)));
        } else {
            at += c.len_utf8();
        }
    }
    None
}

/// The character that an escape stands for, if it is not white space, and the escape's length.
fn escape(raw: &str) -> (Option<char>, usize) {
    let kind = raw[1..].chars().next();
    let digits = match kind {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(other) => {
            let decoded = match other {
                '"' | '\\' | '/' => Some(other),
                '0' => Some('\0'),
                'a' => Some('\u{7}'),
                'b' => Some('\u{8}'),
                'e' => Some('\u{1b}'),
                _ => None,
            };
            return (decoded, 1 + other.len_utf8());
        }
        None => return (None, 1),
    };
    let code = raw.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    (code.and_then(char::from_u32), (2 + digits).min(raw.len()))
}
