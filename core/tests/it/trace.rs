//! Laws of traces, over seeded lives in every weather.

use super::life::life;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Entry, Fork, RunHeader};
use troupe_core::view::trace::{Span, SpanKind, SpanStatus, Trace, names};
use troupe_testkit::workflow;

const LIVES: u64 = 400;

fn header(forked: Option<Fork>) -> RunHeader {
    RunHeader {
        run: RunId::parse(if forked.is_some() { "FORK" } else { "RUN" }).unwrap(),
        workflow: "test".into(),
        path: "test.yaml".into(),
        fingerprint: "test".into(),
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: 1_000,
        forked,
    }
}

fn spans(trace: &mut Trace, run: &RunId, entries: &[Entry]) -> Vec<Span> {
    entries.iter().for_each(|entry| trace.fold(run, entry));
    trace.take_ended()
}

fn traced(workflow: &Arc<Workflow>, entries: &[Entry]) -> Vec<Span> {
    let mut trace = Trace::new(false);
    trace.add(&header(None), workflow.clone());
    let all = spans(&mut trace, &header(None).run, entries);
    assert_eq!(trace.open(), [], "a run that is over leaves nothing open");
    all
}

#[test]
fn spans_are_a_tree_in_place_and_in_time() {
    let workflow = Arc::new(workflow::everything());
    let mut kinds = BTreeSet::new();
    for seed in 1..=LIVES {
        let all = traced(&workflow, &life(&workflow, seed));
        let places: BTreeMap<&str, &Span> = all.iter().map(|span| (span.place.as_str(), span)).collect();
        assert_eq!(places.len(), all.len(), "seed {seed}: two spans have one place");
        for span in &all {
            kinds.extend(span.events.iter().map(|event| event.name));
            let end_ms = span.end_ms.unwrap();
            assert!(span.start_ms <= end_ms, "seed {seed}: {span:?}");
            let Some(parent) = &span.parent else {
                assert_eq!((span.kind, span.place.as_str()), (SpanKind::Run, "RUN"));
                continue;
            };
            let parent = places[parent.as_str()];
            assert!(parent.start_ms <= span.start_ms, "seed {seed}: {span:?} in {parent:?}");
            if span.kind != SpanKind::Run {
                assert!(end_ms <= parent.end_ms.unwrap(), "seed {seed}: {span:?} in {parent:?}");
                let is_member = (parent.kind, span.kind) == (SpanKind::Call, SpanKind::Agent);
                assert!(
                    parent.kind < span.kind || is_member,
                    "seed {seed}: {span:?} in {parent:?}"
                );
            }
        }
    }
    for event in [
        names::FORCED,
        names::REJECTED,
        names::RETRIED,
        names::REFUSED,
        names::INTERRUPTED,
    ] {
        assert!(kinds.contains(event), "`{event}` never occurred; seen: {kinds:?}");
    }
}

#[test]
fn every_answer_of_a_model_or_a_tool_is_a_span_that_ended_well() {
    let workflow = Arc::new(workflow::everything());
    for seed in 1..=LIVES {
        let entries = life(&workflow, seed);
        let all = traced(&workflow, &entries);
        let events = |wanted: fn(&Event) -> bool| entries.iter().filter(|entry| wanted(&entry.event)).count();
        let ended = |operation: &str| {
            let is_it = |span: &&Span| span.attribute(names::OPERATION).is_some_and(|name| name == operation);
            let well = |span: &&Span| span.status == SpanStatus::Ok && span.attribute(names::AGENT).is_some();
            all.iter().filter(is_it).filter(well).count()
        };
        let answers = events(|event| matches!(event, Event::ModelReplied { .. }));
        assert_eq!(ended(names::CHAT), answers, "seed {seed}");
        let calls = events(|event| matches!(event, Event::ToolReplied { .. } | Event::WaveEnded { .. }));
        assert_eq!(ended(names::EXECUTE_TOOL), calls, "seed {seed}");
        let agents = events(|event| matches!(event, Event::AgentAnswered { .. }));
        assert_eq!(ended(names::INVOKE_AGENT), agents, "seed {seed}");
    }
}

