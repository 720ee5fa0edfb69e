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

#[test]
fn variants_are_compared_on_a_page_and_thresholds_are_test_cases() {
    let place = zoo();
    let suite = SUITE
        .replace(
            "workflow: workflow.yaml\n",
            "variants: { plain: { workflow: workflow.yaml }, words: { workflow: words.yaml } }\n",
        )
        .replace("recall@5, loops", "recall@5, total_tokens");
    let words = WORKFLOW.replace(
        "zoo: zoo/*.md",
        "zoo: { files: zoo/*.md, tools: [keyword_search, read_chunk] }",
    );
    place.file("suite.yaml", suite).file("words.yaml", words);
    let arguments = ["eval", "suite.yaml", "--html", "page.html", "--junit", "report.xml"];
    let ended = place.troupe(&arguments);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("words - plain, recall@5: "), "{ended:?}");
    let page = std::fs::read_to_string(place.path().join("page.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 4, "three metrics, and scores for tokens");
    assert!(
        page.contains("contain_acc for total_tokens of a question") && page.contains("words"),
        "{page}"
    );
    let report = std::fs::read_to_string(place.path().join("report.xml")).unwrap();
    let count = |what: &str| report.matches(what).count();
    assert_eq!((count("<testcase"), count("<failure")), (2, 2), "{report}");
}
