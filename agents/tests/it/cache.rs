//! Answers of earlier calls: when they are given, what they save, and what is never kept.

use crate::fixture::{Mortal, Told, Witness, header, run_id, wired, with};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use troupe_agents::{Clock, Observer, Outcome, Ports, Secrets};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, ToolIndex};
use troupe_core::ir::{CacheUse, EffectClass, FanOut, Repeat, Retry, Verb, Workflow};
use troupe_core::message::{Finish, Reply, ToolOutput, Usage};
use troupe_core::port::blob::Digest;
use troupe_core::port::cache::Cache;
use troupe_core::port::journal::{Entry, Journal as _, RunStatus};
use troupe_core::port::model::{Delta, DeltaStream, Model, ModelRequest};
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::types::Type;
use troupe_core::view::RunView;
use troupe_core::{Value, secret};
use troupe_testkit::model::{Line, Scripted, tool_messages};
use troupe_testkit::workflow;

const FOR_EVER: Option<CacheUse> = Some(CacheUse { fresh_ms: None });

/// A cache that can be looked into, and broken.
#[derive(Default)]
pub struct Kept {
    answers: Mutex<BTreeMap<Digest, (u64, Vec<u8>)>>,
    broken: bool,
}

impl Kept {
    fn len(&self) -> usize {
        self.answers.lock().unwrap().len()
    }

    pub fn text(&self) -> String {
        let answers = self.answers.lock().unwrap();
        answers
            .values()
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }

