//! Names, types and order: everything that a file can get wrong though each part of it reads well.

mod agents;
mod arguments;
mod calls;
mod corpora;
mod fields;
mod fit;
mod graph;
mod infer;
mod models;
mod names;
mod outputs;
mod references;
mod spots;
mod steps;
mod unused;

pub(crate) use agents::Agent;
pub(crate) use corpora::tool_name;

use crate::document::{Document, Model};
use crate::files::Files;
use crate::report::Report;
use names::{Found, Names};
use troupe_core::ir::Tool;
use troupe_core::limits::Limits;
use troupe_core::types::Type;

/// What the document's names stand for, by position in the document.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The declared models, then those that agents write out.
    pub(crate) models: Vec<Model>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) steps: Vec<Step>,
    /// Positions of the document's steps, every step after those that it waits for.
    pub(crate) order: Vec<usize>,
    /// The environment variables that expressions outside of `models` read.
    pub(crate) env: Vec<String>,
}

/// What is known of a step besides its text.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) output: Type,
    pub(crate) limits: Limits,
    /// The agent or the tool that it calls, by position.
    pub(crate) callee: usize,
    /// Positions of the steps that it waits for.
    pub(crate) after: Vec<usize>,
}

/// Checks everything. What comes back is only complete when nothing was reported as an error.
pub(crate) fn check(report: &mut Report, document: &Document, files: &dyn Files) -> Checked {
    let tools = corpora::check(report, document, files);
    let mut found = Found::default();
    let (models, agents) = agents::check(report, document, &tools);
    models::check(report, document);
    let kinds = steps::kinds(report, document, &tools, &agents);
    let names = Names::new(document, &kinds);
    agents::check_prompts(report, document, &names, &mut found);
    let edges = steps::check(report, document, &names, &tools, &kinds, &mut found);
    outputs::check(report, document, &names, &mut found);
    let order = graph::order(report, document, &edges);
    if !report.has_errors() {
        unused::check(report, document, &models, &agents, &kinds, &found);
    }
    let steps = kinds
        .into_iter()
        .zip(edges)
        .map(|(kind, edges)| Step {
            output: kind.output,
            limits: kind.limits,
            callee: kind.callee.unwrap_or(usize::MAX),
            after: edges.into_iter().map(|edge| edge.step).collect(),
        })
        .collect();
    Checked {
        models,
        tools,
        agents,
        steps,
        order,
        env: found.env.into_iter().collect(),
    }
}
