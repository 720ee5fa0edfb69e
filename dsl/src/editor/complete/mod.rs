//! What may come next at the cursor.

mod inside;
mod names;

use super::cursor::{Cursor, Role, locate};
use super::expression::around;
use super::{Analysis, grammar};
use crate::language::{Key, Mapping, Takes, VERBS};
use std::ops::Range;

/// Something that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is shown, and what the text typed so far is compared with.
    pub label: String,
    /// What kind of thing it is.
    pub suggests: Suggests,
    /// Its type, or what it is in a few words; may be empty.
    pub detail: String,
    /// What it does, in a sentence or two; may be empty.
    pub documentation: String,
    /// The text that comes.
    pub insert: String,
    /// The bytes that go for it.
    pub replace: Range<usize>,
}

/// What kinds of things are suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggests {
    /// A key of the language.
    Key,
    /// A word of the language, or one that a type allows.
    Word,
    /// An agent.
    Agent,
    /// A model.
    Model,
    /// A tool, or a corpus or server with all its tools.
    Tool,
    /// A step.
    Step,
    /// A workflow.
    Workflow,
    /// A variable of expressions.
    Variable,
    /// A field of a value.
    Field,
    /// A function.
    Function,
    /// The name of a type.
    Type,
}

/// Completions at a place.
struct Suggestions {
    typed: String,
    replace: Range<usize>,
    found: Vec<Completion>,
}

impl Suggestions {
    fn new(text: &str, typed: Range<usize>) -> Self {
        let behind = text[typed.end..].bytes();
        let more = behind.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        Self {
            replace: typed.start..typed.end + more.count(),
            typed: text[typed].to_owned(),
            found: Vec::new(),
        }
    }

    /// Those first that begin with what was typed.
    fn sorted(mut self) -> Vec<Completion> {
        let typed = self.typed.to_lowercase();
        self.found
            .sort_by_key(|found| !found.label.to_lowercase().starts_with(&typed));
        self.found
    }

    fn add(&mut self, suggests: Suggests, label: &str, detail: impl Into<String>) -> Option<&mut Completion> {
        if !fits(&self.typed, label) {
            return None;
        }
        self.found.push(Completion {
            label: label.to_owned(),
            suggests,
            detail: detail.into(),
            documentation: String::new(),
            insert: label.to_owned(),
            replace: self.replace.clone(),
        });
        self.found.last_mut()
    }
}

/// Whether the letters of what was typed stand in a label, in their order.
fn fits(typed: &str, label: &str) -> bool {
    let mut letters = label.chars().flat_map(char::to_lowercase);
    let mut typed = typed.chars().flat_map(char::to_lowercase);
    typed.all(|wanted| letters.any(|letter| letter == wanted))
}

pub(super) fn at(analysis: &Analysis, offset: usize) -> Vec<Completion> {
    let text = &analysis.text;
    let cursor = locate(text, offset);
    let takes = grammar::at(&cursor.path);
    match &cursor.role {
        Role::Key { typed, beside } => {
            let typed = typed.clone();
            let mut suggestions = Suggestions::new(text, typed.clone());
            for takes in &takes {
                if let Takes::Mapping(mapping) = takes {
                    keys(&mut suggestions, text, mapping, beside);
                }
            }
            names::arguments(&mut suggestions, analysis, &cursor, beside);
            if !takes
                .iter()
                .any(|takes| matches!(takes, Takes::Mapping(_) | Takes::Each(_)))
            {
                return value(analysis, &cursor, &takes, typed.start, None, offset);
            }
            suggestions.sorted()
        }
        Role::Value { start, quote } => value(analysis, &cursor, &takes, *start, *quote, offset),
    }
}

fn value(
    analysis: &Analysis,
    cursor: &Cursor,
    takes: &[Takes],
    start: usize,
    quote: Option<u8>,
    offset: usize,
) -> Vec<Completion> {
    let text = &analysis.text;
    let is_bare = takes.iter().any(|takes| matches!(takes, Takes::Expression));
    if let Some(expression) = around(text, start, offset, is_bare) {
        return inside::at(analysis, cursor, &expression, quote);
    }
    let mut suggestions = Suggestions::new(text, start.min(offset)..offset);
    for takes in takes {
        names::of_value(&mut suggestions, analysis, cursor, takes);
    }
    // A value needs a space behind its key's colon.
    if text[..start].ends_with(':') {
        for completion in &mut suggestions.found {
            completion.insert.insert(0, ' ');
        }
    }
    suggestions.sorted()
}

/// The keys that a mapping may still have, those that it needs first.
fn keys(suggestions: &mut Suggestions, text: &str, mapping: &'static Mapping, beside: &[String]) {
    let has = |name: &str| beside.iter().any(|key| key == name);
    let verb = VERBS.iter().copied().find(|verb| has(verb));
    let is_step = mapping.has(VERBS[0]) && mapping.has("when");
    let goes_with = |verbs: &[&str]| verbs.is_empty() || verb.is_none_or(|verb| verbs.contains(&verb));
    let has_colon = text[suggestions.replace.end..].trim_start_matches(' ').starts_with(':');
    let open = mapping.keys.iter().filter(|key| {
        let is_second_verb = is_step && verb.is_some() && VERBS.contains(&key.name);
        !has(key.name) && goes_with(key.verbs) && !is_second_verb
    });
    // What an agent works on is needed too, though only by some verbs.
    let is_required = |key: &Key| key.required || (key.name == "prompt" && verb.is_some());
    let (first, rest): (Vec<&Key>, Vec<&Key>) = open.partition(|key| is_required(key));
    for key in first.into_iter().chain(rest) {
        let detail = match (is_required(key), key.later) {
            (true, _) => "required",
            (_, true) => "not available yet",
            _ => "",
        };
        if let Some(completion) = suggestions.add(Suggests::Key, key.name, detail) {
            completion.documentation = key.about.to_owned();
            if !has_colon {
                completion
                    .insert
                    .push_str(if is_block(&key.takes) { ":" } else { ": " });
            }
        }
    }
}

/// Whether a value most often stands on lines of its own.
fn is_block(takes: &Takes) -> bool {
    matches!(takes, Takes::Mapping(_) | Takes::Each(_))
}
