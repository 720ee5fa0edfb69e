//! Parser events → tree, within bounds. Not recursive: depth costs memory of ours, never stack.

use super::node::{Entry, Kind, Node, Scalar, Style};
use super::recover::{self, Back};
use super::traps;
use crate::code;
use crate::report::Report;
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use troupe_core::diagnostic::{Diagnostic, SourceId, Span};

/// Lists and mappings inside each other.
const MAX_DEPTH: usize = 64;
/// Nodes of the whole tree, those that aliases repeat included; long text counts for several.
const MAX_NODES: usize = 500_000;

/// What the parser says of a second document.
pub(super) const SECOND_DOCUMENT: &str = "a second document starts here, and a workflow is one document";

/// A place at which the parser could not go on, as a byte of the text as it was written.
#[derive(Debug, Clone)]
pub(super) struct Noticed {
    pub(super) at: usize,
    pub(super) info: String,
}

/// Reads one document. None when there is nothing to go on with; what is wrong has been reported.
pub(crate) fn read(report: &mut Report, source: SourceId, text: &str) -> Option<Node> {
    let mut found = Report::new("");
    let root = match attempt(&mut found, source, text, text, &Back::default()) {
        Err(Stop::Syntax(noticed)) => {
            let mended = recover::mend(report, source, text, noticed);
            found = Report::new("");
            attempt(&mut found, source, text, &mended.text, &mended.back)
        }
        other => other,
    };
    report.absorb(found);
    let root = match root {
        Ok(root) => root.filter(|node| !node.is_null()),
        Err(Stop::Refused(problem)) => {
            report.add(*problem);
            return None;
        }
        // Only when so much is wrong that not all of it was mended.
        Err(Stop::Syntax(_)) => return None,
    };
    if root.is_none() && !report.damaged() {
        report.add(
            Diagnostic::error(code::EMPTY, Span::new(source, 0, 0), "the file is empty")
                .hint("a workflow starts with `troupe: 1` and has `steps`"),
        );
    }
    root
}

