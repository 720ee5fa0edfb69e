//! An expression that is being written: what stands before the cursor, and what may come next.

use super::Seen;
use super::cursor::Cursor;
use crate::check::{self, Asked, CURSOR};
use crate::document;
use crate::files::{FileError, Files};
use crate::report::Report;
use crate::yaml;
use std::ops::Range;
use troupe_core::diagnostic::SourceId;

/// What is being written at the end of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) what: What,
    /// The bytes of what is there of it, in the expression's text.
    pub(super) typed: Range<usize>,
    /// Where the part before it ends: a value whose inside is wanted, or what a name stands behind.
    cut: usize,
    /// Brackets and choices that are open at the cut, as text that closes them.
    closing: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A name; after `==` a word too, whose value ends at this byte.
    Name { compared: Option<usize> },
    /// What comes after a dot.
    Field,
    /// A text in quotes that is compared with a value.
    Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Word,
    /// A number, a closed text or a closing bracket.
    Value,
    Dot,
    Equals,
    Open(u8),
    Other,
}

/// The bytes of the expression that the cursor stands in, as far as it goes to the cursor.
pub(super) fn around(text: &str, start: usize, offset: usize, is_bare: bool) -> Option<Range<usize>> {
    let before = text.get(start..offset)?;
    match before.rfind("${{") {
        Some(open) if !before[open..].contains("}}") => Some(start + open + 3..offset),
        Some(_) => None,
        None => is_bare.then_some(start..offset),
    }
}

/// Reads an expression up to the cursor. None where nothing can be offered.
pub(super) fn before(text: &str) -> Option<Written> {
    let mut tokens: Vec<(Token, Range<usize>)> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let from = at;
        let token = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'"' | b'\'' => match text_end(bytes, at) {
                Some(end) => {
                    at = end;
                    tokens.push((Token::Value, from..at));
                    continue;
                }
                None => return word_in_quotes(text, &tokens, at),
            },
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                at += run(bytes, at);
                tokens.push((Token::Word, from..at));
                continue;
            }
            b'0'..=b'9' => {
                at += run(bytes, at);
                tokens.push((Token::Value, from..at));
                continue;
            }
            b'.' => Token::Dot,
            open @ (b'(' | b'[' | b'{') => Token::Open(open),
            b')' | b']' | b'}' => Token::Value,
            b'=' | b'!' if bytes.get(at + 1) == Some(&b'=') => {
                at += 1;
                Token::Equals
            }
            _ => Token::Other,
        };
        at += 1;
        while !text.is_char_boundary(at) {
            at += 1;
        }
        tokens.push((token, from..at));
    }
    name_or_field(text, &tokens)
}

fn name_or_field(text: &str, tokens: &[(Token, Range<usize>)]) -> Option<Written> {
    let end = text.len();
    let (typed, rest) = match tokens.split_last() {
        Some(((Token::Word, at), rest)) if at.end == end => (at.clone(), rest),
        _ => (end..end, tokens),
    };
    let what = match rest.last() {
        Some((Token::Dot, at)) => {
            let closing = closing(&text[..at.start]);
            return Some(Written {
                what: What::Field,
                typed,
                cut: at.start,
                closing,
            });
        }
        Some((Token::Equals, at)) => What::Name {
            compared: Some(at.start),
        },
        Some((Token::Word, at)) if &text[at.clone()] != "in" => return None,
        Some((Token::Value, _)) => return None,
        _ => What::Name { compared: None },
    };
    let cut = typed.start;
    Some(Written {
        what,
        typed,
        cut,
        closing: closing(&text[..cut]),
    })
}

/// A text that never ends: a word of the value that it is compared with.
fn word_in_quotes(text: &str, tokens: &[(Token, Range<usize>)], quote: usize) -> Option<Written> {
    let typed = quote + 1..text.len();
    let cut = match tokens {
        [.., (Token::Equals, at)] => at.start,
        // `value in ["a", "`
        tokens => {
            let list = tokens.iter().rposition(|(token, _)| *token == Token::Open(b'['))?;
            match tokens[..list].last() {
                Some((Token::Word, at)) if &text[at.clone()] == "in" => at.start,
                _ => return None,
            }
        }
    };
    let cut = text[..cut].trim_end().len();
    Some(Written {
        what: What::Word,
        typed,
        cut,
        closing: closing(&text[..cut]),
    })
}

/// The length of a word.
fn run(bytes: &[u8], at: usize) -> usize {
    let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    bytes[at..].iter().take_while(is_word).count()
}

/// One past the text that begins at `at`.
fn text_end(bytes: &[u8], at: usize) -> Option<usize> {
    let is_raw = at > 0 && matches!(bytes[at - 1], b'r' | b'R');
    let mut next = at + 1;
    while next < bytes.len() {
        match bytes[next] {
            b'\\' if !is_raw => next += 1,
            byte if byte == bytes[at] => return Some(next + 1),
            _ => {}
        }
        next += 1;
    }
    None
}

