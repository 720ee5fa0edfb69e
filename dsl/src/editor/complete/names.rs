//! What a value may be: words of the language, and names that the file declares.

use super::{Suggestions, Suggests};
use crate::document::{BUILTIN, BUILTIN_EMBEDDERS, PROVIDERS, Step, Verb};
use crate::editor::cursor::Cursor;
use crate::editor::outline::verb_of;
use crate::editor::{Analysis, Seen};
use crate::language::{Names, Takes};
use crate::shorthand::TYPE_WORDS;
use crate::standard;
use std::collections::HashSet;

/// Suggests what a value of this kind may be.
pub(super) fn of_value(suggestions: &mut Suggestions, analysis: &Analysis, cursor: &Cursor, takes: &Takes) {
    match takes {
        Takes::Version => drop(suggestions.add(Suggests::Word, "1", "")),
        Takes::Boolean => words(suggestions, &["true", "false"]),
        Takes::Words(all) => words(suggestions, all),
        Takes::Type => {
            for word in TYPE_WORDS {
                suggestions.add(Suggests::Type, word, "");
            }
        }
        Takes::Text if matches!(cursor.keys().as_slice(), ["models", _]) => written_out(suggestions),
        Takes::Text if matches!(cursor.keys().as_slice(), ["corpora", _, "embedder"]) => embedders(suggestions),
        Takes::Name(names) => named(suggestions, analysis.seen.as_deref(), cursor, *names),
        _ => {}
    }
}

fn words(suggestions: &mut Suggestions, words: &[&str]) {
    for word in words {
        suggestions.add(Suggests::Word, word, "");
    }
}

/// `provider/name`.
fn written_out(suggestions: &mut Suggestions) {
    for model in BUILTIN {
        suggestions.add(Suggests::Model, &format!("builtin/{model}"), "no language model");
    }
    for provider in PROVIDERS.iter().filter(|provider| **provider != "builtin") {
        suggestions.add(Suggests::Model, &format!("{provider}/"), "a model of this provider");
    }
}

/// `provider/name` of an embedder.
fn embedders(suggestions: &mut Suggestions) {
    for model in BUILTIN_EMBEDDERS {
        suggestions.add(Suggests::Model, &format!("builtin/{model}"), "part of the program");
    }
    for provider in ["local", "openai"] {
        suggestions.add(Suggests::Model, &format!("{provider}/"), "an embedder of this provider");
    }
}

fn named(suggestions: &mut Suggestions, seen: Option<&Seen>, cursor: &Cursor, names: Names) {
    match (names, seen) {
        (Names::Workflow, _) => {
            for name in standard::names() {
                suggestions.add(Suggests::Workflow, &format!("std/{name}"), "standard library");
            }
        }
        (Names::Agent, Some(seen)) => {
            let own = cursor.keys();
            for agent in &seen.document.shared.agents {
                if own.get(..2) != Some(&["agents", agent.name.value.as_str()]) {
                    suggestions.add(Suggests::Agent, &agent.name.value, "agent");
                }
            }
        }
        (Names::Model, seen) => {
            for model in seen.iter().flat_map(|seen| &seen.document.shared.models) {
                let detail = format!("{}/{}", model.provider, model.name);
                suggestions.add(Suggests::Model, &model.alias.value, detail);
            }
            written_out(suggestions);
        }
        (Names::Grant, Some(seen)) => {
            for corpus in &seen.document.shared.corpora {
                suggestions.add(
                    Suggests::Tool,
                    &corpus.name.value,
                    "corpus, with the tools that it offers",
                );
            }
            for declared in &seen.document.shared.sandboxes {
                suggestions.add(Suggests::Tool, &declared.name.value, "sandbox, with its tools");
            }
            tools(suggestions, seen);
        }
        (Names::Tool, Some(seen)) => tools(suggestions, seen),
        (Names::Step, Some(seen)) => steps(suggestions, seen, cursor.step()),
        (Names::Choice, Some(seen)) => {
            if let Some(Verb::Approve(approve)) = step(seen, cursor).and_then(|step| step.verb.as_ref()) {
                for choice in &approve.choices {
                    suggestions.add(Suggests::Word, &choice.value, "");
                }
            }
        }
        _ => {}
    }
}

fn tools(suggestions: &mut Suggestions, seen: &Seen) {
    for tool in &seen.checked.tools {
        suggestions.add(Suggests::Tool, &tool.path, "tool");
    }
}

fn step<'s>(seen: &'s Seen, cursor: &Cursor) -> Option<&'s Step> {
    let name = cursor.step()?;
    seen.document.steps.iter().find(|step| step.name.value == name)
}

/// The steps that another may wait for: not itself, and none that waits for it.
pub(super) fn steps(suggestions: &mut Suggestions, seen: &Seen, from: Option<&str>) {
    let all = &seen.document.steps;
    let own = from.and_then(|name| all.iter().position(|step| step.name.value == name));
    let waiting = own.map_or_else(HashSet::new, |own| that_wait_for(seen, own));
    for (at, step) in all.iter().enumerate().filter(|(at, _)| !waiting.contains(at)) {
        let output = seen.checked.steps.get(at).map(|step| step.output.to_string());
        let detail = format!("{} → {}", verb_of(step), output.unwrap_or_default());
        suggestions.add(Suggests::Step, &step.name.value, detail);
    }
}

/// A step and all that wait for it, whether at once or by way of others.
fn that_wait_for(seen: &Seen, step: usize) -> HashSet<usize> {
    let steps = &seen.checked.steps;
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        for before in &step.after {
            followers[*before].push(at);
        }
    }
    let mut found = HashSet::from([step]);
    let mut open = vec![step];
    while let Some(step) = open.pop() {
        let next = followers.get(step).into_iter().flatten();
        open.extend(next.copied().filter(|next| found.insert(*next)));
    }
    found
}

/// The keys under `with`: arguments of the tool, inputs of the workflow.
pub(super) fn arguments(suggestions: &mut Suggestions, analysis: &Analysis, cursor: &Cursor, beside: &[String]) {
    let (["steps", _, "with"], Some(seen)) = (cursor.keys().as_slice(), analysis.seen.as_deref()) else {
        return;
    };
    let at = step(seen, cursor).and_then(|found| {
        let mut steps = seen.document.steps.iter();
        steps.position(|step| step.name.value == found.name.value)
    });
    let Some((step, checked)) = at.and_then(|at| Some((&seen.document.steps[at], seen.checked.steps.get(at)?))) else {
        return;
    };
    let arguments = match &step.verb {
        Some(Verb::Tool { .. }) => {
            let signature = seen.checked.signatures.get(checked.callee);
            signature.map(|signature| signature.arguments.clone())
        }
        Some(Verb::Workflow { .. }) => {
            let called = seen.checked.workflows.get(checked.callee);
            called.map(crate::check::Called::arguments)
        }
        _ => None,
    };
    let open = arguments.unwrap_or_default().into_iter();
    let open = open.filter(|argument| beside.iter().all(|key| *key != argument.name));
    let (required, rest): (Vec<_>, Vec<_>) = open.partition(|argument| argument.required);
    for argument in required.into_iter().chain(rest) {
        let optional = if argument.required { "" } else { ", may be left out" };
        let detail = format!("{}{optional}", argument.kind);
        if let Some(completion) = suggestions.add(Suggests::Key, &argument.name, detail) {
            completion.insert.push_str(": ");
        }
    }
}
