//! Small workflows built by hand, for tests that need no YAML.

use std::sync::Arc;
use troupe_core::diagnostic::{SourceId, Span};
use troupe_core::expression::{Expression, Segment, Template};
use troupe_core::failure::FailureKind;
use troupe_core::id::{AgentIndex, ModelIndex, StepIndex, ToolIndex, WorkflowIndex};
use troupe_core::ir::{
    Agent, Approve, ArtifactPath, Artifacts, Corpus, EffectClass, Encoder, FanOut, Input, Model, Offer, OnCrash,
    OnError, Output, Repeat, Retry, Step, Team, Tool, ToolSource, Verb, Workflow,
};
use troupe_core::limits::{Limits, Mode, RunLimits};
use troupe_core::sampling::Sampling;
use troupe_core::types::Type;
use troupe_core::{Value, ir::CommandTemplate};

/// An expression that must parse.
pub fn expression(source: &str) -> Expression {
    Expression::parse(source, Span::new(SourceId(0), 0, source.len())).expect("the test's expression parses")
}

/// Text around one expression.
pub fn text(before: &str, source: &str) -> Template {
    Template::Text(vec![
        Segment::Text(before.into()),
        Segment::Expression(expression(source)),
    ])
}

/// A literal.
pub fn literal(value: impl Into<Value>) -> Template {
    Template::Literal(value.into())
}

/// An empty workflow with one scripted model, one corpus tool `lookup`, and two agents: `seeker`
/// (agent 0, may call `lookup`) and `lead` (agent 1, whose team is the seeker).
pub fn team(parallel: u32, per_wave: u32) -> Workflow {
    let agent = |name: &str, tools, team, limits| Agent {
        name: name.into(),
        model: ModelIndex(0),
        system: literal(format!("You are the {name}.")),
        tools,
        team,
        limits,
    };
    Workflow {
        name: "test".into(),
        description: String::new(),
        inputs: vec![Input {
            name: "question".into(),
            kind: Type::String,
            default: Some("why?".into()),
        }],
        env: Vec::new(),
        secrets: Vec::new(),
        models: vec![Model {
            alias: "fast".into(),
            provider: "scripted".into(),
            name: "test".into(),
            base_url: None,
            api_key: None,
            sampling: Sampling::default(),
            timeout_seconds: 60,
            attempts: 1,
            parallel: 1_000,
            price: None,
        }],
        sandboxes: Vec::new(),
        corpora: vec![Corpus {
            name: "papers".into(),
            files: vec!["*.md".into()],
            chunk_tokens: 1000,
            embedder: Encoder::builtin(),
            reranker: None,
            metadata: Vec::new(),
            offer: Offer::faithful(),
        }],
        tools: vec![Tool {
            path: "papers.keyword_search".into(),
            source: ToolSource::Corpus {
                corpus: "papers".into(),
                tool: "keyword_search".into(),
            },
            class: EffectClass::Pure,
        }],
        agents: vec![
            agent(
                "seeker",
                vec![("lookup".into(), ToolIndex(0))],
                None,
                Limits {
                    turns: 6,
                    ..Limits::MEMBER
                },
            ),
            agent(
                "lead",
                Vec::new(),
                Some(Team {
                    agents: vec![AgentIndex(0)],
                    parallel,
                    per_wave,
                }),
                Limits {
                    turns: 4,
                    tokens: u64::MAX,
                    context_tokens: u64::MAX,
                    ..Limits::LEAD
                },
            ),
        ],
        workflows: Vec::new(),
        steps: Vec::new(),
        outputs: Vec::new(),
        limits: RunLimits {
            tokens: u64::MAX,
            ..RunLimits::DEFAULT
        },
        unavailable: Vec::new(),
        fingerprint: "test".into(),
    }
}

/// A step with no modifiers.
pub fn step(name: &str, after: &[u32], verb: Verb) -> Step {
    let effect = match verb {
        Verb::Run { .. } => EffectClass::Once,
        _ => EffectClass::Pure,
    };
    Step {
        name: name.into(),
        verb,
        when: None,
        after: after.iter().map(|n| StepIndex(*n)).collect(),
        fan_out: None,
        repeat: None,
        retry: Retry::NONE,
        timeout_ms: None,
        on_error: OnError::Fail,
        output: Type::String,
        effect,
        on_crash: OnCrash::Ask,
        cache: None,
    }
}

