//! The law of reservations, for teams and crowds whose calls end in any order and any way.

use super::{Life, crowd, found, reply, tokens};
use proptest::prelude::*;
use std::sync::Arc;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine;
use troupe_core::failure::FailureKind;
use troupe_core::id::CallId;
use troupe_core::input::Input;
use troupe_core::ir::{OnError, Workflow};
use troupe_core::limits::{Amount, RunLimits};
use troupe_core::port::journal::RunStatus;
use troupe_testkit::workflow::{agent_step, literal};

/// A lead whose waves ask for members, beside a crowd.
fn busy(agents: u32, limits: RunLimits, lead_tokens: u64) -> Workflow {
    let mut workflow = crowd(agents, limits);
    workflow.agents[1].team.as_mut().unwrap().parallel = 4;
    workflow.agents[1].team.as_mut().unwrap().per_wave = 6;
    workflow.agents[1].limits.tokens = lead_tokens;
    let mut lead = agent_step(&workflow, "lead", &[], 1, literal("Lead."));
    lead.on_error = OnError::Continue;
    workflow.steps.push(lead);
    workflow
}

fn delegate(call: CallId, tokens: u64) -> Input {
    let Input::ModelReplied { call, mut reply } = reply(call, tokens, true) else {
        unreachable!()
    };
    let arguments = r#"{"sub_agents":[{"prompt":"a"},{"prompt":"b"},{"prompt":"c"},{"prompt":"d"},{"prompt":"e"}]}"#;
    let message = Arc::make_mut(&mut reply.message);
    message.tool_calls[0].name = troupe_core::ir::CREATE_SUB_AGENTS.into();
    message.tool_calls[0].arguments = arguments.into();
    Input::ModelReplied { call, reply }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However calls end, ordinary turns never take more than a run or a lead has; the one forced answer
    /// that is under way may. And when the run ends, nothing is reserved.
    #[test]
    fn nothing_is_promised_twice(
        run in 0_u64..4_000,
        lead in 0_u64..2_000,
        turns in 1_u64..60,
        agents in 1_u32..12,
        choices in prop::collection::vec((0_usize..1_000, 1_u64..=100, 0_u8..8), 0..400),
    ) {
        let limits = RunLimits { turns, ..tokens(run) };
        let workflow = busy(agents, limits, lead);
        let mut life = Life::of(&workflow);
        let mut choices = choices.into_iter();
        let mut longest = 0;
        loop {
            let promised = life.state.spent().plus(life.state.reserved());
            prop_assert!(promised.tokens <= run.max(1) + longest + 32_100, "{promised:?}");
            prop_assert!(promised.turns <= turns, "{promised:?}");
            let open: Vec<Effect> =
                life.wanted.iter().filter(|effect| !matches!(effect.want, Want::Timer { .. })).cloned().collect();
            let Some((at, answer, kind)) = choices.next().filter(|_| !open.is_empty()) else { break };
            let effect = &open[at % open.len()];
            life.answer(effect.call, |call| match &effect.want {
                Want::Tool(_) => found(call),
                Want::Model(_) if kind == 0 => Input::CallFailed {
                    call,
                    failure: troupe_core::failure::Failure::new(FailureKind::Model, "gone"),
                },
                Want::Model(request) => {
                    let prompt: u64 = request.messages.iter().map(|message| message.estimated_tokens()).sum();
                    longest = longest.max(prompt + answer);
                    match kind {
                        1 | 2 if request.agent.0 == 1 && !request.forced => delegate(call, answer),
                        3..=5 if request.agent.0 == 0 && !request.forced => reply(call, answer, true),
                        _ => reply(call, answer, false),
                    }
                }
                other => panic!("{other:?}"),
            });
            prop_assert_eq!(&engine::fold(&workflow, &life.events), &life.state);
        }
        life.until_the_end(|effect| match &effect.want {
            Want::Tool(_) => found(effect.call),
            _ => reply(effect.call, 8, false),
        });
        prop_assert!(life.state.status().is_some_and(RunStatus::is_over), "nobody waits for ever");
        prop_assert_eq!(life.state.reserved(), Amount::default());
        // Every reply was as short as it was promised to be, so only a forced answer can be too much.
        prop_assert!(life.state.spent().tokens <= run + longest.max(200) + 100);
    }
}
