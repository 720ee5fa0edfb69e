//! Resting: what a run does while nothing but people and time can move it on.
//!
//! Questions are never waited for. Pauses are, unless the driver has little patience: one that stays
//! for hours holds a process for nothing, and whoever looks for runs that are due finds this one in time.

use super::{Above, Arrival, Driver, Station};
use crate::error::Error;
use std::sync::Arc;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine;
use troupe_core::id::CallId;
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Progress, RunStatus};

/// Why nothing happens by itself for a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rest {
    /// What people are asked.
    pub(crate) questions: Vec<Question>,
    /// When the next timer runs down, in milliseconds since the Unix epoch.
    pub(crate) wake_ms: Option<u64>,
}

impl Driver {
    /// Looks whether only people or time can move the run on, and says so; true when the driver's work
    /// is done.
    pub(super) async fn rests(&mut self, nothing_arrived: bool) -> Result<bool, Error> {
        let rest = if nothing_arrived && !self.station.is_spoken_to() {
            self.looks_idle()
        } else {
            None
        };
        if rest != self.rest {
            if let Some(rest) = &rest {
                let progress = Progress {
                    status: RunStatus::Waiting,
                    wake_ms: rest.wake_ms,
                    ..self.state.progress()
                };
                self.write(Arc::new([]), progress).await?;
            }
            if let Station::Below(Above { inbox, call }) = &self.station {
                let (call, rest) = (*call, rest.clone());
                // Whoever started this run may have ended meanwhile; then nobody wants to know.
                let _ = inbox.send(Arrival::Rests { call, rest });
            }
            self.rest = rest;
        }
        Ok(self.rest.is_some() && matches!(self.station, Station::Root(_)))
    }

    fn looks_idle(&self) -> Option<Rest> {
        if self.resting.is_empty() && self.run.patience_ms.is_none() {
            return None;
        }
        let stays_until = self
            .run
            .patience_ms
            .map(|ms| self.run.ports.clock.now_ms().saturating_add(ms));
        let is_far = |call| match (self.timers.get(&call), stays_until) {
            (Some(ends_ms), Some(until_ms)) => *ends_ms > until_ms,
            _ => false,
        };
        let is_idle = |call| self.resting.contains_key(&call) || is_far(call);
        engine::waits(&self.state, is_idle).then(|| {
            let below = self.resting.values().filter_map(|rest| rest.wake_ms);
            Rest {
                questions: self.resting.values().flat_map(|rest| rest.questions.clone()).collect(),
                wake_ms: self.timers.values().copied().chain(below).min(),
            }
        })
    }

    /// Timers that ran down while no process drove the run, the first to do so first.
    pub(super) fn overdue(&self) -> Vec<CallId> {
        let now_ms = self.run.ports.clock.now_ms();
        let mut overdue: Vec<(u64, CallId)> = Vec::new();
        for Effect { call, want, .. } in engine::outstanding(&self.run.workflow, &self.state) {
            let Want::Timer { after_ms, measure } = want else {
                continue;
            };
            // What is wanted since the first input has no time yet.
            let Some(wanted_ms) = self.times.wanted_ms(call) else {
                continue;
            };
            if self.times.left_of(call, after_ms, measure, now_ms) == 0 {
                overdue.push((wanted_ms.saturating_add(after_ms), call));
            }
        }
        overdue.sort_unstable();
        overdue.into_iter().map(|(_, call)| call).collect()
    }
}