#[test]
fn what_another_process_goes_on_with_is_told_once_and_alike() {
    let workflow = Arc::new(workflow::everything());
    let run = header(None).run;
    for seed in 1..=LIVES {
        let entries = life(&workflow, seed);
        let whole = traced(&workflow, &entries);
        let cut = usize::try_from(seed * 7919).unwrap() % entries.len();
        let mut first = Trace::new(false);
        first.add(&header(None), workflow.clone());
        let mut told = spans(&mut first, &run, &entries[..cut]);
        let mut second = Trace::new(false);
        second.add(&header(None), workflow.clone());
        // What ended before was told by the first process.
        spans(&mut second, &run, &entries[..cut]);
        told.extend(spans(&mut second, &run, &entries[cut..]));
        assert_eq!(told, whole, "seed {seed}, cut at {cut}");
    }
}

#[test]
fn a_fork_tells_what_it_did_itself() {
    let workflow = Arc::new(workflow::everything());
    for seed in 1..=LIVES / 4 {
        let entries = life(&workflow, seed);
        let events = entries.len() as u64 / 2;
        let fork = Fork {
            run: header(None).run,
            events,
        };
        let mut header = header(Some(fork));
        header.started_ms = 1_000 + events;
        let mut trace = Trace::new(false);
        trace.add(&header, workflow.clone());
        let all = spans(&mut trace, &header.run, &entries);
        let answers = entries.iter().filter(|entry| entry.sequence >= events);
        let answers = answers
            .filter(|entry| matches!(entry.event, Event::ModelReplied { .. }))
            .count();
        let chats = all.iter().filter(|span| span.name.starts_with(names::CHAT));
        let chats = chats.filter(|span| span.status == SpanStatus::Ok).count();
        assert_eq!(chats, answers, "seed {seed}");
        assert!(all.iter().all(|span| span.place.starts_with("FORK")), "seed {seed}");
        let linked: Vec<&str> = all.iter().filter_map(|span| span.link.as_deref()).collect();
        assert_eq!(
            linked.len(),
            all.iter()
                .filter(|span| span.kind == SpanKind::Run && span.link.is_some())
                .count()
        );
        assert!(linked.iter().all(|run| *run == "RUN"), "seed {seed}: {linked:?}");
    }
}

/// A run whose lead asks a subagent and is forced, and which starts another run that fails, is reopened, and succeeds.
struct Family {
    trace: Trace,
    at_ms: u64,
    next: BTreeMap<String, u64>,
}

impl Family {
    fn new(contents: bool) -> Self {
        let mut workflow = workflow::team(1, 2);
        workflow.workflows = vec![Arc::new(workflow::scorer())];
        let lead = workflow::agent_step(&workflow, "research", &[], 1, workflow::literal("Find out"));
        let score = workflow::workflow_step("score", &[0], 0, Vec::new());
        workflow.steps = vec![lead, score];
        let workflow = Arc::new(workflow);
        let mut trace = Trace::new(contents);
        trace.add(&header(None), workflow.clone());
        let mut below = header(None);
        below.run = header(None).run.child("score").unwrap();
        trace.add(&below, workflow.workflows[0].clone());
        Self {
            trace,
            at_ms: 0,
            next: BTreeMap::new(),
        }
    }

    fn tell(&mut self, run: &str, events: serde_json::Value) {
        for event in events.as_array().unwrap() {
            let next = self.next.entry(run.to_owned()).or_default();
            let entry = Entry {
                sequence: *next,
                at_ms: self.at_ms,
                event: serde_json::from_value(event.clone()).unwrap(),
            };
            (*next, self.at_ms) = (*next + 1, self.at_ms + 1);
            self.trace.fold(&RunId::parse(run).unwrap(), &entry);
        }
    }

