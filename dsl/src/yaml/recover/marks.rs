//! Mistakes of marks: quotes, brackets and commas that are missing or too many, and values that need quotes.

use super::super::read::SECOND_DOCUMENT;
use super::super::traps::{self, quoted, value_start};
use super::{Repair, Scene};
use crate::code;
use troupe_core::diagnostic::Diagnostic;

/// Lines above the noticed one in which a bracket may have been opened, or a key have a sign.
const MAX_LINES: usize = 60;

/// A `---` within the file. What follows is read on, unless it is a workflow of its own.
pub(super) fn second_document(scene: &Scene<'_>) -> Option<Repair> {
    if scene.noticed.info != SECOND_DOCUMENT {
        return None;
    }
    let problem = scene
        .problem(code::YAML_FEATURE, scene.line, (0, 3), SECOND_DOCUMENT)
        .hint("remove the line `---`");
    let own = (scene.line..scene.lines.count()).any(|n| scene.lines.get(n).starts_with("troupe:"));
    let end = if own { scene.lines.count() } else { scene.line + 1 };
    let changes = (scene.line..end).map(|n| (n, String::new())).collect();
    let lost = false;
    Some(Repair { problem, changes, lost })
}

pub(super) fn unprintable(scene: &Scene<'_>) -> Option<Repair> {
    let line = scene.lines.get(scene.line);
    let is_bad = |c: &char| c.is_control() && *c != '\t' || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}');
    let (at, bad) = line.char_indices().find(|(_, c)| is_bad(c))?;
    if !scene.says(&["unprintable", "byte order mark"]) {
        return None;
    }
    let written = scene.lines.written(scene.line);
    let place = written.find(bad).unwrap_or(at);
    let message = format!(
        "a character that cannot be printed stands here (U+{:04X})",
        u32::from(bad)
    );
    let problem = scene.problem(code::SYNTAX, scene.line, (place, place + bad.len_utf8()), message);
    let text: String = line.chars().map(|c| if is_bad(&c) { ' ' } else { c }).collect();
    Some(Scene::repair(problem.hint("remove it"), scene.line, text))
}

/// A quote that is open to the end of its line.
pub(super) fn quote_never_closed(scene: &Scene<'_>) -> Vec<Repair> {
    if !scene.says(&["quoted scalar"]) || scene.says(&["escape", "hexadecimal"]) {
        return Vec::new();
    }
    let line = scene.lines.get(scene.line);
    let at = scene.column();
    let written = scene.lines.written(scene.line);
    let Some(quote) = written.get(at..).and_then(|rest| rest.chars().next()) else {
        return Vec::new();
    };
    // Positions are those of the line as written; a mended line has its changes before or after.
    let Some(now) = line.rfind(&written[at..]).filter(|_| matches!(quote, '"' | '\'')) else {
        return Vec::new();
    };
    let inside = &line[now + 1..];
    let flow = line[..now].contains(['[', '{']);
    let delimiter = flow.then(|| flow_end(inside)).flatten().map(|end| now + 1 + end);
    let end = line[..].trim_end().len();
    let comment = inside.find(" #").map(|end| now + 1 + inside[..end].trim_end().len());
    let key = inside
        .find(": ")
        .filter(|_| !flow && line[..now].trim_matches([' ', '-']).is_empty());
    let ends = (key.map(|end| now + 1 + end).into_iter())
        .chain(delimiter)
        .chain(comment)
        .chain([end]);
    ends.map(|end| {
        let text = format!("{}{quote}{}", &line[..end], &line[end..]);
        let problem = scene
            .problem(
                code::NEVER_CLOSED,
                scene.line,
                (at, at + 1),
                format!("this {quote} is never closed"),
            )
            .hint(format!("write {}", &text[now..=end]));
        Scene::repair(problem, scene.line, text)
    })
    .collect()
}