/// Reads the tree of `parsed`, which stands for `written` as `back` says.
fn attempt(
    report: &mut Report,
    source: SourceId,
    written: &str,
    parsed: &str,
    back: &Back,
) -> Result<Option<Node>, Stop> {
    let mut reader = Reader {
        offsets: Offsets::new(parsed, back),
        source,
        text: written,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    reader.run(report, parsed)?;
    Ok(reader.root)
}

/// Where the parser stops, if it does. Deeper than a workflow may go, nothing is looked at.
pub(super) fn first_error(parsed: &str, back: &Back) -> Option<Noticed> {
    let mut documents = 0;
    let mut depth = 0_usize;
    let noticed = |index: usize, info: &str| {
        Some(Noticed {
            at: Offsets::new(parsed, back).byte(index),
            info: info.to_owned(),
        })
    };
    let mut parser = Parser::new_from_str(parsed);
    while let Some(event) = parser.next_event() {
        match event {
            Err(error) => return noticed(error.marker().index(), error.info()),
            Ok((Event::DocumentStart(_), span)) => {
                documents += 1;
                if documents > 1 {
                    return noticed(span.start.index(), SECOND_DOCUMENT);
                }
            }
            Ok((Event::SequenceStart(..) | Event::MappingStart(..), _)) => depth += 1,
            Ok((Event::SequenceEnd | Event::MappingEnd, _)) => depth = depth.saturating_sub(1),
            Ok(_) => {}
        }
        if depth > MAX_DEPTH {
            return None;
        }
    }
    None
}

/// Why a tree was not read to its end.
enum Stop {
    Syntax(Noticed),
    /// It is more than a workflow may be.
    Refused(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// A node, and what copying it costs.
#[derive(Clone)]
struct Measured {
    node: Node,
    size: usize,
    height: usize,
}

struct Frame {
    start: usize,
    anchor: usize,
    size: usize,
    height: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<Key>,
        seen: HashMap<String, Span>,
    },
}

struct Reader<'a> {
    offsets: Offsets<'a>,
    source: SourceId,
    text: &'a str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Measured>,
    nodes: usize,
    root: Option<Node>,
}

/// What stands before a `:`.
enum Key {
    Word(String, Span),
    /// A list or a mapping: reported, and its value is not looked at.
    Refused,
}

type Problem = Box<Diagnostic>;

impl Reader<'_> {
    fn run(&mut self, report: &mut Report, parsed: &str) -> Result<(), Stop> {
        let mut documents = 0;
        let mut parser = Parser::new_from_str(parsed);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                Stop::Syntax(Noticed {
                    at: self.offsets.byte(error.marker().index()),
                    info: error.info().to_owned(),
                })
            })?;
            let span = Span::new(
                self.source,
                self.offsets.byte(span.start.index()),
                self.offsets.byte(span.end.index()),
            );
            match event {
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Stop::Syntax(Noticed {
                            at: span.start as usize,
                            info: SECOND_DOCUMENT.to_owned(),
                        }));
                    }
                }
                Event::Alias(anchor) => self.alias(anchor, span, report)?,
                Event::Scalar(_, _, anchor, Some(_)) => {
                    // Read as the text that was meant, so that it is not a second mistake.
                    let meant = traps::tag(report, self.text, span);
                    let text = self.text[meant.start as usize..meant.end as usize].to_owned();
                    self.scalar(text, ScalarStyle::Plain, anchor, meant, report)?;
                }
                Event::Scalar(text, style, anchor, None) => {
                    if style == ScalarStyle::Plain {
                        self.swallowed_item(span, report);
                    }
                    self.scalar(text.into_owned(), style, anchor, span, report)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(tag.is_some(), span, report);
                    self.open(anchor, span, Content::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(tag.is_some(), span, report);
                    self.open(
                        anchor,
                        span,
                        Content::Map {
                            entries: Vec::new(),
                            key: None,
                            seen: HashMap::new(),
                        },
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span, report)?,
            }
        }
        Ok(())
    }

    fn refuse_tag(&self, tagged: bool, span: Span, report: &mut Report) {
        if tagged {
            traps::tag(report, self.text, span);
        }
    }

    fn alias(&mut self, anchor: usize, span: Span, report: &mut Report) -> Result<(), Problem> {
        let Some((size, height)) = self
            .anchors
            .get(&anchor)
            .map(|measured| (measured.size, measured.height))
        else {
            let message = "this alias stands inside the value that it names";
            report.add(Diagnostic::error(code::YAML_FEATURE, span, message).hint("write the value out"));
            return self.scalar(String::new(), ScalarStyle::DoubleQuoted, 0, span, report);
        };
        // Counted before it is copied: this is what stops a bomb.
        self.count(size, span)?;
        if self.stack.len() + height > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        match self.anchors.get(&anchor).cloned() {
            Some(measured) => self.place(measured, report),
            None => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
        report: &mut Report,
    ) -> Result<(), Problem> {
        let size = 1 + text.len() / 64;
        self.count(size, span)?;
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let node = Node {
            span: self.trimmed(span, style),
            kind: Kind::Scalar(Scalar { text, style }),
        };
        let measured = Measured { node, size, height: 0 };
        if anchor > 0 {
            self.anchors.insert(anchor, measured.clone());
        }
        self.place(measured, report)
    }

    /// A `- ` that stands too far right is read as a part of the text above it.
    fn swallowed_item(&self, span: Span, report: &mut Report) {
        let raw = &self.text[span.start as usize..span.end as usize];
        let in_list = matches!(self.stack.last(), Some(Frame { content: Content::List(_), start, .. })
            if self.text[*start..].starts_with('-'));
        let joined = raw.starts_with('-') && !raw.starts_with("--");
        if !in_list && !joined {
            return;
        }
        let below = raw.match_indices('\n').map(|(at, _)| at + 1);
        let indented = |at: usize| at + raw[at..].len() - raw[at..].trim_start_matches(' ').len();
        let Some(item) = below.map(indented).find(|at| raw[*at..].starts_with("- ")) else {
            return;
        };
        let problem = if joined {
            let start = span.start as usize;
            let place = Span::new(self.source, start, start + 1);
            Diagnostic::error(code::KEY, place, "a space is missing after `-`")
        } else {
            let start = span.start as usize + item;
            let place = Span::new(self.source, start, start + 1);
            let message = "this item stands further right than the one above, and is read as a part of its text";
            Diagnostic::error(code::INDENTATION, place, message)
        };
        report.add(problem.hint("the items of a list start with `- `, and stand under each other"));
    }

    /// The parser's span runs on to what comes next, over comments too: carets belong under the text.
    fn trimmed(&self, span: Span, style: Style) -> Span {
        let (start, end) = (span.start as usize, span.end as usize);
        let raw = self.text.get(start..end).unwrap_or("");
        let kept = match style {
            Style::Single | Style::Double => quoted_length(raw),
            Style::Plain | Style::Literal | Style::Folded => raw.trim_end().len(),
        };
        Span::new(self.source, start, start + kept)
    }

    fn open(&mut self, anchor: usize, span: Span, content: Content) -> Result<(), Problem> {
        self.count(1, span)?;
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        self.stack.push(Frame {
            start: span.start as usize,
            anchor,
            size: 1,
            height: 1,
            content,
        });
        Ok(())
    }

    fn close(&mut self, span: Span, report: &mut Report) -> Result<(), Problem> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let mut end = span.end as usize;
        let kind = match frame.content {
            Content::List(items) => {
                end = self.end_of_block(frame.start, end, items.last().map(|node| node.span));
                Kind::List(items)
            }
            // `{{ x }}`, which was reported: the text that was meant, so that it is not a second mistake.
            Content::Map { entries, .. } if entries.is_empty() && self.text[frame.start..end].starts_with("{{") => {
                let text = self.text[frame.start..end].to_owned();
                let style = Style::Plain;
                Kind::Scalar(Scalar { text, style })
            }
            Content::Map { mut entries, .. } => {
                if self.text[frame.start..].starts_with('{') {
                    entries = self.joined(entries, report);
                }
                let last = entries
                    .last()
                    .map(|e| if e.value.is_null() { e.key_span } else { e.value.span });
                end = self.end_of_block(frame.start, end, last);
                Kind::Map(entries)
            }
        };
        let measured = Measured {
            node: Node {
                span: Span::new(self.source, frame.start, end),
                kind,
            },
            size: frame.size,
            height: frame.height,
        };
        if frame.anchor > 0 {
            self.anchors.insert(frame.anchor, measured.clone());
        }
        self.place(measured, report)
    }

    /// Puts values together again that commas have cut, so that the cut is the only mistake told.
    fn joined(&self, entries: Vec<Entry>, report: &mut Report) -> Vec<Entry> {
        let mut joined: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let whole = joined
                .last()
                .and_then(|last| traps::cut_by_comma(report, self.text, &last.value, &entry));
            match (whole, joined.last_mut()) {
                (Some(whole), Some(last)) => last.value = whole,
                _ => joined.push(entry),
            }
        }
        joined
    }

    /// A block collection ends where its last part ends; one in brackets at its bracket. An alias as
    /// the last part stands earlier in the file, and does not count.
    fn end_of_block(&self, start: usize, end: usize, last: Option<Span>) -> usize {
        let last = last.map(|last| last.end as usize);
        if !self.text[start..].starts_with(['{', '[']) {
            return last.unwrap_or(end).max(start);
        }
        // The parser's span runs on to what comes next.
        let mut at = last.unwrap_or(start).max(start + 1);
        while let Some(next) = self.text.get(at..end).and_then(|rest| rest.find(['}', ']', '#'])) {
            at += next + 1;
            if !self.text[..at].ends_with('#') {
                return at;
            }
            at += self.text[at..end].find('\n').unwrap_or(end - at);
        }
        end
    }

    fn place(&mut self, measured: Measured, report: &mut Report) -> Result<(), Problem> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(measured.node);
            return Ok(());
        };
        frame.size += measured.size;
        frame.height = frame.height.max(measured.height + 1);
        match &mut frame.content {
            Content::List(items) => items.push(measured.node),
            Content::Map { entries, key, seen } => match key.take() {
                None => *key = Some(Self::key(measured.node, &self.text[frame.start..], report)),
                Some(Key::Refused) => {}
                Some(Key::Word(key, key_span)) => {
                    if let Some(first) = seen.get(&key) {
                        let message = format!("`{key}` is there twice");
                        report.add(
                            Diagnostic::error(code::DUPLICATE_KEY, key_span, message).related(*first, "the first one"),
                        );
                        return Ok(());
                    }
                    seen.insert(key.clone(), key_span);
                    entries.push(Entry {
                        key,
                        key_span,
                        value: measured.node,
                    });
                }
            },
        }
        Ok(())
    }

    /// The key that a node is, in the mapping that `text` starts with.
    fn key(node: Node, text: &str, report: &mut Report) -> Key {
        let Kind::Scalar(scalar) = node.kind else {
            let problem = if text.starts_with("{{") {
                let message = "`{{ … }}` is a mapping in YAML, and no expression";
                Diagnostic::error(code::YAML_FEATURE, node.span, message).hint("an expression is written `${{ … }}`")
            } else {
                let message = "a key must be a word, and this is a list or a mapping";
                Diagnostic::error(code::YAML_FEATURE, node.span, message)
                    .hint("text that starts with `{` or `[` must stand in quotes")
            };
            report.add(problem);
            return Key::Refused;
        };
        Key::Word(scalar.text, node.span)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("the file has more than {MAX_NODES} values, those that aliases repeat included");
        Err(Box::new(
            Diagnostic::error(code::TOO_LARGE, span, message).hint("data belongs in files of its own"),
        ))
    }

    fn too_deep(&self, span: Span) -> Problem {
        let message = format!("lists and mappings stand more than {MAX_DEPTH} deep inside each other");
        Box::new(Diagnostic::error(code::TOO_LARGE, span, message))
    }
}

