//! What is declared and never used: most often a slip elsewhere.

use super::agents::Agent;
use super::names::Found;
use super::steps::Kind;
use crate::code;
use crate::document::{Document, Model, Verb};
use crate::report::Report;
use std::collections::HashSet;
use troupe_core::diagnostic::Diagnostic;

pub(super) fn check(
    report: &mut Report,
    document: &Document,
    models: &[Model],
    agents: &[Agent],
    kinds: &[Kind],
    found: &Found,
) {
    for input in &document.inputs {
        if !found.all_inputs && !found.inputs.contains(&input.name.value) {
            let message = format!("the input `{}` is never used", input.name.value);
            report.add(
                Diagnostic::warning(code::UNUSED_INPUT, input.name.span, message).hint(format!(
                    "remove it, or read it as `${{{{ inputs.{} }}}}`",
                    input.name.value
                )),
            );
        }
    }
    let mut used: HashSet<usize> = agents.iter().flat_map(|agent| agent.team.iter().copied()).collect();
    let by_steps = document
        .steps
        .iter()
        .zip(kinds)
        .filter(|(step, _)| matches!(step.verb, Some(Verb::Agent { .. })));
    used.extend(by_steps.filter_map(|(_, kind)| kind.callee));
    for (at, agent) in document.agents.iter().enumerate() {
        if !used.contains(&at) {
            let message = format!("the agent `{}` is never used", agent.name.value);
            report.add(
                Diagnostic::warning(code::UNUSED_AGENT, agent.name.span, message)
                    .hint("remove it, name it in a step, or put it into a team"),
            );
        }
    }
    let used: HashSet<usize> = agents.iter().map(|agent| agent.model).collect();
    // The models after the declared ones were written out by agents that use them.
    for (at, model) in models.iter().enumerate().take(document.models.len()) {
        if !used.contains(&at) {
            let message = format!("the model `{}` is never used", model.alias.value);
            report.add(
                Diagnostic::warning(code::UNUSED_MODEL, model.alias.span, message)
                    .hint("remove it, or name it in an agent"),
            );
        }
    }
}