/// A quote that was opened in a line above, and met another one far below.
pub(super) fn quote_opened_above(scene: &Scene<'_>) -> Vec<Repair> {
    let first = scene.line.saturating_sub(MAX_LINES);
    let mut repairs = Vec::new();
    for n in (first..=scene.line.min(scene.lines.count() - 1)).rev() {
        let line = scene.lines.get(n);
        if repairs.len() >= 6
            || line.len() > traps::MAX_LINE
            || !line.contains(['"', '\''])
            || scene.text_block(n).is_some()
        {
            continue;
        }
        let content = line.len() - line.trim_start().len();
        let whole = line[content..].starts_with(['"', '\'']);
        let value_at = if whole { content } else { value_start(line) };
        if !line[value_at..].starts_with(['"', '\'', '[', '{']) {
            continue;
        }
        let mut open = Open::default();
        open.scan(&line[value_at..], value_at);
        let Some((at, quote)) = open.quote else { continue };
        let closed = format!("{}{quote}{}", &line[..open.end], &line[open.end..]);
        let without = format!("{}{}", &line[..at], &line[at + 1..]);
        for text in [closed, without] {
            let problem = scene
                .problem(
                    code::NEVER_CLOSED,
                    n,
                    (at, at + 1),
                    format!("this {quote} is never closed"),
                )
                .hint("close it in the same line, or remove it");
            repairs.push(Scene::repair(problem, n, text));
        }
    }
    repairs
}

