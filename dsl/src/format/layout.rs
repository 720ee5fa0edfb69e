//! Where each line is to start, and how the gaps between the parts of a line are to read.

use crate::yaml::{Entry, Kind, Node, Scalar, Style};

/// Spaces of one level.
const STEP: usize = 2;

/// What is to become of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Blank, a comment, or a mark that belongs to no node.
    Free,
    /// A key or an item starts here, or a value that has a line of its own.
    Starts(usize),
    /// A value goes on here.
    GoesOn(usize),
    /// A part of a block of text, whose lines move together: from one column to another.
    Text { from: usize, to: usize },
}

/// The plan for a whole text.
pub(super) struct Layout {
    pub(super) lines: Vec<Line>,
    /// First byte of each line.
    pub(super) starts: Vec<usize>,
    /// Gaps that are to read otherwise, in order.
    pub(super) gaps: Vec<(usize, usize, String)>,
}

impl Layout {
    pub(super) fn of(text: &str, root: &Node) -> Self {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let mut walk = Walk {
            text,
            layout: Self {
                lines: vec![Line::Free; starts.len()],
                starts,
                gaps: Vec::new(),
            },
        };
        walk.node(root, Place::ROOT);
        let mut layout = walk.layout;
        layout.gaps.sort_unstable();
        layout.gaps.dedup();
        layout
    }

    pub(super) fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }
}

/// Where a value hangs.
#[derive(Clone, Copy)]
struct Place {
    /// The column of what owns it, now and as it is to be.
    owner: usize,
    column: usize,
    /// The column of a block under it.
    inner: usize,
    /// Where the owner's own text ends: an alias stands before it.
    after: usize,
}

impl Place {
    const ROOT: Self = Self {
        owner: 0,
        column: 0,
        inner: 0,
        after: 0,
    };
}

struct Walk<'a> {
    text: &'a str,
    layout: Layout,
}

