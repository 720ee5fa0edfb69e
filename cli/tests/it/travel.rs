//! Going back in a run, forking it, deriving it again, and comparing two.

use crate::fixture::{Ended, Place};
use insta::assert_snapshot;
use serde_json::json;

const SUMS: &str = "troupe: 1
name: sums
steps:
  list: { run: [sh, -c, 'echo list >> log; echo \"[1, 2, 3]\"'], output: [integer] }
  check:
    for_each: steps.list.output
    as: number
    parallel: 1
    run: [sh, -c, 'echo \"check $0\" >> log; echo $(($0 * 10))', '${{ number }}']
    output: integer
  sum:
    run: [sh, -c, 'echo \"sum $0\" >> log; echo \"{\\\"of\\\": $0}\"', '${{ steps.check.outputs }}']
    output: { of: [integer] }
outputs:
  of: ${{ steps.sum.output.of }}
";

fn run(text: &str) -> (Place, String) {
    let place = Place::new();
    place.file("sums.yaml", text);
    let run = place.troupe(&["run", "sums.yaml", "--allow-host-commands", "--json"]);
    let name = run.json()["run"].as_str().unwrap().to_owned();
    (place, name)
}

/// What the commands wrote since the last look.
fn log(place: &Place) -> String {
    let log = std::fs::read_to_string(place.path().join("log")).unwrap_or_default();
    let _ = std::fs::remove_file(place.path().join("log"));
    log.lines().collect::<Vec<_>>().join(", ")
}

