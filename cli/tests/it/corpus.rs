//! `troupe corpus` from outside: built, stale, searched, narrowed, broken, exported.

use crate::fixture::Place;
use serde_json::{Value, json};

const WORKFLOW: &str = r#"
troupe: 1
name: zoo
models: { m: builtin/reader }
corpora:
  zoo: { files: [zoo/*], metadata: [year] }
agents: { a: { model: m, system: Answer., tools: [zoo] } }
steps: { ask: { agent: a, prompt: What holds hands? } }
outputs: { answer: "${{ steps.ask.output }}" }
"#;

fn zoo() -> Place {
    let place = Place::new();
    place
        .file("workflow.yaml", WORKFLOW)
        .file(
            "zoo/otters.md",
            "---\nyear: 2021\n---\nOtters hold hands while they sleep.",
        )
        .file(
            "zoo/birds.csv",
            "id,text,year\nowl,Owls turn their heads.,2019\nhen,Hens have two legs.,2021\n",
        )
        .file("zoo/page.html", "<title>Bats</title><p>Bats sleep upside down.</p>");
    place
}

fn state(place: &Place) -> (i32, Value) {
    let ended = place.troupe(&["corpus", "status", ".", "--json"]);
    (ended.code, ended.json()["corpora"][0]["state"].clone())
}

#[test]
fn an_index_is_missing_then_current_then_stale() {
    let place = zoo();
    assert_eq!(state(&place), (1, json!("missing")));
    let built = place.troupe(&["corpus", "build", ".", "--json"]);
    assert_eq!(built.json()["corpora"][0]["chunks"], 4, "{built:?}");
    assert_eq!(state(&place), (0, json!("current")));
    place.file("zoo/cats.txt", "Cats sleep all day.");
    std::fs::remove_file(place.path().join("zoo/page.html")).unwrap();
    let status = place.troupe(&["corpus", "status", ".", "--json"]).json();
    assert_eq!(status["corpora"][0]["added"], json!(["zoo/cats.txt"]));
    assert_eq!(status["corpora"][0]["removed"], json!(["zoo/page.html"]));
    assert_eq!(place.troupe(&["corpus", "build", "."]).code, 0);
    assert_eq!(state(&place), (0, json!("current")));
}

#[test]
fn a_search_is_what_agents_have() {
    let place = zoo();
    let searched = |tool: &str, query: &str| -> Vec<String> {
        let found = place
            .troupe(&[
                "corpus", "search", ".", "--tool", tool, "--top-k", "1", "--json", "--", query,
            ])
            .json();
        let chunks = found["chunks"].as_array().unwrap();
        chunks
            .iter()
            .map(|chunk| chunk["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(searched("keyword", "HEADS"), ["owl"]);
    assert_eq!(searched("semantic", "animals that sleep upside down"), ["page.html"]);
    assert_eq!(searched("hybrid", "otters hands"), ["otters"]);
    let with = r#"{"query": "legs", "where": {"year": 2021}}"#;
    let narrowed = place
        .troupe(&["call", ".", "zoo.semantic_search", "--with", with, "--json"])
        .json();
    let ids: Vec<&str> = narrowed["result"]["chunks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|chunk| chunk["id"].as_str().unwrap())
        .collect();
    assert!(
        ids.contains(&"hen") && ids.contains(&"otters") && !ids.contains(&"owl"),
        "{ids:?}"
    );
}

#[test]
fn damage_is_found_and_mended() {
    let place = zoo();
    place.troupe(&["corpus", "build", "."]);
    let sound = place.troupe(&["corpus", "verify", "."]);
    assert_eq!((sound.code, sound.stdout.as_str()), (0, "zoo: sound\n"));
    let folder = place.troupe(&["corpus", "status", ".", "--json"]).json()["corpora"][0]["folder"].clone();
    let texts = std::path::Path::new(folder.as_str().unwrap()).join("segment-000001/texts");
    let mut bytes = std::fs::read(&texts).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&texts, bytes).unwrap();
    let broken = place.troupe(&["corpus", "verify", "."]);
    assert_eq!(broken.code, 1);
    assert!(
        broken.stdout.contains("segment-000001/texts has other content"),
        "{broken:?}"
    );
    assert_eq!(place.troupe(&["corpus", "build", ".", "--rebuild"]).code, 0);
    assert_eq!(place.troupe(&["corpus", "verify", "."]).code, 0);
}

#[test]
fn chunks_are_exported_with_what_is_known_of_them() {
    let place = zoo();
    let exported = place.troupe(&["corpus", "export", "."]);
    let lines: Vec<Value> = exported
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let owl = lines.iter().find(|line| line["id"] == "owl").unwrap();
    assert_eq!(
        *owl,
        json!({ "id": "owl", "text": "Owls turn their heads.", "file": "zoo/birds.csv", "metadata": { "year": 2019 } })
    );
    assert_eq!(lines.len(), 4);
}

#[test]
fn what_is_not_there_is_said() {
    let place = zoo();
    let other = place.troupe(&["corpus", "build", ".", "--corpus", "zo"]);
    assert_eq!(
        (
            other.code,
            other.stderr.contains("there is no corpus `zo`; the workflow has zoo")
        ),
        (2, true)
    );
    place.file(
        "workflow.yaml",
        WORKFLOW.replace("metadata: [year]", "embedder: openai/text-embedding-3-small"),
    );
    let refused = place.troupe(&["run", "."]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("corpus `zoo`: the embedder openai/text-embedding-3-small"),
        "{refused:?}"
    );
}