impl Walk<'_> {
    fn column(&self, at: usize) -> usize {
        at - self.layout.starts[self.layout.line_of(at)]
    }

    /// Whether only white space stands before a place in its line.
    fn leads(&self, at: usize) -> bool {
        let start = self.layout.starts[self.layout.line_of(at)];
        self.text[start..at].trim().is_empty()
    }

    fn starts(&mut self, at: usize, column: usize) {
        if self.leads(at) {
            let line = self.layout.line_of(at);
            self.layout.lines[line] = Line::Starts(column);
        }
    }

    fn gap(&mut self, start: usize, end: usize, wanted: &str) {
        if start <= end && &self.text[start..end] != wanted {
            self.layout.gaps.push((start, end, wanted.to_owned()));
        }
    }

    fn node(&mut self, node: &Node, place: Place) {
        let start = node.span.start as usize;
        // What an alias repeats stands further up, and is laid out there.
        if start < place.after {
            return;
        }
        let flow = self.text[start..].starts_with(['{', '[']);
        match &node.kind {
            Kind::Scalar(scalar) => self.scalar(node, scalar, place),
            Kind::Map(_) | Kind::List(_) if flow => {
                self.starts(start, place.inner);
                self.flow(node, place.column, 1);
            }
            Kind::Map(entries) => self.map(entries, place.inner),
            Kind::List(items) => self.list(items, place),
        }
    }

    fn map(&mut self, entries: &[Entry], column: usize) {
        for entry in entries {
            let key = entry.key_span.start as usize;
            self.starts(key, column);
            self.colon(entry.key_span.end as usize);
            let place = Place {
                owner: self.column(key),
                column,
                inner: column + STEP,
                after: entry.key_span.end as usize,
            };
            self.node(&entry.value, place);
        }
    }

    /// The `:` after a key, and the white space around it.
    fn colon(&mut self, end: usize) {
        let rest = &self.text[end..];
        let before = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let Some(value) = rest[before..].strip_prefix(':') else {
            return;
        };
        let after = value.len() - value.trim_start_matches([' ', '\t']).len();
        let next = value[after..].chars().next();
        match next {
            // White space before a comment lines comments up, and at the end of a line it goes anyway.
            None | Some('\n' | '#') => self.gap(end, end + before + 1, ":"),
            Some(_) => self.gap(end, end + before + 1 + after, ": "),
        }
    }

    fn list(&mut self, items: &[Node], place: Place) {
        let mut from = place.after;
        for item in items {
            let Some(dash) = self.dash(from) else { return };
            self.starts(dash, place.inner);
            let rest = &self.text[dash + 1..];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if !rest[blank..].is_empty() && !rest[blank..].starts_with(['\n', '#']) {
                self.gap(dash + 1, dash + 1 + blank, " ");
            }
            let inside = Place {
                owner: self.column(dash),
                column: place.inner,
                inner: place.inner + STEP,
                after: dash + 1,
            };
            self.node(item, inside);
            let (start, end) = (item.span.start as usize, item.span.end as usize);
            from = if start > dash && !item.is_null() { end } else { dash + 1 };
        }
    }

    /// The `-` that comes next, past comments and names of values.
    fn dash(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = &self.text[at..];
            let skipped = rest.trim_start();
            at += rest.len() - skipped.len();
            let word = skipped.find(char::is_whitespace).unwrap_or(skipped.len());
            match skipped.chars().next()? {
                '-' if word == 1 => return Some(at),
                '#' => at += skipped.find('\n')?,
                ':' => at += 1,
                '&' | '*' | '~' | 'n' | 'N' => at += word,
                _ => return None,
            }
        }
    }

    fn scalar(&mut self, node: &Node, scalar: &Scalar, place: Place) {
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        if start == end {
            return;
        }
        let last = self.layout.line_of(end);
        if matches!(scalar.style, Style::Literal | Style::Folded) {
            let header = self.text[..start].trim_end().len().max(1) - 1;
            self.block(header, last + 1, place);
            return;
        }
        self.starts(start, place.inner);
        let first = self.layout.line_of(start) + 1;
        for line in first..=last {
            self.layout.lines[line] = Line::GoesOn(place.column + STEP);
        }
    }

    /// Text under a `|` or `>` that stands in the line of `header`.
    fn block(&mut self, header: usize, end: usize, place: Place) {
        let above = self.layout.line_of(header);
        let mut lines = above + 1..end;
        let header = self.text[self.layout.starts[above]..].lines().next().unwrap_or("");
        let header = header.split(" #").next().unwrap_or("").rsplit(' ').next().unwrap_or("");
        let text_of = |line: usize| {
            let from = self.layout.starts[line];
            self.text[from..].lines().next().unwrap_or("")
        };
        let filled = lines.clone().map(text_of).find(|line| !line.trim().is_empty());
        let indent = filled.map(|line| line.len() - line.trim_start_matches(' ').len());
        if header.contains('+') {
            // The blank lines under it belong to it.
            while lines.end < self.layout.lines.len() && text_of(lines.end).trim().is_empty() {
                lines.end += 1;
            }
        }
        let (from, to) = match indent {
            // The column is counted from the owner.
            _ if header.contains(|c: char| c.is_ascii_digit()) => (place.owner, place.column),
            Some(indent) => (indent, place.column + STEP),
            None => return,
        };
        for line in lines {
            self.layout.lines[line] = Line::Text { from, to };
        }
    }

    /// A collection in brackets; `depth` of them are open inside of it.
    fn flow(&mut self, node: &Node, column: usize, depth: usize) {
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        if !self.text[start..].starts_with(['{', '[']) {
            return;
        }
        self.flow_lines(start, end, column, depth);
        let mut parts: Vec<(usize, usize)> = Vec::new();
        match &node.kind {
            Kind::List(items) => {
                for item in items {
                    parts.push((item.span.start as usize, item.span.end as usize));
                    self.flow_part(item, start, column, depth);
                }
                self.separators(start, end, &parts, "");
            }
            Kind::Map(entries) => {
                for entry in entries {
                    let key = (entry.key_span.start as usize, entry.key_span.end as usize);
                    let own = entry.value.span.start as usize > key.1;
                    let value = entry.value.span.end as usize;
                    if own {
                        self.colon(key.1);
                        self.flow_part(&entry.value, key.1, column, depth);
                    }
                    parts.push((key.0, if own { value } else { key.1 }));
                }
                self.separators(start, end, &parts, " ");
            }
            Kind::Scalar(_) => {}
        }
    }

    fn flow_lines(&mut self, start: usize, end: usize, column: usize, depth: usize) {
        let (first, last) = (self.layout.line_of(start) + 1, self.layout.line_of(end));
        for line in first..=last {
            let from = self.layout.starts[line];
            let lead = from + self.text[from..].len() - self.text[from..].trim_start_matches([' ', '\t']).len();
            let closes = lead + 1 == end;
            self.layout.lines[line] = Line::GoesOn(column + STEP * (depth - usize::from(closes)));
        }
    }

    fn flow_part(&mut self, node: &Node, after: usize, column: usize, depth: usize) {
        if (node.span.start as usize) < after {
            return;
        }
        if !matches!(node.kind, Kind::Scalar(_)) {
            self.flow(node, column, depth + 1);
        }
    }

    /// What stands between the parts of a collection in brackets, where that is in one line.
    fn separators(&mut self, start: usize, end: usize, parts: &[(usize, usize)], pad: &str) {
        let mut from = start + 1;
        let last = end.saturating_sub(1);
        for (number, (part, part_end)) in parts.iter().enumerate() {
            // An alias: where it stands is not known.
            if *part < from {
                return;
            }
            let wanted = if number == 0 { pad } else { ", " };
            let mark = if number == 0 { "" } else { "," };
            self.separator(from, *part, mark, wanted);
            from = *part_end;
        }
        let wanted = if parts.is_empty() { "" } else { pad };
        if from <= last {
            self.separator(from, last, "", wanted);
        }
    }

    fn separator(&mut self, from: usize, to: usize, mark: &str, wanted: &str) {
        let Some(gap) = self.text.get(from..to) else { return };
        if gap.trim_matches([' ', '\t']) == mark {
            self.gap(from, to, wanted);
        }
    }
}
