//! `agents`: who works.

use super::keys::{self, Keys};
use super::limits::{self, AgentLimits};
use super::{Spanned, names, values};
use crate::code;
use crate::expression::{self, Tree};
use crate::files::Files;
use crate::report::Report;
use crate::yaml::{Entry, Kind, Scalar};
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Span};

#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) name: Spanned<String>,
    pub(crate) model: Option<Spanned<String>>,
    pub(crate) system: Option<Tree>,
    pub(crate) tools: Vec<Spanned<String>>,
    pub(crate) team: Option<Team>,
    pub(crate) limits: AgentLimits,
}

#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) agents: Vec<Spanned<String>>,
    pub(crate) parallel: u32,
    pub(crate) per_wave: u32,
}

const KEYS: Keys = Keys {
    what: "an agent",
    known: &["model", "system", "tools", "team", "limits"],
    later: &["sandbox", "description", "memory", "output", "temperature"],
};
const TEAM: Keys = Keys {
    what: "a team",
    known: &["agents", "parallel", "per_wave"],
    later: &[],
};

pub(super) fn read(report: &mut Report, section: &Entry, files: &dyn Files) -> Vec<Agent> {
    let entries = values::mapping(report, section, "names with agents").unwrap_or(&[]);
    entries.iter().map(|entry| agent(report, entry, files)).collect()
}

fn agent(report: &mut Report, entry: &Entry, files: &dyn Files) -> Agent {
    names::label(report, &entry.key, entry.key_span, "an agent");
    let fields = values::mapping(report, entry, "the agent's model, prompt and tools");
    let known = fields.is_some();
    let fields = fields.unwrap_or(&[]);
    KEYS.check(report, fields);
    let get = |key: &str| keys::get(fields, key);
    if known && get("model").is_none() && !keys::misspelt(fields, "model") {
        report.add(
            Diagnostic::error(code::MISSING_KEY, entry.key_span, "an agent needs `model`")
                .hint("`builtin/reader` needs no key and no network, but it is no language model"),
        );
    }
    Agent {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        model: get("model").and_then(|e| values::text(report, e)),
        system: get("system").and_then(|e| system(report, e, files)),
        tools: get("tools").map_or_else(Vec::new, |e| values::names(report, e)),
        team: get("team").and_then(|e| team(report, e)),
        limits: get("limits").map_or_else(AgentLimits::default, |e| limits::agent(report, e)),
    }
}

fn team(report: &mut Report, section: &Entry) -> Option<Team> {
    let entries = match &section.value.kind {
        Kind::List(_) => {
            // The short form: `team: [seeker]`.
            return Some(Team {
                agents: values::names(report, section),
                parallel: 5,
                per_wave: 10,
            });
        }
        _ => values::mapping(report, section, "agents, parallel, per_wave")?,
    };
    TEAM.check(report, entries);
    let agents = keys::require(report, entries, "agents", section.key_span, "a team")?;
    let members = values::names(report, agents);
    if matches!(&agents.value.kind, Kind::List(items) if items.is_empty()) {
        report.error(code::WRONG_KIND, agents.value.span, "a team needs at least one agent");
    }
    let mut count = |key: &str, default: u32| {
        keys::get(entries, key)
            .and_then(|e| values::count(report, e, 1..=10_000))
            .unwrap_or(default)
    };
    Some(Team {
        agents: members,
        parallel: count("parallel", 5),
        per_wave: count("per_wave", 10),
    })
}

/// The system prompt: text, or one line that names a text file.
fn system(report: &mut Report, entry: &Entry, files: &dyn Files) -> Option<Tree> {
    if let Kind::Scalar(scalar) = &entry.value.kind
        && let Some(path) = prompt_path(scalar)
    {
        return included(report, path, entry.value.span, files);
    }
    expression::text(report, &entry.value, "`system`")
}

fn prompt_path(scalar: &Scalar) -> Option<&str> {
    let text = scalar.text.trim();
    let file = text.ends_with(".md") || text.ends_with(".txt");
    (file && !text.contains('\n') && !text.contains("${{")).then_some(text)
}

fn included(report: &mut Report, path: &str, span: Span, files: &dyn Files) -> Option<Tree> {
    let problem = |reason: String| {
        Diagnostic::error(code::FILE, span, format!("the prompt file `{path}` cannot be used: {reason}"))
            .hint("paths are relative to the workflow's folder; text that only looks like a path goes under `|` with a second line")
    };
    let bytes = match files.read(path) {
        Ok(bytes) if report.include(bytes.len()) => bytes,
        Ok(_) => {
            report.add(problem("all prompt files together have more than 64 MiB".into()));
            return None;
        }
        Err(error) => {
            report.add(problem(error.to_string()));
            return None;
        }
    };
    let Ok(text) = String::from_utf8(bytes) else {
        report.add(problem("it is not UTF-8 text".into()));
        return None;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let source = report.source(path, text);
    let start = text.len() - text.trim_start().len();
    let kept = text.trim();
    if kept.is_empty() {
        report.add(problem("it is empty".into()));
        return Some(Tree::Literal(Value::from(""), span));
    }
    expression::file_text(report, kept, Span::new(source, start, start + kept.len()))
}
