//! Whatever people feed it: a clear error, the right exit code, nothing left behind.

use crate::fixture::{Ended, Place, small};

fn check(name: &str, bytes: &[u8], says: &str) {
    let place = Place::new();
    place.file(name, bytes);
    let ended: Ended = place.troupe(&["check", name]);
    assert_eq!(ended.code, 2, "{name}: {ended:?}");
    assert!(
        ended.stderr.to_lowercase().contains(says),
        "{name}: wanted {says:?} in {}",
        &ended.stderr[..ended.stderr.len().min(2_000)]
    );
    assert!(
        ended.stderr.len() < 20_000,
        "{name}: {} bytes of complaint",
        ended.stderr.len()
    );
}

#[test]
fn hostile_files_get_one_clear_error() {
    check("empty.yaml", b"", "empty");
    check("latin.yaml", b"troupe: 1\nname: caf\xe9\n", "utf-8");
    check("nul.yaml", b"troupe: 1\nname: \"a\0b\"\n", "error");
    check("list.yaml", b"- 1\n- 2\n", "mapping");
    check("tab.yaml", b"troupe: 1\nsteps:\n\ta: 1\n", "tab");
    check("deep.yaml", "[".repeat(100_000).as_bytes(), "deep");
    let mut bomb = String::from("troupe: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        bomb.push_str(&format!(
            "a{n}: &a{n} [{}]\n",
            vec![format!("*a{}", n - 1); 9].join(", ")
        ));
    }
    check("bomb.yaml", bomb.as_bytes(), "alias");
    let huge = format!("troupe: 1\nname: huge\n# {}\n", "x".repeat(100 << 20));
    check("huge.yaml", huge.as_bytes(), "bytes");
}

#[test]
fn missing_things_are_named() {
    let place = Place::new();
    let missing = place.troupe(&["run", "nowhere.yaml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("nowhere.yaml"), "{missing:?}");
    let folder = place.troupe(&["run", "."]);
    assert!(
        folder.stderr.contains("a folder must hold a `workflow.yaml`"),
        "{folder:?}"
    );
    let run = place.troupe(&["show", "last"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("no run was started"), "{run:?}");
    assert!(!place.path().join(".troupe").exists(), "looking creates nothing");
    assert_eq!(place.troupe(&["explain", "T9999"]).code, 2);
    assert_eq!(place.troupe(&["ls"]).code, 0);
    assert_eq!(place.troupe(&["frobnicate"]).code, 2);
}

#[test]
fn a_corpus_with_bad_files_names_them_and_indexes_the_rest() {
    let place = small();
    place
        .file("corpus/binary.md", [0_u8, 159, 146, 150])
        .file("corpus/lines.jsonl", "{\"id\": 1, \"text\": \"Foxes are clever animals.\"}\n{oops\n{\"id\": \"x\"}\n{\"id\": 2, \"text\": \"Hens are not.\"}\n");
    let text = std::fs::read_to_string(place.path().join("workflow.yaml")).unwrap();
    place.file(
        "workflow.yaml",
        text.replace("files: corpus/*.md", "files: [corpus/*.md, corpus/*.jsonl]"),
    );
    let call = place.troupe(&[
        "call",
        ".",
        "keyword_search",
        "--with",
        r#"{"keywords": ["foxes"]}"#,
        "--json",
    ]);
    assert_eq!(
        (call.code, call.json()["result"]["chunks"].as_array().unwrap().len()),
        (0, 1),
        "{call:?}"
    );
    for named in ["binary.md", "lines.jsonl:2", "lines.jsonl:3"] {
        assert!(call.stderr.contains(named), "{named} in {}", call.stderr);
    }
}

#[test]
fn an_empty_corpus_stops_before_a_run_exists() {
    let place = small();
    place.file("corpus/owls.md", "").file("corpus/bats.md", "  \n");
    let run = place.troupe(&["run", "."]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("has no text"), "{run:?}");
}

#[test]
fn a_damaged_and_a_foreign_database_are_named() {
    let place = small();
    assert_eq!(place.troupe(&["run", "."]).code, 0);
    let database = place.path().join(".troupe/troupe.db");
    std::fs::write(
        &database,
        b"this is no database at all, and it is long enough to be looked at".repeat(100),
    )
    .unwrap();
    for command in [&["ls"][..], &["run", "."], &["show", "last"]] {
        let ended = place.troupe(command);
        assert_eq!(ended.code, 1, "{command:?}: {ended:?}");
        assert!(ended.stderr.contains("troupe.db"), "{command:?}: {ended:?}");
    }
}

#[test]
fn a_missing_key_is_an_error_before_anything_runs() {
    let place = small();
    let run = place.troupe(&["run", ".", "--model", "fast=openai/gpt-5-mini"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("OPENAI_API_KEY"), "{run:?}");
    assert!(!place.path().join(".troupe/troupe.db").exists());
    let unknown = place.troupe(&["run", ".", "--model", "fast=openia/gpt-5-mini"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("openia"), "{unknown:?}");
}
