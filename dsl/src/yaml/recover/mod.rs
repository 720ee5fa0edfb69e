//! A syntax error is told where its author made it, then mended in memory, so that the rest of the file is read too.
//!
//! The parser stops at the first mistake, often a line or more below it. Each way in which such a
//! text may have been meant is a [`Repair`]; the text is read with it, and the first one with which
//! the parser gets well past the place is believed. What is meant is then known, and so is the message.

mod keys;
mod layout;
mod lines;
mod marks;

pub(crate) use lines::Back;

use super::read::{Noticed, first_error};
use crate::report::Report;
use lines::{Lines, Shape};
use std::collections::BTreeSet;
use std::ops::Range;
use troupe_core::diagnostic::{Diagnostic, SourceId, Span};

/// Readings of one file, hopeful ones included.
const MAX_READINGS: usize = 256;
/// Bytes of all these readings together, beside four readings of the whole file.
const MAX_BYTES: usize = 4 << 20;

/// Lines of a block of text that are looked through for its key.
const MAX_TEXT_LINES: usize = 2_000;
/// Lines above the noticed one of which each is left out to see whether it is to blame.
const LOOK_BACK: usize = 12;

/// One way in which a text may have been meant.
struct Repair {
    problem: Diagnostic,
    /// Lines and what they read then.
    changes: Vec<(usize, String)>,
    /// Whether something that was written is gone.
    lost: bool,
}

/// A text that the parser reads to its end.
pub(crate) struct Mended {
    pub(crate) text: String,
    pub(crate) back: Back,
}

/// Reports every syntax error of a text, and gives the text without them.
pub(super) fn mend(report: &mut Report, source: SourceId, text: &str, first: Noticed) -> Mended {
    let mut mending = Mending {
        source,
        lines: Lines::new(text),
        readings: MAX_READINGS,
        bytes: MAX_BYTES + 4 * text.len(),
    };
    let mut told = BTreeSet::new();
    let mut left_out = None;
    let mut next = Some(first);
    while let Some(noticed) = next {
        let (repair, then) = mending.repair(&noticed);
        let place = repair
            .problem
            .labels
            .first()
            .map_or(0, |label| label.span.start as usize);
        let line = mending.lines.line_at(place);
        // What stands right under a line that was left out is most often wrong for that alone.
        let echo = repair.lost && left_out.is_some_and(|last| mending.is_next(last, line));
        if told.insert(line) && !echo {
            report.add(repair.problem.clone());
        }
        left_out = repair.changes.last().map(|(line, _)| *line).filter(|_| repair.lost);
        mending.lines.change(&repair.changes);
        mending.note(report, &repair);
        next = then;
    }
    let (text, back) = mending.lines.mended();
    Mended { text, back }
}

struct Mending<'a> {
    source: SourceId,
    lines: Lines<'a>,
    readings: usize,
    bytes: usize,
}

/// What a mistake is told with: where the parser noticed it, and the text around.
struct Scene<'a> {
    source: SourceId,
    lines: &'a Lines<'a>,
    noticed: &'a Noticed,
    /// The line where it was noticed.
    line: usize,
}