fn events(place: &Place, name: &str) -> Vec<serde_json::Value> {
    let shown = place.troupe(&["show", name, "--events"]).stdout;
    shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A command's words, with the names of runs and what takes time put out.
fn told(text: &str, names: &[(&str, &str)]) -> String {
    let named = names
        .iter()
        .fold(text.to_owned(), |text, (name, word)| text.replace(name, word));
    let lines = named.lines().filter(|line| !line.starts_with("time (ms)"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn refused(ended: &Ended) -> String {
    assert_eq!(ended.code, 2, "{ended:?}");
    ended.stderr.clone()
}

#[test]
fn show_tells_a_run_as_it_was() {
    let (place, name) = run(SUMS);
    let all = events(&place, &name).len();
    let after = |n: usize| place.troupe(&["show", &name, "--json", "--at", &n.to_string()]).json();
    let now = after(all);
    assert_eq!(
        (&now["status"], &now["outputs"]["of"]),
        (&json!("succeeded"), &json!([10, 20, 30]))
    );
    let early = after(4);
    assert_eq!(
        (&early["status"], &early["events"], &early["outputs"]),
        (&json!("running"), &json!(4), &json!({}))
    );
    assert_eq!(early["steps"][0]["status"], "succeeded");
    assert_eq!(early["steps"][2]["status"], "waiting");
    let nothing = after(0);
    assert_eq!(nothing["steps"][0]["status"], "waiting");
    let text = place.troupe(&["show", &name, "--at", "4"]).stdout;
    assert!(text.contains(&format!("after 4 of {all} events")), "{text}");
    let shown = place.troupe(&["show", &name, "--events", "--at", "3"]);
    assert_eq!(shown.stdout.lines().count(), 3);
    let beyond = refused(&place.troupe(&["show", &name, "--at", "99"]));
    assert_eq!(
        beyond,
        format!("error: run {name} has {all} events, so --at takes 0 to {all}, and not 99\n")
    );
}

#[test]
fn a_fork_shares_the_past_and_does_again_what_comes_after_a_set_output() {
    let (place, name) = run(SUMS);
    assert_eq!(log(&place), "list, check 1, check 2, check 3, sum [10,20,30]");
    let before = events(&place, &name);

    let item = place.troupe(&["fork", &name, "--set", "check[1].output=7", "--json"]);
    assert_eq!(
        (item.code, &item.json()["outputs"]["of"]),
        (0, &json!([10, 7, 30])),
        "{item:?}"
    );
    assert_eq!(log(&place), "sum [10,7,30]");
    let fork = item.json()["run"].as_str().unwrap().to_owned();
    let shared = &events(&place, &fork)[..before.len()];
    assert_eq!(shared, before);
    let show = place.troupe(&["show", &fork]).stdout;
    assert!(
        show.contains(&format!("the first {} shared with run {name}", before.len())),
        "{show}"
    );

    let list = place.troupe(&["fork", &fork, "--set", "list.output=[5]", "--json"]);
    assert_eq!(list.json()["outputs"]["of"], json!([50]), "{list:?}");
    assert_eq!(log(&place), "check 5, sum [50]");

    let replay = place.troupe(&["replay", list.json()["run"].as_str().unwrap()]);
    assert_eq!(replay.code, 0, "{replay:?}");
    // Nothing was written to the run that was forked.
    assert_eq!(events(&place, &name), before);
}

#[test]
fn a_fork_goes_on_from_a_moment_as_after_a_crash() {
    let (place, name) = run(SUMS);
    log(&place);
    let is_first_check =
        |event: &serde_json::Value| event["event"]["t"] == "step_started" && event["event"]["step"] == 1;
    let at = events(&place, &name).iter().position(is_first_check).unwrap();
    let fork = place.troupe(&["fork", &name, "--at", &at.to_string(), "--json"]);
    assert_eq!(
        (fork.code, &fork.json()["outputs"]["of"]),
        (0, &json!([10, 20, 30])),
        "{fork:?}"
    );
    assert_eq!(log(&place), "check 1, check 2, check 3, sum [10,20,30]");
    let beginning = place.troupe(&["fork", &name, "--at", "0", "--json"]);
    assert_eq!(beginning.code, 0, "{beginning:?}");
    assert_eq!(log(&place), "list, check 1, check 2, check 3, sum [10,20,30]");
    for run in [&fork, &beginning] {
        let replay = place.troupe(&["replay", run.json()["run"].as_str().unwrap()]);
        assert_eq!(replay.code, 0, "{replay:?}");
    }
}

#[test]
fn a_fork_that_cannot_be_says_why_and_leaves_no_run() {
    let (place, name) = run(SUMS);
    let fork = |arguments: &[&str]| {
        let arguments = [&["fork", name.as_str()], arguments].concat();
        told(&refused(&place.troupe(&arguments)), &[(&name, "RUN")])
    };
    let mut reasons = fork(&[]);
    for set in [
        "sum.output=1",
        "sum",
        "su.output=1",
        "sum[0].output=1",
        "check[3].output=1",
        "check.output=[1, \"x\"]",
    ] {
        reasons.push_str(&fork(&["--set", set]));
    }
    reasons.push_str(&fork(&["--at", "999"]));
    reasons.push_str(&fork(&["--at", "0", "--set", "list.output=[]"]));
    assert_snapshot!(reasons, @r#"
    error: run RUN succeeded, so a fork of it has nothing to do: set another output (--set STEP.output=JSON), go back (--at N), or go on with another workflow (--workflow FILE)
    error: --set sum.output=1: `sum.output` must be {of: [integer]}, and it is integer 1
    error: `--set sum` is not STEP.output=JSON or STEP[ITEM].output=JSON
    error: --set su.output=1: there is no step `su`; the steps are list, check, sum
    error: --set sum[0].output=1: step `sum` has no items: give `sum.output`
    error: --set check[3].output=1: step `check` has no item `3`; it has the items 0 to 2
    error: --set check.output=[1, "x"]: `check.output[1]` must be integer, and it is string "x"
    error: run RUN has 15 events, so --at takes 0 to 15, and not 999
    error: --set needs the first event of the run, which holds its inputs: --at 1
    "#);
    assert_eq!(place.troupe(&["ls", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn a_fork_goes_on_with_another_text_of_the_workflow() {
    let broken = SUMS.replace("echo \"sum $0\" >> log;", "exit 3;");
    let (place, name) = run(&broken);
    log(&place);
    // Another step in front, and the broken one mended; the events of the past now mean other positions.
    let mended = SUMS.replace(
        "steps:\n",
        "steps:\n  first: { run: [sh, -c, 'echo first >> log; echo 1'], output: integer }\n",
    );
    place.file("sums.yaml", mended);
    let resume = place.troupe(&["resume", &name, "--accept-changes", "--allow-host-commands"]);
    assert_snapshot!(told(&refused(&resume), &[(&name, "RUN"), (&place.path().canonicalize().unwrap().display().to_string(), "PLACE")]), @"error: the steps, agents, tools or inputs of PLACE/sums.yaml are not what run RUN began with: `troupe fork RUN --workflow PLACE/sums.yaml` goes on with the new text in a run of its own");
    let fork = place.troupe(&["fork", &name, "--json"]);
    assert_eq!(
        (fork.code, &fork.json()["outputs"]["of"]),
        (0, &json!([10, 20, 30])),
        "{fork:?}"
    );
    let mut done: Vec<String> = log(&place).split(", ").map(str::to_owned).collect();
    done.sort_unstable();
    assert_eq!(done, ["first", "sum [10,20,30]"]);
    let forked = fork.json()["run"].as_str().unwrap().to_owned();
    let show = place.troupe(&["show", &forked, "--json"]).json();
    let steps: Vec<_> = show["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["name"].clone(), step["status"].clone()))
        .collect();
    assert!(steps.iter().all(|(_, status)| status == "succeeded"), "{steps:?}");
    assert_eq!(place.troupe(&["replay", &forked]).code, 0);
    assert_eq!(place.troupe(&["replay", &name]).code, 0);
    let diff = place.troupe(&["diff", &name, &forked]);
    assert_eq!(diff.code, 1);
    assert_snapshot!(told(&diff.stdout, &[(&name, "RUN"), (&forked, "FORK")]), @r#"
    RUN → FORK
    both begin with the same 15 events

    status: failed → succeeded
    step sum: failed → succeeded
      output: nothing → {"of":[10,20,30]}
    step first: no such step → succeeded
      output: nothing → 1
    outputs.of: nothing → [10,20,30]

    events                15          22
    agents                 0           0
    tokens                 0           0
    tool calls             0           0
    "#);

    place.file(
        "sums.yaml",
        SUMS.replace("for_each: steps.list.output", "for_each: '[1]'")
            .replace("output: integer\n  sum", "output: string\n  sum"),
    );
    let unfit = place.troupe(&["fork", &name]);
    assert!(
        refused(&unfit).contains("step `check` has begun to give integer, and gives string now"),
        "{unfit:?}"
    );
}

#[test]
fn resume_takes_a_changed_text_in_which_nothing_moved() {
    let (place, name) = run(&SUMS.replace("echo \"sum $0\" >> log;", "exit 3;"));
    place.file("sums.yaml", SUMS);
    let resume = place.troupe(&["resume", &name, "--accept-changes", "--json"]);
    assert_eq!(
        (resume.code, &resume.json()["outputs"]["of"]),
        (0, &json!([10, 20, 30])),
        "{resume:?}"
    );
}

#[test]
fn two_runs_of_one_workflow_are_equal_and_a_fork_differs_where_it_was_set() {
    let (place, name) = run(SUMS);
    let again = place
        .troupe(&["run", "sums.yaml", "--allow-host-commands", "--json"])
        .json();
    let again = again["run"].as_str().unwrap();
    let equal = place.troupe(&["diff", &name, again]);
    assert_eq!(equal.code, 0, "{equal:?}");
    assert_snapshot!(told(&equal.stdout, &[(&name, "RUN"), (again, "AGAIN")]), @r"
    RUN → AGAIN

    the same inputs, steps, answers and outputs

    events                15          15
    agents                 0           0
    tokens                 0           0
    tool calls             0           0
    ");
    let fork = place
        .troupe(&["fork", &name, "--set", "check[1].output=7", "--json"])
        .json();
    let fork = fork["run"].as_str().unwrap();
    let diff = place.troupe(&["diff", &name, fork]);
    assert_eq!(diff.code, 1, "{diff:?}");
    assert_snapshot!(told(&diff.stdout, &[(&name, "RUN"), (fork, "FORK")]), @r"
    RUN → FORK
    both begin with the same 15 events

    step check
      [1].output: 20 → 7
    step sum
      output.of[1]: 20 → 7
    outputs.of[1]: 20 → 7

    events                15          21
    agents                 0           0
    tokens                 0           0
    tool calls             0           0
    ");
    let object = place.troupe(&["diff", &name, fork, "--json"]).json();
    assert_eq!(
        (&object["equal"], &object["shared_events"]),
        (&json!(false), &json!(events(&place, &name).len()))
    );
    assert_eq!(
        object["differences"]["steps"][0]["items"][0]["output"],
        json!([{ "path": "", "left": 20, "right": 7 }])
    );
}

const CHILD: &str = "troupe: 1
name: child
inputs: { number: integer }
steps:
  double: { run: [sh, -c, 'echo \"double $0\" >> log; echo $(($0 * 2))', '${{ inputs.number }}'], output: integer }
outputs: { twice: '${{ steps.double.output }}' }
";

const PARENT: &str = "troupe: 1
name: parent
steps:
  twice: { for_each: '[1, 2]', as: number, parallel: 1, workflow: child.yaml, with: { number: '${{ number }}' } }
  last: { run: [sh, -c, 'echo \"$0\"', '${{ steps.twice.outputs }}'], output: any }
outputs: { all: '${{ steps.last.output }}' }
";

#[test]
fn a_family_is_derived_together_and_forked_as_a_whole() {
    let place = Place::new();
    place.file("child.yaml", CHILD).file("sums.yaml", PARENT);
    let run = place.troupe(&["run", "sums.yaml", "--allow-host-commands", "--json"]);
    let name = run.json()["run"]
        .as_str()
        .unwrap_or_else(|| panic!("{run:?}"))
        .to_owned();
    assert_eq!(log(&place), "double 1, double 2");
    let replay = place.troupe(&["replay", &name]);
    assert_eq!(replay.code, 0, "{replay:?}");
    assert_snapshot!(told(&replay.stdout, &[(&name, "RUN")]), @r"
    run RUN: 10 events, each as the engine decides it now
    run RUN.twice-0: 5 events, each as the engine decides it now
    run RUN.twice-1: 5 events, each as the engine decides it now
    ");
    let json = place.troupe(&["replay", &name, "--json"]).json();
    assert_eq!(
        (&json["agrees"], json["runs"].as_array().unwrap().len()),
        (&json!(true), 3)
    );

    let part = refused(&place.troupe(&["fork", &format!("{name}.twice-1")]));
    assert!(part.contains(&format!("is a part of run {name}")), "{part}");

    // The first of the runs below had ended, the second was open: it begins anew under the fork's name.
    let is_second = |event: &serde_json::Value| event["event"]["t"] == "item_started" && event["event"]["item"] == 1;
    let at = events(&place, &name).iter().position(is_second).unwrap() + 1;
    let fork = place.troupe(&["fork", &name, "--at", &at.to_string(), "--json"]);
    assert_eq!(
        (fork.code, &fork.json()["outputs"]["all"]),
        (0, &json!([{ "twice": 2 }, { "twice": 4 }])),
        "{fork:?}"
    );
    assert_eq!(log(&place), "double 2");
    let below = place.troupe(&[
        "show",
        &format!("{}.twice-1", fork.json()["run"].as_str().unwrap()),
        "--json",
    ]);
    assert_eq!(below.json()["status"], "succeeded", "{below:?}");
    let set = place.troupe(&["fork", &name, "--set", "twice[0].output={\"twice\": 9}", "--json"]);
    assert_eq!(
        set.json()["outputs"]["all"],
        json!([{ "twice": 9 }, { "twice": 4 }]),
        "{set:?}"
    );
    assert_eq!(log(&place), "");
}