/// Bytes up to the quote that closes the one at the start.
fn quoted_length(raw: &str) -> usize {
    let mut bytes = raw.bytes().enumerate();
    let Some((_, quote)) = bytes.next() else { return 0 };
    while let Some((at, byte)) = bytes.next() {
        let doubled = quote == b'\'' && raw.as_bytes().get(at + 1) == Some(&quote);
        if byte == b'\\' && quote == b'"' || byte == quote && doubled {
            bytes.next();
        } else if byte == quote {
            return at + 1;
        }
    }
    raw.trim_end().len()
}

/// Character positions in the text that the parser reads, as byte offsets in the text as it was written.
struct Offsets<'a> {
    /// One per character and one for the end; empty for ASCII, where both are the same.
    bytes: Vec<u32>,
    length: usize,
    back: &'a Back,
}

impl<'a> Offsets<'a> {
    fn new(text: &str, back: &'a Back) -> Self {
        let mut bytes = Vec::new();
        if !text.is_ascii() {
            bytes.extend(text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)));
        }
        Self {
            bytes,
            length: text.len(),
            back,
        }
    }

    fn byte(&self, index: usize) -> usize {
        let at = if self.bytes.is_empty() {
            index.min(self.length)
        } else {
            self.bytes.get(index).map_or(self.length, |at| *at as usize)
        };
        self.back.original(at)
    }
}