impl Mending<'_> {
    /// The way in which the text was meant, and what the parser notices next.
    fn repair(&mut self, noticed: &Noticed) -> (Repair, Option<Noticed>) {
        let line = self.lines.line_at(noticed.at);
        let scene = Scene {
            source: self.source,
            lines: &self.lines,
            noticed,
            line,
        };
        let repairs = repairs(&scene);
        let mut best: Option<(Repair, Option<Noticed>, usize)> = None;
        for repair in repairs {
            let Some(next) = self.reading(&repair.changes) else {
                break;
            };
            let reached = next.as_ref().map_or(usize::MAX, |next| next.at);
            let far = next.as_ref().is_none_or(|next| self.lines.line_at(next.at) > line + 2);
            if far {
                return (repair, next);
            }
            if reached > noticed.at && best.as_ref().is_none_or(|(_, _, least)| reached > *least) {
                best = Some((repair, next, reached));
            }
        }
        if let Some((repair, next, _)) = best {
            return (repair, next);
        }
        self.give_up(noticed, line)
    }

    /// Tells the report which lines are read otherwise, and of which sections something is left out.
    fn note(&self, report: &mut Report, repair: &Repair) {
        let span = |first: usize, last: usize| {
            let end = self.lines.start(last) + self.lines.written(last).len();
            Span::new(self.source, self.lines.start(first), end)
        };
        let lines: Vec<usize> = repair.changes.iter().map(|(line, _)| *line).collect();
        if let ([first, .., last], true) = (lines.as_slice(), lines.len() > LOOK_BACK) {
            report.mended(span(*first, *last), repair.lost.then(String::new));
            return;
        }
        for line in lines {
            report.mended(span(line, line), repair.lost.then(|| self.section(line)));
        }
    }

    /// Whether nothing stands between two lines.
    fn is_next(&self, above: usize, line: usize) -> bool {
        (above + 1..line).all(|n| Shape::of(self.lines.get(n)).is_none())
    }

    /// Reads the text with some lines changed. None when enough has been read.
    fn reading(&mut self, changes: &[(usize, String)]) -> Option<Option<Noticed>> {
        let size = self.lines.original.len();
        if self.readings == 0 || self.bytes < size {
            return None;
        }
        self.readings -= 1;
        self.bytes -= size;
        let before = self.lines.change(changes);
        let (text, back) = self.lines.mended();
        let next = first_error(&text, &back);
        self.lines.undo(before);
        Some(next)
    }

    /// Leaves out what is not understood: as few lines as the parser gets past the place with.
    fn give_up(&mut self, noticed: &Noticed, line: usize) -> (Repair, Option<Noticed>) {
        let problem = super::traps::syntax_error(self.source, self.lines.original, noticed.at, &noticed.info);
        let told = problem
            .labels
            .first()
            .map_or(noticed.at, |label| label.span.start as usize);
        let (tries, rest) = self.left_out(line, self.lines.line_at(told));
        let mut best: Option<(Vec<usize>, Option<Noticed>, usize)> = None;
        for left_out in tries {
            let changes: Vec<(usize, String)> = left_out.iter().map(|n| (*n, String::new())).collect();
            let Some(next) = self.reading(&changes) else { break };
            let reached = next.as_ref().map_or(usize::MAX, |next| next.at);
            if reached > noticed.at && best.as_ref().is_none_or(|(_, _, least)| reached > *least) {
                let far = next.as_ref().is_none_or(|next| self.lines.line_at(next.at) > line + 2);
                best = Some((left_out, next, reached));
                if far {
                    break;
                }
            }
        }
        let (left_out, next) = best.map_or((rest.collect(), None), |(left_out, next, _)| (left_out, next));
        // The parser's place says little where the line that breaks it stands further up.
        let problem = match left_out.as_slice() {
            [one] if *one < line => {
                let length = self.lines.written(*one).trim_end().len();
                let indent = length - self.lines.written(*one).trim().len();
                let start = self.lines.start(*one);
                let mut problem = problem;
                problem.labels[0].span = Span::new(self.source, start + indent, start + length);
                problem
            }
            _ => problem,
        };
        let changes = left_out.into_iter().map(|n| (n, String::new())).collect();
        let lost = true;
        (Repair { problem, changes, lost }, next)
    }

    /// Lines without which the rest may be read; and the section with all after it.
    fn left_out(&self, line: usize, told: usize) -> (Vec<Vec<usize>>, Range<usize>) {
        let count = self.lines.count();
        let indent = |n: usize| Shape::of(self.lines.get(n)).map(|shape| shape.indent);
        let own = indent(line).unwrap_or(0);
        let under = (line + 1..count).take_while(|n| indent(*n).is_none_or(|indent| indent > own));
        let block = std::iter::once(line).chain(under).collect();
        let above = (0..line).rev().filter(|n| indent(*n).is_some()).take(LOOK_BACK);
        let top = (0..=line.min(count - 1))
            .rev()
            .find(|n| indent(*n) == Some(0))
            .unwrap_or(0);
        let mut tries = vec![vec![told], vec![line], block];
        tries.extend(above.map(|n| vec![n]));
        (tries, top..count)
    }

    /// The top-level key over a line.
    fn section(&self, line: usize) -> String {
        (0..=line)
            .rev()
            .find_map(|n| {
                let shape = Shape::of(self.lines.written(n)).filter(|shape| shape.indent == 0)?;
                let word = shape
                    .content
                    .bytes()
                    .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_');
                let key = &shape.content[..word.count()];
                (!key.is_empty()).then(|| key.to_owned())
            })
            .unwrap_or_default()
    }
}

