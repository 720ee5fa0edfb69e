//! Limits: what is reserved before a call, settled after it, left to runs below, and told at the end.

use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use troupe_core::Object;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::expression::Template;
use troupe_core::failure::FailureKind;
use troupe_core::id::CallId;
use troupe_core::input::{Input, Used};
use troupe_core::ir::{FanOut, OnError, Price, Verb, Workflow};
use troupe_core::limits::{Allowance, Amount, LimitHit, Limits, Mode, RunLimits};
use troupe_core::message::{AssistantMessage, Reply, ToolCall, ToolOutput, Usage};
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_core::view::RunView;
use troupe_testkit::workflow::{agent_step, expression, literal, output, scorer, team, workflow_step};

/// A run in the hand: what it asked for and nobody has answered, in order.
struct Life<'a> {
    workflow: &'a Workflow,
    state: State,
    events: Vec<Event>,
    wanted: VecDeque<Effect>,
}

impl<'a> Life<'a> {
    fn of(workflow: &'a Workflow) -> Self {
        Self::under(workflow, None)
    }

    fn under(workflow: &'a Workflow, allowance: Option<Allowance>) -> Self {
        let mut life = Self {
            workflow,
            state: State::new(workflow),
            events: Vec::new(),
            wanted: VecDeque::new(),
        };
        life.take(Input::Start {
            inputs: Object::new(),
            env: Object::new(),
            allowance,
        });
        life
    }

    fn take(&mut self, input: Input) {
        let decision = engine::handle(self.workflow, &mut self.state, input).unwrap();
        self.events.extend(decision.events);
        self.wanted.retain(|effect| !decision.aborts.contains(&effect.call));
        self.wanted.extend(decision.effects);
    }

    fn models(&self) -> Vec<CallId> {
        let models = self
            .wanted
            .iter()
            .filter(|effect| matches!(effect.want, Want::Model(_)));
        models.map(|effect| effect.call).collect()
    }

    fn answer(&mut self, call: CallId, input: impl FnOnce(CallId) -> Input) {
        self.wanted.retain(|effect| effect.call != call);
        self.take(input(call));
    }

    /// Answers all that is wanted, timers left out, first come first.
    fn to_the_end(&mut self, mut answer: impl FnMut(&Effect) -> Input) {
        while let Some(at) = self
            .wanted
            .iter()
            .position(|effect| !matches!(effect.want, Want::Timer { .. }))
        {
            let effect = self.wanted.remove(at).unwrap();
            self.take(answer(&effect));
        }
    }

    fn forced(&self) -> Vec<String> {
        let limit = |event: &Event| match event {
            Event::TurnStarted {
                forced: Some(reached), ..
            } => Some(reached.to_string()),
            _ => None,
        };
        self.events.iter().filter_map(limit).collect()
    }

    fn failures(&self) -> Vec<(FailureKind, String)> {
        let failure = |event: &Event| match event {
            Event::AgentFailed { failure, .. } => Some((failure.kind, failure.message.clone())),
            _ => None,
        };
        self.events.iter().filter_map(failure).collect()
    }
}

fn reply(call: CallId, tokens: u64, again: bool) -> Input {
    let tool_calls = again.then(|| ToolCall {
        id: "c".into(),
        name: "lookup".into(),
        arguments: "{}".into(),
    });
    let text = if again { "" } else { "done" };
    let message = AssistantMessage {
        text: text.into(),
        tool_calls: tool_calls.into_iter().collect(),
        ..AssistantMessage::default()
    };
    let usage = Usage {
        prompt_tokens: tokens - tokens / 4,
        completion_tokens: tokens / 4,
        ..Usage::default()
    };
    let reply = Reply {
        message: Arc::new(message),
        usage,
        wall_ms: 1_000,
        queue_ms: 400,
        ..Reply::default()
    };
    Input::ModelReplied { call, reply }
}

fn found(call: CallId) -> Input {
    let output = ToolOutput {
        text: "found".into(),
        wall_ms: 50,
        ..ToolOutput::default()
    };
    Input::ToolReplied { call, output }
}

