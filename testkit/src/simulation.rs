//! Seeded lives of a run: a journal in memory, ports that answer in any order, wrongly, late or not
//! at all, and crashes between any two appends.
//!
//! The property: what is outstanding by the state is exactly what was wanted and not yet answered;
//! so a restart neither loses an effect nor performs one twice. The laws of keys, by which the world
//! can tell the same, and of doubt are in `identity`.

mod identity;

use crate::process::given;
use crate::random::Random;
use identity::Identities;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use troupe_core::effect::{Effect, ModelRequest, Want, WorkflowRequest};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, CallId, ItemIndex, StepIndex};
use troupe_core::input::{Edit, Exit, Input, Part, Used};
use troupe_core::ir::{CREATE_SUB_AGENTS, Workflow};
use troupe_core::limits::{Amount, LimitHit};
use troupe_core::message::{AssistantMessage, Message, Reply, Retrieved, ToolCall, ToolOutput, Usage};
use troupe_core::port::approver::Answer;
use troupe_core::port::journal::RunStatus;
use troupe_core::{Object, Value};

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

/// What a life leaves behind.
#[derive(Debug, Clone)]
pub struct Record {
    /// The journal.
    pub events: Vec<Event>,
    /// Where a crash lost what followed from the last input.
    pub cuts: BTreeSet<u64>,
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
    /// One input in so many is followed by a person's journey to an earlier moment, twice at most; 0 for never.
    pub travel_one_in: u64,
    /// Before one input in so many a person stops a part, at work or not, or raises a limit; 0 for never.
    pub word_one_in: u64,
}

struct World<'a> {
    workflow: &'a Workflow,
    state: State,
    journal: Vec<Event>,
    cuts: BTreeSet<u64>,
    /// Wanted and not yet answered.
    wanted: BTreeMap<CallId, Effect>,
    identities: Identities,
    random: Random,
    seed: u64,
    life: Life,
}

/// Lives one run from a seed to its end, checking the property after every input.
///
/// # Panics
/// When the property does not hold, or the run does not end within 5,000 inputs.
pub fn live(workflow: &Workflow, seed: u64, weather: Weather) -> Life {
    recorded(workflow, seed, weather).0
}

/// The same, with what it leaves behind.
///
/// # Panics
/// As [`live`].
pub fn recorded(workflow: &Workflow, seed: u64, weather: Weather) -> (Life, Record) {
    lived(workflow, seed, weather).finish()
}

