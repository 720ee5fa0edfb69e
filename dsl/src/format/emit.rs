//! The lines as the layout wants them.

use super::layout::{Layout, Line};

/// The text laid out; none when a line cannot be moved as it should.
pub(super) fn emit(text: &str, layout: &Layout) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 64);
    let count = layout.lines.len();
    let mut gaps = layout.gaps.as_slice();
    let mut blank = true;
    let columns = comment_columns(text, layout);
    for (number, kind) in layout.lines.iter().enumerate() {
        let start = layout.starts[number];
        let end = layout.starts.get(number + 1).map_or(text.len(), |next| next - 1);
        let raw = &text[start..end];
        let passed = gaps.partition_point(|(from, ..)| *from < start);
        gaps = &gaps[passed..];
        let own = gaps.partition_point(|(from, ..)| *from < end);
        let line = match *kind {
            Line::Text { from, to } => moved(raw, from, to)?,
            // Blank lines inside a value are a part of it.
            Line::GoesOn(_) if raw.trim().is_empty() => String::new(),
            _ if raw.trim().is_empty() => {
                if !blank && number + 1 < count {
                    out.push('\n');
                }
                blank = true;
                continue;
            }
            Line::Starts(column) | Line::GoesOn(column) => filled(text, (start, end), column, &gaps[..own]),
            Line::Free => {
                let content = raw.trim();
                format!("{}{content}", " ".repeat(columns[number]))
            }
        };
        blank = false;
        out.push_str(&line);
        out.push('\n');
    }
    let kept = matches!(layout.lines.last(), Some(Line::Text { .. }));
    if !kept {
        let length = out.trim_end_matches('\n').len();
        out.truncate(length);
        if !out.is_empty() {
            out.push('\n');
        }
    } else if text.ends_with('\n') {
        out.pop();
    }
    Some(out)
}

/// A line at its column, with its gaps as they are to read.
fn filled(text: &str, (start, end): (usize, usize), column: usize, gaps: &[(usize, usize, String)]) -> String {
    let mut line = " ".repeat(column);
    let raw = &text[start..end];
    let mut at = start + raw.len() - raw.trim_start().len();
    for (from, to, wanted) in gaps {
        if *from < at || *to > end {
            continue;
        }
        line.push_str(&text[at..*from]);
        line.push_str(wanted);
        at = *to;
    }
    line.push_str(&text[at..end]);
    line.truncate(line.trim_end().len());
    line
}

/// A line of a block of text that moves from one column to another.
fn moved(raw: &str, from: usize, to: usize) -> Option<String> {
    let raw = raw.strip_suffix('\r').unwrap_or(raw);
    let spaces = raw.len() - raw.trim_start_matches(' ').len();
    if raw.len() == spaces && spaces <= from {
        return Some(String::new());
    }
    let column = (spaces + to).checked_sub(from)?;
    Some(format!("{}{}", " ".repeat(column), &raw[spaces..]))
}

/// Where comments with a line of their own start: like the node below, or like the one above that
/// stood in the same column, where the comment stood further right than the node below.
fn comment_columns(text: &str, layout: &Layout) -> Vec<usize> {
    let indent = |number: usize| {
        let raw = &text[layout.starts[number]..];
        raw.len() - raw.trim_start_matches([' ', '\t']).len()
    };
    let mut columns = vec![0; layout.lines.len()];
    let mut below = (0, 0);
    for number in (0..layout.lines.len()).rev() {
        match layout.lines[number] {
            Line::Starts(column) => below = (indent(number), column),
            _ => columns[number] = below.1,
        }
    }
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut next: Vec<usize> = vec![0; layout.lines.len()];
    let mut under = 0;
    for number in (0..layout.lines.len()).rev() {
        next[number] = under;
        if matches!(layout.lines[number], Line::Starts(_)) {
            under = indent(number);
        }
    }
    for number in 0..layout.lines.len() {
        let own = indent(number);
        match layout.lines[number] {
            Line::Starts(column) => {
                open.retain(|(indent, _)| *indent < own);
                open.push((own, column));
            }
            Line::Free if own > next[number] => {
                if let Some((_, column)) = open.iter().find(|(indent, _)| *indent == own) {
                    columns[number] = *column;
                }
            }
            _ => {}
        }
    }
    columns
}
