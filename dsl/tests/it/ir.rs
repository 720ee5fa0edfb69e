//! What a workflow becomes: the IR, field by field.

use crate::memory::{Memory, compiled};
use serde_json::json;
use troupe_core::expression::Template;
use troupe_core::ir::{Encoder, Extra, Offer, Results, Verb, Workflow};
use troupe_core::limits::{Limits, Mode, RunLimits};
use troupe_core::port::embedder::Pooling;
use troupe_core::types::Type;
use troupe_dsl::compile;

fn workflow(text: &str) -> Workflow {
    let compiled = compiled(text);
    assert!(compiled.diagnostics.is_empty(), "{:#?}", compiled.diagnostics);
    compiled.workflow.expect("nothing was wrong")
}

const RESEARCH: &str = r#"
troupe: 1
description: Ask, then check.
inputs:
  question: string
  style: { type: low | high, default: low }
  note: string | null
models:
  fast: builtin/reader
  judge:
    provider: openai
    model: gpt-5-mini
    base_url: ${{ env.OPENAI_BASE_URL }}
    api_key: ${{ secrets.OPENAI_API_KEY }}
    temperature: 0
    timeout: 2m
corpora:
  papers: corpus/*.md
  notes: { files: [notes/*.md], chunk_tokens: 200 }
agents:
  seeker:
    model: fast
    system: prompts/seeker.md
    tools: [papers]
    limits: { turns: 7 }
  lead:
    model: judge
    system: "Style: ${{ inputs.style }}${{ default(inputs.note, '') }}"
    team: { agents: [seeker], parallel: 3 }
  both: { model: openai/gpt-5, tools: [papers.read_chunk, notes] }
steps:
  last:
    run: [echo, "${{ steps.check.outputs }}"]
    needs: [aside]
  research:
    agent: lead
    prompt: ${{ inputs.question }}
    output: { rows: [{ paper: string, items: integer | null }] }
  check:
    for_each: steps.research.output.rows
    as: row
    parallel: 16
    when: steps.research.output.rows.size() > 0
    agent: both
    prompt: "Check ${{ row.paper }}"
    output: { supported: boolean }
    retry: { attempts: 3, backoff: 500ms, errors: [model, output] }
    timeout: 5m
    limits: { turns: 4 }
  search:
    tool: papers.keyword_search
    with: { keywords: ["${{ inputs.question }}", b], top_k: 3 }
  aside:
    run: wc -l "$FILE"
    env: { FILE: "${{ env.HOME }}/x" }
    stdin: { a: [1, "${{ steps.search.output.chunks[0].score }}"] }
outputs:
  rows: ${{ steps.research.output.rows }}
  supported: ${{ steps.check.outputs.filter(c, c.supported).size() }}
limits: { tokens: 1000, fan_out: 50 }
"#;

#[test]
fn a_workflow_is_lowered_whole() {
    let w = workflow(RESEARCH);
    assert_eq!(
        (w.name.as_str(), w.description.as_str()),
        ("workflow", "Ask, then check.")
    );
    assert_eq!(
        w.limits,
        RunLimits {
            tokens: 1000,
            fan_out: 50,
            ..RunLimits::DEFAULT
        }
    );
    assert_eq!(w.env, ["HOME"], "what models read is not the run's");
    let defaults: Vec<_> = w.inputs.iter().map(|i| i.default.clone()).collect();
    assert_eq!(defaults, [None, Some(json!("low")), Some(json!(null))]);

    let aliases: Vec<_> = w
        .models
        .iter()
        .map(|m| (m.alias.as_str(), m.provider.as_str(), m.name.as_str()))
        .collect();
    assert_eq!(
        aliases,
        [
            ("fast", "builtin", "reader"),
            ("judge", "openai", "gpt-5-mini"),
            ("openai/gpt-5", "openai", "gpt-5")
        ]
    );
    let judge = &w.models[1];
    assert_eq!(
        (
            judge.timeout_seconds,
            judge.attempts,
            judge.parallel,
            judge.sampling.temperature
        ),
        (120, 4, 16, Some(0.0))
    );
    assert_eq!((w.models[0].timeout_seconds, w.models[0].parallel), (300, 64));

    let paths: Vec<&str> = w.tools.iter().map(|t| t.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "papers.keyword_search",
            "papers.semantic_search",
            "papers.read_chunk",
            "notes.keyword_search",
            "notes.semantic_search",
            "notes.read_chunk",
            // behind those that earlier versions had: journals name tools by their places
            "papers.hybrid_search",
            "papers.outline",
            "notes.hybrid_search",
            "notes.outline",
            "papers.verify_citations",
            "notes.verify_citations"
        ]
    );
    let (corpus, tool) = (w.tools[4].source.group(), w.tools[4].source.tool());
    assert_eq!(
        (corpus, tool, w.corpora[1].chunk_tokens),
        ("notes", "semantic_search", 200)
    );
}

#[test]
fn agents_know_their_tools_teams_and_limits() {
    let w = workflow(RESEARCH);
    let [seeker, lead, both] = w.agents.as_slice() else {
        panic!("three agents")
    };
    let names = |agent: &troupe_core::ir::Agent| agent.tools.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(seeker), ["keyword_search", "semantic_search", "read_chunk"]);
    assert_eq!(
        names(both),
        [
            "papers_read_chunk",
            "notes_keyword_search",
            "notes_semantic_search",
            "notes_read_chunk"
        ],
        "several corpora: each tool says whose it is"
    );
    assert_eq!(
        seeker.limits,
        Limits {
            turns: 7,
            ..Limits::MEMBER
        }
    );
    assert_eq!(lead.limits, Limits::LEAD);
    assert_eq!(both.limits, Limits::AGENT);
    let team = lead.team.as_ref().expect("a lead has a team");
    assert_eq!((team.agents[0].at(), team.parallel, team.per_wave), (0, 3, 10));
    assert_eq!(w.model(seeker.model).alias, "fast");
    let Template::Text(segments) = &seeker.system else {
        panic!("{:?}", seeker.system)
    };
    assert_eq!(segments.len(), 3, "an included prompt has expressions too");
}

#[test]
fn limits_are_whole_numbers_of_the_smallest_unit() {
    let w = workflow(
        r#"
troupe: 1
models: { fast: { provider: openai, model: gpt-5-mini, price: { input: 0.25, output: 2 } } }
agents:
  reader: { model: fast, limits: { cost: 0.35, working_seconds: 90, gpu_seconds: 7 } }
steps:
  read: { agent: reader, prompt: Read., limits: { cost: 0.000001 } }
outputs: { read: "${{ steps.read.output }}" }
limits: { turns: 9, seconds: 60, working_seconds: 50, cost: 2.5, gpu_seconds: 40, agents: 3, depth: 0, mode: audit }
"#,
    );
    let run = RunLimits {
        turns: 9,
        seconds: 60,
        working_seconds: 50,
        cost_micros: 2_500_000,
        gpu_seconds: 40,
        agents: 3,
        depth: 0,
        mode: Mode::Audit,
        ..RunLimits::DEFAULT
    };
    assert_eq!(w.limits, run);
    let reader = Limits {
        cost_micros: 350_000,
        working_seconds: 90,
        gpu_seconds: 7,
        ..Limits::AGENT
    };
    assert_eq!(w.agents[0].limits, reader);
    let Verb::Agent { limits, .. } = &w.steps[0].verb else {
        panic!("an agent")
    };
    assert_eq!(limits.cost_micros, 1);
}

#[test]
fn steps_stand_after_what_they_wait_for() {
    let w = workflow(RESEARCH);
    let order: Vec<&str> = w.steps.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(order, ["research", "check", "search", "aside", "last"]);
    let after = |name: &str| -> Vec<&str> {
        let step = w.step(w.step_named(name).expect("the step is there"));
        step.after.iter().map(|at| w.step(*at).name.as_str()).collect()
    };
    assert_eq!(after("last"), ["check", "aside"]);
    assert_eq!(after("check"), ["research"]);
    assert_eq!(after("aside"), ["search"]);

    let check = &w.steps[1];
    let fan_out = check.fan_out.as_ref().expect("a fan-out");
    assert_eq!((fan_out.variable.as_str(), fan_out.parallel), ("row", 16));
    assert_eq!(
        (check.retry.attempts, check.retry.backoff_ms, check.retry.errors.len()),
        (3, 500, 2)
    );
    assert_eq!(check.timeout_ms, Some(300_000));
    let Verb::Agent { limits, agent, .. } = &check.verb else {
        panic!("an agent")
    };
    assert_eq!((limits.turns, limits.tokens, agent.at()), (4, Limits::AGENT.tokens, 2));
}

#[test]
fn verbs_and_their_outputs() {
    let w = workflow(RESEARCH);
    let Verb::Tool { tool, arguments } = &w.steps[2].verb else {
        panic!("a tool")
    };
    assert_eq!(w.tool(*tool).path, "papers.keyword_search");
    assert!(matches!(arguments, Template::Object(fields) if fields.len() == 2));
    assert_eq!(
        w.steps[2].output.to_string(),
        "{chunks: [{id: string, score: number, sentences: [string]}]}"
    );
    let Verb::Run { command, json } = &w.steps[3].verb else {
        panic!("a command")
    };
    assert_eq!(command.arguments.len(), 3, "text goes through the shell");
    assert_eq!(command.arguments[0], Template::Literal(json!("sh")));
    assert!(!json && matches!(command.stdin, Some(Template::Object(_))));
    assert_eq!(
        w.steps[3].output.to_string(),
        "{exit_code: integer, stdout: string, stderr: string}"
    );
    assert_eq!(
        workflow("troupe: 1\nsteps:\n  a: {run: [x], output: [string]}\n").steps[0].output,
        Type::List(Box::new(Type::String))
    );
    assert!(matches!(w.outputs[1].value, Template::Expression(_)));
}

#[test]
fn the_fingerprint_follows_every_source() {
    let text = "troupe: 1\nagents:\n  a: {model: builtin/reader, system: p.md}\nsteps:\n  s: {agent: a, prompt: x}\n";
    let print = |name: &str, text: &str, prompt: &str| {
        let files = Memory([("p.md".to_owned(), prompt.as_bytes().to_vec())].into());
        compile(name, text.as_bytes(), &files)
            .workflow
            .expect("it compiles")
            .fingerprint
    };
    let first = print("a.yaml", text, "one");
    assert_eq!(
        first,
        print("moved/b.yaml", text, "one"),
        "where the file lies does not matter"
    );
    assert_ne!(first, print("a.yaml", text, "two"));
    assert_ne!(first, print("a.yaml", &format!("{text}# more\n"), "one"));
}

#[test]
fn a_called_workflow_thinks_with_the_model_of_its_caller() {
    let mut files = Memory::of_the_manual();
    let sub = "troupe: 1
defaults: { model: openai/gpt-5 }
steps: { d: { workflow: std/debate, with: { question: Who? } } }
";
    files.0.insert("sub.yaml".into(), sub.into());
    let text = "troupe: 1
defaults: { model: builtin/reader }
steps:
  here: { workflow: std/debate, with: { question: Who? } }
  there: { workflow: sub.yaml }
";
    let compiled = compile("w.yaml", text.as_bytes(), &files);
    let workflow = compiled.workflow.expect("nothing is wrong");
    let model = |workflow: &Workflow| workflow.model(workflow.agents[0].model).name.clone();
    let [here, there] = workflow.workflows.as_slice() else {
        panic!("two workflows are called")
    };
    assert_eq!(
        (model(here), model(&there.workflows[0])),
        ("reader".into(), "gpt-5".into())
    );
}

#[test]
fn effects_have_a_class_and_a_way_out_of_doubt() {
    let mut files = Memory::of_the_manual();
    let tools = json!({ "tools": [
        { "name": "read", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
        { "name": "set", "inputSchema": { "type": "object" }, "annotations": { "idempotentHint": true } },
        { "name": "create", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": false } },
        { "name": "guess", "inputSchema": { "type": "object" } },
    ] });
    files
        .0
        .insert("mcp/tracker.json".into(), tools.to_string().into_bytes());
    let text = r#"
troupe: 1
defaults: { on_crash: retry }
corpora: { papers: corpus/*.md }
mcp: { tracker: { run: [serve], tools: mcp/tracker.json } } # allow: T0901
steps:
  search: { tool: papers.semantic_search, with: { query: x } }
  read: { tool: tracker.read }
  set: { tool: tracker.set }
  create: { tool: tracker.create, on_crash: fail }
  guess: { tool: tracker.guess }
  sure: { tool: tracker.guess, effect: pure }
  pay: { run: [./pay.sh], on_crash: ask }
  look: { run: [./look.sh], effect: pure }
  mirror: { run: [./mirror.sh], effect: idempotent }
  careful: { tool: papers.semantic_search, with: { query: x }, effect: once }
"#;
    // That nobody reads what the tools give is a warning.
    let workflow = compile("workflow.yaml", text.as_bytes(), &files).workflow;
    let workflow = workflow.expect("nothing was wrong");
    let found: Vec<_> = [
        "search", "read", "set", "create", "guess", "sure", "pay", "look", "mirror", "careful",
    ]
    .map(|name| {
        let step = workflow.step(workflow.step_named(name).expect("it is there"));
        format!("{name} {} {:?}", step.effect.word(), step.on_crash)
    })
    .into();
    assert_eq!(
        found,
        [
            "search pure Retry",
            "read pure Retry",
            "set idempotent Retry",
            "create once Fail",
            "guess once Retry",
            "sure pure Retry",
            "pay once Ask",
            "look pure Retry",
            "mirror idempotent Retry",
            "careful once Retry",
        ]
    );
}

#[test]
fn what_a_corpus_says_is_lowered() {
    let w = workflow(
        "troupe: 1
corpora:
  plain: corpus/*.md
  full:
    files: corpus/*.md
    embedder: { provider: openai, model: small, base_url: '${{ env.URL }}', dimension: 256, pooling: last, query_prefix: 'query: ' }
    reranker: local/cross
    metadata: [year, venue, year]
    mode: assisted
    results: full
    tools: [outline, hybrid_search, outline]
    extras: budget
agents:
  a: { model: builtin/reader, tools: [full, full.read_chunk, plain] }
steps:
  s: { agent: a, prompt: x }
outputs: { s: '${{ steps.s.output }}' }
",
    );
    assert_eq!(w.corpora[0].offer, Offer::faithful());
    assert_eq!(w.corpora[0].embedder, Encoder::builtin());
    let full = &w.corpora[1];
    assert_eq!(full.offer.tools, ["outline", "hybrid_search"]);
    assert_eq!(
        (full.offer.results, full.offer.extras.as_slice()),
        (Results::Full, &[Extra::Budget][..])
    );
    assert_eq!(full.metadata, ["year", "venue"]);
    assert_eq!(full.reranker, Some(Encoder::new("local", "cross")));
    let embedder = &full.embedder;
    assert_eq!(
        (embedder.provider.as_str(), embedder.name.as_str()),
        ("openai", "small")
    );
    assert_eq!((embedder.dimension, embedder.pooling), (Some(256), Some(Pooling::Last)));
    assert_eq!(embedder.query_prefix.as_deref(), Some("query: "));
    assert!(embedder.base_url.is_some() && embedder.api_key.is_none());
    let seen: Vec<&str> = w.agents[0].tools.iter().map(|(seen, _)| seen.as_str()).collect();
    assert_eq!(
        seen,
        [
            "full_outline",
            "full_hybrid_search",
            "full_read_chunk",
            "plain_keyword_search",
            "plain_semantic_search",
            "plain_read_chunk"
        ]
    );
}
