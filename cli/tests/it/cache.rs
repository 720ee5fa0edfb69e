//! Answers of earlier runs of a workspace, as a person meets them.

use crate::fixture::Place;
use serde_json::Value;

const WORKFLOW: &str = r#"
troupe: 1
inputs: { question: string }
corpora: { papers: "corpus/*.md" }
agents:
  reader: { model: builtin/reader, tools: [papers] }
steps:
  find:
    tool: papers.keyword_search
    with: { keywords: [otters] }
    cache: true
  ask:
    agent: reader
    prompt: ${{ inputs.question }}
    cache: { for: 7d }
outputs:
  found: ${{ steps.find.output.chunks.size() }}
  answer: ${{ steps.ask.output }}
limits: { tokens: 1000000 }
"#;

fn place() -> Place {
    let place = Place::new();
    place
        .file("ask.yaml", WORKFLOW)
        .file("corpus/a.md", "# Otters\n\nOtters hold hands while they sleep.\n");
    place
}

/// Runs the workflow; what it gave, and what `show` says of it.
fn run(place: &Place) -> (Value, Value) {
    let arguments = ["run", "ask.yaml", "--json", "--input", "question=What do otters do?"];
    let ended = place.troupe(&arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = ended.json();
    let name = ended["run"].as_str().unwrap().to_owned();
    (
        ended["outputs"].clone(),
        place.troupe(&["show", &name, "--json"]).json(),
    )
}

#[test]
fn a_second_run_costs_nothing_until_something_changes() {
    let place = place();
    let (outputs, first) = run(&place);
    assert_eq!(first["calls"]["cached"], 0);
    let (again, second) = run(&place);
    assert_eq!(again, outputs);
    assert_eq!(second["calls"]["cached"], second["calls"]["answered"]);
    assert_eq!(second["calls"]["answered"], first["calls"]["answered"]);
    assert_eq!(second["usage"]["prompt_tokens"], 0);
    let name = second["run"].as_str().unwrap();
    let shown = place.troupe(&["show", name]).stdout;
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let total = first["calls"]["answered"].as_u64().unwrap();
    assert!(
        shown.contains(&format!("{total} of {total} calls from the cache")),
        "{shown}"
    );

    place.file("corpus/b.md", "# More otters\n\nOtters eat crabs and clams.\n");
    let (outputs, third) = run(&place);
    assert_eq!(outputs["found"], 2);
    let (cached, answered) = (&third["calls"]["cached"], &third["calls"]["answered"]);
    assert!(cached.as_u64() < answered.as_u64(), "{cached} of {answered}");
}