    fn live(contents: bool) -> Vec<Span> {
        let mut family = Self::new(contents);
        let allowance = json!({ "tokens": 1, "agents": 1 });
        let reply = |text: &str, calls: serde_json::Value| {
            json!({
                "message": { "text": text, "tool_calls": calls },
                "usage": { "prompt_tokens": 7, "completion_tokens": 3 }, "finish": "stop", "queue_ms": 5,
            })
        };
        let wave = json!([{ "id": "w", "name": "create_sub_agents", "arguments": "{}" }]);
        let lookup = json!([{ "id": "k", "name": "lookup", "arguments": "{\"q\":\"x\"}" }]);
        let prompt = json!({ "verb": "agent", "prompt": "Find out" });
        let member = json!([{ "agent": 0, "prompt": "Look" }]);
        let failure = json!({ "kind": "model", "message": "gone" });
        family.tell(
            "RUN",
            json!([
                { "t": "run_started", "inputs": {} },
                { "t": "step_started", "step": 0 },
                { "t": "item_started", "step": 0, "item": 0, "attempt": 1, "work": prompt },
                { "t": "turn_started", "actor": 0 },
                { "t": "model_replied", "actor": 0, "call": 1, "reply": reply("", wave) },
                { "t": "wave_started", "actor": 0, "position": 0, "members": member },
                { "t": "member_started", "actor": 0, "member": 0 },
                { "t": "turn_started", "actor": 1 },
                { "t": "model_replied", "actor": 1, "call": 2, "reply": reply("", lookup) },
                { "t": "tool_called", "actor": 1, "position": 0, "tool": 0 },
                { "t": "tool_replied", "actor": 1, "call": 3, "output": { "text": "found" } },
                { "t": "turn_started", "actor": 1 },
                { "t": "model_replied", "actor": 1, "call": 4, "reply": reply("seen", json!([])) },
                { "t": "agent_answered", "actor": 1 },
                { "t": "wave_ended", "actor": 0 },
                { "t": "turn_started", "actor": 0, "forced": "turns" },
                { "t": "model_replied", "actor": 0, "call": 5, "reply": reply("done", json!([])) },
                { "t": "agent_answered", "actor": 0 },
                { "t": "item_succeeded", "step": 0, "item": 0 },
                { "t": "step_started", "step": 1 },
                { "t": "item_started", "step": 1, "item": 0, "attempt": 1,
                  "work": { "verb": "workflow", "inputs": {}, "allowance": allowance } },
            ]),
        );
        family.tell("RUN.score", json!([
            { "t": "run_started", "inputs": {}, "allowance": allowance },
            { "t": "step_started", "step": 0 },
            { "t": "item_started", "step": 0, "item": 0, "attempt": 1, "work": { "verb": "agent", "prompt": "Score" } },
            { "t": "turn_started", "actor": 0 },
            { "t": "agent_failed", "actor": 0, "failure": failure },
            { "t": "item_failed", "step": 0, "item": 0, "failure": failure },
            { "t": "run_failed", "step": 0, "item": 0, "failure": failure },
        ]));
        family.tell(
            "RUN",
            json!([
                { "t": "item_failed", "step": 1, "item": 0, "failure": failure },
                { "t": "run_failed", "step": 1, "item": 0, "failure": failure },
                { "t": "run_reopened" },
                { "t": "item_started", "step": 1, "item": 0, "attempt": 1,
                  "work": { "verb": "workflow", "inputs": {}, "allowance": allowance } },
            ]),
        );
        family.tell(
            "RUN.score",
            json!([
                { "t": "run_reopened" },
                { "t": "turn_started", "actor": 0 },
                { "t": "model_replied", "actor": 0, "call": 9, "reply": reply("1", json!([])) },
                { "t": "agent_answered", "actor": 0 },
                { "t": "item_succeeded", "step": 0, "item": 0 },
                { "t": "run_succeeded", "outputs": { "score": 1 } },
            ]),
        );
        family.tell(
            "RUN",
            json!([
                { "t": "item_succeeded", "step": 1, "item": 0, "output": { "score": 1 } },
                { "t": "run_succeeded", "outputs": {} },
            ]),
        );
        assert_eq!(family.trace.open(), []);
        family.trace.take_ended()
    }
}

/// A line for each span, below the one that it is a part of, in the order of their beginnings.
fn tree(spans: &[Span], parent: Option<&str>, depth: usize, text: &mut String) {
    let mut parts: Vec<&Span> = spans.iter().filter(|span| span.parent.as_deref() == parent).collect();
    parts.sort_by_key(|span| span.start_ms);
    for span in parts {
        let status = match &span.status {
            SpanStatus::Unset => "-".to_owned(),
            SpanStatus::Ok => "ok".to_owned(),
            SpanStatus::Error(message) => format!("error: {message}"),
        };
        let events: String = span.events.iter().map(|event| format!(" !{}", event.name)).collect();
        let (name, place, start_ms, end_ms) = (&span.name, &span.place, span.start_ms, span.end_ms.unwrap());
        text.push_str(&format!(
            "{:1$}{name} ({place}) {start_ms}-{end_ms} {status}{events}\n",
            "",
            2 * depth
        ));
        tree(spans, Some(place), depth + 1, text);
    }
}

