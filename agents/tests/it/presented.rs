//! How tools are presented to each agent, and what is told behind their answers.

use crate::cache::{Kept, using};
use crate::fixture::{Mortal, live, run_id, wired, with};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use troupe_agents::Ports;
use troupe_core::event::Event;
use troupe_core::id::ToolIndex;
use troupe_core::ir::{CacheUse, ToolSource, Verb, Workflow};
use troupe_core::limits::Left;
use troupe_core::message::{Message, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::journal::Journal as _;
use troupe_core::port::model::ModelRequest;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;
use troupe_testkit::model::{Line, Scripted, tool_messages};
use troupe_testkit::workflow;

/// Describes itself by its siblings, and tells how many turns are left.
struct Telling(ToolSpec);

impl Telling {
    fn new() -> Arc<Self> {
        Arc::new(Self(ToolSpec {
            name: "search".into(),
            description: "alone".into(),
            parameters: serde_json::json!({ "type": "object" }),
            result: Type::Any,
        }))
    }
}

#[async_trait]
impl Tool for Telling {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn presented(&self, siblings: &[(&str, &str)]) -> ToolSpec {
        let siblings = siblings.iter().map(|(own, seen)| format!("{own} is {seen}"));
        ToolSpec {
            description: siblings.collect::<Vec<_>>().join(", "),
            ..self.0.clone()
        }
    }

    fn postscript(&self, left: &Left) -> Option<String> {
        Some(format!("{} turns", left.turns))
    }

    fn identity(&self) -> Option<String> {
        Some("telling@1".into())
    }

    async fn call(&self, _: Invocation) -> Result<ToolOutput, Error> {
        Ok(ToolOutput {
            text: "found".into(),
            ..ToolOutput::default()
        })
    }
}

/// One agent with two tools of a corpus and one of another.
fn seeking(turns: u32) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    let tool = |corpus: &str, tool: &str| {
        let mut made = workflow.tools[0].clone();
        made.path = format!("{corpus}.{tool}");
        made.source = ToolSource::Corpus {
            corpus: corpus.into(),
            tool: tool.into(),
        };
        made
    };
    workflow.tools = vec![
        tool("papers", "search"),
        tool("papers", "read"),
        tool("notes", "search"),
    ];
    let seen = ["papers_search", "papers_read", "notes_search"];
    let seen = (0u32..).zip(seen).map(|(at, name)| (name.to_owned(), ToolIndex(at)));
    workflow.agents[0].tools = seen.collect();
    let mut step = workflow::agent_step(&workflow, "ask", &[], 0, workflow::literal("Why?"));
    step.cache = Some(CacheUse { fresh_ms: None });
    if let Verb::Agent { limits, .. } = &mut step.verb {
        limits.turns = turns;
    }
    workflow.steps = vec![step];
    workflow.outputs = vec![workflow::output("answer", "steps.ask.output")];
    workflow
}

#[tokio::test]
async fn a_tool_knows_its_siblings_and_tells_what_is_left_behind_answers_that_are_kept() {
    let kept = Arc::new(Kept::default());
    let mut told = Vec::new();
    for turns in [9, 5] {
        let described = Arc::new(Mutex::new(Vec::new()));
        let seen = described.clone();
        let model = Arc::new(Scripted::new(move |request: &ModelRequest| {
            let tools = request.tools.iter();
            *seen.lock().unwrap() = tools
                .map(|tool| (tool.name.clone(), tool.description.clone()))
                .collect();
            match tool_messages(request) {
                0 => Line::Call(vec![("papers_search", "{}".into())]),
                _ => match request.messages.last().map(|message| (**message).clone()) {
                    Some(Message::Tool { text, .. }) => Line::Say(text),
                    other => Line::Say(format!("{other:?}")),
                },
            }
        }));
        let journal = Mortal::new(u64::MAX);
        let (run, _) = wired(seeking(turns), journal.clone(), model, Telling::new());
        let run = with(&run, &|ports: &mut Ports| {
            ports.tools = vec![Telling::new(), Telling::new(), Telling::new()];
            using(&kept)(ports);
        });
        let outcome = live(run).await.unwrap();
        told.push(outcome.outputs["answer"].clone());
        let expected = [
            ("papers_search", "search is papers_search, read is papers_read"),
            ("papers_read", "search is papers_search, read is papers_read"),
            ("notes_search", "search is notes_search"),
        ];
        let described = described.lock().unwrap().clone();
        let described: Vec<(&str, &str)> = described.iter().map(|(n, d)| (n.as_str(), d.as_str())).collect();
        assert_eq!(described, expected);
        let entries = journal.load(&run_id()).await.unwrap();
        let cached = entries.iter().find_map(|entry| match &entry.event {
            Event::ToolReplied { output, .. } => Some(output.cached),
            _ => None,
        });
        assert_eq!(
            cached,
            Some(turns == 5),
            "the second run is given the answer of the first"
        );
    }
    assert_eq!(told, ["found\n\n8 turns", "found\n\n4 turns"]);
    // the model repeats what it read, so that both texts are kept: its own answers, and the tool's alone
    assert!(kept.text().contains(r#"{"text":"found"}"#), "{}", kept.text());
}
