//! Runs told event by event, for tests and benches.

use troupe_core::Object;
use troupe_core::event::{Event, Member, Work};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, AgentIndex, CallId, ItemIndex, StepIndex, ToolIndex};
use troupe_core::input::Used;
use troupe_core::ir::{CommandTemplate, FanOut, Verb, Workflow};
use troupe_core::message::{AssistantMessage, Reply, Retrieved, ToolCall, ToolOutput, Usage};
use troupe_core::port::journal::Entry;
use troupe_core::view::RunView;
use troupe_testkit::workflow::{agent_step, expression, literal, step, team};

/// A run in the telling: every event is folded as it comes.
pub struct Story {
    /// What runs.
    pub workflow: Workflow,
    /// What is seen of it.
    pub view: RunView,
    /// All that happened.
    pub entries: Vec<Entry>,
    /// The present.
    pub now_ms: u64,
}

const SEEKER: AgentIndex = AgentIndex(0);
const BEGIN_MS: u64 = 1_800_000_000_000;

impl Story {
    /// A run of steps `collect` (a tool), `research` (a lead), `check` (a fan-out of seekers), `publish` (a process).
    pub fn begin() -> Self {
        let mut workflow = team(10, 50);
        workflow.name = "wide-research".into();
        let lookup = Verb::Tool {
            tool: ToolIndex(0),
            arguments: literal("x"),
        };
        let command = CommandTemplate {
            arguments: vec![literal("true")],
            env: Vec::new(),
            stdin: None,
            sandbox: None,
            artifacts: None,
        };
        let mut check = agent_step(&workflow, "check", &[1], 0, literal("Check."));
        check.fan_out = Some(FanOut {
            items: expression("[1, 2]"),
            variable: "row".into(),
            parallel: 8,
            key: None,
        });
        workflow.steps = vec![
            step("collect", &[], lookup),
            agent_step(&workflow, "research", &[0], 1, literal("Find out.")),
            check,
            step("publish", &[2], Verb::Run { command, json: false }),
        ];
        Self::of(workflow)
    }

    /// A run of any workflow.
    pub fn of(workflow: Workflow) -> Self {
        let mut story = Self {
            view: RunView::new(&workflow),
            workflow,
            entries: Vec::new(),
            now_ms: BEGIN_MS,
        };
        let (inputs, env) = (Object::default(), Object::default());
        story.tell(Event::RunStarted {
            inputs,
            env,
            allowance: None,
        });
        story
    }

    /// Lets time pass.
    pub fn wait(&mut self, ms: u64) -> &mut Self {
        self.now_ms += ms;
        self
    }

    /// The next event.
    pub fn tell(&mut self, event: Event) -> &mut Self {
        let entry = Entry {
            sequence: self.entries.len() as u64,
            at_ms: self.now_ms,
            event,
        };
        self.view.fold(&self.workflow, &entry);
        self.entries.push(entry);
        self
    }

    /// A step begins, over so many items if it fans out.
    pub fn step(&mut self, step: u32, items: Option<usize>) -> &mut Self {
        let items = items.map(|n| vec![0.into(); n]);
        self.tell(Event::StepStarted {
            step: StepIndex(step),
            items,
            keys: Vec::new(),
        })
    }

    /// A first attempt at an item of an agent step.
    pub fn item(&mut self, step: u32, item: u32) -> &mut Self {
        let prompt = "Find out.".into();
        self.tell(Event::ItemStarted {
            step: StepIndex(step),
            item: ItemIndex(item),
            attempt: 1,
            round: 1,
            work: Work::Agent { prompt },
        })
    }

    /// An item has its output.
    pub fn done(&mut self, step: u32, item: u32) -> &mut Self {
        self.tell(Event::ItemSucceeded {
            step: StepIndex(step),
            item: ItemIndex(item),
            output: None,
            retrieved: Retrieved::default(),
            used: Used::default(),
            by: None,
            cached: false,
            artifacts: None,
        })
    }

    /// A tool step's whole life.
    pub fn tool_step(&mut self, step: u32, ms: u64) -> &mut Self {
        let arguments = "x".into();
        self.step(step, None).tell(Event::ItemStarted {
            step: StepIndex(step),
            item: ItemIndex(0),
            attempt: 1,
            round: 1,
            work: Work::Tool { arguments },
        });
        self.wait(ms).done(step, 0)
    }

    /// An agent asks its model.
    pub fn thinks(&mut self, actor: u32) -> &mut Self {
        let actor = ActorId(actor);
        self.tell(Event::TurnStarted { actor, forced: None })
    }

    /// A model writes a text, or asks for a tool by name and arguments.
    pub fn says(&mut self, actor: u32, text: &str, call: Option<(&str, &str)>) -> &mut Self {
        let call = call.map(|(name, arguments)| ToolCall {
            id: "1".into(),
            name: name.into(),
            arguments: arguments.into(),
        });
        let message = AssistantMessage {
            text: text.into(),
            tool_calls: call.into_iter().collect(),
            ..AssistantMessage::default()
        };
        let reply = Reply {
            message: message.into(),
            usage: Usage {
                prompt_tokens: 1_200,
                completion_tokens: 80,
                ..Usage::default()
            },
            ..Reply::default()
        };
        self.tell(Event::ModelReplied {
            actor: ActorId(actor),
            call: CallId(0),
            reply,
        })
    }