#[test]
fn a_family_of_runs_is_one_tree() {
    let mut text = String::new();
    tree(&Family::live(false), None, 0, &mut text);
    insta::assert_snapshot!(text, @r"
    invoke_workflow test (RUN) 0-29 error: gone
      step research (RUN/research) 1-18 ok
        item research (RUN/research[0]/a1r1) 2-18 ok
          invoke_agent lead (RUN/@0) 2-17 ok !troupe.answer.forced
            chat test (RUN/@0/t1) 3-4 ok
            execute_tool create_sub_agents (RUN/@0/t1/c0) 5-14 ok
              invoke_agent seeker (RUN/@1) 6-13 ok
                chat test (RUN/@1/t1) 7-8 ok
                execute_tool lookup (RUN/@1/t1/c0) 9-10 ok
                chat test (RUN/@1/t2) 11-12 ok
            chat test (RUN/@0/t2!) 15-16 ok
      step score (RUN/score) 19-29 error: gone
        item score (RUN/score[0]/a1r1) 20-28 error: gone
          invoke_workflow scorer (RUN.score) 21-27 error: gone
            step score (RUN.score/score) 22-27 error: gone
              item score (RUN.score/score[0]/a1r1) 23-26 error: gone
                invoke_agent seeker (RUN.score/@0) 23-25 error: gone
                  chat test (RUN.score/@0/t1) 24-25 error: gone
      invoke_workflow test (RUN#2) 30-39 ok
        step score (RUN#2/score) 30-38 ok
          item score (RUN#2/score[0]/a1r1) 31-38 ok
            invoke_workflow scorer (RUN.score#2) 32-37 ok
              step score (RUN.score#2/score) 32-36 ok
                item score (RUN.score#2/score[0]/again) 33-36 ok
                  invoke_agent seeker (RUN.score#2/@0) 33-35 ok
                    chat test (RUN.score#2/@0/t1) 33-34 ok
    ");
}

#[test]
fn spans_say_what_the_conventions_want_and_nothing_that_was_written() {
    let spans = Family::live(false);
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let chat = find("chat test");
    assert!(chat.is_client);
    let attributes: serde_json::Map<_, _> = chat
        .attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&attributes).unwrap(), @r#"
    {
      "gen_ai.operation.name": "chat",
      "gen_ai.conversation.id": "RUN",
      "gen_ai.provider.name": "scripted",
      "gen_ai.request.model": "test",
      "gen_ai.agent.name": "lead",
      "troupe.agent.turn": 1,
      "gen_ai.output.type": "text",
      "gen_ai.usage.input_tokens": 7,
      "gen_ai.usage.output_tokens": 3,
      "gen_ai.response.finish_reasons": [
        "tool_call"
      ],
      "troupe.queue_ms": 5
    }
    "#);
    let all = format!("{spans:?}");
    for written in ["Find out", "Look", "seen", "found", "\"x\""] {
        assert!(!all.contains(written), "`{written}` is in {all}");
    }
}

#[test]
fn with_contents_a_chat_holds_what_was_said_since_the_last_answer() {
    let spans = Family::live(true);
    let second = spans.iter().find(|span| span.place == "RUN/@1/t2").unwrap();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(second.attribute(name).unwrap().as_str().unwrap()).unwrap()
    };
    assert_eq!(
        read(names::INPUT_MESSAGES),
        json!([{ "role": "tool", "parts": [{ "type": "tool_call_response", "id": "k", "response": "found" }] }])
    );
    assert_eq!(
        read(names::OUTPUT_MESSAGES),
        json!([{ "role": "assistant", "parts": [{ "type": "text", "content": "seen" }], "finish_reason": "stop" }])
    );
    let call = spans.iter().find(|span| span.place == "RUN/@1/t1/c0").unwrap();
    assert_eq!(call.attribute(names::TOOL_RESULT), Some(&json!("found")));
    assert_eq!(call.attribute(names::TOOL_ARGUMENTS), Some(&json!("{\"q\":\"x\"}")));
}
