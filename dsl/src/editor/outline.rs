//! A file's sections and what they declare, for the outline.

use super::Seen;
use crate::document::{Spanned, Step};
use crate::language::VERBS;
use crate::yaml::{Entry, Kind};
use troupe_core::diagnostic::Span;

/// Something in the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// What it is, in a few words; may be empty.
    pub detail: String,
    /// What kind of thing it is.
    pub item: Item,
    /// All its bytes.
    pub span: Span,
    /// The bytes of its name.
    pub name_span: Span,
    /// What is inside of it.
    pub children: Vec<Outline>,
}

/// What kinds of things an outline has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A section of the file.
    Section,
    /// A step.
    Step,
    /// An agent.
    Agent,
    /// A model.
    Model,
    /// A corpus or a server of tools.
    Tools,
    /// An input or an output.
    Value,
}

pub(super) fn of(seen: &Seen) -> Vec<Outline> {
    let Kind::Map(sections) = &seen.root.kind else {
        return Vec::new();
    };
    let sections = sections.iter().map(|section| {
        let item = match section.key.as_str() {
            "steps" => Item::Step,
            "agents" => Item::Agent,
            "models" => Item::Model,
            "corpora" | "sandboxes" | "mcp" => Item::Tools,
            "inputs" | "outputs" => Item::Value,
            _ => Item::Section,
        };
        let children = match (&section.value.kind, item) {
            (_, Item::Section) | (Kind::Scalar(_) | Kind::List(_), _) => Vec::new(),
            (Kind::Map(entries), item) => entries
                .iter()
                .map(|entry| outline(entry, item, detail(seen, &section.key, entry), Vec::new()))
                .collect(),
        };
        outline(section, Item::Section, String::new(), children)
    });
    sections.collect()
}

fn outline(entry: &Entry, item: Item, detail: String, children: Vec<Outline>) -> Outline {
    let end = entry.value.span.end.max(entry.key_span.end);
    Outline {
        name: entry.key.clone(),
        detail,
        item,
        span: Span { end, ..entry.key_span },
        name_span: entry.key_span,
        children,
    }
}

fn detail(seen: &Seen, section: &str, entry: &Entry) -> String {
    match section {
        "steps" => match &entry.value.kind {
            Kind::Map(fields) => fields
                .iter()
                .find(|field| VERBS.contains(&field.key.as_str()))
                .map_or_else(String::new, verb),
            _ => String::new(),
        },
        "inputs" => {
            let mut inputs = seen.document.inputs.iter();
            let found = inputs.find(|input| input.name.value == entry.key);
            found.map_or_else(String::new, |input| input.kind.to_string())
        }
        _ => String::new(),
    }
}

/// A verb with what it works on, when that is short.
fn verb(field: &Entry) -> String {
    match &field.value.kind {
        Kind::Scalar(scalar) if scalar.text.len() <= 40 && !scalar.text.contains('\n') => {
            format!("{}: {}", field.key, scalar.text)
        }
        _ => field.key.clone(),
    }
}

/// A step's verb, with what it works on.
pub(super) fn verb_of(step: &Step) -> String {
    use crate::document::Verb;
    let with = |word: &str, name: &Spanned<String>| format!("{word}: {}", name.value);
    match &step.verb {
        Some(Verb::Agent { agent, .. }) => with("agent", agent),
        Some(Verb::Tool { tool, .. }) => with("tool", tool),
        Some(Verb::Workflow { path, .. }) => with("workflow", path),
        Some(verb) => verb.word().to_owned(),
        None => String::new(),
    }
}
