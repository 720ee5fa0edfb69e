//! Steps: what they call, what they give, what they refer to.

use super::agents::{Agent, unknown_agent, unknown_tool};
use super::fit;
use super::infer::infer;
use super::names::{Found, Names, Place, Scope};
use super::{arguments, tool_name};
use crate::code;
use crate::document::{Document, FanOut, Step, Verb};
use crate::expression::Written;
use crate::report::Report;
use crate::tool_types;
use std::collections::{HashMap, HashSet};
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::ir::Tool;
use troupe_core::limits::Limits;
use troupe_core::types::Type;

/// What a step gives and calls.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) output: Type,
    pub(super) limits: Limits,
    /// The agent or the tool, by position.
    pub(super) callee: Option<usize>,
}

/// One step waits for another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// The step that is waited for, by position.
    pub(super) step: usize,
    /// The reference or the `needs` that says so.
    pub(super) span: Span,
}

/// Resolves what every step calls.
pub(super) fn kinds(report: &mut Report, document: &Document, tools: &[Tool], agents: &[Agent]) -> Vec<Kind> {
    let agent_index: HashMap<&str, usize> = document
        .agents
        .iter()
        .enumerate()
        .map(|(at, agent)| (agent.name.value.as_str(), at))
        .collect();
    let tool_index: HashMap<&str, usize> = tools
        .iter()
        .enumerate()
        .map(|(at, tool)| (tool.path.as_str(), at))
        .collect();
    document
        .steps
        .iter()
        .map(|step| {
            let (callee, default) = match &step.verb {
                None => (None, Type::Any),
                Some(Verb::Agent { agent, .. }) => {
                    let found = agent_index.get(agent.value.as_str()).copied();
                    if found.is_none() {
                        let problem = unknown_agent(report, document, agent);
                        report.add(problem);
                    }
                    (found, Type::String)
                }
                Some(Verb::Tool { tool, .. }) => {
                    let found = tool_index.get(tool.value.as_str()).copied();
                    if found.is_none() {
                        let problem = unknown_tool(report, document, tool, tools, false);
                        report.add(problem);
                    }
                    (
                        found,
                        found.map_or(Type::Any, |at| tool_types::result(tool_name(&tools[at]))),
                    )
                }
                Some(Verb::Run(_)) => (None, tool_types::process_result()),
            };
            let agent = match (&step.verb, callee) {
                (Some(Verb::Agent { .. }), Some(at)) => Some(&agents[at]),
                _ => None,
            };
            Kind {
                output: step.output.clone().unwrap_or(default),
                limits: limits(report, step, agent),
                callee,
            }
        })
        .collect()
}

/// A step only narrows what its agent may use.
fn limits(report: &mut Report, step: &Step, agent: Option<&Agent>) -> Limits {
    let Some(agent) = agent else { return Limits::AGENT };
    for (name, span, written, allowed) in step.limits.wider_than(agent.limits) {
        let message =
            format!("a step can only narrow its agent's limits: `{name}` is {allowed} there, and {written} here");
        report.add(
            Diagnostic::error(code::WIDER_LIMIT, span, message)
                .hint(format!("raise `limits.{name}` of the agent, or lower this one")),
        );
    }
    step.limits.over(agent.limits)
}

/// Checks all expressions of all steps; the steps that each waits for come back.
pub(super) fn check(
    report: &mut Report,
    document: &Document,
    names: &Names,
    tools: &[Tool],
    kinds: &[Kind],
    found: &mut Found,
) -> Vec<Vec<Edge>> {
    document
        .steps
        .iter()
        .zip(kinds)
        .map(|(step, kind)| {
            found.steps.clear();
            let callee = kind.callee.and_then(|at| tools.get(at));
            expressions(report, step, names, callee, found);
            let referred = found.steps.drain(..).map(|(step, span)| Edge { step, span });
            let mut seen = HashSet::new();
            let edges = referred.chain(needs(report, step, names));
            edges.filter(|edge| seen.insert(edge.step)).collect()
        })
        .collect()
}