    /// An agent calls a tool.
    pub fn calls(&mut self, actor: u32, name: &str, arguments: &str) -> &mut Self {
        self.thinks(actor)
            .says(actor, "", Some((name, arguments)))
            .tell(Event::ToolCalled {
                actor: ActorId(actor),
                position: 0,
                tool: ToolIndex(0),
            })
    }

    /// The tool answers.
    pub fn gets(&mut self, actor: u32, tokens: u64) -> &mut Self {
        let retrieved = Retrieved {
            read: vec![format!("chunk-{actor}")],
            tokens,
            ..Retrieved::default()
        };
        let output = ToolOutput {
            retrieved,
            ..ToolOutput::default()
        };
        self.tell(Event::ToolReplied {
            actor: ActorId(actor),
            call: CallId(0),
            output,
        })
    }

    /// A lead asks for subagents, and the first of them start.
    pub fn leads(&mut self, actor: u32, wanted: u32, started: u32) -> &mut Self {
        let member = Member {
            agent: SEEKER,
            prompt: "Seek.".into(),
        };
        self.thinks(actor)
            .says(actor, "", Some(("create_sub_agents", "{}")))
            .tell(Event::WaveStarted {
                actor: ActorId(actor),
                position: 0,
                members: vec![member; wanted as usize],
                dropped: 0,
                invalid: 0,
            });
        for member in 0..started {
            let actor = ActorId(actor);
            self.tell(Event::MemberStarted { actor, member });
        }
        self
    }

    /// An agent answers.
    pub fn answers(&mut self, actor: u32) -> &mut Self {
        self.thinks(actor)
            .says(actor, "42", None)
            .tell(Event::AgentAnswered { actor: ActorId(actor) })
    }

    /// An agent fails.
    pub fn fails(&mut self, actor: u32, message: &str) -> &mut Self {
        self.tell(Event::AgentFailed {
            actor: ActorId(actor),
            failure: Failure::new(FailureKind::Model, message),
        })
    }
}

/// A lead whose wave of 12 subagents is half way: two answered, one failed, five at work, four not started.
pub fn half_way() -> Story {
    let mut story = Story::begin();
    story
        .wait(15)
        .tool_step(0, 850)
        .step(1, None)
        .item(1, 0)
        .wait(900)
        .leads(0, 12, 8);
    for actor in 1..=8 {
        let arguments = r#"{"keywords":["cost","tokens"],"top_k":5}"#;
        story.wait(120).calls(actor, "keyword_search", arguments);
    }
    story
        .wait(700)
        .gets(1, 830)
        .gets(2, 410)
        .gets(5, 90)
        .answers(1)
        .answers(2)
        .thinks(5);
    story.fails(3, "the provider answered 500 three times");
    story
        .wait(4_200)
        .says(5, "", Some(("read_chunk", r#"{"chunk_ids":["2510.01234-3"]}"#)));
    story.tell(Event::ToolCalled {
        actor: ActorId(5),
        position: 0,
        tool: ToolIndex(0),
    });
    story.wait(3_100);
    story
}

/// A fan-out of 50 items: 12 done, 8 at work.
pub fn fan_out() -> Story {
    let mut story = Story::begin();
    story
        .tool_step(0, 850)
        .step(1, None)
        .item(1, 0)
        .answers(0)
        .done(1, 0)
        .step(2, Some(50));
    for item in 0..20 {
        story.wait(50).item(2, item);
        let actor = item + 1;
        story.calls(actor, "keyword_search", r#"{"keywords":["x"]}"#);
        if item < 12 {
            story.gets(actor, 100).answers(actor).done(2, item);
        }
    }
    story.wait(60_000);
    story
}

/// The half-way run brought to its good end.
pub fn finished() -> Story {
    let mut story = half_way();
    story.gets(5, 20).answers(5);
    for actor in [4, 6, 7, 8] {
        story.wait(10).gets(actor, 50).answers(actor);
    }
    for member in 8..12 {
        let actor = ActorId(0);
        story
            .tell(Event::MemberStarted { actor, member })
            .wait(300)
            .answers(member + 1);
    }
    story.tell(Event::WaveEnded { actor: ActorId(0) }).answers(0).done(1, 0);
    story
        .step(2, Some(0))
        .wait(5)
        .tell(Event::StepSkipped { step: StepIndex(3) });
    let outputs = Object::default();
    story.tell(Event::RunSucceeded { outputs });
    story
}

/// A lead with so many subagents at work, each with a tool call behind it.
pub fn crowd(agents: u32) -> Story {
    let mut story = Story::begin();
    story
        .tool_step(0, 850)
        .step(1, None)
        .item(1, 0)
        .leads(0, agents, agents);
    for actor in 1..=agents {
        story.calls(actor, "keyword_search", r#"{"keywords":["cost","tokens"],"top_k":5}"#);
        if actor % 3 == 0 {
            story.gets(actor, 100).answers(actor);
        }
    }
    story
}