    fn check(&self) -> Result<(), Error> {
        match self.broken {
            true => Err(Error::new(ErrorKind::Storage, "the disk is gone")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Cache for Kept {
    async fn recall(&self, question: &Digest, not_before_ms: u64) -> Result<Option<Vec<u8>>, Error> {
        self.check()?;
        let answers = self.answers.lock().unwrap();
        let fresh = answers.get(question).filter(|(at_ms, _)| *at_ms >= not_before_ms);
        Ok(fresh.map(|(_, answer)| answer.clone()))
    }

    async fn keep(&self, question: &Digest, at_ms: u64, answer: &[u8]) -> Result<(), Error> {
        self.check()?;
        self.answers.lock().unwrap().insert(*question, (at_ms, answer.to_vec()));
        Ok(())
    }
}

/// A tool that says what it was told, counts its calls, and may know what decides its answers.
struct Echo {
    spec: ToolSpec,
    identity: Option<&'static str>,
    calls: AtomicUsize,
}

impl Echo {
    fn new(identity: Option<&'static str>) -> Arc<Self> {
        let spec = ToolSpec {
            name: "lookup".into(),
            description: String::new(),
            parameters: serde_json::json!({ "type": "object" }),
            result: Type::Any,
        };
        Arc::new(Self {
            spec,
            identity,
            calls: AtomicUsize::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Tool for Echo {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn identity(&self) -> Option<String> {
        self.identity.map(str::to_owned)
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(ToolOutput {
            text: invocation.arguments.to_string(),
            result: invocation.arguments,
            ..ToolOutput::default()
        })
    }
}

/// An agent that looks something up and answers.
fn seeking(cache: Option<CacheUse>) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    workflow.steps = vec![workflow::agent_step(
        &workflow,
        "ask",
        &[],
        0,
        workflow::literal("Why?"),
    )];
    workflow.steps[0].cache = cache;
    workflow.outputs = vec![workflow::output("answer", "steps.ask.output")];
    workflow
}

/// A step that calls the tool with these arguments.
fn calling(cache: Option<CacheUse>, arguments: Value) -> Workflow {
    let mut workflow = seeking(cache);
    workflow.steps[0].verb = Verb::Tool {
        tool: ToolIndex(0),
        arguments: workflow::literal(arguments),
    };
    workflow.steps[0].output = Type::Any;
    workflow
}

fn seek(request: &ModelRequest) -> Line {
    match tool_messages(request) {
        0 => Line::Call(vec![("lookup", "{\"keywords\": [\"x\"]}".into())]),
        _ => Line::Say("because".into()),
    }
}

/// What a run came to.
struct Lived {
    outcome: Outcome,
    view: RunView,
    events: Vec<Event>,
}

async fn live(workflow: Workflow, model: Arc<dyn Model>, tool: Arc<Echo>, change: &dyn Fn(&mut Ports)) -> Lived {
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(workflow, journal.clone(), model, tool);
    let run = with(&run, change);
    let workflow = run.workflow.clone();
    let outcome = crate::fixture::live(run).await.unwrap();
    let entries = journal.load(&run_id()).await.unwrap();
    Lived {
        outcome,
        view: RunView::of(&workflow, &entries),
        events: entries.into_iter().map(|entry| entry.event).collect(),
    }
}

pub fn using(cache: &Arc<Kept>) -> impl Fn(&mut Ports) + use<> {
    let cache = cache.clone();
    move |ports| ports.cache = Some(cache.clone())
}

fn replies(events: &[Event]) -> Vec<Reply> {
    let reply = |event: &Event| match event {
        Event::ModelReplied { reply, .. } => Some(reply.clone()),
        _ => None,
    };
    events.iter().filter_map(reply).collect()
}

#[tokio::test]
async fn a_second_run_asks_nobody_and_says_what_it_saved() {
    let (kept, tool) = (Arc::new(Kept::default()), Echo::new(Some("papers@1")));
    let model = Arc::new(Scripted::new(seek));
    let first = live(seeking(FOR_EVER), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!((first.view.calls.answered, first.view.calls.cached), (3, 0));
    assert_eq!((kept.len(), tool.calls()), (3, 1));

    let second = live(seeking(FOR_EVER), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!(second.outcome.outputs, first.outcome.outputs);
    assert_eq!((model.asked.load(Ordering::SeqCst), tool.calls()), (2, 1));
    assert_eq!((second.view.calls.answered, second.view.calls.cached), (3, 3));
    assert_eq!(second.view.calls.saved_tokens, first.outcome.progress.usage.total());
    assert_eq!(second.outcome.progress.usage, Usage::default(), "it used nothing");
    assert_eq!(second.view.agents[0].cached_turns, 2);
    let (before, after) = (replies(&first.events), replies(&second.events));
    for (asked, cached) in before.iter().zip(&after) {
        assert_eq!((&asked.message, asked.usage), (&cached.message, cached.saved));
        assert!(cached.cached && !asked.cached && asked.saved.is_nothing());
    }
}

#[tokio::test]
async fn only_steps_that_say_so_use_it_and_only_for_equal_calls() {
    let (kept, tool) = (Arc::new(Kept::default()), Echo::new(Some("papers@1")));
    let model = Arc::new(Scripted::new(seek));
    live(seeking(None), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!(kept.len(), 0);
    live(seeking(FOR_EVER), model.clone(), tool.clone(), &using(&kept)).await;
    let mut other = seeking(FOR_EVER);
    other.agents[0].system = workflow::literal("You are somebody else.");
    let other = live(other, model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!(
        (other.view.calls.answered, other.view.calls.cached),
        (3, 1),
        "the tool's call is the same"
    );
    let mut warm = seeking(FOR_EVER);
    warm.models[0].sampling.temperature = Some(0.7);
    assert_eq!(
        live(warm, model, Echo::new(Some("papers@2")), &using(&kept))
            .await
            .view
            .calls
            .cached,
        0
    );
}

#[tokio::test]
async fn an_old_answer_is_not_taken_and_a_new_one_takes_its_place() {
    let (kept, tool, clock) = (
        Arc::new(Kept::default()),
        Echo::new(Some("papers@1")),
        Told::at(1_000_000),
    );
    let week = Some(CacheUse { fresh_ms: Some(7_000) });
    let workflow = calling(week, serde_json::json!({ "keywords": ["x"] }));
    let model = Arc::new(Scripted::new(seek));
    let change = |ports: &mut Ports| {
        using(&kept)(ports);
        ports.clock = clock.clone();
    };
    for (passes_ms, calls) in [(0, 1), (7_000, 1), (1, 2), (7_000, 2)] {
        clock.pass(passes_ms);
        let lived = live(workflow.clone(), model.clone(), tool.clone(), &change).await;
        assert_eq!(
            (lived.outcome.status, tool.calls()),
            (RunStatus::Succeeded, calls),
            "at {}",
            clock.now_ms()
        );
    }
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn a_tool_step_shows_it_in_its_record() {
    let (kept, tool) = (Arc::new(Kept::default()), Echo::new(Some("papers@1")));
    let mut workflow = calling(FOR_EVER, serde_json::json!({ "keywords": ["x"] }));
    workflow.steps[0].fan_out = Some(FanOut {
        items: workflow::expression("[1, 2, 3]"),
        variable: "row".into(),
        parallel: 1,
        key: None,
    });
    workflow.outputs.clear();
    let lived = live(workflow, Arc::new(Scripted::new(seek)), tool.clone(), &using(&kept)).await;
    let cached = |event: &Event| match event {
        Event::ItemSucceeded { cached, .. } => Some(*cached),
        _ => None,
    };
    assert_eq!(
        lived.events.iter().filter_map(cached).collect::<Vec<_>>(),
        [false, true, true]
    );
    assert_eq!(
        (lived.view.calls.answered, lived.view.calls.cached, tool.calls()),
        (3, 2, 1)
    );
}

#[tokio::test]
async fn a_second_attempt_asks_anew_and_a_round_has_its_own_answers() {
    let (kept, tool) = (Arc::new(Kept::default()), Echo::new(None));
    let mut workflow = seeking(FOR_EVER);
    workflow.steps[0].output = Type::Integer;
    workflow.steps[0].retry = Retry {
        attempts: 2,
        backoff_ms: 1,
        errors: Vec::new(),
    };
    let answers = AtomicUsize::new(0);
    // Three wrong answers end an attempt; the next one is right.
    let model = Arc::new(Scripted::new(move |_: &ModelRequest| {
        Line::Say(match answers.fetch_add(1, Ordering::SeqCst) {
            0..3 => "no idea".into(),
            n => n.to_string(),
        })
    }));
    let lived = live(workflow.clone(), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!(
        (lived.outcome.outputs["answer"].clone(), lived.view.calls.cached),
        (3.into(), 0)
    );
    let again = live(workflow.clone(), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!(
        (again.outcome.outputs["answer"].clone(), again.view.calls.answered),
        (3.into(), 1)
    );

    workflow.steps[0].repeat = Some(Repeat {
        until: workflow::expression("output > 4"),
        max: 9,
        carry: None,
    });
    let rounds = live(workflow.clone(), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!(
        (rounds.outcome.outputs["answer"].clone(), rounds.view.calls.cached),
        (5.into(), 1)
    );
    let again = live(workflow, model, tool, &using(&kept)).await;
    assert_eq!(
        (again.outcome.outputs["answer"].clone(), again.view.calls.cached),
        (5.into(), 3)
    );
}

/// A model that ends its answers for the given reason.
struct Ending(Finish, AtomicUsize);

#[async_trait]
impl Model for Ending {
    async fn generate(&self, _: ModelRequest) -> Result<DeltaStream, Error> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let deltas = [Delta::Text("because".into()), Delta::Finish(self.0)];
        Ok(Box::pin(futures_util::stream::iter(deltas.map(Ok))))
    }

    fn label(&self) -> String {
        "ending".into()
    }
}

#[tokio::test]
async fn what_did_not_come_whole_is_not_kept() {
    for (finish, asked) in [(Finish::Stop, 1), (Finish::Length, 2), (Finish::Filtered, 2)] {
        let (kept, model) = (Arc::new(Kept::default()), Arc::new(Ending(finish, AtomicUsize::new(0))));
        for _ in 0..2 {
            live(seeking(FOR_EVER), model.clone(), Echo::new(None), &using(&kept)).await;
        }
        assert_eq!(model.1.load(Ordering::SeqCst), asked, "{finish:?}");
    }
}

#[tokio::test]
async fn calls_that_act_and_tools_that_cannot_tell_are_always_made() {
    for (identity, class, calls) in [
        (Some("papers@1"), EffectClass::Pure, 1),
        (Some("papers@1"), EffectClass::Once, 2),
        (None, EffectClass::Pure, 2),
    ] {
        let (kept, tool) = (Arc::new(Kept::default()), Echo::new(identity));
        let mut workflow = seeking(FOR_EVER);
        workflow.tools[0].class = class;
        for _ in 0..2 {
            live(
                workflow.clone(),
                Arc::new(Scripted::new(seek)),
                tool.clone(),
                &using(&kept),
            )
            .await;
        }
        assert_eq!(tool.calls(), calls, "{identity:?} {class:?}");
    }
}

/// Hears warnings.
#[derive(Default)]
struct Warned(Witness, Mutex<Vec<String>>);

impl Observer for Warned {
    fn recalled(&self, entries: &[Entry]) {
        self.0.recalled(entries);
    }
    fn entries(&self, entries: &[Entry]) {
        self.0.entries(entries);
    }
    fn delta(&self, actor: ActorId, delta: &Delta) {
        self.0.delta(actor, delta);
    }
    fn warn(&self, message: &str) {
        self.1.lock().unwrap().push(message.to_owned());
    }
}

#[tokio::test]
async fn a_broken_cache_is_a_warning() {
    let broken = Arc::new(Kept {
        broken: true,
        ..Kept::default()
    });
    let garbage = Arc::new(Kept::default());
    live(
        seeking(FOR_EVER),
        Arc::new(Scripted::new(seek)),
        Echo::new(None),
        &using(&garbage),
    )
    .await;
    garbage
        .answers
        .lock()
        .unwrap()
        .values_mut()
        .for_each(|(_, bytes)| bytes.truncate(5));
    for (kept, expected) in [(broken, "the disk is gone"), (garbage, "EOF while parsing")] {
        let warned = Arc::new(Warned::default());
        let change = |ports: &mut Ports| {
            using(&kept)(ports);
            ports.observer = warned.clone();
        };
        let lived = live(
            seeking(FOR_EVER),
            Arc::new(Scripted::new(seek)),
            Echo::new(None),
            &change,
        )
        .await;
        assert_eq!(
            (lived.outcome.status, lived.view.calls.cached),
            (RunStatus::Succeeded, 0)
        );
        let warnings = warned.1.lock().unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{warnings:?}");
    }
}

#[tokio::test]
async fn a_secret_is_in_no_question_and_in_no_answer() {
    const VALUE: &str = "sk-planted-0123456789";
    let kept = Arc::new(Kept::default());
    let workflow = calling(FOR_EVER, serde_json::json!({ "token": secret::marker("KEY") }));
    let mut digests = Vec::new();
    for value in [VALUE, "sk-another-value"] {
        let tool = Echo::new(Some("papers@1"));
        let change = |ports: &mut Ports| {
            using(&kept)(ports);
            ports.secrets = Secrets::new(vec![("KEY".into(), value.into())], Vec::new());
        };
        let lived = live(workflow.clone(), Arc::new(Scripted::new(seek)), tool, &change).await;
        // The marker stands for the value wherever it is used next, from the cache as from the tool.
        assert_eq!(lived.outcome.outputs["answer"]["token"], secret::marker("KEY"));
        assert!(!kept.text().contains("sk-"), "{}", kept.text());
        digests.push(kept.answers.lock().unwrap().keys().copied().collect::<Vec<_>>());
    }
    assert_eq!(digests[0].len(), 1);
    assert_eq!(digests[0], digests[1], "the value is no part of the question");
}

#[tokio::test]
async fn a_mark_that_a_model_wrote_is_no_mark_when_it_is_recalled() {
    let kept = Arc::new(Kept::default());
    let says = format!("{} and more", secret::marker("KEY"));
    let model = Arc::new(Scripted::new(move |_: &ModelRequest| Line::Say(says.clone())));
    live(seeking(FOR_EVER), model.clone(), Echo::new(None), &using(&kept)).await;
    let change = |ports: &mut Ports| {
        using(&kept)(ports);
        ports.secrets = Secrets::new(vec![("KEY".into(), "sk-planted".into())], Vec::new());
    };
    let lived = live(seeking(FOR_EVER), model, Echo::new(None), &change).await;
    assert_eq!(
        (lived.view.calls.cached, &lived.outcome.outputs["answer"]),
        (1, &"secret:KEY and more".into())
    );
}

#[tokio::test]
async fn a_cached_answer_counts_against_no_limit() {
    let (kept, tool) = (Arc::new(Kept::default()), Echo::new(Some("papers@1")));
    let model = Arc::new(Scripted::new(seek));
    let first = live(seeking(FOR_EVER), model.clone(), tool.clone(), &using(&kept)).await;
    let used = first.view.spent.tokens;
    assert_eq!(used, first.view.usage.total());
    let mut workflow = seeking(FOR_EVER);
    let lived = live(workflow.clone(), model.clone(), tool.clone(), &using(&kept)).await;
    assert_eq!((lived.view.spent.tokens, lived.view.calls.saved_tokens), (0, used));
    workflow.steps[0].cache = None;
    let anew = live(workflow, model, tool, &using(&kept)).await;
    assert_eq!(anew.view.spent.tokens, used, "a call that is made counts");
}

#[tokio::test]
async fn without_a_cache_every_call_is_made() {
    let model = Arc::new(Scripted::new(seek));
    let tool = Echo::new(Some("papers@1"));
    for _ in 0..2 {
        let (run, _) = wired(seeking(FOR_EVER), Mortal::new(u64::MAX), model.clone(), tool.clone());
        let (inputs, env) = Default::default();
        let handle = troupe_agents::start(run, header(), inputs, env).await.unwrap();
        assert_eq!(handle.outcome().await.unwrap().status, RunStatus::Succeeded);
    }
    assert_eq!((model.asked.load(Ordering::SeqCst), tool.calls()), (4, 2));
}