/// Where a value in a flow collection ends.
fn flow_end(text: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("${{") {
            at += rest.find("}}")? + 2;
        } else if rest.starts_with([',', ']', '}']) {
            return Some(text[..at].trim_end().len());
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// `"a "b" c"`, and `"a" "b"` in a list.
pub(super) fn more_after_quote(scene: &Scene<'_>) -> Vec<Repair> {
    let mut repairs = Vec::new();
    if !scene.says(&["trailing content"]) {
        return repairs;
    }
    let line = scene.lines.get(scene.line);
    let value_at = value_start(line);
    let value = traps::without_comment(line).get(value_at..).unwrap_or("");
    if value.starts_with(['[', '{']) {
        repairs.extend(comma_at(scene, scene.column()));
        return repairs;
    }
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return repairs;
    };
    let inner = &value[1..];
    let whole = match inner.strip_suffix(quote) {
        Some(inner) if inner.contains(quote) => quoted(inner),
        _ => quoted(value),
    };
    let message = "YAML ends this value at its closing quote or bracket, and then there is more";
    let problem = scene
        .problem(
            code::NEEDS_QUOTES,
            scene.line,
            (value_at, value_at + value.len()),
            message,
        )
        .hint(format!("write {whole}"));
    let text = format!("{}{whole}", &line[..value_at]);
    repairs.push(Scene::repair(problem, scene.line, text));
    repairs
}

/// A backslash in double quotes that starts no escape.
pub(super) fn escape(scene: &Scene<'_>) -> Option<Repair> {
    if !scene.says(&["escape", "hexadecimal"]) {
        return None;
    }
    let line = scene.lines.get(scene.line);
    let from = line.find('"')?;
    let to = line.rfind('"').filter(|to| *to > from)?;
    let inner = &line[from + 1..to];
    let text = format!(
        "{}\"{}\"{}",
        &line[..from],
        inner.replace('\\', "\\\\"),
        &line[to + 1..]
    );
    let hint = if inner.contains('\'') {
        format!("write each backslash twice: \"{}\"", inner.replace('\\', "\\\\"))
    } else {
        format!("write '{inner}'")
    };
    let at = line[from..to].find('\\').map_or(from, |at| from + at);
    let message = "a backslash in double quotes starts an escape, and this is none";
    let problem = scene
        .problem(code::NEEDS_QUOTES, scene.line, (at, at + 2), message)
        .hint(hint);
    Some(Scene::repair(problem, scene.line, text))
}

/// A bracket that closes what was never opened.
pub(super) fn closes_nothing(scene: &Scene<'_>) -> Option<Repair> {
    let line = scene.lines.get(scene.line);
    let value_at = value_start(line);
    let open = Open::of(&line[value_at..]);
    let (at, close) = open.surplus.map(|(at, close)| (value_at + at, close))?;
    let opener = if close == ']' { '[' } else { '{' };
    let message = format!("this `{close}` closes nothing");
    let problem = scene.problem(code::NEVER_CLOSED, scene.line, (at, at + 1), message);
    if line[value_at..].starts_with(['[', '{']) {
        let text = format!("{}{}", &line[..at], &line[at + 1..]);
        return Some(Scene::repair(problem.hint("remove it"), scene.line, text));
    }
    let text = format!("{}{opener} {}", &line[..value_at], &line[value_at..]);
    let hint = format!("write {}", traps::without_comment(&text[value_at..]));
    let plausible = line[value_at..].trim_end().ends_with(close) && line[value_at..].contains([':', ',']);
    plausible.then(|| Scene::repair(problem.hint(hint), scene.line, text))
}

/// What a value's brackets leave open.
#[derive(Debug, Default, PartialEq)]
struct Open {
    /// Brackets without an end, and where they stand.
    brackets: Vec<(usize, char)>,
    /// The first closing bracket without a beginning.
    surplus: Option<(usize, char)>,
    /// The quote that is open at the end.
    quote: Option<(usize, char)>,
    /// Where the text ends, without a comment.
    end: usize,
}

impl Open {
    fn of(text: &str) -> Self {
        let mut open = Self::default();
        open.scan(text, 0);
        open
    }

    /// Goes on with text that stands `offset` bytes further on.
    fn scan(&mut self, text: &str, offset: usize) {
        let mut quote = self.quote.map(|(_, c)| c);
        let mut at = 0;
        let mut starts = true;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let mut width = c.len_utf8();
            match quote {
                Some('"') if c == '\\' => width += rest[1..].chars().next().map_or(0, char::len_utf8),
                Some(open) if c == open => (quote, self.quote) = (None, None),
                Some(_) => {}
                None if rest.starts_with("${{") => width = rest.find("}}").map_or(rest.len(), |end| end + 2),
                None if c == '#' && text[..at].ends_with([' ', '\t']) => break,
                None if matches!(c, '"' | '\'') && starts => {
                    (quote, self.quote) = (Some(c), Some((offset + at, c)));
                }
                None if matches!(c, '[' | '{') => self.brackets.push((offset + at, c)),
                None if matches!(c, ']' | '}') => self.close(offset + at, c),
                None => {}
            }
            if !c.is_whitespace() {
                starts = matches!(c, '[' | '{' | ',' | ':');
                self.end = offset + at + width;
            }
            at += width;
        }
    }

    fn close(&mut self, at: usize, c: char) {
        let opener = if c == ']' { '[' } else { '{' };
        match self.brackets.last() {
            Some((_, last)) if *last == opener => drop(self.brackets.pop()),
            _ if self.surplus.is_none() => self.surplus = Some((at, c)),
            _ => {}
        }
    }
}

/// A value that YAML reads otherwise than it was meant, put in the quotes that it needs.
pub(super) fn value_trap(scene: &Scene<'_>) -> Vec<Repair> {
    let line = scene.lines.get(scene.line);
    let content = line.len() - line.trim_start().len();
    let value_at = value_start(line);
    let near = value_at > content && scene.column() < value_at && scene.says(&["mapping values", "simple key"]);
    let mut lines = if near { Vec::new() } else { vec![scene.line] };
    if scene
        .lines
        .written(scene.line)
        .get(..scene.column())
        .is_none_or(|head| head.trim().is_empty())
        || near
    {
        lines.extend(scene.before(scene.line).map(|(above, _)| above));
    }
    lines.into_iter().filter_map(|n| in_quotes(scene, n)).collect()
}

