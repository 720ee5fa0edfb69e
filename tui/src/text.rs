//! Foreign text made safe to show, and cut to columns.
//!
//! Models, tools and files write what they like. Nothing of it may move the cursor, change colours or the
//! window's title, ring, or turn the direction of the text around it.

use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::Span;
use std::borrow::Cow;

/// `text` on one line, with nothing in it that a terminal would obey.
///
/// Line ends and tabs become a space; other control characters are shown as `cat -v` shows them (`^[`, `^G`);
/// C1 controls, bidirectional marks and invisible characters by their number (`<U+202E>`). Joiners and variation
/// selectors stay: emoji and several scripts are made with them, and they obey nothing.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\t' => shown.push(' '),
            '\x7f' => shown.push_str("^?"),
            '\0'..='\x1f' => shown.extend(['^', char::from(character as u8 + b'@')]),
            _ if is_obeyed(character) => shown.push_str(&format!("<U+{:04X}>", u32::from(character))),
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal might do anything else with the character than show it.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Columns that a safe text takes.
pub(crate) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The beginning of foreign text in at most `columns`, safe, ending in `mark` when something was cut.
/// Works on as much of the text as can be shown, however long it is.
pub(crate) fn head(text: &str, columns: usize, mark: &str) -> String {
    let end = text.char_indices().nth(reach(columns)).map_or(text.len(), |(at, _)| at);
    let safe = sanitise(&text[..end]);
    if end == text.len() && width(&safe) <= columns {
        return safe.into_owned();
    }
    let Some(room) = columns.checked_sub(width(mark)) else {
        return mark.chars().take(columns).collect();
    };
    format!("{}{mark}", take(&safe, room))
}

/// The end of foreign text in at most `columns`, safe, beginning with `mark` when something was cut.
pub(crate) fn tail(text: &str, columns: usize, mark: &str) -> String {
    let text = text.trim_end();
    let start = text
        .char_indices()
        .rev()
        .nth(reach(columns).saturating_sub(1))
        .map_or(0, |(at, _)| at);
    let safe = sanitise(&text[start..]);
    let safe = safe.trim_start();
    if start == 0 && width(safe) <= columns {
        return safe.to_owned();
    }
    let Some(room) = columns.checked_sub(width(mark)) else {
        return mark.chars().take(columns).collect();
    };
    let span = Span::raw(safe);
    // A text may be narrower than its parts: the parts are what is taken away.
    let cells = |symbol: &str| usize::from(symbol.cell_width());
    let mut surplus: usize = span
        .styled_graphemes(Style::new())
        .map(|grapheme| cells(grapheme.symbol))
        .sum();
    let mut kept: String = span
        .styled_graphemes(Style::new())
        .skip_while(|grapheme| {
            let skipped = surplus > room;
            surplus -= if skipped { cells(grapheme.symbol) } else { 0 };
            skipped
        })
        .map(|grapheme| grapheme.symbol)
        .collect();
    // And wider, where parts that stood apart now join.
    while width(&kept) > room {
        kept.remove(0);
    }
    format!("{mark}{kept}")
}

/// Foreign text as safe lines of at most `columns`, broken at spaces where there are any. Keeps its own line ends.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.trim_end().lines() {
        let safe = sanitise(paragraph);
        let mut rest = safe.trim_end();
        while width(rest) > columns {
            let fits = take(rest, columns);
            let at = match fits.rfind(' ') {
                _ if rest[fits.len()..].starts_with(' ') => fits.len(),
                Some(space) if space > 0 => space,
                _ if fits.is_empty() => rest.chars().next().map_or(rest.len(), char::len_utf8),
                _ => fits.len(),
            };
            lines.push(rest[..at].trim_end().to_owned());
            rest = rest[at..].trim_start();
        }
        if !rest.is_empty() || paragraph.is_empty() {
            lines.push(rest.to_owned());
        }
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// The longest beginning of a safe text that fits in `columns`.
fn take(safe: &str, columns: usize) -> &str {
    let (mut used, mut bytes) = (0, 0);
    for grapheme in Span::raw(safe).styled_graphemes(Style::new()) {
        used += usize::from(grapheme.symbol.cell_width());
        if used > columns {
            break;
        }
        bytes += grapheme.symbol.len();
    }
    &safe[..bytes]
}

/// Characters that are looked at for so many columns: enough for combining marks, bounded against floods of them.
fn reach(columns: usize) -> usize {
    columns.saturating_mul(4).saturating_add(16)
}

#[cfg(test)]
mod tests;
