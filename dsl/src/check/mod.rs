//! Names, types and order: everything that a file can get wrong though each part of it reads well.

mod agents;
mod arguments;
mod called;
mod corpora;
mod cursor;
mod environments;
mod facts;
mod fields;
mod fit;
mod functions;
mod graph;
mod infer;
mod lints;
mod models;
mod names;
mod operators;
mod outputs;
mod prices;
mod references;
mod sandboxes;
mod servers;
mod steps;

pub(crate) use agents::Agent;
pub(crate) use called::Called;
pub(crate) use cursor::{Asked, CURSOR, Meanings, ask};
pub(crate) use functions::{FUNCTIONS, MACROS};

use crate::Compilation;
use crate::document::{Document, Model};
use crate::files::Files;
use crate::report::Report;
use crate::tool_types::Signature;
use names::{Found, Names};
use steps::Callables;
use troupe_core::ir::{EffectClass, OnError, Retry, Tool};
use troupe_core::limits::Limits;
use troupe_core::types::Type;

/// What the document's names stand for, by position in the document.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The declared models, then those that agents write out.
    pub(crate) models: Vec<Model>,
    pub(crate) tools: Vec<Tool>,
    /// Of each tool.
    pub(crate) signatures: Vec<Signature>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) workflows: Vec<Called>,
    pub(crate) steps: Vec<Step>,
    /// Positions of the document's steps, every step after those that it waits for.
    pub(crate) order: Vec<usize>,
    /// The types of the outputs.
    pub(crate) outputs: Vec<Type>,
    /// The environment variables that expressions outside of `models` read.
    pub(crate) env: Vec<String>,
    /// The secrets that they name.
    pub(crate) secrets: Vec<String>,
    /// What the names and fields in expressions mean, where an editor asked.
    pub(crate) meanings: Option<Meanings>,
}

/// What is known of a step besides its text.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) output: Type,
    pub(crate) limits: Limits,
    /// The agent, the tool or the workflow that it calls, by position.
    pub(crate) callee: usize,
    pub(crate) retry: Retry,
    pub(crate) on_error: OnError,
    pub(crate) effect: EffectClass,
    /// Positions of the steps that it waits for.
    pub(crate) after: Vec<usize>,
}

/// Checks everything. What comes back is only complete when nothing was reported as an error.
/// `errors_before` is how many were reported before the file was read.
pub(crate) fn check(
    report: &mut Report,
    document: &Document,
    files: &dyn Files,
    compilation: &mut Compilation,
    errors_before: usize,
) -> Checked {
    let mut tools = corpora::check(report, document, files);
    let mut signatures: Vec<Signature> = tools.iter().map(|tool| corpora::signature(document, tool)).collect();
    for (tool, signature) in sandboxes::tools(document)
        .into_iter()
        .chain(servers::check(report, document))
        .chain(environments::tools(document))
    {
        tools.push(tool);
        signatures.push(signature);
    }
    let mut found = Found {
        uses: compilation.is_for_editor().then(Vec::new),
        ..Found::default()
    };
    let (models, agents) = agents::check(report, document, &tools, compilation.inherited.as_ref());
    models::check(report, document);
    compilation.hand_down(document, &models);
    let workflows = called::compile(report, document, files, compilation);
    let callables = Callables {
        tools: &tools,
        signatures: &signatures,
        agents: &agents,
        workflows: &workflows,
    };
    let kinds = steps::kinds(report, document, &callables);
    let calls = prices::Calls {
        models: &models,
        agents: &agents,
        workflows: &workflows,
        kinds: &kinds,
    };
    prices::check(report, document, &calls);
    let names = Names::new(document, &kinds);
    agents::check_prompts(report, document, &names, &mut found);
    sandboxes::check(report, document, &names, &mut found);
    let edges = steps::check(report, document, &names, &callables, &kinds, &mut found);
    let outputs = outputs::check(report, document, &names, &mut found);
    let order = graph::order(report, document, &edges);
    if report.errors() == errors_before {
        let seen = lints::Seen {
            document,
            models: &models,
            agents: &agents,
            tools: &tools,
            kinds: &kinds,
            names: &names,
            edges: &edges,
            found: &found,
        };
        lints::check(report, &seen);
    }
    let meanings = found.uses.map(|uses| Meanings {
        names,
        kinds: kinds.clone(),
        uses,
    });
    let steps = kinds.into_iter().zip(edges).map(|(kind, edges)| Step {
        output: kind.output,
        limits: kind.limits,
        callee: kind.callee.unwrap_or(usize::MAX),
        retry: kind.retry,
        on_error: kind.on_error,
        effect: kind.effect,
        after: edges.into_iter().map(|edge| edge.step).collect(),
    });
    Checked {
        steps: steps.collect(),
        models,
        tools,
        signatures,
        agents,
        workflows,
        order,
        outputs,
        env: found.env.into_iter().collect(),
        secrets: found.secrets.into_iter().collect(),
        meanings,
    }
}
