//! `steps`: what happens.

mod modifiers;
mod verbs;

pub(crate) use modifiers::{FanOut, Repeat};
pub(in crate::document) use modifiers::{cache, on_crash, on_error, retry};
pub(crate) use verbs::Verb;

use super::fields::{Fields, gathered};
use super::limits::{self, AgentLimits};
use super::{Spanned, names, types, values};
use crate::expression::Written;
use crate::files::Files;
use crate::language::STEP;
use crate::report::Report;
use crate::yaml::{Entry, Kind};
use troupe_core::diagnostic::Span;
use troupe_core::ir::{CacheUse, EffectClass, OnCrash, OnError, Retry};
use troupe_core::types::Type;

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: Spanned<String>,
    pub(crate) verb: Option<Verb>,
    pub(crate) when: Option<Written>,
    /// The place of a `when` that could not be read: it may skip the step all the same.
    pub(crate) unread_when: Option<Span>,
    pub(crate) needs: Vec<Spanned<String>>,
    pub(crate) fan_out: Option<FanOut>,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) retry: Option<Spanned<Retry>>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) on_error: Option<OnError>,
    pub(crate) effect: Option<EffectClass>,
    pub(crate) on_crash: Option<Spanned<OnCrash>>,
    pub(crate) cache: Option<Spanned<Option<CacheUse>>>,
    pub(crate) limits: AgentLimits,
    pub(crate) output: Option<Type>,
}

pub(super) fn read(report: &mut Report, section: &Entry, files: &dyn Files) -> Vec<Step> {
    let entries = values::mapping(report, section, "names with steps").unwrap_or(&[]);
    gathered(report, entries, &STEP, "step")
        .into_iter()
        .map(|(entry, slipped)| step(report, entry, slipped, files))
        .collect()
}

fn step(report: &mut Report, entry: &Entry, slipped: Vec<&Entry>, files: &dyn Files) -> Step {
    names::identifier(report, &entry.key, entry.key_span, "a step");
    let own = values::mapping(report, entry, "the step's verb and keys");
    let readable = own.is_some() && !is_a_section(report, entry);
    let own = if readable { own.unwrap_or(&[]) } else { &[] };
    let fields = Fields::read(report, &STEP, own.iter().chain(slipped), entry.key_span);
    fields.text(report, "description");
    let when = fields.expression(report, "when");
    let written_when = fields.get("when").map(|entry| entry.value.span);
    Step {
        unread_when: written_when.filter(|_| when.is_none()),
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        verb: if readable { verbs::read(report, &fields) } else { None },
        when,
        needs: fields.names(report, "needs"),
        fan_out: modifiers::fan_out(report, &fields),
        repeat: modifiers::repeat(report, &fields),
        retry: retry(report, &fields),
        timeout_ms: fields.duration_ms(report, "timeout"),
        on_error: on_error(report, &fields),
        effect: modifiers::effect(report, &fields),
        on_crash: on_crash(report, &fields)
            .zip(fields.get("on_crash"))
            .map(|(value, entry)| Spanned {
                value,
                span: entry.key_span,
            }),
        cache: cache(report, &fields),
        limits: limits::agent(report, &fields),
        // A type that could not be read is any: its uses are not a second mistake.
        output: fields
            .get("output")
            .map(|e| types::read(report, &e.value, files).unwrap_or(Type::Any)),
    }
}

/// A section of the workflow that was indented too far, such as `outputs` below `steps`.
fn is_a_section(report: &mut Report, entry: &Entry) -> bool {
    use crate::code;
    use crate::language::WORKFLOW;
    use troupe_core::diagnostic::Diagnostic;
    let Kind::Map(fields) = &entry.value.kind else {
        return false;
    };
    let is_section = WORKFLOW.has(&entry.key) && !STEP.has(&entry.key);
    if !is_section || fields.iter().any(|field| STEP.has(&field.key)) {
        return false;
    }
    let message = format!("`{}` stands among the steps, and is a key of the workflow", entry.key);
    report.add(Diagnostic::error(code::MISPLACED, entry.key_span, message).hint("remove the spaces before it"));
    true
}

impl Step {
    /// The place of its name.
    pub(crate) fn span(&self) -> Span {
        self.name.span
    }
}
