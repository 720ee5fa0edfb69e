//! `troupe corpus` from outside: built, stale, searched, narrowed, broken, exported.

use crate::fixture::Place;
use crate::server::{Request, Server};
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
            .contains("corpus `zoo`: the embedder: openai/text-embedding-3-small needs a key"),
        "{refused:?}"
    );
}

/// An endpoint whose vectors count a few letters.
fn embeddings(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let vector = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        let count = |letter: char| text.matches(letter).count() as f64 + 0.01;
        json!([count('t'), count('w'), count('b'), count('h')])
    };
    let texts = body["input"].as_array().unwrap().iter().enumerate();
    let data: Vec<Value> = texts
        .map(|(index, text)| json!({ "index": index, "embedding": vector(text) }))
        .collect();
    let body = json!({ "data": data }).to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
    Some(format!("{head}: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn an_endpoint_embeds_once_and_its_key_is_kept_nowhere() {
    let place = zoo();
    let server = Server::start(embeddings);
    let encoder = format!(
        "embedder: {{ provider: openai, model: letters, base_url: \"{}\", api_key: \"${{{{ secrets.LETTERS_KEY }}}}\", \
         query_prefix: \"q: \" }}",
        server.address
    );
    place.file("workflow.yaml", WORKFLOW.replace("metadata: [year]", &encoder));
    let troupe = |arguments: &[&str]| {
        let output = place
            .command(arguments)
            .env("LETTERS_KEY", "sk-letters")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    troupe(&["corpus", "build", "."]);
    let sent = server.sent("/embeddings").len();
    assert!(sent >= 2, "one request for the dimension, and those of the sentences");
    assert!(server.all()[0].head.contains("authorization: bearer sk-letters"));
    let found = troupe(&[
        "corpus",
        "search",
        ".",
        "--tool",
        "semantic",
        "--json",
        "--",
        "Hens, hot hoods",
    ]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["chunks"].as_array().unwrap().len(), 4, "{found}");
    let last: Value = serde_json::from_slice(&server.all().last().unwrap().body).unwrap();
    assert_eq!(
        last["input"],
        json!(["q: Hens, hot hoods"]),
        "passages are not embedded again"
    );
    let status = troupe(&["corpus", "status", ".", "--json"]);
    assert!(status.contains("openai/letters at http"), "{status}");
    troupe(&["run", "."]);
    let mut folders = vec![place.path().to_owned()];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let holds = bytes.windows(10).any(|window| window == b"sk-letters");
            assert!(!holds, "{} holds the key", entry.path().display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 10, "the journal and the index are among {looked_at} files");
    let other = WORKFLOW.replace("metadata: [year]", &encoder.replace("model: letters", "model: other"));
    place.file("workflow.yaml", other);
    let output = place
        .command(&["corpus", "status", ".", "--json"])
        .env("LETTERS_KEY", "k")
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "vectors of another model do not compare: {output:?}"
    );
    troupe(&["corpus", "build", "."]);
    place.file("workflow.yaml", WORKFLOW.replace("metadata: [year]", &encoder));
    let status = troupe(&["corpus", "status", ".", "--json"]);
    assert!(
        status.contains("current"),
        "indexes of two embedders stand side by side: {status}"
    );
}

#[test]
fn a_model_of_this_process_is_looked_for_in_its_places() {
    let place = zoo();
    place.file(
        "workflow.yaml",
        WORKFLOW.replace("metadata: [year]", "embedder: local/tiny"),
    );
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/src/local/fixtures");
    let ended = place.troupe(&["corpus", "build", "."]);
    assert_eq!(ended.code, 2, "{ended:?}");
    if !cfg!(feature = "local") {
        assert!(ended.stderr.contains("build it with `--features local`"), "{ended:?}");
        return;
    }
    assert!(
        ended.stderr.contains("no folder with the files of local/tiny"),
        "{ended:?}"
    );
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        place.file(
            &format!("tiny/{file}"),
            std::fs::read(models.join("bert").join(file)).unwrap(),
        );
    }
    let built = place.troupe(&["corpus", "build", ".", "--json"]);
    assert_eq!(built.json()["corpora"][0]["chunks"], 4, "{built:?}");
    assert_eq!(state(&place), (0, json!("current")));
    place.file(
        "workflow.yaml",
        WORKFLOW.replace("metadata: [year]", "embedder: local/qwen3"),
    );
    let elsewhere = place
        .command(&["corpus", "build", "."])
        .env("TROUPE_MODELS", &models)
        .output()
        .unwrap();
    assert!(elsewhere.status.success(), "{elsewhere:?}");
}
