//! Spans for developers, `run / step / agent / call`: nothing is made unless somebody listens.

use crate::handle::Run;
use tracing::{Level, Span, debug_span, info_span};
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};

/// Around everything that a driver does.
pub(crate) fn run(run: &Run) -> Span {
    info_span!("run", run = %run.run, workflow = %run.workflow.name)
}

/// Around the performance of one effect.
pub(crate) fn call(run: &Run, state: &State, effect: &Effect) -> Span {
    if !tracing::enabled!(Level::DEBUG) {
        return Span::none();
    }
    let Some(owner) = engine::owner(&run.workflow, state, effect.call) else {
        return Span::none();
    };
    let step = debug_span!("step", step = %owner.step);
    let above = match &owner.agent {
        Some((actor, name)) => debug_span!(parent: &step, "agent", agent = %name, actor = actor.0),
        None => step,
    };
    debug_span!(parent: &above, "call", call = effect.call.0, want = word(&effect.want))
}

fn word(want: &Want) -> &'static str {
    match want {
        Want::Model(_) => "model",
        Want::Tool(_) => "tool",
        Want::Process(_) => "process",
        Want::Workflow(_) => "workflow",
        Want::Approve(_) => "approve",
        Want::Timer { .. } => "timer",
    }
}