/// A key with a sign before it that means something to YAML, `*system: |`: it is noticed only after
/// the text below.
pub(super) fn marked_key(scene: &Scene<'_>) -> Option<Repair> {
    let is_marked = |n: &usize| {
        let line = scene.lines.get(*n).trim_start();
        let key = line
            .strip_prefix(['*', '&', '!', '@', '`'])
            .and_then(|rest| rest.split_once(':'));
        key.is_some_and(|(key, rest)| {
            let is_name = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            is_name && (rest.is_empty() || rest.starts_with(' ')) && scene.text_block(*n).is_none()
        })
    };
    let first = scene.line.saturating_sub(MAX_LINES);
    let n = (first..=scene.line).rev().find(is_marked)?;
    let line = scene.lines.get(n);
    let at = line.len() - line.trim_start().len();
    let message = format!(
        "a key cannot start with `{}`: YAML gives that character a meaning of its own",
        &line[at..=at]
    );
    let problem = scene
        .problem(code::NEEDS_QUOTES, n, (at, at + 1), message)
        .hint("remove it");
    let text = format!("{}{}", &line[..at], &line[at + 1..]);
    Some(Scene::repair(problem, n, text))
}

/// A value inside of `{…}` or `[…]` that has a bracket or a comma of its own.
pub(super) fn flow_value(scene: &Scene<'_>) -> Option<Repair> {
    let line = scene.lines.get(scene.line);
    traps::bracket_inside(&line[value_start(line)..])?;
    in_quotes(scene, scene.line)
}

fn in_quotes(scene: &Scene<'_>, n: usize) -> Option<Repair> {
    if scene.text_block(n).is_some() {
        return None;
    }
    let line = scene.lines.get(n);
    if line.len() > traps::MAX_LINE {
        return None;
    }
    let (problem, text) = if let Some((value_at, rest)) = text_beside_mark(line) {
        let message = "text under `|` or `>` starts in the next line";
        let problem = scene
            .problem(code::NEEDS_QUOTES, n, (value_at, line.len()), message)
            .hint(format!("write {}", quoted(rest)));
        (problem, format!("{}{}", &line[..value_at], quoted(rest)))
    } else {
        let trap = traps::trap(line)?;
        let text = format!("{}{}{}", &line[..trap.from], trap.quoted, &line[trap.to..]);
        let problem = scene.problem(code::NEEDS_QUOTES, n, (trap.from, trap.to), trap.message);
        (problem.hint(format!("write {}", trap.quoted)), text)
    };
    Some(Scene::repair(problem, n, text))
}

/// `key: | text`: where the mark stands, and the text.
fn text_beside_mark(line: &str) -> Option<(usize, &str)> {
    let value_at = value_start(line);
    let rest = line[value_at..].strip_prefix(['|', '>'])?;
    let text = traps::without_comment(rest).trim_start();
    let text = text.trim_start_matches(['-', '+']).trim_start();
    (!text.is_empty()).then_some((value_at, text))
}

/// `[a, b` and `{ a: b`.
pub(super) fn bracket_never_closed(scene: &Scene<'_>) -> Vec<Repair> {
    if !scene.says(&[
        "flow",
        "placement",
        "simple key",
        "end of stream",
        "mapping values",
        "content",
        "key",
        "indentation",
    ]) {
        return Vec::new();
    }
    let first = scene.line.saturating_sub(MAX_LINES);
    let mut repairs = Vec::new();
    for n in (first..=scene.line.min(scene.lines.count() - 1)).rev() {
        if repairs.len() < 3 && scene.lines.get(n).len() <= traps::MAX_LINE && scene.text_block(n).is_none() {
            repairs.extend(closed(scene, n));
            repairs.extend(stray_bracket(scene, n));
        }
    }
    repairs
}

