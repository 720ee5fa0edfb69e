//! Seeded lives of a run: a journal in memory, ports that answer in any order, wrongly, late or not
//! at all, and crashes between any two appends.
//!
//! The property: what is outstanding by the state is exactly what was wanted and not yet answered;
//! so a restart neither loses an effect nor performs one twice.

use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use troupe_core::Object;
use troupe_core::effect::{Effect, ModelRequest, Want, WorkflowRequest};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::CallId;
use troupe_core::input::{Exit, Input, Used};
use troupe_core::ir::{CREATE_SUB_AGENTS, Workflow};
use troupe_core::limits::Amount;
use troupe_core::message::{AssistantMessage, Message, Reply, Retrieved, ToolCall, ToolOutput, Usage};
use troupe_core::port::approver::Answer;
use troupe_core::port::journal::RunStatus;

/// What a life came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Events in the journal at the end.
    pub events: usize,
    /// Crashes survived.
    pub crashes: usize,
    /// How it ended.
    pub status: Option<RunStatus>,
    /// Kinds of events that occurred.
    pub kinds: BTreeSet<&'static str>,
}

/// How rough a life is.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// One input in so many is followed by a crash; 0 for never.
    pub crash_one_in: u64,
    /// One answer in so many is a failure; 0 for never.
    pub fail_one_in: u64,
    /// One input in so many is a cancellation; 0 for never.
    pub cancel_one_in: u64,
}

struct World<'a> {
    workflow: &'a Workflow,
    state: State,
    journal: Vec<Event>,
    /// Wanted and not yet answered.
    wanted: BTreeMap<CallId, Want>,
    random: Random,
    seed: u64,
    life: Life,
}

/// Lives one run from a seed to its end, checking the property after every input.
///
/// # Panics
/// When the property does not hold, or the run does not end within 5,000 inputs.
pub fn live(workflow: &Workflow, seed: u64, weather: Weather) -> Life {
    let mut world = World {
        workflow,
        state: State::new(workflow),
        journal: Vec::new(),
        wanted: BTreeMap::new(),
        random: Random::new(seed),
        seed,
        life: Life::default(),
    };
    world.take(Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    });
    let mut reopenings = 3;
    for _ in 0..5_000 {
        match world.state.status() {
            Some(RunStatus::Failed | RunStatus::Cancelled) if reopenings > 0 => {
                reopenings -= 1;
                world.take(Input::Reopen);
            }
            Some(status) if status.is_over() => return world.finish(),
            _ => world.advance(weather),
        }
    }
    panic!(
        "seed {seed}: the run did not end; {} effects are open",
        world.wanted.len()
    );
}

