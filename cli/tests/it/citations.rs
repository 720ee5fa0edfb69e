//! Citations of runs: told after the fact, checked by a step, and judged.

use crate::fixture::{Ended, Place, examples};
use crate::server::{Request, Server};
use serde_json::{Value, json};

#[test]
fn an_example_cites_what_it_read() {
    let place = Place::new();
    let run = place.troupe(&["run", examples().join("01-papers").to_str().unwrap(), "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let told = place.troupe(&["citations", "--json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.json();
    let cited = told["citations"].as_array().unwrap();
    assert!(cited.len() >= 8, "four subagents and their lead: {told}");
    for citation in cited {
        assert_eq!(citation["level"], "read", "{citation}");
        assert!(citation["file"].as_str().unwrap().ends_with(".md"), "{citation}");
        assert_ne!(citation["claim"], "", "{citation}");
    }
    assert_eq!(told["counts"]["read"], cited.len());
    assert_eq!(told["corpora"], json!([{ "name": "papers", "error": null }]));
    let text = place.troupe(&["citations", "last"]).stdout;
    assert!(text.contains("research/lead/seeker[1]\n  read "), "{text}");
}

/// What a model says: what stands in the last message behind `SAY `, or a verdict on a claim.
fn model(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let prompt = body["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    let prompt: String = serde_json::from_str(&prompt).unwrap();
    let (status, said) = match prompt.split_once("SAY ") {
        Some((_, said)) => ("200 OK", said.trim().to_owned()),
        None if prompt.contains("Owls") => ("400 Bad Request", String::new()),
        None => {
            let other = if prompt.contains("swim") {
                "unsupported"
            } else {
                "supported"
            };
            let part = |verdict: &str| json!({ "claim": "x", "verdict": verdict });
            let parts = json!({ "parts": [part("supported"), part(other)] });
            ("200 OK", parts.to_string())
        }
    };
    let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": said }, "finish_reason": "stop" }] });
    let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// A corpus, and a workflow that reads two chunks of it, answers, checks and judges.
fn checked(server: &Server, said: &str) -> Place {
    let place = Place::new();
    let passages = [
        ("animal-1", "Bats navigate by echolocation and swim badly."),
        ("animal-2", "Owls hunt at night."),
        ("animal-3", "Cats climb trees."),
    ];
    let lines: Vec<String> = passages
        .iter()
        .map(|(id, text)| json!({ "id": id, "text": text }).to_string())
        .collect();
    place.file("animals.jsonl", lines.join("\n"));
    let address = &server.address;
    place.file(
        "workflow.yaml",
        format!(
            r#"troupe: 1
name: checked
models: {{ m: {{ provider: openai, model: m, base_url: "{address}", attempts: 1 }} }}
defaults: {{ model: m }}
corpora: {{ animals: animals.jsonl }}
agents: {{ speaker: {{ system: Say it. }} }}
steps:
  read:
    tool: animals.read_chunk
    with: {{ chunk_ids: [animal-1, animal-2] }}
  ask: {{ agent: speaker, prompt: "SAY {said}", needs: read }}
  cited:
    tool: animals.verify_citations
    with: {{ answer: "${{{{ steps.ask.output }}}}" }}
  judged:
    workflow: std/verify-citations
    with: {{ citations: "${{{{ steps.cited.output.citations }}}}" }}
outputs:
  levels: ${{{{ steps.cited.output.citations.map(c, c.level) }}}}
  counts: ${{{{ steps.judged.output.counts }}}}
  verdicts: ${{{{ steps.judged.output.citations.map(c, c.verdict) }}}}
  parts: ${{{{ steps.judged.output.citations.map(c, c.parts.size()) }}}}
"#
        ),
    );
    place
}

fn run(place: &Place) -> Ended {
    let run = place.troupe(&["run", "workflow.yaml", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    run
}

#[test]
fn a_step_checks_against_what_the_run_read_and_a_judge_says_what_is_supported() {
    let server = Server::start(model);
    let said = "Bats navigate by echolocation [animal-1]. Bats swim well [animal-1]. Owls hunt [animal-2]. \
                Cats climb [animal-3]. Cows fly [animal-99]. He [sic] agrees.";
    let place = checked(&server, said);
    let outputs = run(&place).json()["outputs"].clone();
    assert_eq!(
        outputs["levels"],
        json!(["read", "read", "read", "never_read", "not_in_index"])
    );
    assert_eq!(
        outputs["counts"],
        json!({
            "not_in_index": 1, "never_read": 1, "supported": 0, "unsupported": 2, "unclear": 0, "unjudged": 1,
        })
    );
    assert_eq!(
        outputs["verdicts"],
        json!(["unsupported", "unsupported", "unjudged", "never_read", "not_in_index"]),
        "the judge's failure is no verdict"
    );
    assert_eq!(outputs["parts"], json!([2, 2, 0, 0, 0]));
}

#[test]
fn made_up_and_unread_chunks_are_faults() {
    let server = Server::start(model);
    let place = checked(
        &server,
        "Bats navigate [animal-1]. Cats climb [animal-3]. Cows fly [animal-99].",
    );
    run(&place);
    let told = place.troupe(&["citations", "last", "--json"]);
    assert_eq!(told.code, 1, "{told:?}");
    let levels: Vec<Value> = told.json()["citations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|citation| json!([citation["agent"], citation["id"], citation["level"], citation["file"]]))
        .collect();
    assert_eq!(
        levels,
        [
            // a step read it, and not the agent
            json!(["ask/speaker", "animal-1", "read_elsewhere", "animals.jsonl"]),
            json!(["ask/speaker", "animal-3", "never_read", "animals.jsonl"]),
            json!(["ask/speaker", "animal-99", "not_in_index", null]),
        ]
    );
    let text = place.troupe(&["citations"]).stdout;
    let last = text.lines().last().unwrap();
    let last = last.split_once(": ").unwrap().1;
    insta::assert_snapshot!(last, @"3 citations: 1 read by another agent, 1 never read, 1 not in index");
}

#[test]
fn a_corpus_that_is_gone_accuses_nobody() {
    let server = Server::start(model);
    let place = checked(&server, "Bats navigate [animal-1]. Cats climb [animal-3].");
    run(&place);
    std::fs::remove_file(place.path().join("animals.jsonl")).unwrap();
    std::fs::remove_dir_all(place.path().join(".troupe/corpora")).unwrap();
    let told = place.troupe(&["citations", "--json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.json();
    assert_ne!(told["corpora"][0]["error"], Value::Null, "{told}");
    assert_eq!(
        (&told["counts"]["not_in_index"], &told["counts"]["never_read"]),
        (&json!(0), &json!(0))
    );
}

/// What a called workflow read counts in the run that called it, and in the others that it calls.
#[test]
fn reading_counts_in_the_whole_family() {
    let place = Place::new();
    place.file("animals.jsonl", r#"{"id": "animal-1", "text": "Bats navigate."}"#);
    place.file(
        "read.yaml",
        "troupe: 1\nname: reading\ncorpora: { animals: animals.jsonl }\nsteps:\n  read: { tool: animals.read_chunk, with: { chunk_ids: [animal-1] } }\n",
    );
    place.file(
        "check.yaml",
        "troupe: 1\nname: checking\ninputs: { answer: string }\ncorpora: { animals: animals.jsonl }\nsteps:\n  \
         check: { tool: animals.verify_citations, with: { answer: \"${{ inputs.answer }}\" } }\n\
         outputs: { level: \"${{ steps.check.output.citations[0].level }}\" }\n",
    );
    let whole = |needs: &str| {
        format!(
            "troupe: 1\nname: whole\ncorpora: {{ animals: animals.jsonl }}\nsteps:\n  \
             gather: {{ workflow: read.yaml, when: \"{needs}\" }}\n  \
             here: {{ tool: animals.verify_citations, with: {{ answer: \"Bats [animal-1].\" }}, needs: gather }}\n  \
             below: {{ workflow: check.yaml, with: {{ answer: \"Bats [animal-1].\" }}, needs: gather }}\n\
             outputs: {{ here: \"${{{{ steps.here.output.citations[0].level }}}}\", below: \"${{{{ steps.below.output.level }}}}\" }}\n"
        )
    };
    for (gathers, level) in [("1 < 2", "read"), ("2 < 1", "never_read")] {
        place.file("whole.yaml", whole(gathers));
        let run = place.troupe(&["run", "whole.yaml", "--json"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.json()["outputs"], json!({ "here": level, "below": level }));
    }
}
