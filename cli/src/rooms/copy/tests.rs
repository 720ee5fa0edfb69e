//! Which rooms are as they were, event by event.

use super::*;
use troupe_core::Object;
use troupe_core::effect::{Effect, Want};
use troupe_core::input::{Exit, Input};
use troupe_core::message::ToolOutput;

fn compiled(text: &str) -> Workflow {
    let compiled = troupe_dsl::compile("w.yaml", text.as_bytes(), &troupe_dsl::Folder::new("."));
    compiled
        .workflow
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

/// All events of a run whose processes and tools answer in turn, and those of its cancellation before the last answer.
fn journal(workflow: &Workflow) -> Vec<Event> {
    let mut state = State::new(workflow);
    let mut inputs = vec![Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    }];
    let mut events = Vec::new();
    while let Some(input) = inputs.pop() {
        let decision = engine::handle(workflow, &mut state, input).unwrap();
        events.extend(decision.events);
        inputs.extend(decision.effects.into_iter().filter_map(answer));
    }
    events
}

fn answer(Effect { call, want, .. }: Effect) -> Option<Input> {
    match want {
        Want::Process(_) => Some(Input::ProcessExited {
            call,
            exit: Exit {
                code: 0,
                stdout: String::new(),
                stderr: String::new(),
                artifacts: None,
            },
        }),
        Want::Tool(_) => Some(Input::ToolReplied {
            call,
            output: ToolOutput {
                result: serde_json::json!({ "exit_code": 0, "stdout": "", "stderr": "" }),
                ..ToolOutput::default()
            },
        }),
        _ => None,
    }
}

#[test]
fn a_room_is_as_it_was_where_nothing_was_at_work_in_it_since() {
    let workflow = compiled(
        "troupe: 1\nname: w\nsandboxes: { shop: { image: a, share: run }, bench: { image: a, share: run }, own: a }\nsteps:\n  \
         first: { run: make, sandbox: shop }\n  \
         second: { tool: bench.shell, with: { command: ls }, needs: [first] }\n  \
         third: { run: make, sandbox: own, needs: [second] }\n  \
         fourth: { run: make, sandbox: shop, needs: [third] }\n",
    );
    let events = journal(&workflow);
    let total = events.len() as u64;
    let mut told: Vec<String> = Vec::new();
    for shared in 0..=total {
        let (before, moved) = used(&workflow, events.iter(), shared);
        let words = |rooms: &BTreeSet<String>| rooms.iter().cloned().collect::<Vec<_>>().join(" ");
        let line = format!("[{}] moved [{}]", words(&before), words(&moved));
        if told.last() != Some(&line) {
            told.push(line);
        }
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    [] moved []
    [shop] moved [shop]
    [bench shop] moved [bench shop]
    [bench shop] moved [shop]
    [bench shop] moved []
    ");
}
