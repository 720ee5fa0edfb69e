//! The text of a log made plain: without colours, in lines of bounded length, cut where another test file begins.

use std::borrow::Cow;

/// The most bytes of a line that are looked at: what follows is output of a test, not its name.
const LONGEST_LINE: usize = 4096;

/// What begins the line that names the file whose tests follow.
const MARKER: &str = "# file: ";

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The part of a log that belongs to one test file.
pub(super) struct Section<'a> {
    /// The file, where a marker names it.
    pub(super) file: Option<&'a str>,
    /// The lines up to the next marker.
    pub(super) text: &'a str,
}

/// The log without terminal sequences, and with a new line for every carriage return: a progress line that is written
/// over would else hide what stands before it.
///
/// The sequences are those of ECMA-48: `ESC [` with its parameters up to a final byte of 0x40 to 0x7E, `ESC ]` up to a
/// bell or `ESC \`, and any other `ESC` with the byte after it.
pub(super) fn plain(log: &str) -> Cow<'_, str> {
    if !log.bytes().any(|byte| byte == ESCAPE || byte == b'\r') {
        return Cow::Borrowed(log);
    }
    let bytes = log.as_bytes();
    let mut plain = String::with_capacity(log.len());
    // Every byte that decides below is ASCII, so the ends of `kept` lie between characters.
    let mut kept = 0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let next = match byte {
            b'\r' => at + 1,
            &ESCAPE => end_of_sequence(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        plain.push_str(log.get(kept..at).unwrap_or_default());
        if *byte == b'\r' && bytes.get(next) != Some(&b'\n') {
            plain.push('\n');
        }
        at = next;
        kept = next;
    }
    plain.push_str(log.get(kept..).unwrap_or_default());
    Cow::Owned(plain)
}

/// Where the sequence that begins at `start` ends.
fn end_of_sequence(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 2;
    match bytes.get(start + 1) {
        Some(b'[') => {
            while bytes.get(at).is_some_and(|byte| (0x20..0x40).contains(byte)) {
                at += 1;
            }
            at + usize::from(bytes.get(at).is_some_and(|byte| (0x40..0x7f).contains(byte)))
        }
        Some(b']') => {
            while bytes
                .get(at)
                .is_some_and(|byte| !matches!(*byte, BELL | ESCAPE | b'\n' | b'\r'))
            {
                at += 1;
            }
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(&BELL), _) => at + 1,
                (Some(&ESCAPE), Some(b'\\')) => at + 2,
                _ => at,
            }
        }
        Some(byte) if (0x20..0x7f).contains(byte) => at,
        _ => start + 1,
    }
}

/// The lines, each cut to a bounded length.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| clip(line, LONGEST_LINE))
}

/// The first bytes of a text, at most `longest`, without cutting a character in two.
pub(super) fn clip(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

/// The log cut at its markers.
pub(super) fn sections(log: &str) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let mut file = None;
    let mut start = 0;
    let mut at = 0;
    for line in log.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix(MARKER).map(str::trim).filter(|path| !path.is_empty()) {
            sections.push(Section {
                file,
                text: log.get(start..at).unwrap_or_default(),
            });
            file = Some(clip(path, LONGEST_LINE));
            start = at + line.len();
        }
        at += line.len();
    }
    sections.push(Section {
        file,
        text: log.get(start..).unwrap_or_default(),
    });
    sections
}

/// How many spaces a line begins with, and what follows them.
pub(super) fn indent(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len(), rest)
}

/// A name without the time in brackets at its end, such as ` (12 ms)` or ` (1.2s)`.
pub(super) fn without_duration(name: &str) -> &str {
    let name = name.trim_end();
    let Some((before, time)) = name.strip_suffix(')').and_then(|open| open.rsplit_once(" (")) else {
        return name;
    };
    if is_duration(time) { before.trim_end() } else { name }
}

/// Whether a text is a time such as `12ms`, `12 ms` or `1.2s`.
pub(super) fn is_duration(text: &str) -> bool {
    let number = ["ms", "s", "m"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit))
        .map(str::trim_end);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests;
