//! A file as lines: what can be told from indentation while the YAML around the cursor is broken.

use std::ops::Range;

/// What a line opens: the item of a list, or a key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The column of the dash or of the key, in bytes.
    pub(super) column: usize,
    /// The bytes of the key; none for an item.
    pub(super) key: Option<Range<usize>>,
    /// Where its value begins, if it stands on the line.
    pub(super) value: usize,
    /// Where its line begins.
    pub(super) line: usize,
}

/// The first byte of the line that holds `offset`.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}

/// One past the last byte of the line that begins at `start`, its line break not counted.
pub(super) fn line_end(text: &str, start: usize) -> usize {
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    if end > start && text.as_bytes()[end - 1] == b'\r' {
        end - 1
    } else {
        end
    }
}

/// Where the line after that of `offset` begins.
pub(super) fn next_line(text: &str, offset: usize) -> Option<usize> {
    text[offset..].find('\n').map(|at| offset + at + 1)
}

/// The column of a line's first character; none when it is blank or a comment.
pub(super) fn indent(line: &str) -> Option<usize> {
    let column = line.bytes().position(|byte| byte != b' ')?;
    (!matches!(line.as_bytes()[column], b'#' | b'\r' | b'\n' | b'\t')).then_some(column)
}

/// What a line opens, from the left: `- name: x` opens an item and a key.
pub(super) fn heads(text: &str, start: usize) -> Vec<Head> {
    let end = line_end(text, start);
    let mut heads = Vec::new();
    let mut at = skip_spaces(text, start, end);
    while text[at..end].starts_with('-') && matches!(text.as_bytes().get(at + 1), None | Some(b' ' | b'\n' | b'\r')) {
        let value = skip_spaces(text, (at + 1).min(end), end);
        heads.push(Head {
            column: at - start,
            key: None,
            value,
            line: start,
        });
        at = value;
    }
    if let Some((key, colon)) = key(text, at, end) {
        let value = skip_spaces(text, colon + 1, end);
        heads.push(Head {
            column: at - start,
            key: Some(key),
            value,
            line: start,
        });
    }
    heads
}

/// The key at `at` and the place of its colon.
fn key(text: &str, at: usize, end: usize) -> Option<(Range<usize>, usize)> {
    let line = &text[at..end];
    if let Some(quote) = line.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let close = line[1..].find(quote)? + 1;
        let colon = close + 1 + line[close + 1..].bytes().take_while(|byte| *byte == b' ').count();
        return is_colon(line, colon).then(|| (at + 1..at + close, at + colon));
    }
    let length = line
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '<')))
        .unwrap_or(line.len());
    let colon = length + line[length..].bytes().take_while(|byte| *byte == b' ').count();
    (length > 0 && is_colon(line, colon)).then(|| (at..at + length, at + colon))
}

/// Whether a colon stands there that ends a key.
fn is_colon(line: &str, at: usize) -> bool {
    line.as_bytes().get(at) == Some(&b':') && matches!(line.as_bytes().get(at + 1), None | Some(b' ' | b'\t'))
}

pub(super) fn skip_spaces(text: &str, from: usize, end: usize) -> usize {
    from + text[from..end]
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// The heads above the line at `start` that hold what stands at `column`, the outermost first.
/// `is_item` says that a list's dash stands there, which its key need not be left of.
pub(super) fn above(text: &str, start: usize, column: usize, is_item: bool) -> Vec<Head> {
    let (mut limit, mut is_item) = (column, is_item);
    let mut found = Vec::new();
    let mut line = start;
    while line > 0 && (limit > 0 || is_item) {
        line = line_start(text, line - 1);
        let Some(indent) = indent(&text[line..line_end(text, line)]) else {
            continue;
        };
        if indent > limit || (indent == limit && !is_item) {
            continue;
        }
        for head in heads(text, line).into_iter().rev() {
            if head.column < limit || (is_item && head.column == limit && head.key.is_some()) {
                limit = head.column;
                is_item = head.key.is_none();
                found.push(head);
            }
        }
    }
    found.reverse();
    found
}

/// The lines of the key or item at `head`: up to the next line that is not further right.
pub(super) fn block(text: &str, head: &Head) -> Range<usize> {
    let mut end = text.len();
    let mut line = next_line(text, head.line);
    while let Some(start) = line {
        let here = &text[start..line_end(text, start)];
        let ends = indent(here).is_some_and(|column| {
            let is_list = here[column..].starts_with("- ") && column == head.column && head.key.is_some();
            column <= head.column && !is_list
        });
        if ends {
            end = start;
            break;
        }
        line = next_line(text, start);
    }
    head.line..end
}

/// The keys beside the one at `column` on the line at `start`, without that line's own.
pub(super) fn siblings(text: &str, start: usize, column: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut line = start;
    while line > 0 {
        line = line_start(text, line - 1);
        if !collect(text, line, column, &mut found) {
            break;
        }
    }
    let mut line = next_line(text, start);
    while let Some(start) = line {
        if !collect(text, start, column, &mut found) {
            break;
        }
        line = next_line(text, start);
    }
    found
}

/// Adds the keys of a line at a column; false where the mapping has ended.
fn collect(text: &str, line: usize, column: usize, found: &mut Vec<String>) -> bool {
    let Some(indent) = indent(&text[line..line_end(text, line)]) else {
        return true;
    };
    if indent > column {
        return true;
    }
    let heads = heads(text, line);
    let keys = heads
        .iter()
        .filter(|head| head.column == column)
        .filter_map(|head| head.key.clone());
    let before = found.len();
    found.extend(keys.map(|key| text[key].to_owned()));
    // `- key: …` begins the mapping; a list at its key's own column is inside of it.
    indent == column && (found.len() > before || heads.iter().any(|head| head.key.is_none()))
}
