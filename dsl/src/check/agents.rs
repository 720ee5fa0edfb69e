//! Agents: their models, tools, teams and limits.

use super::names::{Found, Names, Place, Scope};
use super::{corpora, fit};
use crate::code;
use crate::document::{self, Document, Model, Named, Spanned};
use crate::nearest;
use crate::report::Report;
use std::collections::{HashMap, HashSet};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::{Tool, ToolSource};
use troupe_core::limits::Limits;

/// What is known of an agent besides its text; positions in the document and in the list of models.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) model: usize,
    /// The name that the model sees, and the tool.
    pub(crate) tools: Vec<(String, usize)>,
    pub(crate) team: Vec<usize>,
    pub(crate) limits: Limits,
}

/// What each name under `tools` grants: a server or a sandbox all its tools, a corpus those that it offers, in its
/// order, `corpus.tool` the one.
fn grants<'t>(document: &Document, tools: &'t [Tool]) -> HashMap<&'t str, Vec<usize>> {
    let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
    let granted = tools.iter().enumerate();
    for (at, tool) in granted.filter(|(_, tool)| tool.source != ToolSource::Environment) {
        index.entry(tool.source.group()).or_default().push(at);
        index.entry(&tool.path).or_default().push(at);
    }
    for (group, granted) in &mut index {
        if let Some(offered) = corpora::granted(document, group) {
            let place = |at: &usize| offered.iter().position(|name| name == tools[*at].source.tool());
            granted.retain(|at| place(at).is_some());
            granted.sort_by_key(place);
        }
    }
    index
}

/// `inherited` is the model of the workflow that calls this one, for agents that name none.
pub(super) fn check(
    report: &mut Report,
    document: &Document,
    tools: &[Tool],
    inherited: Option<&Model>,
) -> (Vec<Model>, Vec<Agent>) {
    let mut models = document.shared.models.clone();
    let mut model_index: HashMap<String, usize> = models
        .iter()
        .enumerate()
        .map(|(at, model)| (model.alias.value.clone(), at))
        .collect();
    let agent_index: HashMap<&str, usize> = document
        .shared
        .agents
        .iter()
        .enumerate()
        .map(|(at, agent)| (agent.name.value.as_str(), at))
        .collect();
    let tool_index = grants(document, tools);
    // Workflows that are called have it too, so that it is looked up whoever works with it here.
    if let Some(name) = &document.defaults.model {
        resolve_model(
            report,
            name,
            &mut models,
            &mut model_index,
            document.shared.is_incomplete,
        );
    }
    let mut members = HashSet::new();
    let mut agents: Vec<Agent> = Vec::with_capacity(document.shared.agents.len());
    for agent in &document.shared.agents {
        let model = match (&agent.model, &document.defaults.model) {
            (Named::Name(name), _) | (Named::Absent, Some(name)) => resolve_model(
                report,
                name,
                &mut models,
                &mut model_index,
                document.shared.is_incomplete,
            ),
            (Named::Absent, None) => no_model(report, agent, inherited, &mut models, &mut model_index),
            (Named::Unreadable, _) => None,
        };
        let model = model.unwrap_or(usize::MAX);
        let team = team(report, document, agent, &agent_index);
        members.extend(team.iter().copied());
        agents.push(Agent {
            model,
            tools: resolve_tools(report, document, &agent.tools, tools, &tool_index),
            team,
            limits: Limits::AGENT,
        });
    }
    for (at, (agent, declared)) in agents.iter_mut().zip(&document.shared.agents).enumerate() {
        let base = match (&declared.team, members.contains(&at)) {
            (Some(_), _) => Limits::LEAD,
            (None, true) => Limits::MEMBER,
            (None, false) => Limits::AGENT,
        };
        agent.limits = declared.limits.over(document.defaults.limits.over(base));
    }
    (models, agents)
}

/// The model of the workflow that calls this one, or a mistake.
fn no_model(
    report: &mut Report,
    agent: &document::Agent,
    inherited: Option<&Model>,
    models: &mut Vec<Model>,
    index: &mut HashMap<String, usize>,
) -> Option<usize> {
    // An agent that is no mapping was reported as such.
    if !agent.readable {
        return None;
    }
    let Some(inherited) = inherited else {
        report.add(
            Diagnostic::error(code::MISSING_KEY, agent.name.span, "an agent needs `model`")
                .hint("name it here, or once for all under `defaults`: `defaults: { model: … }`")
                .hint("`builtin/reader` needs no key and no network, but it is no language model"),
        );
        return None;
    };
    // No file can write this name.
    let alias = "(caller)";
    let at = *index.entry(alias.to_owned()).or_insert_with(|| {
        models.push(inherited.clone());
        models.len() - 1
    });
    Some(at)
}