/// `agents` seekers at once, whose model answers with 100 tokens at most.
fn crowd(agents: u32, limits: RunLimits) -> Workflow {
    let mut workflow = team(1, 1);
    workflow.models[0].max_tokens = Some(100);
    let mut ask = agent_step(&workflow, "ask", &[], 0, literal("Why?"));
    ask.fan_out = Some(FanOut {
        items: expression(&format!("[{}]", vec!["1"; agents as usize].join(", "))),
        variable: "n".into(),
        parallel: agents,
        key: None,
    });
    ask.on_error = OnError::Continue;
    workflow.steps = vec![ask];
    workflow.outputs = vec![output("errors", "steps.ask.errors.size()")];
    workflow.limits = limits;
    workflow
}

fn tokens(tokens: u64) -> RunLimits {
    RunLimits {
        tokens,
        ..RunLimits::DEFAULT
    }
}

#[test]
fn sixty_four_agents_at_once_overshoot_by_one_answer_at_most() {
    let workflow = crowd(64, tokens(1_000));
    let mut life = Life::of(&workflow);
    assert!(
        life.models().len() < 10,
        "only those begin that fit: {}",
        life.models().len()
    );
    // Prompt and answer are as long as they may be.
    life.to_the_end(|effect| reply(effect.call, 110, false));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
    let spent = life.state.spent().tokens;
    assert!((1_000..=1_110).contains(&spent), "{spent}");
    assert_eq!(life.state.reserved(), Amount::default());
    let (kind, message) = life.failures().pop().unwrap();
    assert_eq!(kind, FailureKind::Limit);
    assert_eq!(
        message,
        format!("{spent} of 1000 tokens used: raise `limits.tokens` of workflow `test`, then resume the run")
    );
    assert_eq!(
        life.forced().len() + life.failures().len(),
        64 - spent as usize / 110 + life.forced().len()
    );
}

#[test]
fn what_a_call_gives_back_lets_others_begin() {
    let workflow = crowd(64, tokens(1_000));
    let mut life = Life::of(&workflow);
    let at_once = life.models().len();
    // Short answers: far more of them fit than could be reserved at the same time.
    life.to_the_end(|effect| reply(effect.call, 14, false));
    assert_eq!(
        life.events
            .iter()
            .filter(|event| matches!(event, Event::AgentAnswered { .. }))
            .count(),
        64
    );
    assert!(at_once < 10);
    let spent = life.state.spent();
    assert_eq!((spent.turns, spent.tokens), (64, 64 * 14));
}

#[test]
fn money_is_reserved_and_settled_as_tokens_are() {
    let limits = RunLimits {
        cost_micros: 2_000,
        ..RunLimits::DEFAULT
    };
    let mut workflow = crowd(64, limits);
    workflow.models[0].price = Some(Price {
        input: 1.0,
        output: 10.0,
    });
    let mut life = Life::of(&workflow);
    // A thousandth of a dollar for the answer, and a little for the prompt.
    assert_eq!(life.models().len(), 1);
    life.to_the_end(|effect| reply(effect.call, 100, false));
    let spent = life.state.spent();
    assert_eq!(spent.cost_micros, spent.turns * (75 + 250));
    assert!(spent.cost_micros <= 2_000 + 325, "{spent:?}");
    let (_, message) = life.failures().pop().unwrap();
    assert!(
        message.contains("cost used: raise `limits.cost` of workflow `test`"),
        "{message}"
    );
}

#[test]
fn the_last_turn_of_a_run_is_a_forced_answer() {
    let limits = RunLimits {
        turns: 3,
        ..RunLimits::DEFAULT
    };
    let workflow = crowd(2, limits);
    let mut life = Life::of(&workflow);
    life.to_the_end(|effect| match effect.want {
        Want::Tool(_) => found(effect.call),
        _ => reply(effect.call, 20, true),
    });
    assert_eq!(life.state.spent().turns, 3);
    assert_eq!(
        life.forced(),
        ["2 of 3 turns used: raise `limits.turns` of workflow `test`, then resume the run"]
    );
    assert_eq!(
        life.failures().pop().unwrap().1,
        "3 of 3 turns used: raise `limits.turns` of workflow `test`, then resume the run"
    );
}