fn needs(report: &mut Report, step: &Step, names: &Names) -> Vec<Edge> {
    let mut edges = Vec::new();
    for need in &step.needs {
        if let Some(at) = names.steps.get_index_of(&need.value) {
            edges.push(Edge {
                step: at,
                span: need.span,
            });
            continue;
        }
        let known: Vec<&str> = names.steps.keys().map(String::as_str).collect();
        let mut problem = Diagnostic::error(
            code::UNKNOWN_STEP,
            need.span,
            format!("there is no step `{}`", need.value),
        );
        problem.hints = report.hints(&need.value, "steps", &known);
        report.add(problem);
    }
    edges
}

/// `callee` is the tool of a `tool` step.
fn expressions(report: &mut Report, step: &Step, names: &Names, callee: Option<&Tool>, found: &mut Found) {
    let mut scope = Scope::new(names, Place::Run);
    scope.hidden_item = step.fan_out.as_ref().map(|fan_out| fan_out.variable.as_str());
    if let Some(when) = &step.when {
        condition(report, &scope, found, when);
    }
    if let Some(fan_out) = &step.fan_out {
        let item = items(report, &scope, found, fan_out);
        scope.item = Some((&fan_out.variable, item));
        scope.hidden_item = None;
    }
    match &step.verb {
        None | Some(Verb::Agent { prompt: None, .. } | Verb::Tool { arguments: None, .. }) => {}
        Some(Verb::Agent {
            prompt: Some(prompt), ..
        }) => fit::visit(report, &scope, found, prompt),
        Some(Verb::Tool {
            tool,
            arguments: Some(tree),
        }) => {
            arguments::check(report, &scope, found, tool, tree, callee);
        }
        Some(Verb::Run(command)) => {
            let values = command.env.iter().map(|(_, tree)| tree);
            for tree in command.arguments.iter().chain(values).chain(&command.stdin) {
                fit::visit(report, &scope, found, tree);
            }
        }
    }
}

fn condition(report: &mut Report, scope: &Scope<'_>, found: &mut Found, when: &Written) {
    let kind = infer(report, scope, found, when);
    if fit::may_fit(&kind, &Type::Boolean) {
        return;
    }
    let problem = Diagnostic::error(
        code::WRONG_TYPE,
        when.span(),
        format!("`when` must be true or false, and this is {kind}"),
    );
    report.add(match kind {
        Type::List(_) => problem.hint("ask for its size: `list.size() > 0`"),
        Type::String | Type::Enum(_) => problem.hint("compare it: `value == \"…\"`"),
        Type::Null => problem,
        _ => problem.hint("compare it with something"),
    });
}

/// The type of the items that a fan-out goes through.
fn items(report: &mut Report, scope: &Scope<'_>, found: &mut Found, fan_out: &FanOut) -> Type {
    let Some(items) = &fan_out.items else { return Type::Any };
    let kind = infer(report, scope, found, items);
    let parts: Vec<&Type> = match &kind {
        Type::Union(parts) => parts.iter().filter(|part| **part != Type::Null).collect(),
        other => vec![other],
    };
    match parts.as_slice() {
        [Type::List(item)] => return item.as_ref().clone(),
        parts if parts.iter().any(|part| matches!(part, Type::Any | Type::List(_))) => return Type::Any,
        _ => {}
    }
    let mut problem = Diagnostic::error(
        code::WRONG_TYPE,
        items.span(),
        format!("`for_each` goes through a list, and this is {kind}"),
    );
    if let Type::Object(fields) = &kind
        && let Some((name, _)) = fields.iter().find(|(_, kind)| matches!(kind, Type::List(_)))
    {
        problem = problem.hint(format!("did you mean its field `{name}`?"));
    }
    report.add(problem);
    Type::Any
}
