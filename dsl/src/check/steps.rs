//! Steps: what they call, what they give, what they refer to.

use super::agents::{self, Agent};
use super::arguments::{self, Callee};
use super::called::Called;
use super::environments;
use super::facts::{facts_if, instead};
use super::fit;
use super::infer::infer;
use super::names::{Found, Local, Names, Place, Scope};
use crate::code;
use crate::document::{Artifacts, Document, FanOut, Repeat, Step, Verb};
use crate::expression::{Tree, Written};
use crate::report::Report;
use crate::tool_types::{self, Signature};
use std::collections::{HashMap, HashSet};
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::ir::{ARTIFACTS, EffectClass, OnError, Retry, Tool};
use troupe_core::limits::Limits;
use troupe_core::types::Type;

/// What a step gives and calls.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    /// What one item gives when it succeeds.
    pub(super) output: Type,
    pub(super) limits: Limits,
    /// The agent, the tool or the workflow, by position.
    pub(super) callee: Option<usize>,
    pub(super) retry: Retry,
    pub(super) on_error: OnError,
    /// Whether its call or its command may happen twice; nothing to other verbs.
    pub(super) effect: EffectClass,
    /// Whether its output is text from outside.
    pub(super) untrusted: bool,
}

/// One step waits for another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// The step that is waited for, by position.
    pub(super) step: usize,
    /// The reference or the `needs` that says so.
    pub(super) span: Span,
}

/// What steps can call.
pub(super) struct Callables<'a> {
    pub(super) tools: &'a [Tool],
    /// Of each tool.
    pub(super) signatures: &'a [Signature],
    pub(super) agents: &'a [Agent],
    pub(super) workflows: &'a [Called],
}

/// Resolves what every step calls.
pub(super) fn kinds(report: &mut Report, document: &Document, callables: &Callables<'_>) -> Vec<Kind> {
    let agents = document.shared.agents.iter().map(|agent| agent.name.value.as_str());
    let agents: HashMap<&str, usize> = agents.zip(0..).collect();
    let tools = callables.tools.iter().map(|tool| tool.path.as_str());
    let tools: HashMap<&str, usize> = tools.zip(0..).collect();
    let workflows = callables.workflows.iter().map(|called| called.path.as_str());
    let workflows: HashMap<&str, usize> = workflows.zip(0..).collect();
    let mut resolved = Vec::with_capacity(document.steps.len());
    for step in &document.steps {
        let (callee, default) = match &step.verb {
            None => (None, Type::Any),
            Some(Verb::Agent { agent, .. }) => {
                let found = agents.get(agent.value.as_str()).copied();
                if found.is_none() {
                    agents::unknown_agent(report, document, agent);
                }
                (found, Type::String)
            }
            Some(Verb::Tool { tool, .. }) => {
                let found = tools.get(tool.value.as_str()).copied();
                if found.is_none() {
                    agents::unknown_tool(report, document, tool, callables.tools, false);
                }
                if found.is_some_and(|at| callables.tools[at].class == EffectClass::Once) {
                    never_cached(report, step);
                }
                let result = found.map(|at| callables.signatures[at].result.clone());
                (found, result.unwrap_or(Type::Any))
            }
            Some(Verb::Run(_)) => (None, tool_types::process_result()),
            Some(Verb::Workflow { path, .. }) => {
                let found = workflows.get(path.value.as_str()).copied();
                (found, found.map_or(Type::Any, |at| callables.workflows[at].output()))
            }
            Some(Verb::Approve(approve)) => {
                let choices = approve.choices.iter().map(|choice| choice.value.clone());
                (None, approved(choices.collect()))
            }
            Some(Verb::Discuss(discuss)) => {
                for name in discuss.agents.iter().chain(&discuss.lead) {
                    if !agents.contains_key(name.value.as_str()) {
                        agents::unknown_agent(report, document, name);
                    }
                }
                (None, Type::String)
            }
            Some(Verb::Plan { .. }) => (None, Type::Any),
            Some(Verb::Environment { .. }) => (environments::found(callables.tools), environments::result()),
        };
        let agent = match (&step.verb, callee) {
            (Some(Verb::Agent { .. }), Some(at)) => Some(&callables.agents[at]),
            _ => None,
        };
        let retry = step.retry.as_ref().or(document.defaults.retry.as_ref());
        resolved.push(Kind {
            untrusted: matches!(
                step.verb,
                Some(Verb::Tool { .. } | Verb::Run(_) | Verb::Environment { .. })
            ),
            output: with_files(report, step, step.output.clone().unwrap_or(default)),
            limits: limits(report, step, agent),
            callee,
            retry: retry.map_or(Retry::NONE, |retry| retry.value.clone()),
            on_error: step.on_error.or(document.defaults.on_error).unwrap_or_default(),
            effect: step.effect.unwrap_or_else(|| effect(step, callee, callables.tools)),
        });
    }
    resolved
}

