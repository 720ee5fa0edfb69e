//! Runs that start runs, kept in a workspace, and what the commands say of them.

use crate::fixture::Place;
use std::sync::Arc;
use troupe_agents::{Gates, Nobody, Outcome, Ports, Run, Secrets, Silent, SystemClock};
use troupe_core::id::RunId;
use troupe_core::ir::{FanOut, Workflow};
use troupe_core::port::journal::{RunHeader, RunStatus};
use troupe_store::Store;
use troupe_testkit::model::{Line, Scripted};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// A workflow made by hand, to be run in a place's workspace.
pub struct Family<'a> {
    place: &'a Place,
    workflow: Arc<Workflow>,
}

/// Ports without people, commands and secrets; the model says 1.
pub fn ports(store: &Store) -> Ports {
    Ports {
        journal: Arc::new(store.clone()),
        dispatch: Arc::new(store.clone()),
        models: vec![Arc::new(Scripted::new(|_: &_| Line::Say("1".into())))],
        tools: vec![Arc::new(Answering::new(|_| Ok(String::new())))],
        gates: Gates::new(),
        cache: None,
        processes: None,
        rooms: None,
        approver: Arc::new(Nobody),
        secrets: Secrets::default(),
        clock: Arc::new(SystemClock),
        observer: Arc::new(Silent),
        children: Vec::new(),
    }
}

impl<'a> Family<'a> {
    pub fn of(place: &'a Place, workflow: Workflow) -> Self {
        Self {
            place,
            workflow: Arc::new(workflow),
        }
    }

    /// Runs it until it is over or waits.
    pub fn live(&self, wire: impl Fn(&Store) -> Ports) -> Outcome {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Store::open(&self.place.path().join(".troupe")).await.unwrap();
            let mut ports = wire(&store);
            ports.children = vec![ports.clone(); self.workflow.workflows.len()];
            let run = Run {
                run: RunId::parse("0FAMILY").unwrap(),
                workflow: self.workflow.clone(),
                ports,
                patience_ms: None,
            };
            let header = RunHeader {
                run: run.run.clone(),
                workflow: "family".into(),
                path: "family.yaml".into(),
                fingerprint: String::new(),
                sources: Vec::new(),
                settings: "{}".into(),
                started_ms: 1,
                forked: None,
            };
            let (inputs, env) = Default::default();
            let handle = troupe_agents::start(run, header, inputs, env).await.unwrap();
            let outcome = handle.outcome().await.unwrap();
            store.close().await;
            outcome
        })
    }
}

/// Two runs of a scorer, and a question.
fn reviewing() -> Workflow {
    let mut workflow = workflow::team(1, 1);
    workflow.workflows = vec![Arc::new(workflow::scorer())];
    let row = troupe_core::expression::Template::Expression(workflow::expression("row"));
    let mut score = workflow::workflow_step("score", &[], 0, vec![("row".into(), row)]);
    score.fan_out = Some(FanOut {
        items: workflow::expression("[1, 2]"),
        variable: "row".into(),
        parallel: 2,
        key: None,
    });
    let sign = workflow::approve_step("sign", &[0], workflow::literal("Publish?"));
    workflow.steps = vec![score, sign];
    workflow
}

#[test]
fn runs_of_runs_are_listed_when_asked_for_and_resumed_through_the_whole() {
    let place = Place::new();
    let outcome = Family::of(&place, reviewing()).live(ports);
    assert_eq!((outcome.status, outcome.questions.len()), (RunStatus::Waiting, 1));
    let names = |arguments: &[&str]| -> Vec<(String, String)> {
        let list = place.troupe(arguments).json();
        let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap().to_owned();
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| (text(row, "run"), text(row, "status"))).collect()
    };
    assert_eq!(names(&["ls", "--json"]), [("0FAMILY".into(), "waiting".into())]);
    assert_eq!(
        names(&["ls", "--json", "-n", "1"]),
        [("0FAMILY".into(), "waiting".into())]
    );
    let mut all = names(&["ls", "--json", "--all"]);
    all.sort();
    let expected = ["0FAMILY", "0FAMILY.score-0", "0FAMILY.score-1"];
    assert_eq!(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
    assert_eq!(all[1].1, "succeeded");

    let part = place.troupe(&["resume", "0family.score-1"]);
    assert_eq!(part.code, 2);
    assert!(
        part.stderr
            .contains("run 0FAMILY.score-1 is a part of run 0FAMILY: `troupe resume 0FAMILY`"),
        "{part:?}"
    );
    let approve = place.troupe(&["approve", "0FAMILY.score-1", "approve"]);
    assert_eq!(approve.code, 2, "{approve:?}");
    // The beginning of a name means a run of a person's alone.
    let events = place.troupe(&["show", "0FAM", "--events"]);
    assert!(
        events.code == 0 && events.stdout.contains("\"verb\":\"approve\""),
        "{events:?}"
    );
    let below = place.troupe(&["show", "0FAMILY.score-0", "--events"]);
    assert!(below.code == 0 && below.stdout.contains("allowance"), "{below:?}");
}

#[test]
fn a_run_that_is_over_waits_for_nobody() {
    let place = crate::fixture::small();
    assert_eq!(place.troupe(&["run", "."]).code, 0);
    let approve = place.troupe(&["approve", "last", "approve"]);
    assert_eq!(approve.code, 2);
    assert!(
        approve.stderr.contains("waits for nobody: it is succeeded"),
        "{approve:?}"
    );
}
