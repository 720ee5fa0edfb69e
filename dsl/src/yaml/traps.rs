//! YAML's own traps: what the parser says about a line, said again in terms of what was meant.

use super::node::{Entry, Kind, Node, Scalar};
use crate::code;
use crate::report::Report;
use troupe_core::diagnostic::{Diagnostic, SourceId, Span};

/// Whether YAML 1.1 tools read the word as a boolean and YAML 1.2 tools as text.
pub(crate) fn is_old_boolean(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "yes" | "no" | "on" | "off" | "y" | "n"
    )
}

/// The text in the quotes that need the fewest escapes.
pub(crate) fn quoted(text: &str) -> String {
    if !text.contains('\'') {
        format!("'{text}'")
    } else if text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    }
}

/// A syntax error at byte `at` that nothing explains.
pub(super) fn syntax_error(source: SourceId, text: &str, at: usize, info: &str) -> Diagnostic {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // What is missing at the end of a line or of the file is missed where the text ends.
    let rest = text[at..].trim_start_matches([' ', '\t']);
    if rest.is_empty() || rest.starts_with(['\n', '\r']) {
        let before = text[..at].trim_end();
        at = before.char_indices().next_back().map_or(at, |(last, _)| last);
    }
    let end = text[at..]
        .chars()
        .next()
        .map_or(at, |c| at + if c == '\n' { 0 } else { c.len_utf8() });
    let message = format!("this is not YAML: {info}");
    Diagnostic::error(code::SYNTAX, Span::new(source, at, end), message)
        .hint("look here and in the lines above for a bracket, a quote or a `:` that is missing")
}

/// Bytes of a line that is looked at for traps.
pub(super) const MAX_LINE: usize = 4096;

/// Byte range of the line around `at`, without its break; none for a line too long to be looked at.
fn line_of(text: &str, at: usize) -> Option<(usize, usize)> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    (end - start <= MAX_LINE).then_some((start, end))
}

/// A part of a line that YAML reads otherwise than it was meant.
pub(super) struct Trap {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) message: String,
    /// What was meant, in the quotes that it needs.
    pub(super) quoted: String,
}

/// The trap of a line's value.
pub(super) fn trap(line: &str) -> Option<Trap> {
    let line = without_comment(line);
    let value_at = value_start(line);
    let value = &line[value_at..];
    let trap = |from: usize, to: usize, message: &str| Trap {
        from,
        to,
        message: message.to_owned(),
        quoted: quoted(&line[from..to]),
    };
    let all = (value_at, line.len());
    if value.starts_with(['{', '[']) && value.contains("${{") {
        let at = value_at + bare_marks(value)?;
        let stop = line[at..].find("}}").map_or(line.len(), |n| at + n + 2);
        let message = "an expression inside `{…}` or `[…]` must stand in quotes: YAML reads its braces as its own";
        return Some(trap(at, stop, message));
    }
    if let Some((from, to)) = bracket_inside(value) {
        let message = "a value with a bracket or a comma inside must stand in quotes here: in `{…}` and `[…]` YAML reads it as its own";
        return Some(trap(value_at + from, value_at + to, message));
    }
    if let Some(first) = value.chars().next().filter(|c| "*&!%@`".contains(*c)) {
        let message = format!(
            "a value that starts with `{first}` must stand in quotes: YAML gives that character a meaning of its own"
        );
        return Some(trap(all.0, all.1, &message));
    }
    if closes_early(value) {
        let message = "YAML ends this value at its closing quote or bracket, and then there is more";
        return Some(trap(all.0, all.1, message));
    }
    let keyed = !line[..value_at].trim().is_empty();
    if !keyed || value.starts_with(['{', '[']) {
        return None;
    }
    if value.contains(": ") || value.ends_with(':') && value.contains("${{") {
        let message = if value.contains("${{") {
            "an expression with `: ` inside must stand in quotes: YAML takes it for a key"
        } else {
            "text with `: ` inside must stand in quotes: YAML takes it for a key"
        };
        return Some(trap(all.0, all.1, message));
    }
    None
}

/// The first `${{` of a flow collection that stands in no quotes.
fn bare_marks(value: &str) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for (at, c) in value.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | '[' | '{' | ',' | ':') => quote = Some(c),
            None if value[at..].starts_with("${{") => return Some(at),
            None => {}
        }
        before = c;
    }
    None
}