/// What a command gives, with the paths of its files.
fn with_files(report: &mut Report, step: &Step, output: Type) -> Type {
    let Some(Verb::Run(command)) = &step.verb else {
        return output;
    };
    let Some(artifacts) = &command.artifacts else {
        return output;
    };
    match output {
        Type::Object(mut fields) if !fields.contains_key(ARTIFACTS) => {
            fields.insert(ARTIFACTS.to_owned(), artifacts.lowered().kind());
            Type::Object(fields)
        }
        // What could not be read was reported.
        Type::Any => Type::Any,
        output => {
            let message =
                format!("with `artifacts` a command's `output` is an object of other fields, and this is {output}");
            report.add(
                Diagnostic::error(code::FOREIGN_KEY, step.span(), message)
                    .hint("the paths of the files become its field `artifacts`: write `output: { result: …, … }`"),
            );
            output
        }
    }
}

/// A command may do anything; a tool says itself what a call does.
fn effect(step: &Step, callee: Option<usize>, tools: &[Tool]) -> EffectClass {
    match &step.verb {
        Some(Verb::Run(_)) => EffectClass::Once,
        Some(Verb::Tool { .. } | Verb::Environment { .. }) => callee.map_or(EffectClass::Once, |at| tools[at].class),
        _ => EffectClass::Pure,
    }
}

/// A call that must not be repeated is no question whose answer could be kept.
fn never_cached(report: &mut Report, step: &Step) {
    let Some(cache) = step.cache.as_ref().filter(|cache| cache.value.is_some()) else {
        return;
    };
    let message = "a call of this tool may change something, so an earlier answer cannot stand for it";
    report.add(
        Diagnostic::error(code::NEVER_CACHED, cache.span, message)
            .related(step.name.span, "every call is made")
            .hint("remove `cache`"),
    );
}

fn object(fields: &[(&str, Type)]) -> Type {
    Type::Object(
        fields
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), kind.clone()))
            .collect(),
    )
}

