//! What `check`, `explain`, `run --dry-run` and `new` tell people and programs.

mod new;
mod plan;

use crate::fixture::{Ended, Place, small};
use serde_json::Value;

/// A file with an error, and an error in a prompt file that it names; and a file with a warning.
fn faulty() -> Place {
    let place = small();
    place
        .file(
            "flows/wrong one.yaml",
            "troupe: 1\nname: wrong\ninputs: { question: string }\nagents:\n  a: { model: builtin/reader, system: prompts/a.md }\n\
             steps:\n  s: { agent: a, prompt: \"Ünï ${{ inputs.question }} ${{ inputs.q }}\" }\n",
        )
        .file("flows/prompts/a.md", "You are\n${{ steps.s.output }}.\n")
        .file(
            "warned.yaml",
            "troupe: 1\nname: warned\ninputs: { unused: { type: string, default: x } }\nsteps: { s: { run: [echo] } }\n",
        );
    place
}

const WRONG: &str = "flows/wrong one.yaml";

#[test]
fn every_format_names_the_file_that_is_wrong() {
    let place = faulty();
    let json = place.troupe(&["check", WRONG, "--format", "json"]);
    assert_eq!(json.code, 2);
    assert_eq!(
        json.stdout,
        place.troupe(&["check", WRONG, "--json"]).stdout,
        "one form, two names"
    );
    let diagnostics = &json.json()[0]["diagnostics"];
    let found: Vec<(&str, &str, u64)> = diagnostics
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let label = &one["labels"][0];
            let text = |value: &Value| value.as_str().unwrap().to_owned().leak() as &str;
            (
                text(&one["code"]),
                text(&label["file"]),
                label["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(found.contains(&("T0202", WRONG, 7)), "{found:?}");
    assert!(found.contains(&("T0207", "flows/prompts/a.md", 2)), "{found:?}");

    let github = place.troupe(&["check", WRONG, "warned.yaml", "--format", "github"]);
    assert!(github.stderr.is_empty(), "{github:?}");
    let lines: Vec<&str> = github.stdout.lines().collect();
    assert_eq!(lines.len(), found.len() + 1, "{github:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("::error file=flows/prompts/a.md,line=2,col=")),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("::warning file=warned.yaml,line=3,col=11,")),
        "{lines:?}"
    );

    let sarif = place.troupe(&["check", WRONG, ".", "--format", "sarif"]).json();
    well_formed(&sarif);
    let uris: Vec<&str> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert!(
        uris.contains(&"flows/wrong%20one.yaml") && uris.contains(&"flows/prompts/a.md"),
        "{uris:?}"
    );

    let junit = place.troupe(&["check", WRONG, ".", "--format", "junit"]).stdout;
    assert!(junit.contains("T0207 at flows/prompts/a.md:2:"), "{junit}");
    assert!(
        junit.contains("<testcase classname=\"workflow.yaml\" name=\"check\"/>"),
        "{junit}"
    );
    balanced(&junit);
}

/// What SARIF 2.1.0 requires of the parts that are written here (sections 3.13, 3.14, 3.19, 3.27 to 3.30).
fn well_formed(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    let only = |object: &Value, keys: &[&str]| {
        for key in object.as_object().unwrap().keys() {
            assert!(keys.contains(&key.as_str()), "{key} in {object}");
        }
    };
    only(log, &["$schema", "version", "runs"]);
    for run in log["runs"].as_array().unwrap() {
        only(run, &["tool", "columnKind", "artifacts", "results"]);
        assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap()));
        let driver = &run["tool"]["driver"];
        assert!(!driver["name"].as_str().unwrap().is_empty());
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["id"].is_string() && !rule["shortDescription"]["text"].as_str().unwrap().is_empty());
            assert!(rule["help"]["text"].is_string() && rule["help"]["markdown"].is_string());
        }
        for result in run["results"].as_array().unwrap() {
            only(
                result,
                &[
                    "ruleId",
                    "ruleIndex",
                    "level",
                    "message",
                    "locations",
                    "relatedLocations",
                ],
            );
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let places = [&result["locations"], &result["relatedLocations"]];
            for location in places.iter().flat_map(|list| list.as_array().unwrap()) {
                let physical = &location["physicalLocation"];
                let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
                let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/%:".contains(c);
                assert!(uri.chars().all(allowed), "{uri}");
                let at = |key: &str| physical["region"][key].as_u64().unwrap();
                assert!(at("startLine") >= 1 && at("startColumn") >= 1);
                let (start, end) = ((at("startLine"), at("startColumn")), (at("endLine"), at("endColumn")));
                assert!(end >= start, "{location}");
            }
        }
    }
}

