//! Runs as files: out of one workspace, into another.

use crate::families::{Family, ports};
use crate::fixture::{Place, small};
use troupe_core::port::journal::RunStatus;
use troupe_testkit::workflow;

/// Another folder with the same files.
fn elsewhere() -> Place {
    small()
}

/// What `show` says of the newest run, without what follows from the folder.
fn shown(place: &Place, run: &str) -> serde_json::Value {
    let mut shown = place.troupe(&["show", run, "--json"]).json();
    shown.as_object_mut().unwrap().remove("run");
    shown
}

#[test]
fn a_run_goes_into_another_workspace_and_is_shown_there() {
    let (here, there) = (small(), elsewhere());
    assert_eq!(here.troupe(&["run", "."]).code, 0);
    let out = here.troupe(&["export", "last", "-o", "run.troupe"]);
    assert_eq!(out.code, 0, "{out:?}");
    assert!(out.stderr.contains("to run.troupe"), "{out:?}");
    assert!(!here.path().join("run.troupe.part").exists());
    let again = here.troupe(&["export", "last", "-o", "again.troupe"]);
    assert_eq!(again.code, 0, "{again:?}");
    let bytes = std::fs::read(here.path().join("run.troupe")).unwrap();
    assert_eq!(bytes, std::fs::read(here.path().join("again.troupe")).unwrap());
    there.file("run.troupe", &bytes);
    let taken = there.troupe(&["import", "run.troupe"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    assert_eq!(shown(&there, "last"), shown(&here, "last"));
    let events = |place: &Place| place.troupe(&["show", "last", "--events"]).stdout;
    assert_eq!(events(&there), events(&here));
    let equal = there.troupe(&["import", "run.troupe"]);
    assert!(
        equal.code == 0 && equal.stderr.contains("is here already, and equal"),
        "{equal:?}"
    );
    let named = there.troupe(&["import", "run.troupe", "--as", "copy-1"]);
    assert_eq!(named.code, 0, "{named:?}");
    assert_eq!(shown(&there, "copy-1"), shown(&here, "last"));
    assert_eq!(there.troupe(&["ls", "--json"]).json().as_array().unwrap().len(), 2);
}

#[test]
fn a_family_that_waits_goes_along_whole() {
    let (here, there) = (Place::new(), Place::new());
    let mut asks = workflow::team(1, 1);
    asks.workflows = vec![std::sync::Arc::new(workflow::scorer())];
    let row = troupe_core::expression::Template::Literal(1.into());
    let score = workflow::workflow_step("score", &[], 0, vec![("row".into(), row)]);
    let sign = workflow::approve_step("sign", &[0], workflow::literal("Publish?"));
    asks.steps = vec![score, sign];
    let outcome = Family::of(&here, asks).live(ports);
    assert_eq!(outcome.status, RunStatus::Waiting);
    let out = here.troupe(&["export", "last"]);
    assert!(
        out.stderr.contains("wrote run 0FAMILY and 1 that belong to it"),
        "{out:?}"
    );
    there.file(
        "0FAMILY.troupe",
        std::fs::read(here.path().join("0FAMILY.troupe")).unwrap(),
    );
    let taken = there.troupe(&["import", "0FAMILY.troupe"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    let all = |place: &Place| place.troupe(&["ls", "--all", "--json"]).json();
    assert_eq!(all(&there), all(&here));
    let part = here.troupe(&["export", "0FAMILY.score"]);
    assert!(
        part.code == 2 && part.stderr.contains("is a part of run 0FAMILY"),
        "{part:?}"
    );
}

#[test]
fn a_run_that_failed_is_resumed_where_it_was_taken_up() {
    let (here, there) = (small(), Place::new());
    here.file(
        "fails.yaml",
        "troupe: 1\nname: fails\nsteps:\n  first: { run: echo once >> log }\n  then: { needs: first, run: test -e go }\n",
    );
    assert_eq!(here.troupe(&["run", "fails.yaml", "--allow-host-commands"]).code, 1);
    assert_eq!(here.troupe(&["export", "last", "-o", "run.troupe"]).code, 0);
    there.file("run.troupe", std::fs::read(here.path().join("run.troupe")).unwrap());
    let taken = there.troupe(&["import", "run.troupe"]);
    assert!(taken.stderr.contains("may no longer start commands"), "{taken:?}");
    here.file("go", "");
    let refused = there.troupe(&["resume", "last"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let resumed = there.troupe(&["resume", "last", "--allow-host-commands"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    let log = std::fs::read_to_string(here.path().join("log")).unwrap();
    assert_eq!(log, "once\n", "what was finished is not done again");
}

#[test]
fn wrong_files_and_names_are_told() {
    let place = small();
    place.file("text.troupe", "troupe: 1\n");
    let no_export = place.troupe(&["import", "text.troupe"]);
    assert!(
        no_export.code == 2 && no_export.stderr.contains("is no export of a run"),
        "{no_export:?}"
    );
    assert_eq!(place.troupe(&["import", "missing.troupe"]).code, 2);
    assert!(!place.path().join(".troupe").exists(), "a wrong file makes no store");
    assert_eq!(place.troupe(&["run", "."]).code, 0);
    assert_eq!(place.troupe(&["export", "last", "-o", "run.troupe"]).code, 0);
    let name = place.troupe(&["import", "run.troupe", "--as", "a.b"]);
    assert!(
        name.code == 2 && name.stderr.contains("is no name of a run"),
        "{name:?}"
    );
    let folder = place.troupe(&["export", "last", "-o", "no/such/folder.troupe"]);
    assert!(
        folder.code == 1 && folder.stderr.contains("cannot be written"),
        "{folder:?}"
    );
}
