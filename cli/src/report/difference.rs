//! Where two runs differ, in text: left of an arrow the first one, right of it the second.

use troupe_core::Value;
use troupe_core::id::RunId;
use troupe_core::view::{AgentDiff, Change, Figures, ItemDiff, Pair, RunDiff, StepDiff};

/// Characters of a value that are shown.
const VALUE_SHOWN: usize = 120;
/// Differences of one thing that are listed; the others are counted.
const LISTED_MAX: usize = 20;

/// The report: one line a difference, and what the runs used.
pub fn difference(runs: [&RunId; 2], shared: u64, diff: &RunDiff) -> String {
    let mut lines = vec![format!("{} → {}", runs[0], runs[1])];
    if shared > 0 {
        lines.push(format!("both begin with the same {shared} events"));
    }
    lines.push(String::new());
    let heads = lines.len();
    if diff.status.left != diff.status.right {
        lines.push(format!(
            "status: {} → {}",
            diff.status.left.word(),
            diff.status.right.word()
        ));
    }
    changes(&mut lines, "", "inputs", &diff.inputs);
    diff.steps.iter().for_each(|found| step(&mut lines, found));
    listed(&mut lines, "", &diff.agents, agent);
    changes(&mut lines, "", "outputs", &diff.outputs);
    if lines.len() == heads {
        lines.push("the same inputs, steps, answers and outputs".to_owned());
    }
    lines.push(String::new());
    figures(&mut lines, diff.figures);
    lines.join("\n")
}

fn step(lines: &mut Vec<String>, step: &StepDiff) {
    let word = |status: Option<troupe_core::view::StepStatus>| status.map_or("no such step", |status| status.word());
    lines.push(format!("step {}{}", step.name, change_of(step.status, word)));
    if let Some(failure) = &step.failure {
        let said = |failure: &Option<String>| failure.as_deref().map_or_else(|| "none".to_owned(), short);
        lines.push(format!("  failure: {} → {}", said(&failure.left), said(&failure.right)));
    }
    listed(lines, "  ", &step.items, item);
}

fn item(lines: &mut Vec<String>, item: &ItemDiff) {
    let word = |status: Option<troupe_core::view::StepStatus>| status.map_or("no such item", |status| status.word());
    let status = change_of(item.status, word);
    match &item.name {
        Some(name) if !status.is_empty() => lines.push(format!("  [{name}]{status}")),
        _ => {}
    }
    let name = item.name.as_ref().map(|name| format!("[{name}].")).unwrap_or_default();
    changes(lines, "  ", &format!("{name}output"), &item.output);
}

fn agent(lines: &mut Vec<String>, agent: &AgentDiff) {
    let word = |status: Option<&'static str>| status.unwrap_or("no such agent");
    lines.push(format!("agent {}{}", agent.address, change_of(agent.status, word)));
    if let Some(answer) = &agent.answer {
        let said = |text: &Option<String>| text.as_deref().map_or_else(|| "nothing".to_owned(), quoted);
        lines.push(format!("  answer: {} → {}", said(&answer.left), said(&answer.right)));
    }
}

/// `: running → failed`; nothing where both are the same.
fn change_of<T: Copy + PartialEq>(pair: Pair<T>, word: impl Fn(T) -> &'static str) -> String {
    if pair.left == pair.right {
        String::new()
    } else {
        format!(": {} → {}", word(pair.left), word(pair.right))
    }
}

fn changes(lines: &mut Vec<String>, indent: &str, of: &str, changes: &[Change]) {
    listed(lines, indent, changes, |lines, change| {
        let value = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), |value| short(&value.to_string()))
        };
        let (left, right) = (value(&change.left), value(&change.right));
        lines.push(format!("{indent}{of}{}: {left} → {right}", change.path));
    });
}

fn listed<T>(lines: &mut Vec<String>, indent: &str, found: &[T], mut line: impl FnMut(&mut Vec<String>, &T)) {
    for found in found.iter().take(LISTED_MAX) {
        line(lines, found);
    }
    if found.len() > LISTED_MAX {
        lines.push(format!("{indent}… {} more", found.len() - LISTED_MAX));
    }
}

fn figures(lines: &mut Vec<String>, figures: Pair<Figures>) {
    let row = |name: &str, of: fn(&Figures) -> u64| {
        let (left, right) = (of(&figures.left), of(&figures.right));
        format!("{name:<12}{left:>12}{right:>12}")
    };
    lines.extend([
        row("events", |figures| figures.events),
        row("agents", |figures| figures.agents),
        row("tokens", |figures| figures.tokens),
        row("tool calls", |figures| figures.tool_calls.into()),
        row("time (ms)", |figures| figures.duration_ms),
    ]);
}

fn quoted(text: &str) -> String {
    short(&Value::from(text).to_string())
}

fn short(text: &str) -> String {
    match text.char_indices().nth(VALUE_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
