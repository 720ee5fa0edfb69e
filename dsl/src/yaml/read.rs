//! Parser events → tree, within bounds. Not recursive: depth costs memory of ours, never stack.

use super::node::{Entry, Kind, Node, Scalar, Style};
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

/// Reads one document. None when there is nothing to go on with; what is wrong has been reported.
pub(crate) fn read(report: &mut Report, source: SourceId, text: &str) -> Option<Node> {
    let mut reader = Reader {
        offsets: Offsets::new(text),
        source,
        text,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    match reader.run(report) {
        Ok(()) => {}
        Err(problem) => {
            report.add(*problem);
            return None;
        }
    }
    let root = reader.root.filter(|node| !node.is_null());
    if root.is_none() {
        report.add(
            Diagnostic::error(code::EMPTY, Span::new(source, 0, 0), "the file is empty")
                .hint("a workflow starts with `troupe: 1` and has `steps`"),
        );
    }
    root
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
        key: Option<(String, Span)>,
        seen: HashMap<String, Span>,
    },
}

struct Reader<'a> {
    offsets: Offsets,
    source: SourceId,
    text: &'a str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Measured>,
    nodes: usize,
    root: Option<Node>,
}

type Problem = Box<Diagnostic>;

impl Reader<'_> {
    fn run(&mut self, report: &mut Report) -> Result<(), Problem> {
        let mut documents = 0;
        let mut parser = Parser::new_from_str(self.text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let at = self.offsets.byte(error.marker().index());
                Box::new(traps::syntax_error(self.source, self.text, at, error.info()))
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
                        let message = "a second document starts here, and a workflow is one document";
                        return Err(Box::new(
                            Diagnostic::error(code::YAML_FEATURE, span, message).hint("remove the line `---`"),
                        ));
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
            return Err(Box::new(Diagnostic::error(code::YAML_FEATURE, span, message)));
        };
        // Counted before it is copied: this is what stops a bomb.
        self.count(size, span)?;
        if self.stack.len() + height > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        match self.anchors.get(&anchor).cloned() {
            Some(measured) => self.place(measured, span, report),
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
            span: self.trimmed(span),
            kind: Kind::Scalar(Scalar { text, style }),
        };
        let measured = Measured { node, size, height: 0 };
        if anchor > 0 {
            self.anchors.insert(anchor, measured.clone());
        }
        self.place(measured, span, report)
    }

    /// A block scalar's span runs on to the next key: carets belong under the text.
    fn trimmed(&self, span: Span) -> Span {
        let (start, end) = (span.start as usize, span.end as usize);
        let kept = self.text.get(start..end).map_or(0, |raw| raw.trim_end().len());
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
        self.place(measured, span, report)
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

    /// A block collection ends where its last part ends; a flow collection at its bracket. An alias
    /// as the last part stands earlier in the file, and does not count.
    fn end_of_block(&self, start: usize, end: usize, last: Option<Span>) -> usize {
        if self.text[start..].starts_with(['{', '[']) {
            return end;
        }
        last.map_or(end, |last| last.end as usize).max(start)
    }

    fn place(&mut self, measured: Measured, span: Span, report: &mut Report) -> Result<(), Problem> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(measured.node);
            return Ok(());
        };
        frame.size += measured.size;
        frame.height = frame.height.max(measured.height + 1);
        match &mut frame.content {
            Content::List(items) => items.push(measured.node),
            Content::Map { entries, key, seen } => match key.take() {
                None => *key = Some(Self::key(measured.node, span)?),
                Some((key, key_span)) => {
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

    fn key(node: Node, span: Span) -> Result<(String, Span), Problem> {
        match node.kind {
            Kind::Scalar(scalar) => Ok((scalar.text, node.span)),
            _ => Err(Box::new(
                Diagnostic::error(
                    code::YAML_FEATURE,
                    span,
                    "a key must be a word, and this is a list or a mapping",
                )
                .hint("text that starts with `{` or `[` must stand in quotes"),
            )),
        }
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

/// Character positions, which the parser counts, as byte offsets, which spans hold.
struct Offsets {
    /// One per character and one for the end; empty for ASCII, where both are the same.
    bytes: Vec<u32>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let mut bytes = Vec::new();
        if !text.is_ascii() {
            bytes.extend(text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)));
        }
        Self {
            bytes,
            length: text.len(),
        }
    }

    fn byte(&self, index: usize) -> usize {
        if self.bytes.is_empty() {
            return index.min(self.length);
        }
        self.bytes.get(index).map_or(self.length, |at| *at as usize)
    }
}