fn closed(scene: &Scene<'_>, n: usize) -> Option<Repair> {
    let line = scene.lines.get(n);
    let shape = scene.shape(n)?;
    let value_at = value_start(line);
    if !line[value_at..].starts_with(['[', '{']) {
        return None;
    }
    let mut open = Open::default();
    open.scan(&line[value_at..], value_at);
    let (last, _) = *open.brackets.last()?;
    let place = (last, last + 1);
    // It may go on in lines that stand further right.
    let mut end = n;
    let mut end_at = open.end;
    while let Some((below, _)) = scene.after(end).filter(|(_, next)| next.indent > shape.indent) {
        if below > n + MAX_LINES || open.brackets.is_empty() {
            break;
        }
        open.scan(scene.lines.get(below), 0);
        (end, end_at) = (below, open.end);
    }
    if open.brackets.is_empty() {
        return None;
    }
    let closers: String = open
        .brackets
        .iter()
        .rev()
        .map(|(_, c)| if *c == '[' { ']' } else { '}' })
        .collect();
    let opener = scene.lines.get(n)[place.0..].chars().next()?;
    let text = scene.lines.get(end);
    if let Some((at, wrong)) = open.surplus.filter(|_| end == n && open.brackets.len() == 1) {
        let text = format!("{}{closers}{}", &text[..at], &text[at + 1..]);
        let message = format!("this `{wrong}` does not close the `{opener}` before it");
        let problem = scene.problem(code::NEVER_CLOSED, n, (at, at + 1), message);
        return Some(Scene::repair(problem.hint(format!("write `{closers}`")), n, text));
    }
    let space = if closers.starts_with('}') { " " } else { "" };
    let mended = format!("{}{space}{closers}{}", &text[..end_at], &text[end_at..]);
    let written = scene.lines.written(n);
    let at = if written == line {
        place.0
    } else {
        written.rfind(opener).unwrap_or(0)
    };
    let mut problem: Diagnostic = scene.problem(
        code::NEVER_CLOSED,
        n,
        (at, at + 1),
        format!("this `{opener}` is never closed"),
    );
    if end == n {
        problem = problem.hint(format!(
            "write {}",
            &mended[value_at..end_at + space.len() + closers.len()]
        ));
    }
    Some(Scene::repair(problem, end, mended))
}

/// A bracket before a key.
fn stray_bracket(scene: &Scene<'_>, n: usize) -> Option<Repair> {
    let shape = scene.shape(n)?;
    let bracket = shape.content.chars().next().filter(|c| matches!(c, '[' | '{'))?;
    let mut open = Open::default();
    open.scan(shape.content, 0);
    if open.brackets.first()?.0 != 0 {
        return None;
    }
    let line = scene.lines.get(n);
    let at = shape.indent;
    let text = format!("{}{}", &line[..at], &line[at + 1..]);
    let problem = scene
        .problem(
            code::NEVER_CLOSED,
            n,
            (at, at + 1),
            format!("this `{bracket}` is never closed"),
        )
        .hint("remove it");
    Some(Scene::repair(problem, n, text))
}

/// `{ a: b c: d }`.
pub(super) fn comma_missing(scene: &Scene<'_>) -> Option<Repair> {
    if !scene.says(&["expected ','"]) {
        return None;
    }
    let line = scene.lines.get(scene.line);
    let at = scene.column().min(line.len());
    let head = line.get(..at)?;
    // Noticed at the second `:`: the comma is missing before the word that stands there.
    let word = head.trim_end().rfind(' ').map_or(at, |space| space + 1);
    comma_at(scene, if line[at..].starts_with(':') { word } else { at })
}

fn comma_at(scene: &Scene<'_>, at: usize) -> Option<Repair> {
    let line = scene.lines.get(scene.line);
    let head = line.get(..at)?.trim_end();
    let rest = line.get(head.len()..)?.trim_start();
    if head.is_empty() || rest.is_empty() || head.ends_with([',', '[', '{', ':']) || rest.starts_with([',', ']', '}']) {
        return None;
    }
    let text = format!("{head}, {rest}");
    let next = rest.split([' ', ':', ',']).next().unwrap_or(rest);
    let at = line.len() - rest.len();
    let problem = scene
        .problem(
            code::KEY,
            scene.line,
            (at, at + next.len()),
            format!("a comma is missing before `{next}`"),
        )
        .hint("the parts of `{…}` and `[…]` are separated by commas");
    Some(Scene::repair(problem, scene.line, text))
}
