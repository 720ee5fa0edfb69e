//! Rust text as far as the checks need it: which bytes are code, comment or literal, and where functions end.

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comment,
    Literal,
}

/// `text` with comments and the contents of literals turned into spaces; offsets and lines stay.
pub fn code(text: &str) -> String {
    blank(text, &[Kind::Comment, Kind::Literal])
}

/// `text` with comments turned into spaces; offsets and lines stay.
pub fn without_comments(text: &str) -> String {
    blank(text, &[Kind::Comment])
}

/// Line of a byte offset, from 1.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// The identifiers and keywords of blanked code, with their offsets.
pub fn identifiers(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let in_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut rest = code;
    std::iter::from_fn(move || {
        let start = rest.find(in_word)?;
        let word = &rest[start..];
        let end = word.find(|c| !in_word(c)).unwrap_or(word.len());
        rest = &word[end..];
        Some((code.len() - word.len(), &word[..end]))
    })
    .filter(|(_, word)| !word.starts_with(|c: char| c.is_ascii_digit()))
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// The line of `fn`, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace, both counted.
    pub length: usize,
}

/// Every function of blanked code, nested ones too.
pub fn functions(code: &str) -> Vec<Function<'_>> {
    let words: Vec<(usize, &str)> = identifiers(code).collect();
    words
        .windows(2)
        .filter(|pair| pair[0].1 == "fn")
        .filter_map(|pair| {
            let ((start, _), (name_at, name)) = (pair[0], pair[1]);
            // `fn(` is a type: its next word is no name.
            let named = code[start + 2..name_at].bytes().all(|byte| byte.is_ascii_whitespace());
            let body = if named { body(code, name_at)? } else { return None };
            let line = line_of(code, start);
            Some(Function {
                name,
                line,
                length: line_of(code, body.end - 1) - line + 1,
            })
        })
        .collect()
}

/// The braces and what is between them, of the function whose name is at `from`.
fn body(code: &str, from: usize) -> Option<Range<usize>> {
    let bytes = code.as_bytes();
    let mut nested = 0_usize;
    let mut start = None;
    for (offset, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => {
                if *byte == b'{' && nested == 0 {
                    start = Some(offset);
                }
                nested += 1;
            }
            b')' | b']' | b'}' => {
                nested = nested.checked_sub(1)?;
                if nested == 0 && *byte == b'}' {
                    return Some(start?..offset + 1);
                }
            }
            b';' if nested == 0 => return None,
            _ => {}
        }
    }
    None
}

fn blank(text: &str, kinds: &[Kind]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (range, kind) in regions(text) {
        if kinds.contains(&kind) {
            for byte in &mut bytes[range] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
    }
    String::from_utf8(bytes).expect("whole characters are replaced by spaces")
}

/// Comments whole, and literals without their quotes.
fn regions(text: &str) -> Vec<(Range<usize>, Kind)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        if rest.starts_with("//") {
            let end = at + rest.find('\n').unwrap_or(rest.len());
            found.push((at..end, Kind::Comment));
            at = end;
        } else if rest.starts_with("/*") {
            let end = at + block_comment(rest);
            found.push((at..end, Kind::Comment));
            at = end;
        } else if let Some((opening, contents, closing)) = literal(text, at) {
            found.push((at + opening..at + opening + contents, Kind::Literal));
            at += opening + contents + closing;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// Length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Lengths of opening, contents and closing of the literal that starts at `at`, if one does.
fn literal(text: &str, at: usize) -> Option<(usize, usize, usize)> {
    let rest = &text[at..];
    match rest.as_bytes()[0] {
        b'"' => Some((1, quoted(&rest[1..], '"'), 1)),
        b'\'' => character(rest),
        b'r' if !in_word_before(text, at) || text[..at].ends_with(['b', 'c']) => raw(rest),
        _ => None,
    }
}

fn in_word_before(text: &str, at: usize) -> bool {
    text[..at]
        .chars()
        .next_back()
        .is_some_and(|c| c == '_' || c.is_alphanumeric())
}

/// Length up to the closing quote, escapes passed over.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return offset,
            _ => {}
        }
    }
    text.len()
}

/// A character literal; a lifetime is none.
fn character(text: &str) -> Option<(usize, usize, usize)> {
    let mut characters = text[1..].chars();
    let first = characters.next()?;
    if first == '\\' {
        return Some((1, quoted(&text[1..], '\''), 1));
    }
    (characters.next() == Some('\'')).then_some((1, first.len_utf8(), 1))
}

fn raw(text: &str) -> Option<(usize, usize, usize)> {
    let hashes = text[1..].bytes().take_while(|&byte| byte == b'#').count();
    let contents = text[1 + hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let length = contents.find(&closing).unwrap_or(contents.len());
    Some((hashes + 2, length, closing.len().min(contents.len() - length)))
}

#[cfg(test)]
mod tests;
