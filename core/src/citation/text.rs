//! Citations in running text.
//!
//! A bracket is looked at when it is no Markdown link (`[text](there)`, `[name]: there`), no footnote
//! (`[^1]`), no checkbox (`- [x]`), not escaped (`\[`) and in no code. It cites when it is an id as a whole, or
//! for each of its parts between `,` and `;` that is one; a part may say `chunk`, `id` or `source` before it.

use super::{Citation, Ids};
use std::ops::Range;

/// A bracket longer than this cites nothing.
const BRACKET_MAX: usize = 1000;
/// A claim is cut to so many bytes, its end kept.
const CLAIM_MAX: usize = 2000;
/// What may stand before an id.
const LABELS: [&str; 9] = [
    "chunk_id", "chunk id", "chunk", "source", "sources", "doc", "document", "id", "ref",
];

/// The citations of a text that stands at `place`.
pub(super) fn find(text: &str, place: &str, ids: Ids<'_>) -> Vec<Citation> {
    let brackets = brackets(text, ids);
    let groups: Vec<Range<usize>> = brackets.iter().map(|(group, _)| group.clone()).collect();
    let mut citations = Vec::new();
    for (at, (_, cited)) in brackets.iter().enumerate() {
        let claim = claim(text, &groups, at);
        citations.extend(cited.iter().map(|span| Citation {
            id: text[span.clone()].to_owned(),
            claim: claim.clone(),
            place: place.to_owned(),
            span: span.clone(),
        }));
    }
    citations
}

/// The brackets that cite, each with its ids.
fn brackets(text: &str, ids: Ids<'_>) -> Vec<(Range<usize>, Vec<Range<usize>>)> {
    let code = code(text);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find('[') {
        let open = at + offset;
        at = open + 1;
        if code.iter().any(|code| code.contains(&open)) || text[..open].ends_with('\\') {
            continue;
        }
        // an id may hold brackets itself, so the outer pair comes first
        let pairs = [closing(text, open, true), closing(text, open, false)];
        let cites = pairs.into_iter().flatten().find_map(|close| {
            let cited = cited(text, open, close, ids);
            (!cited.is_empty()).then_some((open..close + 1, cited))
        });
        if let Some((group, cited)) = cites {
            at = group.end;
            found.push((group, cited));
        }
    }
    found
}

/// Where the bracket ends that begins at `open`: the outer pair, or the first `]`.
fn closing(text: &str, open: usize, outer: bool) -> Option<usize> {
    let mut depth = 0usize;
    for (offset, byte) in text.as_bytes()[open..].iter().enumerate().take(BRACKET_MAX) {
        match byte {
            b'[' => depth += 1,
            b']' if !outer || depth == 1 => return Some(open + offset),
            b']' => depth -= 1,
            b'\n'
                if text[open + offset + 1..]
                    .trim_start_matches([' ', '\t', '\r'])
                    .starts_with('\n') =>
            {
                return None;
            }
            _ => {}
        }
    }
    None
}

fn cited(text: &str, open: usize, close: usize, ids: Ids<'_>) -> Vec<Range<usize>> {
    let inside = &text[open + 1..close];
    let is_checkbox = matches!(inside, "" | " " | "x" | "X") && is_item(line_before(text, open));
    let after = &text[close + 1..];
    let is_link = after.starts_with('(') || (is_line_start(line_before(text, open)) && is_definition(after));
    if is_checkbox || is_link || inside.starts_with('^') {
        return Vec::new();
    }
    let whole = trimmed(text, open + 1..close);
    if (ids.known)(&text[whole.clone()]) {
        return vec![whole];
    }
    let mut parts = Vec::new();
    let mut start = open + 1;
    for (offset, _) in inside.match_indices([',', ';']).chain([(inside.len(), "")]) {
        let end = open + 1 + offset;
        parts.extend(id_in(text, trimmed(text, start..end), ids));
        start = end + 1;
    }
    parts
}

/// The id that a part of a bracket names.
fn id_in(text: &str, part: Range<usize>, ids: Ids<'_>) -> Option<Range<usize>> {
    if ids.means(&text[part.clone()]) {
        return Some(part);
    }
    let named = LABELS.iter().find_map(|label| {
        let head = text[part.clone()].get(..label.len())?;
        let rest = &text[part.start + label.len()..part.end];
        let is_label = head.eq_ignore_ascii_case(label) && rest.starts_with([':', ' ', '=']);
        is_label.then(|| {
            let skipped = rest.len() - rest.trim_start_matches([':', ' ', '=']).len();
            trimmed(text, part.start + label.len() + skipped..part.end)
        })
    })?;
    ids.means(&text[named.clone()]).then_some(named)
}

/// Without blanks, quotes and back-ticks around it.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let wrapping = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '“' | '”');
    let inner = &text[range.clone()];
    let kept = inner.trim_start_matches(wrapping);
    let start = range.start + inner.len() - kept.len();
    start..start + kept.trim_end_matches(wrapping).len()
}

fn line_before(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    &text[start..at]
}

fn is_line_start(before: &str) -> bool {
    before.trim_start_matches([' ', '>']).is_empty()
}

