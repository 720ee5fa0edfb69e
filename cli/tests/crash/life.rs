//! A process that drives the run on the real store, with scripted models, until it is killed.
//!
//! `life FOLDER DEATH|never here:MOOD|away`

use crate::death::{Death, Mortal};
use crate::place;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use troupe_agents::{Gates, Handle, Ports, Run, Secrets, Silent, SystemClock};
use troupe_core::effect::Command;
use troupe_core::engine;
use troupe_core::id::RunId;
use troupe_core::input::Exit;
use troupe_core::ir::{CREATE_SUB_AGENTS, Workflow};
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_core::port::journal::{Journal as _, Leases as _, RunHeader, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::tool::Tool;
use troupe_core::port::{Error, ErrorKind};
use troupe_store::Store;
use troupe_testkit::model::{Line, Scripted, tool_messages};
use troupe_testkit::tool::Answering;

/// Before the JSON of what a run came to.
pub const ENDED: &str = "ended ";

/// The run's name.
pub fn run_id() -> RunId {
    RunId::parse("0CRASH").unwrap()
}

/// The worker's side.
pub fn main(arguments: &[String]) -> ExitCode {
    let [folder, death, person] = arguments else {
        eprintln!("life FOLDER DEATH PERSON");
        return ExitCode::from(2);
    };
    let death = (death != "never").then(|| death.parse::<Death>().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(live(Path::new(folder), death, Person::named(person)));
    ExitCode::SUCCESS
}

async fn live(folder: &Path, death: Option<Death>, person: Person) {
    let store = Store::open(&place::store(folder)).await.unwrap();
    let lease = store.acquire(&run_id(), "the crash harness").await.unwrap();
    let journal = Arc::new(Mortal::new(store.clone(), death));
    let workflow = place::classified(folder);
    let run = Run {
        run: run_id(),
        ports: ports(folder, &workflow, &journal, &person),
        workflow: Arc::new(workflow),
        patience_ms: None,
    };
    let ended = match store.run(&run_id()).await {
        Err(error) if error.kind == ErrorKind::Missing => {
            let (inputs, env) = Default::default();
            ended(troupe_agents::start(run, header(), inputs, env).await, &journal).await
        }
        Ok(record) if record.progress.status == RunStatus::Succeeded => {
            let entries = store.load(&run_id()).await.unwrap();
            let state = engine::fold(&run.workflow, entries.iter().map(|entry| &entry.event));
            json!({ "status": state.status(), "outputs": state.outputs() })
        }
        known => {
            known.unwrap();
            let (inputs, env) = Default::default();
            ended(troupe_agents::resume(run, inputs, env).await, &journal).await
        }
    };
    store.close().await;
    drop(lease);
    println!("{ENDED}{ended}");
}

async fn ended(begun: Result<Handle, troupe_agents::Error>, journal: &Mortal) -> Value {
    let outcome = begun.unwrap().outcome().await.unwrap();
    json!({
        "status": outcome.status,
        "outputs": outcome.outputs,
        "failure": outcome.failure.map(|(place, failure)| format!("{place:?}: {failure}")),
        "appends": journal.writes(),
    })
}

fn header() -> RunHeader {
    RunHeader {
        run: run_id(),
        workflow: "every-kind".into(),
        path: "workflow.yaml".into(),
        fingerprint: String::new(),
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: 1,
        forked: None,
    }
}

fn ports(folder: &Path, workflow: &Workflow, journal: &Arc<Mortal>, person: &Person) -> Ports {
    let tool = |name: &str| -> Arc<dyn Tool> {
        let (folder, what) = (folder.to_owned(), format!("tool-{name}"));
        Arc::new(Answering::new(move |invocation| {
            leave(&folder, &invocation.key, &what);
            Ok("bats.md#1".into())
        }))
    };
    Ports {
        journal: journal.clone(),
        dispatch: Arc::new(journal.store.clone()),
        gates: Gates::new(),
        cache: None,
        models: workflow
            .models
            .iter()
            .map(|_| Arc::new(Scripted::new(script)) as _)
            .collect(),
        tools: workflow.tools.iter().map(|of| tool(&of.path)).collect(),
        processes: Some(Arc::new(Commands(folder.to_owned()))),
        rooms: None,
        approver: Arc::new(person.clone()),
        secrets: Secrets::default(),
        clock: Arc::new(SystemClock),
        observer: Arc::new(Silent),
        children: workflow
            .workflows
            .iter()
            .map(|called| ports(folder, called, journal, person))
            .collect(),
    }
}

fn script(request: &ModelRequest) -> Line {
    let offered = |name: &str| request.tools.iter().any(|tool| tool.name == name);
    match (offered(CREATE_SUB_AGENTS), tool_messages(request)) {
        (true, 0) => {
            let wave = json!({ "sub_agents": [{ "prompt": "How do owls find mice?" }, { "prompt": "And bats?" }] });
            Line::Call(vec![(CREATE_SUB_AGENTS, wave.to_string())])
        }
        (false, 0) => Line::Call(vec![("keyword_search", "{}".into()), ("semantic_search", "{}".into())]),
        (false, 2) => Line::Call(vec![("read_chunk", "{}".into())]),
        _ => Line::Say("By ear.".into()),
    }
}

/// A line of an effect that works, on the disk of the machine before anything else happens.
fn leave(folder: &Path, key: &str, what: &str) {
    let mut file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(place::effects(folder))
        .unwrap();
    file.write_all(format!("{key} {what}\n").as_bytes()).unwrap();
}

/// The scripts of the workspace, without processes that would outlive the one that is killed.
struct Commands(PathBuf);

#[async_trait]
impl ProcessRunner for Commands {
    async fn run(&self, key: &str, command: Command) -> Result<Exit, Error> {
        let words: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
        // Some time before the effect, and some between it and the answer.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (what, code, stdout) = match words.as_slice() {
            ["sh", "effect.sh", name, text] => (format!("{name}-{text}"), 0, (*text).to_owned()),
            ["sh", "flaky.sh"] => ("flaky".into(), 0, "mended".into()),
            ["sh", "fail.sh"] => ("fail".into(), 1, String::new()),
            _ => ("slow".into(), 0, String::new()),
        };
        leave(&self.0, key, &what);
        let is_slow = what == "slow";
        tokio::time::sleep(Duration::from_millis(if is_slow { 400 } else { 1 })).await;
        let first_time = || {
            let text = std::fs::read_to_string(place::effects(&self.0)).unwrap();
            text.lines().filter(|line| line.ends_with(" flaky")).count() < 2
        };
        let code = i32::from(what == "flaky" && first_time()).max(code);
        Ok(Exit {
            code,
            stdout,
            ..Exit::default()
        })
    }
}

/// Who answers.
#[derive(Clone)]
pub struct Person {
    here: bool,
    mood: u32,
}

impl Person {
    /// `here:MOOD` answers what is asked, `away` nothing.
    fn named(word: &str) -> Self {
        let mood = word.strip_prefix("here:").map(|mood| mood.parse().unwrap());
        Self {
            here: mood.is_some(),
            mood: mood.unwrap_or_default(),
        }
    }

    /// What becomes of an effect in doubt: done, when it is known what it gives.
    fn settle(&self, question: &Question) -> (&'static str, Option<String>) {
        let given = match (question.step.as_str(), question.item.as_deref()) {
            ("first", _) => Some("one"),
            ("flaky" | "last", _) => Some("mended"),
            ("each", item) => item,
            _ => None,
        };
        match (given, self.mood % 3) {
            (Some(given), 0) => ("done", Some(given.to_owned())),
            // What fails the run is asked again when it goes on.
            (_, 1) if self.mood.is_multiple_of(2) => ("fail", None),
            _ => ("repeat", None),
        }
    }
}

#[async_trait]
impl Approver for Person {
    async fn ask(&self, question: Question) -> Option<Answer> {
        if !self.here || question.step == "lapse" {
            return None;
        }
        let is_doubt = question.choices.iter().any(|choice| choice == "repeat");
        let (choice, comment) = match is_doubt {
            true => self.settle(&question),
            false => ("publish", None),
        };
        Some(Answer {
            choice: choice.into(),
            comment,
            by: "the harness".into(),
        })
    }
}
