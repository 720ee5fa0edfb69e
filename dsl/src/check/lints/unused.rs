//! What is declared and never used: most often a slip elsewhere.

use super::Seen;
use crate::code;
use crate::document::{Spanned, Step, Verb};
use crate::report::Report;
use std::collections::HashSet;
use troupe_core::diagnostic::{Diagnostic, SourceId};

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    inputs(report, seen);
    agents(report, seen);
    models(report, seen);
    corpora(report, seen);
    steps(report, seen);
}

fn warn(report: &mut Report, code: &'static str, what: &str, name: &Spanned<String>, hint: &str) {
    let message = format!("the {what} `{}` is never used", name.value);
    report.add(Diagnostic::warning(code, name.span, message).hint(hint));
}

/// What an imported file declares is for all that import it.
fn is_own(seen: &Seen<'_>, name: &Spanned<String>) -> bool {
    let own = seen
        .document
        .steps
        .first()
        .map_or(SourceId(0), |step| step.span().source);
    name.span.source == own
}

fn inputs(report: &mut Report, seen: &Seen<'_>) {
    for input in &seen.document.inputs {
        let name = &input.name;
        if !seen.found.all_inputs && !seen.found.inputs.contains(&name.value) {
            let hint = format!("remove it, or read it as `${{{{ inputs.{} }}}}`", name.value);
            warn(report, code::UNUSED_INPUT, "input", name, &hint);
        }
    }
}

fn agents(report: &mut Report, seen: &Seen<'_>) {
    let mut used: HashSet<&str> = HashSet::new();
    for step in &seen.document.steps {
        match &step.verb {
            Some(Verb::Agent { agent, .. }) => {
                used.insert(&agent.value);
            }
            Some(Verb::Discuss(discuss)) => {
                used.extend(
                    discuss
                        .agents
                        .iter()
                        .chain(&discuss.lead)
                        .map(|name| name.value.as_str()),
                );
            }
            _ => {}
        }
    }
    let teams = seen.agents.iter().flat_map(|agent| &agent.team);
    used.extend(teams.map(|at| seen.document.shared.agents[*at].name.value.as_str()));
    for agent in &seen.document.shared.agents {
        if !used.contains(agent.name.value.as_str()) && is_own(seen, &agent.name) {
            let hint = "remove it, name it in a step, or put it into a team";
            warn(report, code::UNUSED_AGENT, "agent", &agent.name, hint);
        }
    }
}

fn models(report: &mut Report, seen: &Seen<'_>) {
    let mut used: HashSet<&str> = seen
        .agents
        .iter()
        .filter_map(|agent| seen.models.get(agent.model))
        .map(|model| model.alias.value.as_str())
        .collect();
    // Called workflows have it too.
    used.extend(seen.document.defaults.model.as_ref().map(|name| name.value.as_str()));
    for model in &seen.document.shared.models {
        if !used.contains(model.alias.value.as_str()) && is_own(seen, &model.alias) {
            warn(
                report,
                code::UNUSED_MODEL,
                "model",
                &model.alias,
                "remove it, or name it in an agent",
            );
        }
    }
}

fn corpora(report: &mut Report, seen: &Seen<'_>) {
    let granted = seen
        .agents
        .iter()
        .flat_map(|agent| agent.tools.iter().map(|(_, at)| *at));
    let called = seen
        .document
        .steps
        .iter()
        .zip(seen.kinds)
        .filter_map(|(step, kind)| match step.verb {
            Some(Verb::Tool { .. }) => kind.callee,
            _ => None,
        });
    let used: HashSet<&str> = granted
        .chain(called)
        .filter_map(|at| seen.tools.get(at))
        .map(|tool| tool.source.group())
        .collect();
    for corpus in &seen.document.shared.corpora {
        if !used.contains(corpus.name.value.as_str()) && is_own(seen, &corpus.name) {
            let hint = "remove it, or grant it to an agent under `tools`";
            warn(report, code::UNUSED_CORPUS, "corpus", &corpus.name, hint);
        }
    }
    let words: HashSet<&str> = seen.document.steps.iter().filter_map(sandbox_word).collect();
    for sandbox in &seen.document.shared.sandboxes {
        let name = sandbox.name.value.as_str();
        if !used.contains(name) && !words.contains(name) && is_own(seen, &sandbox.name) {
            let hint = "remove it, grant it to an agent under `tools`, or name it as the `sandbox` of a step";
            warn(report, code::UNUSED_CORPUS, "sandbox", &sandbox.name, hint);
        }
    }
}

/// The one word that a command gives as its sandbox.
fn sandbox_word(step: &Step) -> Option<&str> {
    match &step.verb {
        Some(Verb::Run(command)) => Some(command.sandbox.as_ref()?.word.as_ref()?.value.as_str()),
        _ => None,
    }
}

/// A step that only gives a value, and nobody reads it. Commands, approvals and workflows do more
/// than that, and so may what others wait for.
fn steps(report: &mut Report, seen: &Seen<'_>) {
    let awaited: HashSet<usize> = seen.edges.iter().flatten().map(|edge| edge.step).collect();
    for (at, step) in seen.document.steps.iter().enumerate() {
        let gives_alone = matches!(
            step.verb,
            Some(Verb::Agent { .. } | Verb::Tool { .. } | Verb::Discuss(_) | Verb::Plan { .. })
        );
        if gives_alone && !seen.found.read_steps.contains(&at) && !awaited.contains(&at) {
            let hint = format!("read it under `outputs`: `${{{{ steps.{}.{} }}}}`", step.name.value, {
                let fan_out = step.fan_out.is_some();
                if fan_out { "outputs" } else { "output" }
            });
            let message = format!("nobody reads what the step `{}` gives", step.name.value);
            report.add(Diagnostic::warning(code::UNUSED_STEP, step.name.span, message).hint(hint));
        }
    }
}