#[test]
fn an_agents_own_limit_always_leaves_it_its_answer() {
    let mut workflow = crowd(1, RunLimits::DEFAULT);
    if let Verb::Agent { limits, .. } = &mut workflow.steps[0].verb {
        limits.tokens = 50;
    }
    let mut life = Life::of(&workflow);
    let [forced] = life.forced().try_into().unwrap();
    assert!(forced.starts_with("0 of 50 tokens used, and up to 1"), "{forced}");
    assert!(
        forced.ends_with("more needed: raise `limits.tokens` of step `ask`"),
        "{forced}"
    );
    life.to_the_end(|effect| reply(effect.call, 70, false));
    assert!(life.failures().is_empty());
}

#[test]
fn working_time_leaves_waiting_out_and_counts_tools() {
    let mut workflow = crowd(1, RunLimits::DEFAULT);
    workflow.agents[0].limits.working_seconds = 1;
    workflow.steps[0] = agent_step(&workflow, "ask", &[], 0, literal("Why?"));
    let mut life = Life::of(&workflow);
    life.to_the_end(|effect| match &effect.want {
        Want::Tool(_) => found(effect.call),
        Want::Model(request) => reply(effect.call, 20, !request.forced),
        other => panic!("{other:?}"),
    });
    // Two calls of 600 ms and a tool of 50 between them; another tool; the forced answer.
    assert_eq!(life.state.spent().working_ms, 3 * 600 + 2 * 50);
    assert_eq!(
        life.forced(),
        ["1.3 s of 1 s working_seconds used: raise `limits.working_seconds` of agent `seeker`"]
    );
}

#[test]
fn the_seconds_of_a_run_end_it_and_a_reopened_one_has_them_again() {
    let limits = RunLimits {
        seconds: 90,
        ..RunLimits::DEFAULT
    };
    let workflow = crowd(3, limits);
    let mut life = Life::of(&workflow);
    let is_clock = |effect: &&Effect| matches!(effect.want, Want::Timer { after_ms: 90_000, .. });
    let clock = life.wanted.iter().find(is_clock).unwrap().call;
    life.answer(clock, |call| Input::TimerFired { call });
    let (place, failure) = life.state.failure(&workflow).unwrap();
    assert_eq!((place, failure.kind), (None, FailureKind::Limit));
    assert_eq!(
        failure.message,
        "90 s of 90 s seconds used: raise `limits.seconds` of workflow `test`, then resume the run"
    );
    assert!(life.wanted.is_empty(), "nothing goes on billing");
    assert_eq!(life.state.reserved(), Amount::default());
    life.take(Input::Reopen);
    assert!(life.wanted.iter().any(|effect| is_clock(&effect)));
    assert_eq!(life.state.reserved().turns, 3);
    life.to_the_end(|effect| reply(effect.call, 20, false));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
}

/// `items` scorers as runs of their own, `parallel` at once.
fn family(items: usize, parallel: u32) -> Workflow {
    let mut workflow = team(1, 1);
    let mut child = scorer();
    child.limits = RunLimits::DEFAULT;
    workflow.workflows = vec![Arc::new(child)];
    let row = Template::Expression(expression("row"));
    let mut score = workflow_step("score", &[], 0, vec![("row".into(), row)]);
    score.fan_out = Some(FanOut {
        items: expression(&format!("[{}]", vec!["1"; items].join(", "))),
        variable: "row".into(),
        parallel,
        key: None,
    });
    workflow.steps = vec![score];
    workflow.limits = tokens(1_200);
    workflow
}

fn allowances(life: &Life) -> Vec<(CallId, Allowance)> {
    let allowance = |effect: &Effect| match &effect.want {
        Want::Workflow(request) => Some((effect.call, request.allowance.clone())),
        _ => None,
    };
    life.wanted.iter().filter_map(allowance).collect()
}