/// The value without quotes inside of `{…}` or `[…]` that has a bracket in its middle, `list[0].id`,
/// or a comma between parentheses, `f(a, b)`.
pub(super) fn bracket_inside(value: &str) -> Option<(usize, usize)> {
    if !value.starts_with(['{', '[']) {
        return None;
    }
    let (mut start, mut quote, mut found, mut depth, mut called) = (1, None, false, 0_usize, 0_usize);
    for (at, sign) in value.char_indices().skip(1) {
        let before = value[start..at].trim();
        match (quote, sign) {
            (Some(open), sign) if open == sign => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if before.is_empty() || called > 0 => quote = Some(sign),
            (None, '(') if !before.is_empty() => called += 1,
            (None, ')') if called > 0 => called -= 1,
            (None, ',') if called > 0 => found = true,
            (None, '[' | '{') if found || !before.is_empty() => (found, depth) = (true, depth + 1),
            (None, ']' | '}') if depth > 0 => depth -= 1,
            (None, ',' | ']' | '}') if found => {
                let blank = value[start..at].len() - value[start..at].trim_start().len();
                return Some((start + blank, start + value[start..at].trim_end().len()));
            }
            (None, '[' | '{' | ']' | '}' | ',') => start = at + 1,
            (None, ':') if !found && value[at..].starts_with(": ") => start = at + 1,
            (None, _) => {}
        }
    }
    None
}

/// A line without the comment at its end, as far as that can be told: one with quotes or marks in it
/// may be a part of the value.
pub(super) fn without_comment(line: &str) -> &str {
    match line.rfind(" #") {
        Some(at) if !line[at..].contains(['"', '\'', '}']) => line[..at].trim_end(),
        _ => line.trim_end(),
    }
}

/// Reports a value that a comma inside of a flow mapping has cut in two, `f(a` and `b)`. The whole
/// value comes back.
pub(super) fn cut_by_comma(report: &mut Report, text: &str, value: &Node, rest: &Entry) -> Option<Node> {
    let Kind::Scalar(scalar) = &value.kind else { return None };
    let open = |text: &str| text.matches('(').count() > text.matches(')').count();
    if !scalar.is_plain() || !open(&scalar.text) || !rest.key.contains(')') || !rest.value.is_null() {
        return None;
    }
    let span = Span::new(value.span.source, value.span.start as usize, rest.key_span.end as usize);
    let whole = text.get(span.start as usize..span.end as usize)?;
    report.add(
        Diagnostic::error(
            code::NEEDS_QUOTES,
            span,
            "a value with a comma inside must stand in quotes here: in `{…}` a comma ends it",
        )
        .hint(format!("write {}", quoted(whole))),
    );
    let text = whole.to_owned();
    let scalar = Scalar { text, ..scalar.clone() };
    Some(Node {
        span,
        kind: Kind::Scalar(scalar),
    })
}

/// Whether a value opens a quote or a bracket and closes it before its end.
fn closes_early(value: &str) -> bool {
    let close = match value.chars().next() {
        Some('[') => ']',
        Some('{') => '}',
        Some(quote @ ('"' | '\'')) => quote,
        _ => return false,
    };
    let open = &value[..1];
    let mut depth = 0_usize;
    for (at, c) in value.char_indices().skip(1) {
        if c == close && depth == 0 {
            let rest = value[at + 1..].trim_start();
            return !rest.is_empty() && !rest.starts_with([',', ':', ']', '}']);
        }
        if c == close {
            depth -= 1;
        } else if value[at..].starts_with(open) {
            depth += 1;
        }
    }
    false
}

/// Where the value of a line starts: after `- ` and after `key: `.
pub(super) fn value_start(line: &str) -> usize {
    let mut at = line.len() - line.trim_start().len();
    while line[at..].starts_with("- ") {
        at += 2;
        at += line[at..].len() - line[at..].trim_start().len();
    }
    let rest = &line[at..];
    let key = rest
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        .count();
    if key > 0 && rest[key..].starts_with(": ") {
        at += key + 1;
        at += line[at..].len() - line[at..].trim_start().len();
    }
    at
}

/// Reports a tag where none is allowed: most often a condition that starts with `!`. The place of the
/// text that was meant comes back.
pub(super) fn tag(report: &mut Report, text: &str, span: Span) -> Span {
    let at = (span.start as usize).min(text.len());
    if let Some((start, end)) = line_of(text, at) {
        let line = without_comment(&text[start..end]);
        let value_at = value_start(line);
        let value = &line[value_at..];
        if value.starts_with('!') {
            let meant = Span::new(span.source, start + value_at, start + line.len());
            let message = "a value that starts with `!` must stand in quotes: YAML takes the word for a tag";
            report.add(Diagnostic::error(code::NEEDS_QUOTES, meant, message).hint(format!("write {}", quoted(value))));
            return meant;
        }
    }
    let message = "YAML tags (`!name`) are not used here";
    report.add(Diagnostic::error(code::YAML_FEATURE, span, message).hint("remove the tag"));
    span
}