fn lived(workflow: &Workflow, seed: u64, weather: Weather) -> World<'_> {
    let mut world = World {
        workflow,
        state: State::new(workflow),
        journal: Vec::new(),
        cuts: BTreeSet::new(),
        wanted: BTreeMap::new(),
        identities: Identities::default(),
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
    let mut travels = 2;
    for _ in 0..5_000 {
        if travels > 0 && weather.travel_one_in > 0 && world.random.one_in(weather.travel_one_in) {
            travels -= 1;
            world.travel();
            continue;
        }
        match world.state.status() {
            Some(RunStatus::Failed | RunStatus::Cancelled) if reopenings > 0 => {
                reopenings -= 1;
                world.take(Input::Reopen);
            }
            Some(status) if status.is_over() => return world,
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
        if happens(&mut self.random, weather.word_one_in) {
            return self.speak();
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
        if let Input::Reopen | Input::Recover = input {
            self.identities.stop(self.workflow, self.wanted.values());
        }
        // What another run had at work goes on there.
        let is_journey = matches!(input, Input::Edit(_));
        let decision =
            engine::handle(self.workflow, &mut self.state, input).expect("the simulation sends no wrong inputs");
        self.life.kinds.extend(decision.events.iter().map(kind));
        let repeats = decision
            .events
            .iter()
            .any(|event| matches!(event, Event::EffectRepeated { .. }));
        self.journal.extend(decision.events);
        if let Some(effect) = answered.and_then(|call| self.wanted.remove(&call)) {
            self.identities.answer(effect, self.journal.len());
        }
        for call in decision.aborts {
            let aborted = self.wanted.remove(&call);
            self.identities
                .stop(self.workflow, aborted.iter().filter(|_| !is_journey));
        }
        for effect in &decision.effects {
            let open = self.wanted.values();
            self.identities
                .want(self.workflow, effect, repeats, open, self.journal.len());
        }
        self.want(decision.effects);
        self.check();
    }

    fn want(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let call = effect.call;
            let twice = self.wanted.insert(call, effect);
            assert!(twice.is_none(), "seed {}: call {call} was wanted twice", self.seed);
        }
    }

    fn check(&self) {
        let outstanding: BTreeMap<CallId, Effect> = engine::outstanding(self.workflow, &self.state)
            .into_iter()
            .map(|effect| (effect.call, effect))
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
            self.cut_anywhere();
        }
        self.state = engine::fold(self.workflow, &self.journal);
        self.wanted.clear();
        self.want(engine::outstanding(self.workflow, &self.state));
        if !self.state.status().is_some_and(RunStatus::is_over) {
            self.take(Input::Recover);
            self.identities.check_recovered(self.workflow, self.wanted.values());
        }
    }

    /// A person goes on from a moment of the past, with another output in it.
    fn travel(&mut self) {
        self.cut_anywhere();
        self.state = engine::fold(self.workflow, &self.journal);
        self.wanted.clear();
        self.want(engine::outstanding(self.workflow, &self.state));
        // It is a run of its own, whose effects nobody takes for those of the other one.
        self.identities = Identities::default();
        let output = serde_json::json!({ "score": 1, "choice": "approve", "comment": null });
        let steps = self.workflow.steps.iter().map(|step| step.name.clone());
        let known: Vec<Edit> = steps
            .flat_map(|step| {
                let at = |item: Option<&str>, output: &Value| {
                    engine::read_edit(self.workflow, &self.state, &step, item, output.clone()).ok()
                };
                let text = Value::from("set");
                let lists = [&output, &text].map(|output| Value::Array(vec![output.clone(); 5]));
                let whole = [&output, &text, &lists[0], &lists[1]].map(|output| at(None, output));
                let of_items = [&output, &text].map(|output| at(Some("1"), output).or(at(Some("row-8"), output)));
                whole.into_iter().chain(of_items).flatten().collect::<Vec<_>>()
            })
            .collect();
        let edit = known[self.random.below(known.len() as u64) as usize].clone();
        self.take(Input::Edit(vec![edit]));
    }

    /// A person stops something, which may not have begun, or be over; or lets the run use more.
    fn speak(&mut self) {
        if self.random.one_in(4) {
            let limits = [LimitHit::Tokens, LimitHit::Turns, LimitHit::Agents, LimitHit::Seconds];
            let limit = limits[self.random.below(4) as usize];
            let most = self.random.below(1 << 20);
            return self.take(Input::Raise { limit, most });
        }
        let step = StepIndex(self.random.below(self.workflow.steps.len() as u64) as u32);
        let part = match self.random.below(4) {
            0 => Part::Step(step),
            1 => Part::Item(step, ItemIndex(self.random.below(4) as u32)),
            _ => Part::Agent(ActorId(self.random.below(12) as u32)),
        };
        let by = "the simulation".to_owned();
        self.take(Input::Stop { part, by });
    }

    fn cut_anywhere(&mut self) {
        let kept = self.random.below(self.journal.len() as u64) as usize + 1;
        self.journal.truncate(kept);
        self.cuts.retain(|cut| *cut <= kept as u64);
        self.cuts.insert(kept as u64);
        self.identities.forget_after(kept);
    }

    /// Answers a random effect; timers are slow, so they fire when nothing else is open or rarely.
    fn answer(&mut self, fails: bool) -> Input {
        let is_timer = |effect: &Effect| matches!(effect.want, Want::Timer { .. });
        let quick: Vec<CallId> = self
            .wanted
            .iter()
            .filter(|(_, effect)| !is_timer(effect))
            .map(|(call, _)| *call)
            .collect();
        let timers: Vec<CallId> = self
            .wanted
            .iter()
            .filter(|(_, effect)| is_timer(effect))
            .map(|(call, _)| *call)
            .collect();
        let pauses = |effect: &Effect| matches!(effect.want, Want::Timer { after_ms, .. } if after_ms < 1_000);
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
        let want = self.wanted[&call].want.clone();
        match want {
            Want::Timer { .. } => Input::TimerFired { call },
            Want::Model(_) if fails => failure(call, FailureKind::Model),
            Want::Tool(_) if fails => failure(call, FailureKind::Tool),
            Want::Workflow(request) => Input::WorkflowEnded {
                call,
                outputs: self.outputs(fails),
                used: self.used(&request),
                read: vec![request.name.clone()],
            },
            Want::Approve(request) => Input::Decided {
                call,
                answer: Answer {
                    choice: request.choices[self.random.below(request.choices.len() as u64) as usize].clone(),
                    // What a `ticket` gives, where the answer says that it was done.
                    comment: self.random.one_in(2).then(|| "{\"chunks\": []}".into()),
                    by: "the simulation".into(),
                },
            },
            Want::Process(command) => Input::ProcessExited {
                call,
                exit: Exit {
                    code: i32::from(fails),
                    artifacts: given(&command).filter(|_| !fails),
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
            ..ToolOutput::default()
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
        let (name, arguments) = match self.random.below(8) {
            0 => ("nonsense", "{}"),
            2 | 3 => ("file", "{}"),
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

    fn finish(mut self) -> (Life, Record) {
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
        let replayed = engine::replay(self.workflow, &self.journal, 0, &self.cuts);
        assert!(replayed.is_ok(), "seed {}: {replayed:?}", self.seed);
        let record = Record {
            events: self.journal,
            cuts: self.cuts,
        };
        (self.life, record)
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
        Event::OutputEdited { .. } => "output_edited",
        Event::AllowanceGiven { .. } => "allowance_given",
        Event::LimitRaised { .. } => "limit_raised",
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
        Event::EffectDoubted { refused: None, .. } => "effect_doubted",
        Event::EffectDoubted { refused: Some(_), .. } => "answer_refused",
        Event::EffectRepeated { by: None, .. } => "effect_repeated",
        Event::EffectRepeated { by: Some(_), .. } => "effect_repeated_by_a_person",
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