fn ended(call: CallId, tokens: u64) -> Input {
    let usage = Usage {
        prompt_tokens: tokens,
        ..Usage::default()
    };
    let used = Used {
        agents: 1,
        turns: 1,
        usage,
        cost_micros: 7,
        working_ms: 9,
        ..Used::default()
    };
    let outputs = Ok([("score".to_owned(), 1.into())].into_iter().collect());
    Input::WorkflowEnded { call, outputs, used }
}

#[test]
fn runs_at_once_share_what_is_left_and_give_the_rest_back() {
    let workflow = family(4, 3);
    let mut life = Life::of(&workflow);
    let given: Vec<u64> = allowances(&life)
        .iter()
        .map(|(_, allowance)| allowance.tokens)
        .collect();
    assert_eq!(given, [400, 400, 400]);
    assert_eq!(life.state.reserved().tokens, 1_200);
    let first = allowances(&life)[0].0;
    life.answer(first, |call| ended(call, 100));
    // The last one takes the place of the first, with what that one gave back.
    let last = allowances(&life).pop().unwrap().1;
    assert_eq!((last.tokens, last.depth, last.mode), (300, 7, Mode::Enforce));
    life.to_the_end(|effect| ended(effect.call, 300));
    let spent = Amount {
        turns: 4,
        tokens: 1_000,
        cost_micros: 28,
        working_ms: 36,
        gpu_ms: 0,
    };
    assert_eq!((life.state.spent(), life.state.reserved()), (spent, Amount::default()));
}

#[test]
fn a_run_takes_no_more_than_it_declares_and_leaves_a_part_to_other_steps() {
    let mut workflow = family(1, 1);
    let mut small = scorer();
    small.limits = RunLimits {
        agents: 5,
        ..tokens(50)
    };
    workflow.workflows.push(Arc::new(small));
    let row = Template::Expression(expression("1"));
    workflow
        .steps
        .push(workflow_step("small", &[], 1, vec![("row".into(), row)]));
    let life = Life::of(&workflow);
    let given: Vec<(u64, u32)> = allowances(&life)
        .iter()
        .map(|(_, allowance)| (allowance.tokens, allowance.agents))
        .collect();
    assert_eq!(given, [(600, 100_000), (50, 5)]);
}

#[test]
fn depth_ends_calls_and_teams_below() {
    let mut workflow = family(1, 1);
    workflow.limits.depth = 0;
    let life = Life::of(&workflow);
    let (place, failure) = life.state.failure(&workflow).unwrap();
    assert_eq!((place.as_deref(), failure.kind), (Some("score[0]"), FailureKind::Limit));
    assert_eq!(
        failure.message,
        "0 of 0 depth used, and up to 1 more needed: raise `limits.depth` of workflow `test`, then resume the run"
    );
    let below = Allowance {
        depth: 0,
        run: Some("TOP".into()),
        ..Allowance::UNLIMITED
    };
    workflow.limits.depth = 8;
    let life = Life::under(&workflow, Some(below));
    let (_, failure) = life.state.failure(&workflow).unwrap();
    assert!(
        failure.message.contains("of what run TOP left to this run"),
        "{failure}"
    );
}

#[test]
fn what_a_run_above_left_is_told_with_its_name() {
    let workflow = crowd(2, RunLimits::DEFAULT);
    let allowance = Allowance {
        tokens: 0,
        run: Some("TOP.review".into()),
        ..Allowance::UNLIMITED
    };
    let life = Life::under(&workflow, Some(allowance));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded), "`on_error: continue`");
    assert_eq!(
        life.failures()[0].1,
        "0 of 0 tokens used of what run TOP.review left to this run: raise `limits.tokens` of its workflow"
    );
}

#[test]
fn a_reopened_run_has_what_is_left_to_it_on_top_of_what_it_used() {
    let mut workflow = crowd(1, RunLimits::DEFAULT);
    workflow.steps[0].on_error = OnError::Fail;
    let left = |tokens| Allowance {
        tokens,
        ..Allowance::UNLIMITED
    };
    let mut life = Life::under(&workflow, Some(left(0)));
    assert_eq!(life.state.status(), Some(RunStatus::Failed));
    life.take(Input::ReopenWithin { allowance: left(150) });
    assert!(life.forced().is_empty());
    life.to_the_end(|effect| reply(effect.call, 100, false));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
    assert_eq!(engine::fold(&workflow, &life.events), life.state);
}

