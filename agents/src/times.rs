//! When effects were wanted, so that a timer runs on across restarts.

use troupe_core::effect::Measure;
use troupe_core::engine::{self, State};
use troupe_core::id::CallId;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::Entry;

/// The times of a run's effects, by the entries that wanted them.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// The number after the last effect that was wanted by then, and when that was.
    wanted: Vec<(CallId, u64)>,
    /// When the run itself began: effects of a past that it shares were wanted then.
    begun_ms: u64,
    /// When the last process that drove the run was last heard of.
    left_ms: u64,
}

impl Times {
    /// Notes the effects that were wanted at `at_ms`: all below `next` that were not noted before.
    pub(crate) fn note(&mut self, next: CallId, at_ms: u64) {
        if self.wanted.last().is_none_or(|(noted, _)| *noted < next) {
            self.wanted.push((next, at_ms));
        }
    }

    /// Says when the run itself began: the timers of a past that it shares begin anew.
    pub(crate) fn begin(&mut self, begun_ms: u64) {
        self.begun_ms = begun_ms;
    }

    /// When an effect was wanted, in milliseconds since the Unix epoch.
    /// None for what was not noted.
    pub(crate) fn wanted_ms(&self, call: CallId) -> Option<u64> {
        let at = self.wanted.partition_point(|(next, _)| *next <= call);
        self.wanted.get(at).map(|(_, at_ms)| (*at_ms).max(self.begun_ms))
    }

    /// What is left of a timer of `after_ms`.
    pub(crate) fn left_of(&self, call: CallId, after_ms: u64, measure: Measure, now_ms: u64) -> u64 {
        let until = match measure {
            Measure::Clock => now_ms,
            Measure::Work => self.left_ms,
        };
        let passed = self.wanted_ms(call).map_or(0, |wanted| until.saturating_sub(wanted));
        after_ms.saturating_sub(passed)
    }
}

/// What a journal comes to.
pub(crate) struct Folded {
    pub(crate) state: State,
    pub(crate) times: Times,
    /// How many events there are.
    pub(crate) events: u64,
}

/// Folds a journal, and notes when its effects were wanted.
pub(crate) fn fold(workflow: &Workflow, entries: &[Entry]) -> Folded {
    let mut state = State::new(workflow);
    let mut times = Times::default();
    for entry in entries {
        engine::apply(workflow, &mut state, &entry.event);
        times.note(state.next_call(), entry.at_ms);
    }
    times.left_ms = entries.last().map_or(0, |entry| entry.at_ms);
    engine::forget_aborts(&mut state);
    Folded {
        state,
        times,
        events: entries.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_runs_on_and_an_agents_seconds_rest() {
        let mut times = Times::default();
        times.note(CallId(0), 5);
        times.note(CallId(2), 1_000);
        times.note(CallId(2), 1_500);
        times.note(CallId(3), 2_000);
        times.left_ms = 2_500;
        assert_eq!(
            [0, 1, 2, 3].map(|n| times.wanted_ms(CallId(n))),
            [Some(1_000), Some(1_000), Some(2_000), None]
        );
        let left = |call, measure, now| times.left_of(CallId(call), 2_000, measure, now);
        assert_eq!(left(0, Measure::Clock, 2_600), 400);
        assert_eq!(left(0, Measure::Clock, 9_000), 0);
        assert_eq!(left(0, Measure::Work, 9_000), 500);
        assert_eq!(left(2, Measure::Work, 9_000), 1_500);
    }

    #[test]
    fn timers_of_a_shared_past_begin_with_the_run_that_shares_it() {
        let mut times = Times::default();
        times.note(CallId(1), 1_000);
        times.left_ms = 1_000;
        times.begin(50_000);
        times.note(CallId(2), 51_000);
        assert_eq!([0, 1].map(|n| times.wanted_ms(CallId(n))), [Some(50_000), Some(51_000)]);
        let left = |call, measure, now| times.left_of(CallId(call), 2_000, measure, now);
        assert_eq!(left(0, Measure::Clock, 50_500), 1_500);
        assert_eq!(left(0, Measure::Work, 90_000), 2_000);
    }
}
