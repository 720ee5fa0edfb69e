//! `troupe eval` from outside: scored once, found again, and held to its thresholds.

use crate::fixture::{Place, examples};

const SUITE: &str = r#"
suite: 1
name: zoo
dataset: { file: questions.jsonl, id: row.id }
workflow: workflow.yaml
inputs: { question: "${{ row.question }}" }
answer: outputs.answer
gold: row.answer
gold_chunks: row.chunks
trials: 2
metrics: [contain_acc, recall@5, loops]
thresholds: { contain_acc: 0.9 }
"#;

const WORKFLOW: &str = r#"
troupe: 1
name: zoo
inputs: { question: string }
models: { m: builtin/reader }
corpora: { zoo: zoo/*.md }
agents: { a: { model: m, system: Answer., tools: [zoo] } }
steps: { ask: { agent: a, prompt: "${{ inputs.question }}" } }
outputs: { answer: "${{ steps.ask.output }}" }
"#;

fn zoo() -> Place {
    let place = Place::new();
    place
        .file("suite.yaml", SUITE)
        .file("workflow.yaml", WORKFLOW)
        .file("zoo/otters.md", "Otters hold hands while they sleep in the water.")
        .file("zoo/owls.md", "Owls turn their heads nearly all the way around.")
        .file(
            "questions.jsonl",
            concat!(
                "{\"id\": 1, \"question\": \"What do otters hold while they sleep?\", \"answer\": \"hands\", \"chunks\": [\"otters\"]}\n",
                "{\"id\": 2, \"question\": \"What do owls turn?\", \"answer\": \"their tails\", \"chunks\": [\"owls\"]}\n",
            ),
        );
    place
}

#[test]
fn a_second_evaluation_starts_no_run_and_reports_the_same() {
    let place = zoo();
    let first = place.troupe(&["eval", "suite.yaml", "--json"]);
    // one answer of two is right, and the threshold asks for nearly all
    assert_eq!(first.code, 1, "{first:?}");
    assert!(first.stderr.contains("4 of them run now"), "{first:?}");
    let second = place.troupe(&["eval", "suite.yaml", "--json"]);
    assert_eq!(second.stdout, first.stdout);
    assert!(second.stderr.contains("0 of them run now"), "{second:?}");
    let listed = place.troupe(&["ls", "--json"]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(0));
}

#[test]
fn the_example_is_scored_within_its_threshold() {
    let place = Place::new();
    let suite = examples().join("04-multi-hop/suite.yaml");
    let run = || place.troupe(&["eval", suite.to_str().unwrap(), "--json"]);
    let first = run();
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(run().stdout, first.stdout);
}

#[test]
fn mistakes_in_a_suite_are_told_with_their_lines() {
    let place = zoo();
    place.file(
        "suite.yaml",
        SUITE.replace("metrics:", "metrix:").replace("row.answer", "rwo.answer"),
    );
    let told = place.troupe(&["eval", "suite.yaml"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.stderr.contains("suite.yaml:8") && told.stderr.contains("suite.yaml:11"),
        "{told:?}"
    );
}
