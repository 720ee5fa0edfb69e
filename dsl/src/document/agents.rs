//! `agents`: who works.

use super::fields::{Fields, gathered};
use super::limits::{self, AgentLimits};
use super::{Spanned, names, values};
use crate::code;
use crate::expression::{self, Tree};
use crate::files::Files;
use crate::language::{AGENT, TEAM};
use crate::report::Report;
use crate::yaml::{Entry, Kind, Scalar};
use troupe_core::Value;
use troupe_core::diagnostic::Span;

#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) name: Spanned<String>,
    /// Whether it is a mapping at all.
    pub(crate) readable: bool,
    pub(crate) model: Named,
    pub(crate) system: Option<Tree>,
    pub(crate) tools: Vec<Spanned<String>>,
    pub(crate) team: Option<Team>,
    pub(crate) limits: AgentLimits,
}

/// A name that may be written.
#[derive(Debug)]
pub(crate) enum Named {
    Absent,
    /// Something stands there that could not be read, and was reported.
    Unreadable,
    Name(Spanned<String>),
}

impl Named {
    fn of(name: Option<Spanned<String>>) -> Self {
        name.map_or(Self::Unreadable, Self::Name)
    }
}

/// Subagents at once, and of one request, unless the team says otherwise (WideSeek-R1).
const PARALLEL: u32 = 5;
const PER_WAVE: u32 = 10;

#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) agents: Vec<Spanned<String>>,
    pub(crate) parallel: u32,
    pub(crate) per_wave: u32,
}

pub(super) fn read(report: &mut Report, section: &Entry, files: &dyn Files) -> Vec<Agent> {
    let entries = values::mapping(report, section, "names with agents").unwrap_or(&[]);
    gathered(report, entries, &AGENT, "agent")
        .into_iter()
        .map(|(entry, slipped)| agent(report, entry, slipped, files))
        .collect()
}

fn agent(report: &mut Report, entry: &Entry, slipped: Vec<&Entry>, files: &dyn Files) -> Agent {
    names::label(report, &entry.key, entry.key_span, "an agent");
    let own = values::mapping(report, entry, "the agent's model, prompt and tools");
    let readable = own.is_some();
    let fields = Fields::read(report, &AGENT, own.unwrap_or(&[]).iter().chain(slipped), entry.key_span);
    fields.text(report, "description");
    Agent {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        readable,
        model: match fields.get("model") {
            Some(_) => Named::of(fields.text(report, "model")),
            None => Named::Absent,
        },
        system: fields.get("system").and_then(|e| system(report, e, files)),
        tools: fields.names(report, "tools"),
        team: fields.get("team").and_then(|e| team(report, e)),
        limits: limits::agent(report, &fields),
    }
}

fn team(report: &mut Report, section: &Entry) -> Option<Team> {
    if let Kind::List(_) = &section.value.kind {
        // The short form: `team: [seeker]`.
        return Some(Team {
            agents: members(report, section),
            parallel: PARALLEL,
            per_wave: PER_WAVE,
        });
    }
    let fields = Fields::of(report, &TEAM, section, "agents, parallel, per_wave")?;
    let agents = fields.require(report, "agents")?;
    Some(Team {
        agents: members(report, agents),
        parallel: fields.count(report, "parallel").unwrap_or(PARALLEL),
        per_wave: fields.count(report, "per_wave").unwrap_or(PER_WAVE),
    })
}

fn members(report: &mut Report, entry: &Entry) -> Vec<Spanned<String>> {
    if matches!(&entry.value.kind, Kind::List(items) if items.is_empty()) {
        report.error(code::WRONG_KIND, entry.value.span, "a team needs at least one agent");
    }
    values::names(report, entry)
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
    let (source, text) = report.include_text(files, path, span)?;
    let start = text.len() - text.trim_start().len();
    let kept = text.trim();
    if kept.is_empty() {
        report.error(code::FILE, span, format!("the prompt file `{path}` is empty"));
        return Some(Tree::Literal(Value::from(""), span));
    }
    expression::file_text(report, kept, Span::new(source, start, start + kept.len()))
}
