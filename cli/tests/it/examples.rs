//! Every example that needs no key runs, and gives what it gave before.

use crate::fixture::{Place, examples};

#[test]
fn every_example_is_clean() {
    let place = Place::new();
    let mut folders: Vec<_> = std::fs::read_dir(examples())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // One of them has instances, and no workflow.
        .filter(|path| path.is_dir() && !path.join("instances.jsonl").exists())
        .collect();
    folders.sort();
    assert!(folders.len() >= 3);
    for folder in folders {
        let check = place.troupe(&["check", folder.to_str().unwrap()]);
        assert_eq!(
            (check.code, check.stderr.contains(": no errors")),
            (0, true),
            "{check:?}"
        );
    }
}

#[test]
fn a_review_waits_for_its_person_and_goes_on() {
    let place = Place::new();
    let example = examples().join("05-review");
    let run = place.troupe(&["run", example.to_str().unwrap(), "--json"]);
    assert_eq!(
        (run.code, run.json()["status"].as_str()),
        (3, Some("waiting")),
        "{run:?}"
    );
    let question = &run.json()["questions"][0];
    assert_eq!(question["step"], "sign_off");
    assert_eq!(question["choices"], serde_json::json!(["publish", "discard"]));
    let wrong = place.troupe(&["approve", "last", "sign_off", "perhaps"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let ended = place.troupe(&["approve", "last", "publish", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let outputs = &ended.json()["outputs"];
    assert_eq!(
        (&outputs["published"], &outputs["failed"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert_eq!(outputs["answers"].as_array().map(Vec::len), Some(3));
    // The called workflows are runs of their own, and shown with the one that called them.
    let all = place.troupe(&["ls", "--all", "--json"]).json();
    assert_eq!(all.as_array().map(Vec::len), Some(4), "{all}");
}

#[test]
fn papers_answers_with_citations_that_can_be_opened() {
    let place = Place::new();
    let example = examples().join("01-papers");
    let example = example.to_str().unwrap();
    let run = place.troupe(&["run", example, "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let object = run.json();
    let answer = object["outputs"]["answer"].as_str().unwrap();
    insta::assert_snapshot!("papers", answer);
    let show = place.troupe(&["show", "last", "--json"]).json();
    let read: Vec<String> = serde_json::from_value(show["chunks_read"].clone()).unwrap();
    let cited: Vec<&str> = answer
        .split('[')
        .skip(1)
        .filter_map(|rest| rest.split(']').next())
        .collect();
    assert!(cited.len() >= 4, "{answer}");
    for id in cited {
        assert!(read.iter().any(|chunk| chunk == id), "[{id}] was cited and never read");
        let with = serde_json::json!({ "chunk_ids": [id] }).to_string();
        let opened = place
            .troupe(&["call", example, "read_chunk", "--with", &with, "--json"])
            .json();
        assert_eq!(opened["result"]["chunks"][0]["status"], "read");
    }
    let agents: Vec<&str> = show["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| agent["address"].as_str().unwrap())
        .collect();
    assert_eq!(agents[0], "research/lead");
    assert!(agents.len() >= 5, "four questions, four subagents: {agents:?}");
}

#[test]
fn fan_out_gives_typed_records() {
    let place = Place::new();
    let run = place.troupe(&["run", examples().join("02-fan-out").to_str().unwrap(), "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    insta::assert_snapshot!("fan_out", serde_json::to_string_pretty(&run.json()["outputs"]).unwrap());
}

#[test]
fn your_model_asks_for_what_it_needs() {
    let place = Place::new();
    let run = place.troupe(&["run", examples().join("03-your-model").to_str().unwrap()]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("OPENAI_BASE_URL"), "{run:?}");
}
