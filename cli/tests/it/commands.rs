//! Each command's promise, on a small workflow.

use crate::fixture::small;

#[test]
fn run_prints_one_object_and_ls_and_show_know_the_run() {
    let place = small();
    let run = place.troupe(&["run", ".", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let object = run.json();
    assert_eq!(object["status"], "succeeded");
    assert!(
        object["outputs"]["answer"]
            .as_str()
            .unwrap()
            .contains("echolocation. [bats]"),
        "{object}"
    );
    assert!(object["usage"]["tool_calls"].as_u64().unwrap() >= 2 && object["duration_ms"].is_u64());
    let name = object["run"].as_str().unwrap();

    let list = place.troupe(&["ls", "--json"]).json();
    assert_eq!(list[0]["run"], name);
    assert_eq!(
        (&list[0]["workflow"], &list[0]["status"]),
        (&"animals".into(), &"succeeded".into())
    );
    assert!(list[0]["started"].as_str().unwrap().ends_with('Z'));

    let show = place.troupe(&["show", "last", "--json"]).json();
    assert_eq!(show["agents"][0]["address"], "ask/seeker");
    assert_eq!(show["chunks_read"][0], "bats");
    let events = place.troupe(&["show", &name[..11], "--events"]);
    assert_eq!(events.stdout.lines().count() as u64, show["events"].as_u64().unwrap());

    let again = place.troupe(&["resume", name, "--json"]);
    assert_eq!((again.code, &again.json()["outputs"]), (0, &object["outputs"]));
}

#[test]
fn inputs_come_from_arguments_and_files_and_are_checked() {
    let place = small();
    place.file("inputs.json", "{\"question\": \"What do owls hunt?\"}");
    let from_file = place.troupe(&["run", "workflow.yaml", "--json", "--inputs", "inputs.json"]);
    assert!(
        from_file.json()["outputs"]["answer"]
            .as_str()
            .unwrap()
            .contains("[owls]"),
        "{from_file:?}"
    );
    let over = place.troupe(&[
        "run",
        "workflow.yaml",
        "--json",
        "--inputs",
        "inputs.json",
        "-i",
        "question=How do bats navigate?",
    ]);
    assert!(
        over.json()["outputs"]["answer"].as_str().unwrap().contains("[bats]"),
        "{over:?}"
    );
    let place = small();
    let unknown = place.troupe(&["run", ".", "-i", "qestion=x"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown
            .stderr
            .contains("there is no input `qestion`; the workflow takes question"),
        "{unknown:?}"
    );
    assert!(
        !place.path().join(".troupe/troupe.db").exists(),
        "a wrong command leaves no run behind"
    );
}

#[test]
fn call_gives_what_the_model_would_see_and_the_data() {
    let place = small();
    let with = r#"{"keywords": ["AT", "night"], "top_k": 5}"#;
    let found = place
        .troupe(&["call", ".", "keyword_search", "--with", with, "--json"])
        .json();
    // Bats: "at" six times, two characters each. Owls: "night" once, five, and "at" once, two.
    let rows = found["result"]["chunks"].as_array().unwrap();
    let (ids, scores): (Vec<_>, Vec<_>) = rows
        .iter()
        .map(|row| (row["id"].as_str().unwrap(), row["score"].as_f64().unwrap()))
        .unzip();
    assert_eq!(ids, ["bats", "owls"]);
    assert_eq!(scores, [12.0, 7.0]);
    assert!(found["text"].as_str().unwrap().contains("bats"));

    let read = place
        .troupe(&[
            "call",
            ".",
            "animals.read_chunk",
            "--with",
            r#"{"chunk_ids": ["owls", "owls", "x"]}"#,
            "--json",
        ])
        .json();
    let statuses: Vec<_> = read["result"]["chunks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["read", "already_read", "not_found"]);

    let near = place
        .troupe(&[
            "call",
            ".",
            "semantic_search",
            "--with",
            r#"{"query": "how animals find their way in the dark"}"#,
            "--json",
        ])
        .json();
    assert!(near["result"]["chunks"][0]["sentences"][0].is_string(), "{near}");

    let wrong = place.troupe(&["call", ".", "keyword_serch"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("the tools are animals.keyword_search"),
        "{wrong:?}"
    );
}

#[test]
fn check_reports_everything_at_once_with_places() {
    let place = small();
    place.file("wrong.yaml", "troupe: 1\nname: wrong\nmodels: { fast: builtin/reader }\nagents:\n  a: { model: fats, system: x }\nsteps:\n  s:\n    agent: a\n    promt: ${{ inputs.q }}\n");
    let check = place.troupe(&["check", "wrong.yaml"]);
    assert_eq!(check.code, 2);
    assert!(
        check.stderr.contains("wrong.yaml:5:15") && check.stderr.contains("fast"),
        "{}",
        check.stderr
    );
    assert!(
        check.stderr.contains("wrong.yaml:9:5") && check.stderr.contains("prompt"),
        "{}",
        check.stderr
    );
    let json = place.troupe(&["check", "wrong.yaml", "workflow.yaml", "--json"]).json();
    assert_eq!((&json[0]["ok"], &json[1]["ok"]), (&false.into(), &true.into()));
    assert_eq!(json[0]["diagnostics"][0]["labels"][0]["line"], 5);
    let code = json[0]["diagnostics"][0]["code"].as_str().unwrap();
    let page = place.troupe(&["explain", code]);
    assert_eq!(page.code, 0);
    assert!(page.stdout.contains(code));
}

#[test]
fn the_schema_of_the_language_is_printed() {
    let place = small();
    let whole = place.troupe(&["schema"]).json();
    assert_eq!(whole["required"][1], "steps");
    let shared = place.troupe(&["schema", "--shared"]).json();
    assert_eq!(shared["required"][0], "troupe");
    assert!(shared["properties"].get("steps").is_none());
}

#[test]
fn graph_draws_what_would_run() {
    let place = small();
    place.file(
        "chain.yaml",
        "troupe: 1\nname: chain\nsteps:\n  list: { run: ls }\n  count: { run: [wc], stdin: \"${{ steps.list.output.stdout }}\" }\n",
    );
    let drawn = place.troupe(&["graph", "chain.yaml"]);
    let boxes = " ┌──────┐\n │ list │\n │ run  │\n └──┬───┘\n    ▼\n┌───────┐\n│ count │\n│  run  │\n└───────┘\n";
    assert_eq!((drawn.code, drawn.stdout.as_str()), (0, boxes), "{drawn:?}");
    let mermaid = place.troupe(&["graph", "chain.yaml", "--format", "mermaid"]).stdout;
    assert!(mermaid.contains("n0 --> n1"), "{mermaid}");
    let json = place.troupe(&["graph", "chain.yaml", "--json"]).json();
    assert_eq!(
        (&json["nodes"][1]["name"], &json["edges"][0]["to"]),
        (&"count".into(), &1.into())
    );
    let written = place.troupe(&["graph", "chain.yaml", "--format", "svg", "-o", "chain.svg"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""), "{written:?}");
    let svg = std::fs::read_to_string(place.path().join("chain.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
}

#[test]
fn host_commands_need_a_word_from_the_user() {
    let place = small();
    place.file(
        "commands.yaml",
        "troupe: 1\nname: commands\nsteps:\n  list:\n    run: ls corpus | wc -l\n  count:\n    run: [cat]\n    stdin: ${{ steps.list.output.stdout }}\n    output: integer\noutputs: { files: \"${{ steps.count.output + 1 }}\" }\n",
    );
    let refused = place.troupe(&["run", "commands.yaml"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--allow-host-commands"), "{refused:?}");
    let allowed = place.troupe(&["run", "commands.yaml", "--allow-host-commands", "--json"]);
    assert_eq!(
        (allowed.code, &allowed.json()["outputs"]["files"]),
        (0, &3.into()),
        "{allowed:?}"
    );
}

#[test]
fn a_failing_command_fails_the_run_and_says_why() {
    let place = small();
    place.file("fails.yaml", "troupe: 1\nname: fails\nsteps:\n  spill:\n    run: echo out of milk >&2; exit 7\n    retry: { attempts: 2, backoff: 10ms }\n");
    let failed = place.troupe(&["run", "fails.yaml", "--allow-host-commands", "--json"]);
    assert_eq!(failed.code, 1);
    let object = failed.json();
    assert_eq!(
        (&object["status"], &object["error"]["step"], &object["error"]["kind"]),
        (&"failed".into(), &"spill".into(), &"process".into())
    );
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("code 7: out of milk")
    );
    let show = place.troupe(&["show", "last", "--json"]).json();
    assert_eq!(show["steps"][0]["retries"], 1);
}

#[test]
fn a_changed_workflow_is_not_resumed_unless_told_to() {
    let place = small();
    place.file("fails.yaml", "troupe: 1\nname: fails\nsteps: { s: { run: exit 1 } }\n");
    assert_eq!(place.troupe(&["run", "fails.yaml", "--allow-host-commands"]).code, 1);
    place.file("fails.yaml", "troupe: 1\nname: fails\nsteps: { s: { run: exit 0 } }\n");
    let refused = place.troupe(&["resume", "last"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--accept-changes"), "{refused:?}");
    let accepted = place.troupe(&["resume", "last", "--accept-changes", "--json"]);
    assert_eq!(
        (accepted.code, &accepted.json()["status"]),
        (0, &"succeeded".into()),
        "{accepted:?}"
    );
}