/// Every element is closed, in order, and text holds no mark of its own.
fn balanced(xml: &str) {
    let body = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .unwrap();
    let mut open: Vec<&str> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>'), "{piece}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_report_goes_to_a_file_and_the_count_to_people() {
    let place = faulty();
    let ended = place.troupe(&["check", WRONG, "--format", "sarif", "-o", "report.sarif"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
    assert!(ended.stderr.contains("wrong one.yaml: 2 errors"), "{ended:?}");
    let text = std::fs::read_to_string(place.path().join("report.sarif")).unwrap();
    well_formed(&serde_json::from_str(&text).unwrap());
    let both = place.troupe(&["check", WRONG, "--format", "sarif", "--json"]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("leave one out"), "{both:?}");
}

#[test]
fn warnings_fail_only_when_told_to() {
    let place = faulty();
    assert_eq!(place.troupe(&["check", "warned.yaml"]).code, 0);
    assert_eq!(place.troupe(&["check", "warned.yaml", "--deny-warnings"]).code, 2);
    assert_eq!(place.troupe(&["check", "workflow.yaml", "--deny-warnings"]).code, 0);
}

#[test]
fn a_folder_stands_for_its_workflow_or_for_all_of_them() {
    let place = faulty();
    let here = place.troupe(&["check"]);
    assert_eq!(
        (here.code, here.stderr.trim()),
        (0, "workflow.yaml: no errors"),
        "{here:?}"
    );
    place
        .file(
            "flows/clean.yml",
            "troupe: 1\nname: clean\nsteps: { s: { run: [echo] } }\n",
        )
        .file("flows/shared.yaml", "troupe: 1\nmodels: { fast: builtin/reader }\n")
        .file("flows/other.yaml", "on: push\n");
    let folder = place.troupe(&["check", "flows"]);
    let counts: Vec<&str> = folder
        .stderr
        .lines()
        .filter(|line| line.starts_with("flows/"))
        .collect();
    assert_eq!(
        counts,
        ["flows/clean.yml: no errors", "flows/wrong one.yaml: 2 errors"],
        "{folder:?}"
    );
    let none = place.troupe(&["check", "corpus"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("corpus has no workflow"), "{none:?}");
}

#[test]
fn a_job_on_github_gets_notes_beside_the_text() {
    let place = faulty();
    let on_github = |arguments: &[&str]| -> Ended {
        let output = place.command(arguments).env("GITHUB_ACTIONS", "true").output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    let ended = on_github(&["check", WRONG]);
    assert!(ended.stderr.contains("error[T0202]"), "{ended:?}");
    assert!(ended.stderr.contains("--> flows/prompts/a.md:2:5"), "{ended:?}");
    assert_eq!(
        ended.stdout.lines().filter(|line| line.starts_with("::")).count(),
        2,
        "{ended:?}"
    );
    let asked = on_github(&["check", WRONG, "--format", "human"]);
    assert_eq!(asked.stdout, "", "what was asked for and nothing besides");
    let json = on_github(&["check", WRONG, "--json"]);
    assert!(json.json().is_array());
}

#[test]
fn codes_are_listed_and_slips_understood() {
    let place = Place::new();
    let table = place.troupe(&["explain"]);
    assert!(table.stdout.contains("T0201  unknown variable\n"), "{table:?}");
    assert_eq!(table.stdout.lines().count(), troupe_dsl::codes().count());
    let rows = place.troupe(&["explain", "--json"]).json();
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| !row["title"].as_str().unwrap().is_empty())
    );
    let slip = place.troupe(&["explain", "t201"]);
    assert_eq!(slip.code, 2);
    assert!(
        slip.stderr.contains("did you mean T0201 (unknown variable)?"),
        "{slip:?}"
    );
}