/// Whether a bracket behind it would be the checkbox of a list's item.
fn is_item(before: &str) -> bool {
    let mark = before.trim();
    matches!(mark, "-" | "*" | "+") || (mark.ends_with(['.', ')']) && mark.len() > 1 && digits(&mark[..mark.len() - 1]))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `: there` follows, as in the definition of a link.
fn is_definition(after: &str) -> bool {
    after.strip_prefix(':').is_some_and(|there| {
        let there = there.trim_start();
        let first = there.split_whitespace().next().unwrap_or_default();
        first.contains("://") || there.starts_with(['<', '/', '#'])
    })
}

/// Fenced blocks and code spans.
fn code(text: &str) -> Vec<Range<usize>> {
    let mut code = Vec::new();
    let mut fence: Option<(usize, &str)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mark = line.trim_start();
        let opens = ["```", "~~~"].into_iter().find(|fence| mark.starts_with(fence));
        match (fence, opens) {
            (None, Some(opened)) => fence = Some((start, opened)),
            (Some((from, opened)), Some(closes)) if opened == closes => {
                code.push(from..start + line.len());
                fence = None;
            }
            (None, None) => spans(line, start, &mut code),
            _ => {}
        }
        start += line.len();
    }
    code.extend(fence.map(|(from, _)| from..text.len()));
    code
}

/// The code spans of a line: between runs of equally many back-ticks.
fn spans(line: &str, offset: usize, code: &mut Vec<Range<usize>>) {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(found) = line[at..].find('`') {
        let start = at + found;
        let length = line[start..].bytes().take_while(|byte| *byte == b'`').count();
        runs.push((start, length));
        at = start + length;
    }
    let mut next = 0;
    while let Some((start, length)) = runs.get(next).copied() {
        let close = runs[next + 1..].iter().position(|(_, other)| *other == length);
        next += 1;
        if let Some(skip) = close {
            let (end, length) = runs[next + skip];
            code.push(offset + start..offset + end + length);
            next += skip + 1;
        }
    }
}

/// The sentence that a bracket stands behind; where it begins a line, the one that it stands before.
fn claim(text: &str, groups: &[Range<usize>], at: usize) -> String {
    let group = &groups[at];
    let paragraph = text[..group.start].rfind('\n').map_or(0, |end| end + 1);
    // brackets side by side stand behind the same sentence
    let mut end = group.start;
    for before in groups[..at].iter().rev() {
        let between = text[before.end..end].trim_matches([' ', ',', ';']);
        if !between.is_empty() || before.start < paragraph {
            break;
        }
        end = before.start;
    }
    let before = text[paragraph..end].trim_end();
    let body = before.trim_end_matches(['.', '!', '?', ':', ' ', '"', '”', ')']);
    let start = paragraph + last_sentence(body);
    let claim = without(text, start..paragraph + before.len(), groups);
    if !claim.is_empty() {
        return claim;
    }
    let rest = &text[group.end..];
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let first = sentence_ends(line).find(|end| !line[..*end].trim_matches([' ', ':', '.', '-', '–', '—']).is_empty());
    without(text, group.end..group.end + first.unwrap_or(line.len()), groups)
}

/// Where the last sentence of a text begins.
fn last_sentence(text: &str) -> usize {
    sentence_ends(text).last().unwrap_or(0)
}

/// Behind each `.`, `!` or `?` that a blank follows, outside brackets of their own.
fn sentence_ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    let is_end = |(at, byte): (usize, &u8)| {
        let follows = text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_whitespace);
        (matches!(byte, b'.' | b'!' | b'?') && follows && !is_number(&text[..at])).then_some(at + 1)
    };
    text.as_bytes().iter().enumerate().filter_map(is_end)
}

/// Whether the text is a list's number so far, as in `1. otters`.
fn is_number(text: &str) -> bool {
    let mark = text.trim_start();
    !mark.is_empty() && digits(mark)
}

/// A part of the text without the brackets that cite, on one line and without marks of lists and quotes.
fn without(text: &str, range: Range<usize>, groups: &[Range<usize>]) -> String {
    let mut kept = String::new();
    let mut at = range.start;
    for group in groups {
        if group.start >= at && group.end <= range.end {
            kept.push_str(&text[at..group.start]);
            at = group.end;
        }
    }
    kept.push_str(&text[at..range.end]);
    let mut words = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    for sign in [".", ",", ";", "!", "?"] {
        words = words.replace(&format!(" {sign}"), sign);
    }
    let words = words.trim_start_matches(['-', '*', '+', '#', '>', ' ', '.', ',', ';', ':', '–', '—']);
    let number = words.bytes().take_while(u8::is_ascii_digit).count();
    let words = match words[number..].strip_prefix(['.', ')']) {
        Some(rest) if number > 0 && rest.starts_with(' ') => rest.trim_start(),
        _ => words,
    };
    let mut from = words.len().saturating_sub(CLAIM_MAX);
    while !words.is_char_boundary(from) {
        from += 1;
    }
    let claim = words[from..].trim();
    let says = claim.contains(char::is_alphanumeric);
    if says { claim.to_owned() } else { String::new() }
}