#[test]
fn an_audited_run_is_stopped_by_nothing_and_tells_each_limit_once() {
    let limits = RunLimits {
        tokens: 100,
        turns: 2,
        agents: 2,
        fan_out: 2,
        seconds: 60,
        mode: Mode::Audit,
        ..RunLimits::DEFAULT
    };
    let mut workflow = crowd(3, limits);
    if let Verb::Agent { limits, .. } = &mut workflow.steps[0].verb {
        (limits.turns, limits.output_bytes, limits.seconds) = (1, 3, 5);
    }
    let mut life = Life::of(&workflow);
    let clocks: Vec<CallId> = life
        .wanted
        .iter()
        .filter(|effect| matches!(effect.want, Want::Timer { .. }))
        .map(|effect| effect.call)
        .collect();
    assert_eq!(clocks.len(), 4);
    clocks[..2]
        .iter()
        .for_each(|clock| life.answer(*clock, |call| Input::TimerFired { call }));
    let mut asked = 0;
    life.to_the_end(|effect| match &effect.want {
        Want::Tool(_) => found(effect.call),
        _ => {
            asked += 1;
            reply(effect.call, 60, asked <= 3)
        }
    });
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
    assert!(life.forced().is_empty() && life.failures().is_empty());
    let mut passed: Vec<(Option<u32>, LimitHit)> = life
        .events
        .iter()
        .filter_map(|event| match event {
            Event::LimitPassed { actor, limit } => Some((actor.map(|actor| actor.0), limit.limit)),
            _ => None,
        })
        .collect();
    passed.sort();
    let run = [
        LimitHit::Turns,
        LimitHit::Tokens,
        LimitHit::Seconds,
        LimitHit::Agents,
        LimitHit::FanOut,
    ];
    let mut expected: Vec<(Option<u32>, LimitHit)> = run.into_iter().map(|limit| (None, limit)).collect();
    expected.push((Some(0), LimitHit::Seconds));
    for actor in 0..3 {
        expected.extend([(Some(actor), LimitHit::Turns), (Some(actor), LimitHit::OutputBytes)]);
    }
    expected.sort();
    assert_eq!(passed, expected);
    assert_eq!(engine::fold(&workflow, &life.events), life.state);
}

#[test]
fn a_view_says_what_is_left() {
    let workflow = crowd(2, tokens(5_000));
    let mut life = Life::of(&workflow);
    let mut asked = 0;
    life.to_the_end(|effect| match &effect.want {
        Want::Tool(_) => found(effect.call),
        _ => {
            asked += 1;
            reply(effect.call, 60, asked == 1)
        }
    });
    let entry = |(sequence, event): (u64, Event)| Entry {
        sequence,
        at_ms: 0,
        event,
    };
    let entries: Vec<Entry> = (0..).zip(life.events.clone()).map(entry).collect();
    let view = RunView::of(&workflow, &entries);
    assert_eq!(view.spent, life.state.spent());
    assert_eq!(view.left().tokens, 5_000 - 180);
    assert_eq!((view.agents[0].left().turns, view.agents[1].left().turns), (4, 5));
    assert_eq!(view.agents[0].left().tokens, Limits::MEMBER.tokens - 120);
    assert_eq!(view.agents[0].left().working_ms, 3_600_000 - 1_250);
}

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
        life.to_the_end(|effect| match &effect.want {
            Want::Tool(_) => found(effect.call),
            _ => reply(effect.call, 8, false),
        });
        prop_assert!(life.state.status().is_some_and(RunStatus::is_over), "nobody waits for ever");
        prop_assert_eq!(life.state.reserved(), Amount::default());
        // Every reply was as short as it was promised to be, so only a forced answer can be too much.
        prop_assert!(life.state.spent().tokens <= run + longest.max(200) + 100);
    }
}