/// An alias, or `provider/name` written out, which becomes a model of its own.
fn resolve_model(
    report: &mut Report,
    name: &Spanned<String>,
    models: &mut Vec<Model>,
    index: &mut HashMap<String, usize>,
    is_incomplete: bool,
) -> Option<usize> {
    if let Some(at) = index.get(&name.value) {
        return Some(*at);
    }
    if name.value.contains('/') {
        let (provider, model) = document::split_model(report, name)?;
        models.push(document::model_defaults(name.clone(), &provider, &model));
        index.insert(name.value.clone(), models.len() - 1);
        return Some(models.len() - 1);
    }
    if is_incomplete {
        return None;
    }
    let known: Vec<&str> = models.iter().map(|model| model.alias.value.as_str()).collect();
    let mut problem = Diagnostic::error(
        code::UNKNOWN_MODEL,
        name.span,
        format!("there is no model `{}`", name.value),
    );
    problem.hints = report.hints(&name.value, "models", &known);
    report.add(problem.hint("a model can also be written out: `builtin/reader`, `openai/gpt-5-mini`"));
    None
}

fn team(report: &mut Report, document: &Document, lead: &document::Agent, index: &HashMap<&str, usize>) -> Vec<usize> {
    let Some(team) = &lead.team else { return Vec::new() };
    let mut members = Vec::new();
    let mut seen = HashSet::new();
    for name in &team.agents {
        let Some(at) = index.get(name.value.as_str()).copied() else {
            unknown_agent(report, document, name);
            continue;
        };
        let member = &document.shared.agents[at];
        if member.team.is_some() {
            let message = format!(
                "`{}` leads a team of its own, and teams do not stand inside each other",
                name.value
            );
            report.add(
                Diagnostic::error(code::NESTED_TEAM, name.span, message)
                    .related(member.name.span, "the team of this agent")
                    .hint("a lead's subagents search and read; give the team agents without `team`"),
            );
            continue;
        }
        if seen.insert(at) {
            members.push(at);
        }
    }
    members
}

/// Reports an agent that is not declared, unless a file that could not be read may declare it.
pub(super) fn unknown_agent(report: &mut Report, document: &Document, name: &Spanned<String>) {
    if document.shared.is_incomplete {
        return;
    }
    let known: Vec<&str> = document
        .shared
        .agents
        .iter()
        .map(|agent| agent.name.value.as_str())
        .collect();
    let mut problem = Diagnostic::error(
        code::UNKNOWN_AGENT,
        name.span,
        format!("there is no agent `{}`", name.value),
    );
    problem.hints = report.hints(&name.value, "agents", &known);
    report.add(problem);
}

/// What the names under `tools` grant, each with the name that the model sees.
fn resolve_tools(
    report: &mut Report,
    document: &Document,
    names: &[Spanned<String>],
    tools: &[Tool],
    index: &HashMap<&str, Vec<usize>>,
) -> Vec<(String, usize)> {
    let mut granted: Vec<usize> = Vec::new();
    for name in names {
        let found = index.get(name.value.as_str()).map_or(&[][..], Vec::as_slice);
        if found.is_empty() {
            unknown_tool(report, document, name, tools, true);
        }
        granted.extend(found);
    }
    let mut seen = HashSet::new();
    granted.retain(|at| seen.insert(*at));
    let corpora: HashSet<&str> = granted.iter().map(|at| tools[*at].source.group()).collect();
    let several = corpora.len() > 1;
    granted
        .into_iter()
        .map(|at| {
            let own = tools[at].source.tool();
            let name = if several {
                format!("{}_{own}", tools[at].source.group())
            } else {
                own.to_owned()
            };
            (name, at)
        })
        .collect()
}

/// Reports a tool that no corpus brings, unless a file that could not be read may declare it.
/// `corpora` says whether a whole corpus would do as well.
pub(super) fn unknown_tool(
    report: &mut Report,
    document: &Document,
    name: &Spanned<String>,
    tools: &[Tool],
    corpora: bool,
) {
    if document.shared.is_incomplete {
        return;
    }
    let mut known: Vec<&str> = Vec::new();
    if corpora {
        known.extend(document.shared.corpora.iter().map(|corpus| corpus.name.value.as_str()));
        let sandboxes = &document.shared.sandboxes;
        known.extend(sandboxes.iter().map(|sandbox| sandbox.name.value.as_str()));
        known.extend(document.shared.servers.iter().map(|server| server.name.value.as_str()));
    }
    let named = tools.iter().filter(|tool| tool.source != ToolSource::Environment);
    known.extend(named.map(|tool| tool.path.as_str()));
    let mut problem = Diagnostic::error(
        code::UNKNOWN_TOOL,
        name.span,
        format!("there is no tool `{}`", name.value),
    );
    // A tool named without its corpus.
    let owners: Vec<&str> = tools
        .iter()
        .filter(|t| t.source.tool() == name.value)
        .map(|t| t.path.as_str())
        .collect();
    problem.hints = match owners.as_slice() {
        [] => report.hints(&name.value, "tools", &known),
        owners => vec![format!(
            "a tool is named with what brings it: {}",
            nearest::list(owners.iter().copied())
        )],
    };
    if known.is_empty() {
        problem = problem.hint("each corpus under `corpora` brings keyword_search, semantic_search and read_chunk");
    }
    report.add(problem);
}

/// System prompts read inputs and the environment.
pub(super) fn check_prompts(report: &mut Report, document: &Document, names: &Names, found: &mut Found) {
    let scope = Scope::new(names, Place::System);
    for agent in &document.shared.agents {
        if let Some(system) = &agent.system {
            fit::words(report, &scope, found, system);
        }
    }
}