/// What closes everything that is open at the end of `before`.
fn closing(before: &str) -> String {
    let bytes = before.as_bytes();
    // Each bracket with the choices in it that have no second branch yet.
    let mut open: Vec<(u8, usize)> = vec![(0, 0)];
    let mut at = 0;
    while at < bytes.len() {
        let depth = open.len() - 1;
        match bytes[at] {
            b'"' | b'\'' => at = text_end(bytes, at).unwrap_or(bytes.len()) - 1,
            bracket @ (b'(' | b'[' | b'{') => open.push((bracket, 0)),
            b')' | b']' | b'}' if depth > 0 => drop(open.pop()),
            b'?' => open[depth].1 += 1,
            b':' => open[depth].1 = open[depth].1.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    let mut text = String::new();
    for (bracket, choices) in open.into_iter().rev() {
        text.push_str(&" :null".repeat(choices));
        match bracket {
            b'(' => text.push(')'),
            b'[' => text.push(']'),
            b'{' => text.push('}'),
            _ => {}
        }
    }
    text
}

impl Written {
    /// What can stand at the cursor. `expression` are the bytes up to the cursor in `text`.
    pub(super) fn ask(&self, seen: &Seen, text: &str, cursor: &Cursor, expression: &Range<usize>) -> Option<Asked> {
        let piece = match self.what {
            What::Name { .. } => CURSOR.to_owned(),
            What::Field | What::Word => format!(".{CURSOR}"),
        };
        self.ask_with(
            seen,
            text,
            cursor,
            expression,
            self.cut,
            &format!("{piece}{}", self.closing),
        )
    }

    /// The type of the value that a name behind `==` is compared with.
    pub(super) fn ask_compared(
        &self,
        seen: &Seen,
        text: &str,
        cursor: &Cursor,
        expression: &Range<usize>,
    ) -> Option<Asked> {
        let What::Name { compared: Some(end) } = self.what else {
            return None;
        };
        let piece = format!(".{CURSOR}{}", self.closing);
        let before = &text[expression.start..expression.start + end];
        self.ask_with(seen, text, cursor, expression, before.trim_end().len(), &piece)
    }

    fn ask_with(
        &self,
        seen: &Seen,
        text: &str,
        cursor: &Cursor,
        expression: &Range<usize>,
        cut: usize,
        piece: &str,
    ) -> Option<Asked> {
        let lines = &cursor.lines;
        let kept = text.get(lines.start..expression.start + cut)?;
        let section = cursor
            .section
            .as_ref()
            .map_or_else(String::new, |key| format!("{key}:\n"));
        let (line, after) = rest(text, expression.end, lines.end);
        tails(line).into_iter().find_map(|tail| {
            [after, ""].into_iter().find_map(|after| {
                let part = format!("{section}{kept}{piece}{tail}\n{after}");
                let part = read(&part)?;
                check::ask(&part, &seen.document, &seen.checked)
            })
        })
    }
}

/// What is left of the cursor's line, and the lines of the thing after it.
fn rest(text: &str, offset: usize, end: usize) -> (&str, &str) {
    let whole = text.get(offset..end.max(offset)).unwrap_or("");
    whole.split_once('\n').unwrap_or((whole, ""))
}

/// Ways in which the line may go on behind the expression, the most likely first: as it does from one
/// of its marks on, or closed by what is most often still missing.
fn tails(line: &str) -> Vec<String> {
    const MOST: usize = 24;
    let mut tails: Vec<String> = Vec::new();
    if let Some(close) = line.find("}}") {
        tails.push(line[close..].to_owned());
    }
    tails.push(String::new());
    let marks = line
        .char_indices()
        .filter(|(_, c)| matches!(c, '\'' | '"' | ',' | '}' | ']'));
    for (at, _) in marks.take(MOST / 2) {
        tails.push(line[at..].to_owned());
        tails.push(format!(" }}}}{}", &line[at..]));
    }
    for quote in ["", "'", "\""] {
        for bracket in ["", " }", " ]", " ] }", " } }"] {
            tails.push(format!(" }}}}{quote}{bracket}"));
            tails.push(format!("{quote}{bracket}"));
        }
    }
    tails
}

/// A part of a file as a document of its own.
fn read(text: &str) -> Option<document::Document> {
    let mut report = Report::new("");
    report.sources.files[0].text = text.to_owned();
    let root = yaml::read(&mut report, SourceId(0), text)?;
    document::read(&mut report, &root, &Nothing)
}

/// No files.
struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }

    fn any_match(&self, _: &str) -> Result<bool, FileError> {
        Ok(true)
    }
}

/// The text with the quotes that YAML escapes made plain, byte for byte: so that a text inside of an
/// expression inside of quotes begins and ends where the expression says.
pub(super) fn unescaped(text: &str, quote: Option<u8>) -> String {
    match quote {
        Some(b'"') => text.replace("\\\"", " \""),
        Some(b'\'') => text.replace("''", " '"),
        _ => text.to_owned(),
    }
}