/// An output that an expression gives.
pub fn output(name: &str, source: &str) -> Output {
    Output {
        name: name.into(),
        value: Template::Expression(expression(source)),
        kind: Type::Any,
    }
}

/// An `agent` step.
pub fn agent_step(workflow: &Workflow, name: &str, after: &[u32], agent: u32, prompt: Template) -> Step {
    let limits = workflow.agents[agent as usize].limits;
    step(
        name,
        after,
        Verb::Agent {
            agent: AgentIndex(agent),
            prompt,
            limits,
        },
    )
}

/// A workflow that takes a `row` and gives a `score`, by one agent.
pub fn scorer() -> Workflow {
    let mut workflow = team(1, 1);
    workflow.name = "scorer".into();
    workflow.inputs = vec![Input {
        name: "row".into(),
        kind: Type::Integer,
        default: None,
    }];
    let mut score = agent_step(&workflow, "score", &[], 0, text("Score ", "inputs.row"));
    score.output = Type::Integer;
    workflow.steps = vec![score];
    workflow.outputs = vec![output("score", "steps.score.output")];
    workflow
}

/// A step that calls the workflow `called` of its workflow.
pub fn workflow_step(name: &str, after: &[u32], called: u32, inputs: Vec<(String, Template)>) -> Step {
    let verb = Verb::Workflow {
        workflow: WorkflowIndex(called),
        inputs: Template::Object(inputs),
    };
    let mut step = step(name, after, verb);
    step.output = Type::Any;
    step
}

/// A step that asks a person to `approve` or to `reject`.
pub fn approve_step(name: &str, after: &[u32], message: Template) -> Step {
    let approve = Approve {
        message,
        choices: vec!["approve".into(), "reject".into()],
        deadline_ms: None,
        on_deadline: None,
    };
    let mut step = step(name, after, Verb::Approve(approve));
    step.output = Type::Any;
    step
}

/// One of everything: a lead, a fan-out over a list, a tool, a process, a condition, retries, a
/// timeout, rounds, keys, failures that are let pass, another workflow, a person's decision, effects
/// of every class with every way out of doubt; with outputs that read the first of them.
pub fn everything() -> Workflow {
    let mut workflow = team(3, 4);
    let lead = agent_step(&workflow, "research", &[], 1, text("Find out: ", "inputs.question"));
    let mut fan = agent_step(&workflow, "check", &[0], 0, text("Check ", "row"));
    fan.fan_out = Some(FanOut {
        items: expression("[1, 2, 3, 4, 5].map(n, n * 2)"),
        variable: "row".into(),
        parallel: 2,
        key: None,
    });
    fan.retry = Retry {
        attempts: 3,
        backoff_ms: 10,
        errors: Vec::new(),
    };
    let lookup = Verb::Tool {
        tool: ToolIndex(0),
        arguments: Template::Object(vec![("keywords".into(), literal("x"))]),
    };
    let mut lookup = step("lookup", &[], lookup);
    lookup.output = Type::Any;
    lookup.retry = Retry {
        attempts: 2,
        backoff_ms: 10,
        errors: Vec::new(),
    };
    let mut process = step("process", &[2], run(&["true"]));
    process.output = Type::Any;
    process.timeout_ms = Some(1_000);
    process.when = Some(expression("steps.lookup.output != null"));
    process.retry = Retry {
        attempts: 2,
        backoff_ms: 10,
        errors: Vec::new(),
    };
    let mut skipped = agent_step(&workflow, "skipped", &[1], 0, literal("never"));
    skipped.when = Some(expression("steps.check.outputs.size() > 100"));
    workflow.workflows = vec![Arc::new(scorer())];
    let mut score = workflow_step(
        "score",
        &[],
        0,
        vec![("row".into(), Template::Expression(expression("row + round")))],
    );
    score.fan_out = Some(FanOut {
        items: expression("[7, 8, 9]"),
        variable: "row".into(),
        parallel: 2,
        key: Some(expression("\"row-\" + string(row)")),
    });
    score.repeat = Some(Repeat {
        until: expression("output.score > 0 || (carry != null && carry > 1)"),
        max: 3,
        carry: Some(Template::Expression(expression("round"))),
    });
    score.retry = Retry {
        attempts: 2,
        backoff_ms: 10,
        errors: Vec::new(),
    };
    score.on_error = OnError::Continue;
    let mut sign = approve_step("sign", &[5], text("Failures: ", "steps.score.errors.size()"));
    if let Verb::Approve(approve) = &mut sign.verb {
        (approve.deadline_ms, approve.on_deadline) = (Some(60_000), Some("reject".into()));
    }
    sign.repeat = Some(Repeat {
        until: expression("output.choice == \"approve\""),
        max: 3,
        carry: None,
    });
    workflow.steps = vec![lead, fan, lookup, process, skipped, score, sign];
    risky(&mut workflow);
    workflow.outputs = vec![
        output("scores", "steps.score.outputs"),
        output("scoring", "steps.score.status"),
        output("signed", "steps.sign.output.choice"),
        output("answer", "steps.research.output"),
        output("checked", "steps.check.outputs.size()"),
        output("skipped", "steps.skipped.status"),
    ];
    workflow
}

