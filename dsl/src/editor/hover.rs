//! What stands at a place: a key, a name with its type, a function, a mistake.

use super::cursor::{Cursor, Part, Role, locate};
use super::expression::around;
use super::outline::verb_of;
use super::symbols::{Symbol, holds};
use super::{Analysis, Seen, grammar};
use crate::check::{FUNCTIONS, MACROS};
use crate::document::Named;
use crate::language::{Key, Mapping, Takes};
use crate::{explain, nearest};
use std::ops::Range;
use troupe_core::ir::Share;
use troupe_core::types::Type;

/// What stands at a place, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// Markdown.
    pub text: String,
    /// The bytes that it speaks of.
    pub range: Range<usize>,
}

pub(super) fn at(analysis: &Analysis, offset: usize) -> Option<Hover> {
    let word = word(&analysis.text, offset);
    let mut hover = in_expression(analysis, offset)
        .or_else(|| declared(analysis, offset))
        .or_else(|| written(analysis, &word));
    for problem in &analysis.diagnostics {
        let Some(label) = problem.labels.first().filter(|label| holds(label.span, offset)) else {
            continue;
        };
        if let Some(title) = explain(problem.code).and_then(|page| page.lines().next()) {
            let about = format!(
                "{}\n\n`troupe explain {}`",
                title.trim_start_matches("# "),
                problem.code
            );
            let range = label.span.start as usize..label.span.end as usize;
            let hover = hover.get_or_insert_with(|| Hover {
                text: String::new(),
                range,
            });
            if !hover.text.is_empty() {
                hover.text.push_str("\n\n---\n\n");
            }
            hover.text.push_str(&about);
        }
    }
    hover
}

/// The word around a byte.
fn word(text: &str, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let start = offset - bytes[..offset].iter().rev().take_while(|byte| is_word(byte)).count();
    start..offset + bytes[offset..].iter().take_while(|byte| is_word(byte)).count()
}

/// A name or field whose meaning the checks have noted.
fn in_expression(analysis: &Analysis, offset: usize) -> Option<Hover> {
    let seen = analysis.current()?;
    let meanings = seen.checked.meanings.as_ref()?;
    let here = meanings.uses.iter().filter(|found| holds(found.span, offset));
    let found = here.min_by_key(|found| (found.span.end as usize == offset, found.span.end - found.span.start))?;
    let range = found.span.start as usize..found.span.end as usize;
    let name = analysis.text.get(range.clone())?;
    let text = match found.step {
        Some(step) => about_step(seen, step),
        None => typed(name, &found.kind),
    };
    Some(Hover { text, range })
}

fn typed(name: &str, kind: &Type) -> String {
    format!("`{name}`: `{kind}`")
}

fn about_step(seen: &Seen, at: usize) -> String {
    let (Some(step), Some(checked)) = (seen.document.steps.get(at), seen.checked.steps.get(at)) else {
        return String::new();
    };
    let output = match step.fan_out {
        Some(_) => format!("outputs: `[{}]`", checked.output),
        None => format!("output: `{}`", checked.output),
    };
    let after: Vec<&str> = checked
        .after
        .iter()
        .filter_map(|at| seen.document.steps.get(*at))
        .map(|step| step.name.value.as_str())
        .collect();
    let waits = match after.as_slice() {
        [] => String::new(),
        after => format!("\n\nwaits for {}", nearest::list(after.iter().copied())),
    };
    format!("step `{}` (`{}`)\n\n{output}{waits}", step.name.value, verb_of(step))
}

