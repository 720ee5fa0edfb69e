//! A `cost` that is written bounds only what has a price.

use super::agents::Agent;
use super::called::Called;
use super::steps::Kind;
use crate::code;
use crate::document::{Document, Verb};
use crate::report::Report;
use std::collections::BTreeSet;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::ir::{self, Workflow};

/// What steps call, checked.
pub(super) struct Calls<'a> {
    pub(super) models: &'a [super::Model],
    pub(super) agents: &'a [Agent],
    pub(super) workflows: &'a [Called],
    pub(super) kinds: &'a [Kind],
}

/// Looks for the price of every model that a written `cost` is meant to bound.
pub(super) fn check(report: &mut Report, document: &Document, calls: &Calls<'_>) {
    for (agent, declared) in calls.agents.iter().zip(&document.shared.agents) {
        let unpriced = || calls.of_agent(agent);
        priced(report, declared.limits.cost(), unpriced);
    }
    let mut run = BTreeSet::new();
    for (step, kind) in document.steps.iter().zip(calls.kinds) {
        let unpriced = calls.of_step(step.verb.as_ref(), kind);
        priced(report, step.limits.cost(), || unpriced.clone());
        run.extend(unpriced);
    }
    priced(report, document.defaults.limits.cost(), || run.clone());
    priced(report, document.limits.cost.as_ref().map(|cost| cost.span), || {
        run.clone()
    });
}

fn priced(report: &mut Report, cost: Option<Span>, unpriced: impl Fn() -> BTreeSet<String>) {
    let Some(span) = cost else { return };
    let names: Vec<String> = unpriced().into_iter().collect();
    if !names.is_empty() {
        let message = format!(
            "nobody said what the tokens of {} cost, so `cost` bounds nothing",
            names.join(", ")
        );
        report.add(
            Diagnostic::error(code::NO_PRICE, span, message)
                .hint("say it under `models`, in dollars for a million tokens: `price: { input: 1.25, output: 10 }`")
                .hint("or bound its work by `tokens`, which needs no price"),
        );
    }
}

impl Calls<'_> {
    /// The models without a price that an agent and its team use.
    fn of_agent(&self, agent: &Agent) -> BTreeSet<String> {
        let team = agent.team.iter().filter_map(|member| self.agents.get(*member));
        let models = [agent]
            .into_iter()
            .chain(team)
            .filter_map(|agent| self.models.get(agent.model));
        models.filter_map(unpriced).collect()
    }

    fn of_step(&self, verb: Option<&Verb>, kind: &Kind) -> BTreeSet<String> {
        match (verb, kind.callee) {
            (Some(Verb::Agent { .. }), Some(at)) => self.of_agent(&self.agents[at]),
            (Some(Verb::Workflow { .. }), Some(at)) => {
                let called = self.workflows.get(at).and_then(|called| called.workflow.as_deref());
                called.map(of_workflow).unwrap_or_default()
            }
            _ => BTreeSet::new(),
        }
    }
}

fn unpriced(model: &super::Model) -> Option<String> {
    let is_known = model.price.is_some() || ir::is_free(&model.provider);
    (!is_known).then(|| format!("{}/{}", model.provider, model.name))
}

fn of_workflow(workflow: &Workflow) -> BTreeSet<String> {
    // An agent of a file with mistakes may have none.
    let models = workflow.agents.iter();
    let models = models.filter_map(|agent| workflow.models.get(agent.model.at()));
    let own = models.filter(|model| model.known_price().is_none());
    let own = own.map(|model| format!("{}/{}", model.provider, model.name));
    own.chain(workflow.workflows.iter().flat_map(|called| of_workflow(called)))
        .collect()
}
