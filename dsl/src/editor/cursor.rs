//! Where in the file a cursor stands, told from lines and brackets: so it is known while the YAML is broken.

use super::flow::Flow;
use super::lines::{Head, above, block, heads, indent, line_end, line_start, next_line, siblings, skip_spaces};
use std::ops::Range;

/// A step on the way from the top of the file to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Key(String),
    Item,
}

/// The place of a cursor.
#[derive(Debug)]
pub(super) struct Cursor {
    /// What it stands in, the outermost first.
    pub(super) path: Vec<Part>,
    pub(super) role: Role,
    /// The lines of the named thing that it stands in, such as a step; of the section where there is none.
    pub(super) lines: Range<usize>,
    /// The key of the section above those lines, where they are not all of it.
    pub(super) section: Option<String>,
}

/// What is being written.
#[derive(Debug)]
pub(super) enum Role {
    /// A key, or a value on a line of its own that begins like one; with the keys beside it.
    Key { typed: Range<usize>, beside: Vec<String> },
    /// A value, from its first character.
    Value { start: usize, quote: Option<u8> },
}

impl Cursor {
    /// The keys of the path.
    pub(super) fn keys(&self) -> Vec<&str> {
        let keys = self.path.iter().filter_map(|part| match part {
            Part::Key(key) => Some(key.as_str()),
            Part::Item => None,
        });
        keys.collect()
    }

    /// The name of the step that it stands in.
    pub(super) fn step(&self) -> Option<&str> {
        match self.keys().as_slice() {
            ["steps", name, ..] => Some(name),
            _ => None,
        }
    }
}

/// Finds out where `offset` stands.
pub(super) fn locate(text: &str, offset: usize) -> Cursor {
    let start = line_start(text, offset);
    let end = line_end(text, start);
    let first = skip_spaces(text, start, end);
    let own = heads(text, start);
    // On a blank line, and before the first character, the cursor's own column counts.
    let column = if first >= end {
        offset - start
    } else {
        first.min(offset) - start
    };
    let is_item = own.first().is_some_and(|head| head.key.is_none());
    let mut chain = above(text, start, column, is_item);
    let inside = own
        .iter()
        .take_while(|head| head.value <= offset.max(start) && ends_before(head, offset));
    chain.extend(inside.cloned());
    let (length, role) =
        inner(text, &chain, offset).unwrap_or_else(|| (chain.len(), on_line(text, &chain, start, offset)));
    let mut path: Vec<Part> = chain[..length].iter().map(|head| part(text, head)).collect();
    let (lines, section) = entry(text, &chain[..length], offset);
    let role = match role {
        Found::Role(role) => role,
        Found::Flow(flow) => in_flow(text, &flow, &mut path, offset),
    };
    Cursor {
        path,
        role,
        lines,
        section,
    }
}

enum Found {
    Role(Role),
    Flow(Flow),
}

/// Whether a head's key, with its colon, stands before the cursor.
fn ends_before(head: &Head, offset: usize) -> bool {
    head.key.as_ref().is_none_or(|key| key.end < offset)
}

fn part(text: &str, head: &Head) -> Part {
    match &head.key {
        Some(key) => Part::Key(text[key.clone()].to_owned()),
        None => Part::Item,
    }
}

/// The outermost value that runs on to the cursor whatever its lines look like: brackets, quotes, blocks
/// of text. With how many heads lead to it.
fn inner(text: &str, chain: &[Head], offset: usize) -> Option<(usize, Found)> {
    for (at, head) in chain.iter().enumerate() {
        // `- name: x` is an item with a key in it, not with text.
        let opens_more = heads(text, head.line).iter().any(|next| next.column > head.column);
        if opens_more || head.value > offset {
            continue;
        }
        let end = line_end(text, head.line);
        let value = text[head.value..end].trim_end();
        let goes_on = offset > end;
        let role = |start, quote| Some((at + 1, Found::Role(Role::Value { start, quote })));
        match value.bytes().next() {
            Some(b'|' | b'>') if goes_on => return role(next_line(text, head.line).unwrap_or(offset), None),
            Some(b'{' | b'[') => {
                if let Some(flow) = Flow::read(text, head.value, offset) {
                    return Some((at + 1, Found::Flow(flow)));
                }
            }
            Some(quote @ (b'\'' | b'"')) if is_open(text, head.value, offset, quote) => {
                return role(head.value + 1, Some(quote));
            }
            Some(b'\'' | b'"' | b'#') | None => {}
            // Plain text goes on with every line that is further right.
            Some(_) if goes_on && is_deeper(text, head, offset) => return role(head.value, None),
            Some(_) => {}
        }
    }
    None
}

fn is_deeper(text: &str, head: &Head, offset: usize) -> bool {
    let line = line_start(text, offset);
    indent(&text[line..line_end(text, line)]).is_some_and(|column| column > head.column)
}

/// Whether the quotes that open at `start` are still open at `end`.
fn is_open(text: &str, start: usize, end: usize, quote: u8) -> bool {
    let bytes = &text.as_bytes()[..end];
    let mut at = start + 1;
    while at < end {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => {
                if quote == b'"' || bytes.get(at + 1) != Some(&b'\'') {
                    return false;
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    end > start
}

/// A value behind the line's last head, or a key.
fn on_line(text: &str, chain: &[Head], start: usize, offset: usize) -> Found {
    let last = chain.last().filter(|head| head.line == start);
    let first = match last {
        Some(head) if head.key.is_some() => {
            return Found::Role(Role::Value {
                start: head.value.min(offset),
                quote: None,
            });
        }
        Some(head) => head.value,
        None => skip_spaces(text, start, line_end(text, start)),
    };
    let typed = first.min(offset)..offset;
    let beside = siblings(text, start, typed.start - start);
    Found::Role(Role::Key { typed, beside })
}

fn in_flow(text: &str, flow: &Flow, path: &mut Vec<Part>, offset: usize) -> Role {
    let mut last = None;
    for frame in &flow.frames {
        match (frame.is_map, frame.in_value) {
            (true, true) => path.extend(frame.keys.last().cloned().map(Part::Key)),
            (true, false) => {}
            (false, _) => path.push(Part::Item),
        }
        last = Some(frame);
    }
    let begin = last.map_or(offset, |frame| frame.start);
    let start = begin + text[begin..offset].len() - text[begin..offset].trim_start().len();
    match last {
        Some(frame) if frame.is_map && !frame.in_value => Role::Key {
            typed: start..offset,
            beside: flow.keys(text),
        },
        _ => match flow.quote {
            Some((quote, start)) => Role::Value {
                start,
                quote: Some(quote),
            },
            None => Role::Value { start, quote: None },
        },
    }
}

/// The lines of the named thing that the chain leads through, with the key of its section.
fn entry(text: &str, chain: &[Head], offset: usize) -> (Range<usize>, Option<String>) {
    let key = |head: &Head| head.key.clone().map(|key| text[key].to_owned());
    match chain {
        [] => (line_start(text, offset)..line_end(text, offset.min(text.len())), None),
        [section, name, ..] if name.line > section.line => (block(text, name), key(section)),
        [section, ..] => (block(text, section), None),
    }
}
