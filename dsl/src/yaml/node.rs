//! The tree: scalars, lists and mappings, each with the bytes that it was written in.

use super::places::Places;
use troupe_core::diagnostic::Span;

/// A value in a YAML file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// Text, and how it was written.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What an unquoted scalar means in YAML 1.2's core schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text,
}

impl Scalar {
    /// What it means; quoted and block text always means itself.
    pub(crate) fn plain(&self) -> Plain {
        if self.style != Style::Plain {
            return Plain::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
            "true" | "True" | "TRUE" => Plain::Boolean(true),
            "false" | "False" | "FALSE" => Plain::Boolean(false),
            text => number(text),
        }
    }
}

/// Decimal numbers only: octal and hexadecimal read differently in YAML 1.1 and 1.2, so they stay text.
fn number(text: &str) -> Plain {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    if leading_zero || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Plain::Text;
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map_or(Plain::Text, Plain::Integer);
    }
    let looks_decimal = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(number) if looks_decimal && number.is_finite() => Plain::Number(number),
        _ => Plain::Text,
    }
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.plain() == Plain::Null)
    }

    /// What is there, in a few words.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".into(),
            Kind::Map(_) => "a mapping".into(),
            Kind::Scalar(scalar) => match scalar.plain() {
                Plain::Null => "nothing".into(),
                Plain::Boolean(b) => format!("the boolean {b}"),
                Plain::Integer(_) | Plain::Number(_) => format!("the number {}", scalar.text),
                Plain::Text => "text".into(),
            },
        }
    }

    /// Where the characters of a scalar stand in `source`, the whole file.
    pub(crate) fn places(&self, scalar: &Scalar, source: &str) -> Places {
        Places::new(self.span, scalar, source)
    }
}

impl Scalar {
    /// Whether it stands without quotes, on no block.
    pub(crate) fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }
}
