//! Looking at runs where there is no terminal: lines, and pages.

use crate::fixture::small;
use std::fs;

#[test]
fn without_a_terminal_watching_prints_lines() {
    let place = small();
    let nothing = place.troupe(&["watch"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, ""), "{nothing:?}");
    let run = place.troupe(&["run", "workflow.yaml", "--json"]);
    let name = run.json()["run"].as_str().unwrap().to_owned();

    let all = place.troupe(&["watch"]);
    assert_eq!(all.code, 0, "{all:?}");
    assert!(
        all.stdout.starts_with(&format!("run {name} of animals: succeeded, ")),
        "{all:?}"
    );
    let one = place.troupe(&["watch", "last", "--plain"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert!(one.stdout.contains("animals: started"), "{one:?}");
    assert!(one.stdout.contains("ask/seeker: answered after"), "{one:?}");
    assert!(one.stdout.ends_with(&format!("run {name}: succeeded\n")), "{one:?}");
    assert!(!one.stdout.contains('\u{1b}'));

    let unknown = place.troupe(&["watch", "nobody"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

#[test]
fn full_screens_need_a_terminal() {
    let place = small();
    let refused = place.troupe(&["run", "workflow.yaml", "--watch"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("--watch needs a terminal"), "{refused:?}");
    assert_eq!(place.troupe(&["ls", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_run_is_a_page() {
    let place = small();
    let run = place.troupe(&["run", "workflow.yaml", "--json", "--web", "run.html"]);
    assert_eq!(run.code, 0, "{run:?}");
    let page = fs::read_to_string(place.path().join("run.html")).unwrap();
    for part in [
        "<!doctype html>",
        "ask/seeker",
        "Answer from the corpus.",
        "timeline</summary>",
        "bats",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(
        !page.contains("<script") && !page.contains("http"),
        "it needs nothing else"
    );
    let past = place.troupe(&["show", "last", "--at", "2", "--web", "past.html"]);
    assert_eq!(past.code, 0, "{past:?}");
    let past = fs::read_to_string(place.path().join("past.html")).unwrap();
    assert!(
        past.len() < page.len() && past.contains("<p>As it was after 2 of "),
        "{past}"
    );
    let nowhere = place.troupe(&["run", "workflow.yaml", "--web", "no/such/folder/run.html"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert!(
        nowhere.stderr.contains("no/such/folder/run.html cannot be written"),
        "{nowhere:?}"
    );
    assert!(
        nowhere.stderr.contains("succeeded"),
        "the run is told all the same: {nowhere:?}"
    );
    let watched = place.troupe(&["watch", "last", "--web", "again.html"]);
    assert_eq!(watched.code, 0, "{watched:?}");
    assert_eq!(
        place.troupe(&["watch", "--web", "all.html"]).code,
        2,
        "a page is of one run"
    );
}
