//! From the drafts before version 1: `T?`, `depends_on`, `foreach`, `max_parallel`, `if`, and `{{ … }}`.

use super::Edit;
use crate::yaml::{Entry, Kind, Node, Scalar, Style};
use troupe_core::diagnostic::Span;

/// Keys of a step that have other names now.
const STEP_KEYS: &[(&str, &str)] = &[
    ("depends_on", "needs"),
    ("foreach", "for_each"),
    ("forEach", "for_each"),
    ("max_parallel", "parallel"),
    ("if", "when"),
];

/// Keys of a step whose value is an expression already.
const EXPRESSIONS: &[&str] = &["if", "when", "foreach", "forEach", "for_each", "key", "until"];

pub(super) fn edits(text: &str, root: &Node) -> Vec<Edit> {
    let mut edits = Edits {
        text,
        found: Vec::new(),
    };
    let Kind::Map(entries) = &root.kind else {
        return edits.found;
    };
    let section = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
    match section("troupe") {
        Some(version) => edits.replace(version.span, "1".to_owned()),
        None => edits.insert_version(entries),
    }
    for (_, input) in children(section("inputs")) {
        match field(input, "type") {
            Some(kind) => edits.types(kind),
            None => edits.types(input),
        }
    }
    for (_, step) in children(section("steps")) {
        edits.step(step);
    }
    for key in ["agents", "models", "outputs"] {
        if let Some(node) = section(key) {
            edits.marks(node);
        }
    }
    edits.found
}

fn children(section: Option<&Node>) -> Vec<(&str, &Node)> {
    match section.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect(),
        _ => Vec::new(),
    }
}

fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    children(Some(node))
        .into_iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

struct Edits<'a> {
    text: &'a str,
    found: Vec<Edit>,
}

impl Edits<'_> {
    fn replace(&mut self, span: Span, text: String) {
        let (start, end) = (span.start as usize, span.end as usize);
        self.found.push(Edit { start, end, text });
    }

    fn insert_version(&mut self, entries: &[Entry]) {
        let start = entries.first().map_or(0, |entry| entry.key_span.start as usize);
        let text = "troupe: 1\n".to_owned();
        self.found.push(Edit {
            start,
            end: start,
            text,
        });
    }

    fn step(&mut self, step: &Node) {
        let Kind::Map(entries) = &step.kind else { return };
        for entry in entries {
            let renamed = STEP_KEYS.iter().find(|(old, _)| *old == entry.key);
            if let Some((_, new)) = renamed {
                self.replace(entry.key_span, (*new).to_owned());
            }
            match entry.key.as_str() {
                key if EXPRESSIONS.contains(&key) => self.bare(&entry.value),
                "output" => self.types(&entry.value),
                "repeat" => {
                    for (key, value) in children(Some(&entry.value)) {
                        if EXPRESSIONS.contains(&key) {
                            self.bare(value);
                        } else {
                            self.marks(value);
                        }
                    }
                }
                _ => self.marks(&entry.value),
            }
        }
    }

    /// An expression that stood in marks, and needs none.
    fn bare(&mut self, node: &Node) {
        let Kind::Scalar(scalar) = &node.kind else { return };
        let inner = scalar.text.trim().trim_start_matches('$');
        let Some(inner) = inner.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) else {
            return;
        };
        if !inner.contains("}}") {
            self.replace(node.span, written(inner.trim()));
        }
    }

    /// Types in shorthand, in which `T?` was `T | null`.
    fn types(&mut self, node: &Node) {
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.types(item)),
            Kind::Map(entries) => entries.iter().for_each(|entry| self.types(&entry.value)),
            Kind::Scalar(scalar) => {
                if let Some(kind) = scalar.text.strip_suffix('?') {
                    self.replace(node.span, written(&format!("{} | null", kind.trim_end())));
                }
            }
        }
    }

    /// `{{ … }}` without its `$`, wherever it stands in text.
    fn marks(&mut self, node: &Node) {
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.marks(item)),
            Kind::Map(entries) => entries.iter().for_each(|entry| self.marks(&entry.value)),
            Kind::Scalar(scalar) => self.text_marks(node, scalar),
        }
    }

    fn text_marks(&mut self, node: &Node, scalar: &Scalar) {
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        let raw = &self.text[start..end];
        for (at, _) in raw.match_indices("{{") {
            if raw[..at].ends_with(['$', '{']) || !raw[at..].contains("}}") {
                continue;
            }
            let text = "$".to_owned();
            let at = start + at;
            self.found.push(Edit {
                start: at,
                end: at,
                text,
            });
        }
        debug_assert!(
            scalar.style != Style::Plain || !raw.starts_with('{'),
            "such text is no plain scalar"
        );
    }
}

/// Text as a value, in quotes where it needs them in any place.
fn written(text: &str) -> String {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b" _.|&()<>=+-/\"'".contains(&b));
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && starts && !text.contains(" #") {
        text.to_owned()
    } else {
        crate::yaml::quoted(text)
    }
}