/// Something that the file declares, where it is declared or named in a list.
fn declared(analysis: &Analysis, offset: usize) -> Option<Hover> {
    let seen = analysis.current()?;
    let found = analysis.occurrence(offset)?;
    let document = &seen.document;
    let text = match found.symbol {
        Symbol::Step(at) => about_step(seen, at),
        Symbol::Input(at) => {
            let input = document.inputs.get(at)?;
            let default = match &input.default {
                Some(value) => format!("\n\ndefault: `{value}`"),
                None => "\n\nrequired".to_owned(),
            };
            format!("input {}{default}", typed(&input.name.value, &input.kind))
        }
        Symbol::Agent(at) => about_agent(seen, at)?,
        Symbol::Model(at) => {
            let model = document.shared.models.get(at)?;
            format!(
                "model `{}`: `{}/{}`\n\n{} requests at once, {} attempts, {} s each",
                model.alias.value, model.provider, model.name, model.parallel, model.attempts, model.timeout_seconds
            )
        }
        Symbol::Corpus(at) => {
            let corpus = document.shared.corpora.get(at)?;
            let files = corpus.files.iter().map(|pattern| pattern.value.as_str());
            format!("corpus `{}`: {}", corpus.name.value, nearest::list(files))
        }
        Symbol::Sandbox(at) => {
            let declared = document.shared.sandboxes.get(at)?;
            let name = &declared.name.value;
            match declared.share {
                Share::Agent => format!("sandbox `{name}`: each agent and each step has one of its own"),
                Share::Run => format!("sandbox `{name}`: all of a run meet in it"),
            }
        }
        Symbol::Server(at) => format!("MCP server `{}`", document.shared.servers.get(at)?.name.value),
        Symbol::Item(_) => "the item of this step's `for_each`".to_owned(),
    };
    let range = found.span.start as usize..found.span.end as usize;
    Some(Hover { text, range })
}

fn about_agent(seen: &Seen, at: usize) -> Option<String> {
    let agent = seen.document.shared.agents.get(at)?;
    let model = match (&agent.model, &seen.document.defaults.model) {
        (Named::Name(name), _) | (Named::Absent, Some(name)) => name.value.as_str(),
        _ => "of the caller",
    };
    let mut text = format!("agent `{}`\n\nmodel: `{model}`", agent.name.value);
    let mut list = |what: &str, names: Vec<&str>| {
        if !names.is_empty() {
            text.push_str(&format!("\n\n{what}: {}", nearest::list(names)));
        }
    };
    list("tools", agent.tools.iter().map(|tool| tool.value.as_str()).collect());
    let team = agent.team.iter().flat_map(|team| &team.agents);
    list("team", team.map(|member| member.value.as_str()).collect());
    if let Some(checked) = seen.checked.agents.get(at) {
        let limits = checked.limits;
        text.push_str(&format!("\n\nlimits: {} turns, {} tokens", limits.turns, limits.tokens));
    }
    Some(text)
}

/// A function, a key or a word of the language.
fn written(analysis: &Analysis, word: &Range<usize>) -> Option<Hover> {
    let text = &analysis.text;
    let name = text.get(word.clone()).filter(|name| !name.is_empty())?;
    let cursor = locate(text, word.end);
    let about = match &cursor.role {
        Role::Key { .. } => about_key(&cursor, name),
        Role::Value { start, .. } => {
            let takes = grammar::at(&cursor.path);
            let is_bare = takes.iter().any(|takes| matches!(takes, Takes::Expression));
            match around(text, *start, word.end, is_bare) {
                Some(_) => about_function(name, &text[word.end..]),
                None => grammar::key(&cursor.path)
                    .filter(|(_, key)| key.words().contains(&name))
                    .map(|(mapping, key)| about(mapping, key)),
            }
        }
    };
    about.map(|text| Hover {
        text,
        range: word.clone(),
    })
}

fn about_function(name: &str, behind: &str) -> Option<String> {
    if !behind.starts_with('(') {
        return None;
    }
    let function = FUNCTIONS.iter().find(|function| function.name == name);
    if let Some(function) = function {
        return Some(format!("`{}` → `{}`", function.usage, function.result()));
    }
    let (_, usage) = MACROS.iter().find(|(known, _)| *known == name)?;
    Some(format!("`{usage}`"))
}

fn about_key(cursor: &Cursor, name: &str) -> Option<String> {
    let mut path = cursor.path.clone();
    path.push(Part::Key(name.to_owned()));
    let (mapping, key) = grammar::key(&path)?;
    Some(about(mapping, key))
}

fn about(mapping: &Mapping, key: &Key) -> String {
    let mut text = format!("`{}` of {}\n\n{}", key.name, mapping.what, key.about);
    if !key.verbs.is_empty() {
        text.push_str(&format!("\n\nGoes with {}.", nearest::list(key.verbs.iter().copied())));
    }
    let words = key.words();
    if !words.is_empty() {
        text.push_str(&format!("\n\nOne of {}.", nearest::list(words.iter().copied())));
    }
    if key.required {
        text.push_str("\n\nRequired.");
    }
    if key.later {
        text.push_str("\n\nChecked, and not available yet.");
    }
    text
}