impl World<'_> {
    fn advance(&mut self, weather: Weather) {
        let happens = |random: &mut Random, one_in: u64| one_in > 0 && random.one_in(one_in);
        if happens(&mut self.random, weather.cancel_one_in) {
            return self.take(Input::Cancel);
        }
        let fails = happens(&mut self.random, weather.fail_one_in);
        let input = self.answer(fails);
        self.take(input);
        if happens(&mut self.random, weather.crash_one_in) {
            self.crash();
        }
    }

    fn take(&mut self, input: Input) {
        let answered = input.call();
        let decision =
            engine::handle(self.workflow, &mut self.state, input).expect("the simulation sends no wrong inputs");
        self.life.kinds.extend(decision.events.iter().map(kind));
        self.journal.extend(decision.events);
        answered.and_then(|call| self.wanted.remove(&call));
        for call in decision.aborts {
            self.wanted.remove(&call);
        }
        self.want(decision.effects);
        self.check();
    }

    fn want(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let twice = self.wanted.insert(effect.call, effect.want);
            assert!(
                twice.is_none(),
                "seed {}: call {} was wanted twice",
                self.seed,
                effect.call
            );
        }
    }

    fn check(&self) {
        let outstanding: BTreeMap<CallId, Want> = engine::outstanding(self.workflow, &self.state)
            .into_iter()
            .map(|effect| (effect.call, effect.want))
            .collect();
        assert!(
            outstanding == self.wanted,
            "seed {}: a crash here would lose or repeat an effect\noutstanding {:?}\nwanted {:?}\nlast {:?}",
            self.seed,
            outstanding.keys(),
            self.wanted.keys(),
            self.journal.last(),
        );
    }

    /// The process dies: only the journal is left, sometimes without what followed from the last input.
    fn crash(&mut self) {
        self.life.crashes += 1;
        let folded = engine::fold(self.workflow, &self.journal);
        assert!(
            folded == self.state,
            "seed {}: the fold of the journal is not the live state",
            self.seed
        );
        if self.random.one_in(4) {
            let kept = self.random.below(self.journal.len() as u64) as usize + 1;
            self.journal.truncate(kept);
        }
        self.state = engine::fold(self.workflow, &self.journal);
        self.wanted.clear();
        self.want(engine::outstanding(self.workflow, &self.state));
        if !self.state.status().is_some_and(RunStatus::is_over) {
            self.take(Input::Recover);
        }
    }

    /// Answers a random effect; timers are slow, so they fire when nothing else is open or rarely.
    fn answer(&mut self, fails: bool) -> Input {
        let is_timer = |want: &Want| matches!(want, Want::Timer { .. });
        let quick: Vec<CallId> = self
            .wanted
            .iter()
            .filter(|(_, want)| !is_timer(want))
            .map(|(call, _)| *call)
            .collect();
        let timers: Vec<CallId> = self
            .wanted
            .iter()
            .filter(|(_, want)| is_timer(want))
            .map(|(call, _)| *call)
            .collect();
        let pauses = |want: &Want| matches!(want, Want::Timer { after_ms, .. } if *after_ms < 1_000);
        assert!(
            !quick.is_empty() || self.wanted.values().any(pauses),
            "seed {}: the run goes on and only deadlines are open; last {:?}",
            self.seed,
            self.journal.last()
        );
        let from = if quick.is_empty() || (!timers.is_empty() && self.random.one_in(40)) {
            &timers
        } else {
            &quick
        };
        assert!(
            !from.is_empty(),
            "seed {}: nothing is open and the run goes on; last {:?}",
            self.seed,
            self.journal.last()
        );
        let call = from[self.random.below(from.len() as u64) as usize];
        let want = self.wanted[&call].clone();
        match want {
            Want::Timer { .. } => Input::TimerFired { call },
            Want::Model(_) if fails => failure(call, FailureKind::Model),
            Want::Tool(_) if fails => failure(call, FailureKind::Tool),
            Want::Workflow(request) => Input::WorkflowEnded {
                call,
                outputs: self.outputs(fails),
                used: self.used(&request),
            },
            Want::Approve(request) => Input::Decided {
                call,
                answer: Answer {
                    choice: request.choices[self.random.below(request.choices.len() as u64) as usize].clone(),
                    comment: None,
                    by: "the simulation".into(),
                },
            },
            Want::Process(_) => Input::ProcessExited {
                call,
                exit: Exit {
                    code: i32::from(fails),
                    ..Exit::default()
                },
            },
            Want::Tool(_) => Input::ToolReplied {
                call,
                output: self.tool_output(),
            },
            Want::Model(request) => Input::ModelReplied {
                call,
                reply: self.reply(&request),
            },
        }
    }

    /// What a run below used: no more than it may, on top of what it used before.
    fn used(&mut self, request: &WorkflowRequest) -> Used {
        let prompt_tokens = self.random.below(request.allowance.tokens.min(100) + 1);
        let mut used = Used {
            agents: request.allowance.agents.min(1),
            turns: request.allowance.turns.min(1),
            usage: Usage {
                prompt_tokens,
                ..Usage::default()
            },
            ..Used::default()
        };
        used += request.counted;
        used
    }

    fn outputs(&mut self, fails: bool) -> Result<Object, Failure> {
        if fails {
            return Err(Failure::new(FailureKind::Tool, "boom"));
        }
        let score = self.random.below(3);
        Ok([("score".to_owned(), score.into())].into_iter().collect())
    }

    fn tool_output(&mut self) -> ToolOutput {
        let id = self.random.below(9).to_string();
        ToolOutput {
            text: format!("chunk {id}"),
            result: serde_json::json!({ "chunks": [] }),
            retrieved: Retrieved {
                shown: vec![],
                read: vec![id],
                tokens: 2,
            },
            wall_ms: self.random.below(50),
        }
    }

    fn reply(&mut self, request: &ModelRequest) -> Reply {
        assert!(request.messages.iter().any(|m| matches!(**m, Message::User { .. })));
        let tool_calls = match self.random.below(if request.forced { 3 } else { 8 }) {
            0..=2 => Vec::new(),
            n if request.agent.0 == 1 => self.delegation(n),
            n => (0..n % 3 + 1).map(|at| self.lookup(at)).collect(),
        };
        let text = if tool_calls.is_empty() && !self.random.one_in(12) {
            "done [1]".into()
        } else {
            String::new()
        };
        let usage = Usage {
            prompt_tokens: 10,
            completion_tokens: 5,
            gpu_ms: self.random.below(3),
            ..Usage::default()
        };
        let message = Arc::new(AssistantMessage {
            text,
            thinking: String::new(),
            tool_calls,
        });
        Reply {
            message,
            usage,
            wall_ms: 20 + self.random.below(200),
            queue_ms: self.random.below(20),
            ..Reply::default()
        }
    }

    fn lookup(&mut self, at: u64) -> ToolCall {
        let (name, arguments) = match self.random.below(6) {
            0 => ("nonsense", "{}"),
            1 => ("lookup", "{not json"),
            _ => ("lookup", "{\"keywords\": [\"x\"]}"),
        };
        ToolCall {
            id: format!("c{at}"),
            name: name.into(),
            arguments: arguments.into(),
        }
    }

    fn delegation(&mut self, n: u64) -> Vec<ToolCall> {
        let entries: Vec<_> = (0..n)
            .map(|i| serde_json::json!({ "prompt": if i == 6 { "" } else { "look" } }))
            .collect();
        let arguments = serde_json::json!({ "sub_agents": entries }).to_string();
        vec![ToolCall {
            id: "w".into(),
            name: CREATE_SUB_AGENTS.into(),
            arguments,
        }]
    }

    fn finish(mut self) -> Life {
        assert!(
            self.wanted.is_empty(),
            "seed {}: the run is over and effects are still wanted",
            self.seed
        );
        assert!(
            self.state.reserved() == Amount::default(),
            "seed {}: the run is over and something is still reserved",
            self.seed
        );
        assert!(
            engine::fold(self.workflow, &self.journal) == self.state,
            "seed {}: replay differs",
            self.seed
        );
        self.life.events = self.journal.len();
        self.life.status = self.state.status();
        self.life
    }
}