/// What a person decided.
fn approved(choices: Vec<String>) -> Type {
    let choice = if choices.is_empty() {
        Type::Any
    } else {
        Type::Enum(choices)
    };
    object(&[("choice", choice), ("comment", Type::String.or(Type::Null))])
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
    callables: &Callables<'_>,
    kinds: &[Kind],
    found: &mut Found,
) -> Vec<Vec<Edge>> {
    let mut edges = Vec::with_capacity(kinds.len());
    for (step, kind) in document.steps.iter().zip(kinds) {
        found.steps.clear();
        expressions(report, step, kind, names, callables, found);
        let referred = found.steps.drain(..).map(|(step, span)| Edge { step, span });
        let mut seen = HashSet::new();
        let mut all: Vec<Edge> = referred.collect();
        all.extend(needs(report, step, names));
        all.retain(|edge| seen.insert(edge.step));
        edges.push(all);
    }
    edges
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

pub(super) fn expressions(
    report: &mut Report,
    step: &Step,
    kind: &Kind,
    names: &Names,
    callables: &Callables<'_>,
    found: &mut Found,
) {
    let mut scope = Scope::new(names, Place::Run);
    scope.own_step = names.steps.get_index_of(&step.name.value);
    scope.hidden_item = step.fan_out.as_ref().map(|fan_out| fan_out.variable.as_str());
    scope.is_unsure = step.unread_when.is_some();
    if let Some(when) = &step.when {
        condition(report, &scope, found, when, "when");
        scope.facts = facts_if(when.expression.root(), true);
    }
    if let Some(fan_out) = &step.fan_out {
        let kind = items(report, &scope, found, fan_out);
        scope.hidden_item = None;
        scope.locals.push(Local {
            name: fan_out.variable.clone(),
            kind,
            declared: fan_out.named,
        });
        if let Some(key) = &fan_out.key {
            item_key(report, &scope, found, key);
        }
    }
    if let Some(repeat) = &step.repeat {
        let carry = rounds(report, &scope, found, repeat, &kind.output);
        scope = scope.with(Place::Run, [("round", Type::Integer), ("carry", carry.or(Type::Null))]);
    }
    if let Some(verb) = &step.verb {
        verb_expressions(report, verb, kind, &scope, callables, found);
    }
}

fn verb_expressions(
    report: &mut Report,
    verb: &Verb,
    kind: &Kind,
    scope: &Scope<'_>,
    callables: &Callables<'_>,
    found: &mut Found,
) {
    let effect = scope.with(Place::Effect, []);
    match verb {
        Verb::Agent { prompt, .. } => each(prompt, |tree| fit::words(report, scope, found, tree)),
        Verb::Discuss(discuss) => each(&discuss.prompt, |tree| fit::words(report, scope, found, tree)),
        Verb::Approve(approve) => each(&approve.message, |tree| fit::words(report, scope, found, tree)),
        Verb::Plan { vibe, given } => {
            each(vibe, |tree| fit::words(report, scope, found, tree));
            each(given, |tree| drop(fit::kind(report, scope, found, tree)));
        }
        Verb::Environment { given } => each(given, |tree| environments::check(report, scope, found, tree)),
        Verb::Tool { tool, arguments } => {
            let Some(arguments) = arguments else { return };
            match kind.callee.map(|at| &callables.signatures[at]) {
                Some(signature) => {
                    let callee = Callee {
                        name: tool,
                        arguments: &signature.arguments,
                        what: "argument",
                        declared: &[],
                    };
                    arguments::check(report, &effect, found, &callee, arguments);
                }
                // An unknown tool was reported; its arguments still refer to things.
                None => drop(fit::kind(report, &effect, found, arguments)),
            }
        }
        Verb::Workflow { path, inputs } => {
            let Some(inputs) = inputs else { return };
            match kind.callee.and_then(|at| callables.workflows.get(at)) {
                Some(called) if called.workflow.is_some() => {
                    let callee = Callee {
                        name: path,
                        arguments: &called.arguments(),
                        what: "input",
                        declared: &called.input_spans,
                    };
                    arguments::check(report, scope, found, &callee, inputs);
                }
                _ => drop(fit::kind(report, scope, found, inputs)),
            }
        }
        Verb::Run(command) => {
            let values = command.env.iter().map(|(_, tree)| tree);
            let image = command.sandbox.as_ref().and_then(|sandbox| sandbox.image.as_ref());
            let texts = command.arguments.iter().chain(values).chain(&command.stdin);
            for tree in command.artifacts.iter().flat_map(Artifacts::trees) {
                fit::words(report, scope, found, tree);
            }
            for tree in texts.chain(image) {
                fit::words(report, &effect, found, tree);
            }
        }
    }
}

fn each(tree: &Option<Tree>, mut visit: impl FnMut(&Tree)) {
    if let Some(tree) = tree {
        visit(tree);
    }
}

/// What a repetition asks and hands on; the type of what it hands on.
fn rounds(report: &mut Report, scope: &Scope<'_>, found: &mut Found, repeat: &Repeat, output: &Type) -> Type {
    let seen = |carry: Type| {
        [
            ("output", output.clone()),
            ("round", Type::Integer),
            ("carry", carry.or(Type::Null)),
        ]
    };
    let carry = match &repeat.carry {
        Some(tree) => {
            // What it hands on may read what it was handed: first with that unknown, and unheard.
            let unknown = scope.with(Place::Run, seen(Type::Any));
            let carry = fit::kind(&mut Report::new(""), &unknown, &mut Found::default(), tree);
            fit::kind(report, &scope.with(Place::Run, seen(carry)), found, tree)
        }
        None => Type::Null,
    };
    if let Some(until) = &repeat.until {
        condition(
            report,
            &scope.with(Place::Run, seen(carry.clone())),
            found,
            until,
            "until",
        );
    }
    carry
}

/// `when` and `until`: true or false, and nothing else.
fn condition(report: &mut Report, scope: &Scope<'_>, found: &mut Found, written: &Written, what: &str) {
    let kind = infer(report, scope, found, written);
    if kind == Type::Any {
        found
            .weak
            .push((written.span(), written.expression.source().to_owned()));
        return;
    }
    if kind.fits(&Type::Boolean) {
        return;
    }
    let source = written.expression.source();
    if kind.without(&[Type::Null, Type::Absent]) == Some(Type::Boolean) {
        let message = format!("`{what}` must be true or false, and this may be null");
        let instead = instead(written.expression.root(), source, "false");
        report.add(Diagnostic::error(code::MAY_BE_NULL, written.span(), message).hint(format!("write {instead}")));
        return;
    }
    let message = format!("`{what}` must be true or false, and this is {kind}");
    let problem = Diagnostic::error(code::WRONG_TYPE, written.span(), message);
    report.add(match kind {
        Type::List(_) => problem.hint(format!("ask for its size: `{source}.size() > 0`")),
        Type::String | Type::Enum(_) => problem.hint(format!("compare it: `{source} == \"…\"`")),
        _ => problem.hint("compare it with something"),
    });
}

/// The type of the items that a fan-out goes through.
fn items(report: &mut Report, scope: &Scope<'_>, found: &mut Found, fan_out: &FanOut) -> Type {
    let Some(items) = &fan_out.items else { return Type::Any };
    let kind = infer(report, scope, found, items);
    match kind.shape() {
        Type::List(item) => return item.as_ref().clone(),
        Type::Any => {
            found.weak.push((items.span(), items.expression.source().to_owned()));
            return Type::Any;
        }
        Type::Union(parts) => {
            let lists = parts.iter().map(|part| match part.shape() {
                Type::List(item) => Some(item.as_ref().clone()),
                _ => None,
            });
            let items: Option<Vec<Type>> = lists.collect();
            if let Some(item) = items.and_then(|items| items.into_iter().reduce(Type::or)) {
                return item;
            }
        }
        _ => {}
    }
    let source = items.expression.source();
    if let Some(Type::List(item)) = kind.without(&[Type::Null, Type::Absent]) {
        if scope.is_unsure {
            return *item;
        }
        let message = "`for_each` goes through a list, and this may be null";
        report.add(
            Diagnostic::error(code::MAY_BE_NULL, items.span(), message)
                .hint(format!("write {}", instead(items.expression.root(), source, "[]"))),
        );
        return *item;
    }
    let mut problem = Diagnostic::error(
        code::WRONG_TYPE,
        items.span(),
        format!("`for_each` goes through a list, and this is {kind}"),
    );
    if let Type::Object(fields) = kind.shape()
        && let Some((name, _)) = fields.iter().find(|(_, kind)| matches!(kind, Type::List(_)))
    {
        problem = problem.hint(format!("did you mean its field `{name}`?"));
    }
    report.add(problem);
    Type::Any
}

/// `key`: a text or a whole number.
fn item_key(report: &mut Report, scope: &Scope<'_>, found: &mut Found, key: &Written) {
    let kind = infer(report, scope, found, key);
    let wanted = Type::String.or(Type::Integer);
    if !kind.fits(&wanted) {
        let message = format!("`key` is a string or an integer, and this is {kind}");
        let problem = Diagnostic::error(code::WRONG_TYPE, key.span(), message);
        report.add(problem.hint(format!("`string({})` makes text of it", key.expression.source())));
    }
}
