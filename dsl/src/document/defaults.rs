//! `defaults`: what agents and steps are where they say nothing themselves.

use super::Spanned;
use super::fields::Fields;
use super::limits::{self, AgentLimits};
use super::steps::{on_crash, on_error, retry};
use crate::language::DEFAULTS;
use crate::report::Report;
use troupe_core::ir::{OnCrash, OnError, Retry};

#[derive(Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) model: Option<Spanned<String>>,
    pub(crate) limits: AgentLimits,
    pub(crate) retry: Option<Spanned<Retry>>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) parallel: Option<u32>,
    pub(crate) on_error: Option<OnError>,
    pub(crate) on_crash: Option<OnCrash>,
}

pub(super) fn read(report: &mut Report, workflow: &Fields<'_>) -> Defaults {
    let Some(fields) = workflow.inner(report, "defaults", &DEFAULTS) else {
        return Defaults::default();
    };
    Defaults {
        model: fields.text(report, "model"),
        limits: limits::agent(report, &fields),
        retry: retry(report, &fields),
        timeout_ms: fields.duration_ms(report, "timeout"),
        parallel: fields.count(report, "parallel"),
        on_error: on_error(report, &fields),
        on_crash: on_crash(report, &fields),
    }
}
