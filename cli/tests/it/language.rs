//! Sub-workflows, decisions, rounds, failures that are let pass and secrets, as people meet them.

use crate::fixture::{Ended, Place};
use serde_json::json;

const PAPER: &str = "troupe: 1
name: paper
inputs: { title: string }
steps:
  read: { run: [sh, -c, 'echo \"$0\" >> log; echo 42', '${{ inputs.title }}'], output: integer }
  sign_off: { approve: 'Publish ${{ inputs.title }} with ${{ steps.read.output }}?' }
outputs:
  choice: ${{ steps.sign_off.output.choice }}
  comment: ${{ steps.sign_off.output.comment }}
";

const REVIEW: &str = "troupe: 1
name: review
steps:
  review:
    for_each: '[\"alpha\", \"beta\"]'
    as: title
    key: title
    workflow: paper.yaml
    with: { title: '${{ title }}' }
  count:
    run: [sh, -c, 'echo \"$0\"', '${{ round }}']
    output: integer
    repeat: { until: output == 2, max: 3 }
  flaky:
    for_each: '[1, 2, 3]'
    as: number
    run: [sh, -c, 'test $0 != 2 && echo $0', '${{ number }}']
    output: integer
    on_error: continue
outputs:
  reviews: ${{ steps.review.outputs }}
  count: ${{ steps.count.output }}
  flaky: ${{ steps.flaky.outputs }}
  failed: ${{ steps.flaky.errors.map(e, e.item) }}
";

fn reviewing() -> (Place, Ended) {
    let place = Place::new();
    place.file("paper.yaml", PAPER).file("review.yaml", REVIEW);
    let run = place.troupe(&["run", "review.yaml", "--allow-host-commands"]);
    (place, run)
}

#[test]
fn a_run_waits_says_how_to_answer_and_goes_on_with_each_answer() {
    let (place, waiting) = reviewing();
    assert_eq!(waiting.code, 3, "{waiting:?}");
    let list = place.troupe(&["ls", "--json"]).json();
    let name = list[0]["run"].as_str().unwrap();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["status"]),
        (1, &"waiting".into())
    );
    let how = format!("  troupe approve {name} 'review[beta]/sign_off' reject [--comment TEXT]");
    assert!(
        waiting
            .stderr
            .contains("review[alpha]/sign_off: Publish alpha with 42?")
            && waiting.stderr.contains(&how),
        "{waiting:?}"
    );

    let which = place.troupe(&["approve", "last", "approve"]);
    assert!(which.code == 2 && which.stderr.contains(&how), "{which:?}");
    let nowhere = place.troupe(&["approve", "last", "sign_off", "approve"]);
    assert!(
        nowhere.code == 2 && nowhere.stderr.contains("nothing is asked at `sign_off`"),
        "{nowhere:?}"
    );
    let wrong = place.troupe(&["approve", "last", "review[beta]/sign_off", "maybe"]);
    assert!(
        wrong.code == 2
            && wrong
                .stderr
                .contains("`maybe` is no choice of review[beta]/sign_off: it has approve, reject"),
        "{wrong:?}"
    );

    let one = place.troupe(&[
        "approve",
        name,
        "review[beta]/sign_off",
        "reject",
        "--comment",
        "too short",
    ]);
    assert_eq!(one.code, 3, "{one:?}");
    assert_eq!(place.troupe(&["resume", name]).code, 3, "a resume asks again");
    let done = place.troupe(&["approve", name, "approve", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let outputs = &done.json()["outputs"];
    assert_eq!(
        outputs,
        &json!({
            "reviews": [{ "choice": "approve", "comment": null }, { "choice": "reject", "comment": "too short" }],
            "count": 2, "flaky": [1, null, 3], "failed": [1],
        })
    );
    let mut log: Vec<String> = std::fs::read_to_string(place.path().join("log"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    log.sort();
    assert_eq!(log, ["alpha", "beta"], "no command of a sub-workflow ran twice");
    assert_eq!(place.troupe(&["approve", name, "approve"]).code, 2);
}

#[test]
fn show_lists_the_runs_of_a_step_and_shows_each() {
    let (place, _) = reviewing();
    let show = place.troupe(&["show", "last", "--json"]).json();
    let name = show["run"].as_str().unwrap();
    assert_eq!(show["status"], "waiting");
    let review = &show["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["name"] == "review")
        .unwrap();
    assert_eq!(review["keys"], json!(["alpha", "beta"]));
    assert_eq!(review["runs"][1]["run"], format!("{name}.review-1"));
    let text = place.troupe(&["show", "last"]).stdout;
    assert!(
        text.contains("  .review-1  running") && text.contains("count  succeeded · run"),
        "{text}"
    );
    assert!(
        text.contains("1 more round") && text.contains("2 of 3 items · 1 failed"),
        "{text}"
    );
    let below = place.troupe(&["show", &format!("{name}.review-1")]);
    assert!(
        below.code == 0 && below.stdout.contains("sign_off  running · approve"),
        "{below:?}"
    );
}

#[test]
fn a_failure_of_a_sub_workflow_names_its_step_and_is_resumed_where_it_was() {
    let place = Place::new();
    place
        .file(
            "inner.yaml",
            "troupe: 1\nname: inner\nsteps:\n  first: { run: echo first >> log }\n  second: { needs: first, run: test -e go }\n",
        )
        .file("outer.yaml", "troupe: 1\nname: outer\nsteps: { call: { workflow: inner.yaml } }\n");
    let failed = place.troupe(&["run", "outer.yaml", "--allow-host-commands", "--json"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    let message = failed.json()["error"]["message"].to_string();
    assert!(
        message.contains("workflow `inner` failed at step `second`: the command exited with code 1"),
        "{message}"
    );
    place.file("go", "");
    assert_eq!(place.troupe(&["resume", "last"]).code, 0);
    assert_eq!(std::fs::read_to_string(place.path().join("log")).unwrap(), "first\n");
}

#[test]
fn a_missing_secret_and_what_is_not_available_stop_before_a_run_exists() {
    let place = Place::new();
    place.file(
        "secret.yaml",
        "troupe: 1\nname: secret\nsteps: { call: { run: [echo, '${{ secrets.TROUPE_TEST_KEY }}'] } }\n",
    );
    let missing = place.troupe(&["run", "secret.yaml", "--allow-host-commands"]);
    assert!(
        missing.code == 2 && missing.stderr.contains("set the environment variable TROUPE_TEST_KEY"),
        "{missing:?}"
    );
    place.file(
        "plan.yaml",
        "troupe: 1\nname: plan\nsteps: { think: { plan: Make it better. } }\n",
    );
    let refused = place.troupe(&["run", "plan.yaml"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("not available yet"),
        "{refused:?}"
    );
    assert!(!place.path().join(".troupe/troupe.db").exists());
}
