//! `troupe new`: what it makes can be checked and run.

use crate::fixture::Place;

#[test]
fn every_template_checks_without_a_warning_and_runs() {
    let place = Place::new();
    let listed = place.troupe(&["new", "--json"]).json();
    let listed = listed.as_array().unwrap();
    assert!(listed.len() >= 4, "{listed:?}");
    for template in listed {
        let template = template["name"].as_str().unwrap();
        let folder = format!("my {template}");
        let made = place.troupe(&["new", &folder, "--template", template, "--name", "on: \"a\""]);
        assert_eq!(made.code, 0, "{made:?}");
        assert!(made.stdout.contains(&format!("cd 'my {template}'")), "{made:?}");
        let check = place.troupe(&["check", &folder, "--deny-warnings", "--json"]);
        assert_eq!(check.code, 0, "{check:?}");
        assert_eq!(check.json()[0]["diagnostics"], serde_json::json!([]));
        let plan = place.troupe(&["run", &folder, "--dry-run", "--json"]).json();
        assert_eq!(plan["workflow"], "on: \"a\"");
        let run = place.troupe(&["run", &folder, "--allow-host-commands", "--json"]);
        assert_eq!(run.code, 0, "{template}: {run:?}");
        let outputs = run.json()["outputs"].clone();
        let says = match template {
            "agent" => "twice a week",
            "research-team" => "[chain]",
            "debate" => "[against]",
            "environment" => "1 test passed",
            other => panic!("say what `{other}` gives"),
        };
        assert!(outputs.to_string().contains(says), "{template}: {outputs}");
    }
}

#[test]
fn a_template_is_never_written_over_anything() {
    let place = Place::new();
    assert_eq!(place.troupe(&["new", "--template", "agent"]).code, 0);
    let text = std::fs::read_to_string(place.path().join("agent/workflow.yaml")).unwrap();
    assert!(text.contains("\nname: agent\n"), "{text}");
    place.file("half/prompts/reader.md", "mine");
    let refused = place.troupe(&["new", "half", "--template", "agent"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("half/prompts/reader.md is there already"),
        "{refused:?}"
    );
    assert!(!place.path().join("half/workflow.yaml").exists(), "all or nothing");
    assert_eq!(
        std::fs::read_to_string(place.path().join("half/prompts/reader.md")).unwrap(),
        "mine"
    );
    let unknown = place.troupe(&["new", "x", "--template", "agnet"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("the templates are agent, research-team"),
        "{unknown:?}"
    );
    let vague = place.troupe(&["new", "x"]);
    assert_eq!(vague.code, 2);
    assert!(vague.stderr.contains("--template agent | research-team"), "{vague:?}");
}