/// All ways in which the text may have been meant, the likeliest first.
fn repairs(scene: &Scene<'_>) -> Vec<Repair> {
    let mut repairs = Vec::new();
    repairs.extend(layout::tabs(scene));
    repairs.extend(marks::second_document(scene));
    repairs.extend(marks::unprintable(scene));
    repairs.extend(marks::marked_key(scene));
    repairs.extend(marks::flow_value(scene));
    repairs.extend(marks::quote_never_closed(scene));
    repairs.extend(marks::more_after_quote(scene));
    repairs.extend(marks::escape(scene));
    repairs.extend(marks::closes_nothing(scene));
    repairs.extend(marks::value_trap(scene));
    repairs.extend(marks::bracket_never_closed(scene));
    repairs.extend(marks::comma_missing(scene));
    repairs.extend(layout::text_too_far_left(scene));
    repairs.extend(keys::no_key(scene));
    repairs.extend(layout::misplaced(scene));
    repairs.extend(keys::item_beside_key(scene));
    repairs.extend(marks::quote_opened_above(scene));
    repairs
}

impl Scene<'_> {
    /// A problem at bytes `from..to` of a line as it was written.
    fn problem(
        &self,
        code: &'static str,
        line: usize,
        (from, to): (usize, usize),
        message: impl Into<String>,
    ) -> Diagnostic {
        let start = self.lines.start(line);
        let written = self.lines.written(line);
        let from = start + written.floor_char_boundary(from);
        let span = Span::new(self.source, from, start + written.ceil_char_boundary(to));
        Diagnostic::error(code, span, message)
    }

    fn shape(&self, line: usize) -> Option<Shape<'_>> {
        Shape::of(self.lines.get(line))
    }

    /// The nearest line above with something in it.
    fn before(&self, line: usize) -> Option<(usize, Shape<'_>)> {
        (0..line).rev().find_map(|n| Some((n, self.shape(n)?)))
    }

    /// The nearest line below with something in it.
    fn after(&self, line: usize) -> Option<(usize, Shape<'_>)> {
        (line + 1..self.lines.count()).find_map(|n| Some((n, self.shape(n)?)))
    }

    /// Whether the parser's own words have one of these in them.
    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.noticed.info.contains(word))
    }

    /// Where in its line the parser noticed something.
    fn column(&self) -> usize {
        self.noticed.at - self.lines.start(self.line).min(self.noticed.at)
    }

    /// The line whose text under `|` or `>` a line belongs to.
    fn text_block(&self, line: usize) -> Option<usize> {
        let mut least = self.shape(line)?.indent;
        for n in (line.saturating_sub(MAX_TEXT_LINES)..line).rev() {
            let Some(shape) = self.shape(n) else { continue };
            if shape.indent < least {
                if shape.opens_text() {
                    return Some(n);
                }
                least = shape.indent;
            }
            if least == 0 {
                return None;
            }
        }
        None
    }

    fn repair(problem: Diagnostic, line: usize, text: String) -> Repair {
        Repair {
            problem,
            changes: vec![(line, text)],
            lost: false,
        }
    }
}

/// A line with its content moved to another column.
fn moved(line: &str, indent: usize) -> String {
    format!("{}{}", " ".repeat(indent), line.trim_start())
}

/// `s` where there are several.
fn spaces(count: usize) -> String {
    format!("{count} space{}", if count == 1 { "" } else { "s" })
}