/// Adds steps whose effects may be in doubt, and gives the seeker a tool of that kind, `file`.
fn risky(workflow: &mut Workflow) {
    workflow.tools.push(Tool {
        path: "tracker.file".into(),
        source: ToolSource::Mcp {
            server: "tracker".into(),
            tool: "file".into(),
        },
        class: EffectClass::Once,
    });
    let file = ToolIndex(1);
    workflow.agents[0].tools.push(("file".into(), file));
    let command = |name: &str, effect, on_crash| Step {
        effect,
        on_crash,
        output: Type::Any,
        ..step(name, &[], run(&[name]))
    };
    let mut pay = command("pay", EffectClass::Once, OnCrash::Ask);
    pay.fan_out = Some(FanOut {
        items: expression("[1, 2, 3]"),
        variable: "invoice".into(),
        parallel: 2,
        key: None,
    });
    pay.timeout_ms = Some(1_000);
    let mut mail = command("mail", EffectClass::Once, OnCrash::Fail);
    mail.retry = Retry {
        attempts: 3,
        backoff_ms: 10,
        errors: vec![FailureKind::InDoubt, FailureKind::Process],
    };
    let filing = Verb::Tool {
        tool: file,
        arguments: Template::Object(vec![("title".into(), literal("x"))]),
    };
    let ticket = Step {
        effect: EffectClass::Once,
        output: Type::Object(
            [("chunks".to_owned(), Type::List(Box::new(Type::Any)))]
                .into_iter()
                .collect(),
        ),
        ..step("ticket", &[], filing)
    };
    workflow.steps.extend([
        pay,
        mail,
        command("push", EffectClass::Once, OnCrash::Retry),
        giving(command("sync", EffectClass::Idempotent, OnCrash::Ask)),
        ticket,
    ]);
}

/// A step whose command gives files as well.
fn giving(mut step: Step) -> Step {
    if let Verb::Run { command, .. } = &mut step.verb {
        let path = |text: &str, is_pattern| ArtifactPath {
            text: literal(text),
            is_pattern,
        };
        command.artifacts = Some(Artifacts::Named(vec![
            ("app".to_owned(), path("target/app", false)),
            ("reports".to_owned(), path("reports/*.xml", true)),
        ]));
    }
    step
}

/// What a step that runs a command does.
pub fn run(arguments: &[&str]) -> Verb {
    let command = CommandTemplate {
        arguments: arguments.iter().map(|text| literal(*text)).collect(),
        env: Vec::new(),
        stdin: None,
        sandbox: None,
        artifacts: None,
    };
    Verb::Run { command, json: false }
}

/// [`everything`] with limits so small that every run meets several of them, enforced or audited.
pub fn tight(mode: Mode) -> Workflow {
    let mut workflow = everything();
    workflow.models[0].sampling.max_tokens = Some(20);
    workflow.limits = RunLimits {
        turns: 40,
        tokens: 1_500,
        working_seconds: 9,
        agents: 15,
        fan_out: if mode == Mode::Audit { 2 } else { 100 },
        depth: if mode == Mode::Audit { 0 } else { 1 },
        mode,
        ..RunLimits::DEFAULT
    };
    for agent in &mut workflow.agents {
        agent.limits.tokens = 400;
        agent.limits.context_tokens = 200;
        agent.limits.working_seconds = 2;
    }
    let definitions = workflow.agents.clone();
    for step in &mut workflow.steps {
        if let Verb::Agent { agent, limits, .. } = &mut step.verb {
            *limits = definitions[agent.at()].limits;
            step.on_error = OnError::Continue;
        }
    }
    workflow
}