fn failure(call: CallId, kind: FailureKind) -> Input {
    Input::CallFailed {
        call,
        failure: Failure::new(kind, "boom"),
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::RunStarted { .. } => "run_started",
        Event::RunReopened => "run_reopened",
        Event::AllowanceGiven { .. } => "allowance_given",
        Event::RunCancelled => "run_cancelled",
        Event::RunSucceeded { .. } => "run_succeeded",
        Event::RunFailed { .. } => "run_failed",
        Event::StepSkipped { .. } => "step_skipped",
        Event::StepStarted { .. } => "step_started",
        Event::StepFailed { .. } => "step_failed",
        Event::ItemStarted { .. } => "item_started",
        Event::ItemSucceeded { .. } => "item_succeeded",
        Event::RoundEnded { .. } => "round_ended",
        Event::ItemFailed { .. } => "item_failed",
        Event::TurnStarted { forced: None, .. } => "turn_started",
        Event::TurnStarted { forced: Some(_), .. } => "turn_forced",
        Event::LimitPassed { .. } => "limit_passed",
        Event::ModelReplied { .. } => "model_replied",
        Event::ToolCalled { .. } => "tool_called",
        Event::ToolRefused { .. } => "tool_refused",
        Event::ToolReplied { .. } => "tool_replied",
        Event::ToolFailed { .. } => "tool_failed",
        Event::WaveStarted { .. } => "wave_started",
        Event::MemberStarted { .. } => "member_started",
        Event::WaveEnded { .. } => "wave_ended",
        Event::AnswerRejected { .. } => "answer_rejected",
        Event::AgentAnswered { .. } => "agent_answered",
        Event::AgentFailed { .. } => "agent_failed",
    }
}
