//! Limits: what is reserved before a call, settled after it, left to runs below, and told at the end.

mod below;
mod law;

use std::collections::VecDeque;
use std::sync::Arc;
use troupe_core::Object;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::id::CallId;
use troupe_core::input::Input;
use troupe_core::ir::{FanOut, OnError, Price, Verb, Workflow};
use troupe_core::limits::{Allowance, Amount, LimitHit, Limits, Mode, RunLimits};
use troupe_core::message::{AssistantMessage, Reply, ToolCall, ToolOutput, Usage};
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_core::view::RunView;
use troupe_testkit::workflow::{agent_step, expression, literal, output, team};

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
    fn until_the_end(&mut self, mut answer: impl FnMut(&Effect) -> Input) {
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
    workflow.models[0].sampling.max_tokens = Some(100);
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
    life.until_the_end(|effect| reply(effect.call, 110, false));
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
    life.until_the_end(|effect| reply(effect.call, 14, false));
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
    life.until_the_end(|effect| reply(effect.call, 100, false));
    let spent = life.state.spent();
    assert_eq!(spent.cost_micros, spent.turns * (75 + 250));
    assert!(spent.cost_micros <= 2_000 + 325, "{spent:?}");
    let (_, message) = life.failures().pop().unwrap();
    assert!(
        message.contains(" used: raise `limits.cost` of workflow `test`"),
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
    life.until_the_end(|effect| match effect.want {
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
    life.until_the_end(|effect| reply(effect.call, 70, false));
    assert!(life.failures().is_empty());
}

#[test]
fn working_time_leaves_waiting_out_and_counts_tools() {
    let mut workflow = crowd(1, RunLimits::DEFAULT);
    workflow.agents[0].limits.working_seconds = 1;
    workflow.steps[0] = agent_step(&workflow, "ask", &[], 0, literal("Why?"));
    let mut life = Life::of(&workflow);
    life.until_the_end(|effect| match &effect.want {
        Want::Tool(_) => found(effect.call),
        Want::Model(request) => reply(effect.call, 20, !request.forced),
        other => panic!("{other:?}"),
    });
    // Two calls of 600 ms and a tool of 50 between them; another tool; the forced answer.
    assert_eq!(life.state.spent().working_ms, 3 * 600 + 2 * 50);
    assert_eq!(
        life.forced(),
        ["1.3 s of 1 s used: raise `limits.working_seconds` of agent `seeker`"]
    );
}

#[test]
fn a_tool_is_told_what_its_agent_has_left() {
    let mut workflow = crowd(1, RunLimits::DEFAULT);
    workflow.agents[0].limits = Limits {
        turns: 9,
        tokens: 50_000,
        working_seconds: 60,
        ..Limits::AGENT
    };
    workflow.steps[0] = agent_step(&workflow, "ask", &[], 0, literal("Why?"));
    let left = |workflow: &Workflow| {
        let mut life = Life::of(workflow);
        let mut told = Vec::new();
        life.until_the_end(|effect| match &effect.want {
            Want::Tool(request) => {
                told.extend(request.left.map(|left| (left.turns, left.tokens, left.seconds)));
                found(effect.call)
            }
            Want::Model(request) => reply(effect.call, 20, !request.forced && request.turn < 3),
            other => panic!("{other:?}"),
        });
        told
    };
    let own = left(&workflow);
    let [(8, first, 59), (7, second, 58)] = own[..] else {
        panic!("{own:?}")
    };
    assert!(second < first && first < 50_000, "{own:?}");
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
        "90 s of 90 s used: raise `limits.seconds` of workflow `test`, then resume the run"
    );
    assert!(life.wanted.is_empty(), "nothing goes on billing");
    assert_eq!(life.state.reserved(), Amount::default());
    life.take(Input::Reopen);
    assert!(life.wanted.iter().any(|effect| is_clock(&effect)));
    assert_eq!(life.state.reserved().turns, 3);
    life.until_the_end(|effect| reply(effect.call, 20, false));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
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
    life.until_the_end(|effect| match &effect.want {
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
    life.until_the_end(|effect| match &effect.want {
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

#[test]
fn a_run_that_failed_at_a_limit_goes_on_when_it_is_raised() {
    let mut workflow = team(1, 1);
    workflow.limits.agents = 0;
    workflow.steps = vec![agent_step(&workflow, "ask", &[], 0, literal("Find out."))];
    let mut state = State::new(&workflow);
    let start = Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    };
    engine::handle(&workflow, &mut state, start).unwrap();
    assert_eq!(state.failure(&workflow).unwrap().1.kind, FailureKind::Limit);
    let raise = |limit, most| Input::Raise { limit, most };
    let raised = engine::handle(&workflow, &mut state, raise(LimitHit::Agents, 2)).unwrap();
    assert_eq!(
        raised.events,
        [Event::LimitRaised {
            limit: LimitHit::Agents,
            most: 2
        }]
    );
    assert_eq!(state.status(), Some(RunStatus::Failed), "until it is gone on with");
    for less in [raise(LimitHit::Agents, 1), raise(LimitHit::Seconds, u64::MAX)] {
        assert_eq!(engine::handle(&workflow, &mut state, less).unwrap().events, []);
    }
    let again = engine::handle(&workflow, &mut state, Input::Reopen).unwrap();
    assert!(again.effects.iter().any(|effect| matches!(effect.want, Want::Model(_))));
}
