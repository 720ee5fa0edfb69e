//! Mistakes around keys: a `:` or the space after it is missing, an item stands beside its key.

use super::lines::Shape;
use super::{Repair, Scene};
use crate::code;

/// Lines above the noticed one that may have been taken for a part of its text.
const MAX_LINES: usize = 60;

/// Keys of the language: what tells `retry 2` from a line of prose.
const WORDS: &[&str] = &[
    "agent",
    "agents",
    "approve",
    "artifacts",
    "as",
    "base_url",
    "cache",
    "choices",
    "corpora",
    "sandboxes",
    "deadline",
    "default",
    "defaults",
    "description",
    "discuss",
    "env",
    "environment",
    "for_each",
    "imports",
    "inputs",
    "key",
    "limits",
    "mcp",
    "model",
    "models",
    "name",
    "needs",
    "on_error",
    "output",
    "outputs",
    "parallel",
    "plan",
    "prompt",
    "provider",
    "repeat",
    "retry",
    "run",
    "sandbox",
    "stdin",
    "steps",
    "system",
    "team",
    "timeout",
    "tool",
    "tools",
    "troupe",
    "type",
    "when",
    "with",
    "workflow",
];

/// Whether a line is likelier a key without its `:` than a line of text.
pub(super) fn looks_like_key(scene: &Scene<'_>, line: usize, shape: Shape<'_>) -> bool {
    let mut words = shape.content.split([' ', ':']);
    let first = words.next().unwrap_or("");
    let mut opens = || words.next().is_none() && scene.after(line).is_some_and(|(_, next)| next.indent > shape.indent);
    WORDS.contains(&first) || opens()
}

/// Lines without a key where one is due: the one where it was noticed, and those above it.
pub(super) fn no_key(scene: &Scene<'_>) -> Vec<Repair> {
    if !scene.says(&[
        "simple key",
        "expected key",
        "mapping values",
        "end of plain",
        "'-' indicator",
    ]) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut at = scene.line + 1;
    while let Some((above, shape)) = scene.before(at).filter(|(above, _)| above + MAX_LINES > scene.line) {
        at = above;
        if shape.colon().is_some() && above < scene.line || scene.text_block(above).is_some() {
            break;
        }
        if shape.colon().is_none() && !shape.is_item() {
            lines.push((above, shape));
        }
    }
    // Of several in a row the first is the mistake: the others were taken for a part of its text.
    lines
        .into_iter()
        .rev()
        .take(4)
        .filter_map(|(line, shape)| keyless(scene, line, shape))
        .collect()
}

fn keyless(scene: &Scene<'_>, line: usize, shape: Shape<'_>) -> Option<Repair> {
    let text = scene.lines.get(line);
    let content = shape.content;
    if let Some(rest) = content.strip_prefix('-').filter(|rest| !rest.starts_with([' ', '-'])) {
        if rest.is_empty() {
            return None;
        }
        let at = shape.indent + 1;
        let problem = scene
            .problem(code::KEY, line, (shape.indent, at), "a space is missing after `-`")
            .hint(format!("write `- {rest}`"));
        return Some(Scene::repair(problem, line, format!("{} {}", &text[..at], &text[at..])));
    }
    let from = shape.dashes();
    let word = content[from..]
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        .count();
    if word == 0 {
        return None;
    }
    let key = &content[from..from + word];
    let (start, end) = (shape.indent + from, shape.indent + from + word);
    let rest = &text[end..];
    let value = content[from + word..].trim_start();
    let (place, message, mended) = if let Some(after) = rest.strip_prefix(':') {
        (
            (end, end + 1),
            format!("a space is missing after `{key}:`"),
            format!("{}: {after}", &text[..end]),
        )
    } else if let Some(after) = value.strip_prefix('=').map(str::trim_start) {
        (
            (start, end + 2),
            format!("a key ends with `:`, and `=` stands after `{key}`"),
            format!("{}: {after}", &text[..end]),
        )
    } else {
        (
            (start, start + content.len() - from),
            format!("this line is no `key: value`: a `:` is missing after `{key}`"),
            format!("{}:{rest}", &text[..end]),
        )
    };
    let shown = mended.trim();
    let problem = scene
        .problem(code::KEY, line, place, message)
        .hint(format!("write `{shown}`"));
    Some(Scene::repair(problem, line, mended))
}

/// `key: - item`.
pub(super) fn item_beside_key(scene: &Scene<'_>) -> Option<Repair> {
    let shape = scene.shape(scene.line)?;
    let colon = shape.colon()?;
    let item = shape.content[colon + 1..].trim_start().strip_prefix("- ")?.trim();
    let text = scene.lines.get(scene.line);
    let head = &text[..shape.indent + colon + 1];
    let more = scene
        .after(scene.line)
        .is_some_and(|(_, next)| next.is_item() && next.indent >= shape.indent);
    let mended = if more {
        head.to_owned()
    } else {
        format!("{head} [{item}]")
    };
    let from = shape.indent + shape.content.len() - item.len() - 2;
    let problem = scene
        .problem(
            code::KEY,
            scene.line,
            (from, from + 1),
            "a list cannot start in the line of its key",
        )
        .hint("put each `- item` on a line of its own under the key, or write `[item, item]`");
    Some(Repair {
        lost: more,
        ..Scene::repair(problem, scene.line, mended)
    })
}
