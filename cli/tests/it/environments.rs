//! `troupe env`, `troupe sandbox` and commands in sandboxes, through the program.

use crate::fixture::{Place, examples, image, small};
use serde_json::{Value, json};

const PATCH: &str = "--- /dev/null\n+++ b/tests/test_a.py\n@@ -0,0 +1 @@\n+import a\n";

#[test]
fn mistakes_in_instances_are_told_with_their_line() {
    let place = Place::new();
    let good = json!({ "instance_id": "one", "path": ".", "test_patch": PATCH, "patch": PATCH });
    place.file("instances.jsonl", format!("{good}\n{{\"instance_id\": \"two\"}}\n"));
    let built = place.troupe(&["env", "build", "instances.jsonl"]);
    assert_eq!(built.code, 1, "{built:?}");
    assert!(
        built.stderr.contains("instances.jsonl:2: `test_patch` is missing"),
        "{built:?}"
    );
    place.file("instances.jsonl", format!("{good}\n"));
    let built = place.troupe(&["env", "build", "instances.jsonl", "--only", "three"]);
    assert_eq!(built.code, 2, "{built:?}");
    assert!(
        built.stderr.contains("there is no instance `three` in the file"),
        "{built:?}"
    );
    let built = place.troupe(&["env", "build", "instances.jsonl", "--mount", "nowhere"]);
    assert!(
        built.code == 2 && built.stderr.contains("write PATH:INSIDE"),
        "{built:?}"
    );
}

#[test]
fn without_an_engine_the_way_out_is_told() {
    let place = Place::new();
    let nowhere = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        let output = command
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let instances = examples().join("07-environment/instances.jsonl");
    for arguments in [&["env", "build", instances.to_str().unwrap()][..], &["sandbox", "gc"]] {
        let (code, told) = nowhere(arguments);
        assert_eq!(code, Some(1), "{told}");
        assert!(
            told.contains("no Docker engine answers at unix:///nowhere/docker.sock"),
            "{told}"
        );
        assert!(told.contains("name another one in DOCKER_HOST"), "{told}");
    }
    place.file(
        "w.yaml",
        "troupe: 1\nsteps: { one: { run: [echo, hello], sandbox: nowhere } }\n",
    );
    let (code, told) = nowhere(&["run", "w.yaml"]);
    assert!(code == Some(1) && told.contains("no Docker engine answers"), "{told}");
}

#[test]
fn a_workspace_without_environments_says_how_to_get_one() {
    let place = Place::new();
    let listed = place.troupe(&["env", "ls"]);
    assert!(
        listed.code == 0 && listed.stderr.contains("`troupe env build INSTANCES.jsonl`"),
        "{listed:?}"
    );
    assert_eq!(place.troupe(&["env", "ls", "--json"]).json(), json!([]));
    assert_eq!(place.troupe(&["env", "show", "none"]).code, 2);
}

#[test]
fn a_step_runs_in_its_sandbox_without_leave_for_this_machine() {
    let Some(image) = image() else { return };
    let place = small();
    place.file("data.txt", "data\n");
    place.file(
        "sandboxed.yaml",
        format!(
            "troupe: 1\nname: sandboxed\ninputs: {{ word: string }}\nsteps:\n  one:\n    \
             run: cat /workflow/data.txt - && echo \"$WORD\" && ls /sys/class/net && touch /workflow/x || true\n    \
             stdin: read\n    env: {{ WORD: '${{{{ inputs.word }}}}' }}\n    \
             sandbox: {{ image: '{image}', memory_mb: 128, pids: 32 }}\noutputs: {{ said: '${{{{ steps.one.output.stdout }}}}' }}\n"
        ),
    );
    let run = place.troupe(&["run", "sandboxed.yaml", "-i", "word=given", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["outputs"]["said"], "data\nreadgiven\nlo\n");
    assert!(!place.path().join("x").exists());
    assert_eq!(place.troupe(&["sandbox", "gc"]).code, 0);
}

#[test]
fn an_environment_is_built_once_and_found_again() {
    let Some(image) = image() else { return };
    let place = Place::new();
    let id = format!("sum-{}", std::process::id());
    let good = broken_sum(&place, &id);
    let mut bad = good.clone();
    bad["instance_id"] = json!(format!("{id}-bad"));
    bad["patch"] = json!(good["patch"].as_str().unwrap().replace("sub sum", "sub product"));
    place.file("instances.jsonl", format!("{good}\n{bad}\n"));
    let build = |further: &[&str]| {
        let common = ["env", "build", "instances.jsonl", "--base", &image, "--repeats", "1"];
        place.troupe(&[&common, further].concat())
    };
    let built = build(&["--junit", "j.xml", "--json"]);
    assert_eq!(built.code, 1, "one of two is not verified: {built:?}");
    let report = built.json();
    assert_eq!(report["instances"][0]["verdict"], "fail_to_pass", "{report}");
    assert_eq!(report["instances"][0]["tests"]["fail_to_pass"], json!(["t/sum.t"]));
    assert_eq!(report["instances"][1]["verdict"], json!(null));
    assert!(
        report["instances"][1]["reason"]
            .as_str()
            .unwrap()
            .contains("does not apply"),
        "{report}"
    );
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert!(read("j.xml").contains("tests=\"2\" failures=\"1\" errors=\"0\""));
    let record: Value = serde_json::from_str(read("environments/records.jsonl").trim()).unwrap();
    assert_eq!(record["FAIL_TO_PASS"], json!(["t/sum.t"]));
    assert!(
        record["eval_script"].as_str().unwrap().contains("git apply"),
        "{record}"
    );
    let again = build(&["--require", "50"]);
    assert!(
        again.code == 0 && again.stderr.matches("(built before)").count() == 2,
        "{again:?}"
    );
    let shown = place.troupe(&["env", "show", &id]);
    assert!(
        shown.stdout.contains("# setup") && shown.stdout.contains("# tests"),
        "{shown:?}"
    );
    assert!(shown.stdout.contains("building it  at most "), "{shown:?}");
    verified_exported_and_made_room_for(&place, &id);
    let gone = place.troupe(&["env", "gc", "--keep", "0", "--json"]);
    assert_eq!(gone.json()["removed"].as_array().map(Vec::len), Some(1), "{gone:?}");
    assert_eq!(place.troupe(&["env", "ls", "--json"]).json(), json!([]));
}

/// An instance of a project that is put there: its tests show a bug, and a patch mends it.
fn broken_sum(place: &Place, id: &str) -> Value {
    let fix = "--- a/Sum.pm\n+++ b/Sum.pm\n@@ -1,3 +1,3 @@\n package Sum;\n-sub sum { return $_[0] - $_[1] }\n+sub sum { return $_[0] + $_[1] }\n 1;\n";
    let test = "--- /dev/null\n+++ b/t/sum.t\n@@ -0,0 +1,4 @@\n+use Test::More tests => 1;\n+use lib '.';\n+use Sum;\n+is(Sum::sum(1, 2), 3);\n";
    place.file("project/Sum.pm", "package Sum;\nsub sum { return $_[0] - $_[1] }\n1;\n");
    json!({ "instance_id": id, "path": "project", "language": "Perl", "test_patch": test, "patch": fix })
}

#[test]
fn what_a_workspace_makes_is_not_anothers_to_remove() {
    let Some(image) = image() else { return };
    let id = format!("shared-{}", std::process::id());
    let build = |place: &Place| {
        place.file("instances.jsonl", format!("{}\n", broken_sum(place, &id)));
        let built = place.troupe(&[
            "env",
            "build",
            "instances.jsonl",
            "--base",
            &image,
            "--repeats",
            "1",
            "--json",
        ]);
        assert_eq!(built.code, 0, "{built:?}");
        built.json()["instances"][0]["image_name"].as_str().unwrap().to_owned()
    };
    let (one, other) = (Place::new(), Place::new());
    assert_ne!(
        build(&one),
        build(&other),
        "the same sources, and each has its own image"
    );
    let gone = other.troupe(&["env", "gc", "--keep", "0", "--json"]).json();
    assert_eq!(gone["removed"].as_array().map(Vec::len), Some(1), "{gone}");
    let verified = one.troupe(&["env", "verify", &id, "--repeats", "1"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // A copy of a workspace knows images that it did not make.
    let copy = Place::new();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(one.path().join(".troupe"))
        .arg(copy.path())
        .status();
    assert!(copied.unwrap().success());
    let gone = copy.troupe(&["env", "gc", "--keep", "0", "--json"]).json();
    assert_eq!(
        (&gone["removed"], gone["of_others"].as_array().map(Vec::len)),
        (&json!([]), Some(1)),
        "{gone}"
    );
    assert_eq!(copy.troupe(&["env", "ls", "--json"]).json(), json!([]));
    assert_eq!(one.troupe(&["env", "verify", &id, "--repeats", "1"]).code, 0);
    let gone = one.troupe(&["env", "gc", "--keep", "0", "--json"]).json();
    assert_eq!(gone["removed"].as_array().map(Vec::len), Some(1), "{gone}");
}

/// What can be done with an environment that was built.
fn verified_exported_and_made_room_for(place: &Place, id: &str) {
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    let verified = place.troupe(&["env", "verify", id, "--repeats", "1", "--json", "--junit", "v.xml"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(verified.json()["environments"][0]["holds"], true);
    assert!(read("v.xml").contains("name=\"troupe env verify\" tests=\"1\" failures=\"0\""));
    // With another fix the verdict no longer holds.
    let other = read("instances.jsonl")
        .lines()
        .next()
        .unwrap()
        .replace("+ $_[1]", "* $_[1]");
    place.file("other.jsonl", other);
    let verified = place.troupe(&["env", "verify", "other.jsonl", "--repeats", "1"]);
    assert_eq!(verified.code, 1, "{verified:?}");
    assert!(
        verified.stdout.contains("no longer as it was: fails with the fix too"),
        "{verified:?}"
    );
    let exported = place.troupe(&["env", "export", id, "--out", "out", "--image"]);
    assert_eq!(exported.code, 0, "{exported:?}");
    let record: Value = serde_json::from_str(&read(&format!("out/{id}/instance.json"))).unwrap();
    assert_eq!(
        (&record["instance_id"], &record["FAIL_TO_PASS"]),
        (&json!(id), &json!(["t/sum.t"]))
    );
    assert!(read(&format!("out/{id}/eval.sh")).contains("git apply"));
    let image = std::fs::File::open(place.path().join("out").join(id).join("image.tar")).unwrap();
    assert!(image.metadata().unwrap().len() > 1 << 20);
    let listed = place.troupe(&["env", "ls", "--json"]).json();
    let own = listed[0]["own_bytes"].as_u64().unwrap();
    assert!(own > 0 && listed[0]["bytes"].as_u64() >= Some(own), "{listed}");
    let enough = place.troupe(&["env", "gc", "--keep-bytes", "1TB", "--json"]).json();
    assert_eq!(enough["removed"], json!([]), "{enough}");
    let none = place
        .troupe(&["env", "gc", "--keep-bytes", "0", "--dry-run", "--json"])
        .json();
    assert_eq!(
        (&none["bytes_before"], &none["bytes_after"]),
        (&json!(own), &json!(0)),
        "{none}"
    );
}

#[test]
fn what_is_to_be_verified_or_exported_has_to_be_there() {
    let place = Place::new();
    let none = place.troupe(&["env", "verify"]);
    assert!(
        none.code == 2 && none.stderr.contains("there is no environment to verify yet"),
        "{none:?}"
    );
    for arguments in [
        &["env", "verify", "nobody"][..],
        &["env", "export", "nobody", "--out", "out"],
    ] {
        let ended = place.troupe(arguments);
        assert!(
            ended.code == 2
                && ended
                    .stderr
                    .contains("there is no environment `nobody`; `troupe env ls` lists them"),
            "{ended:?}"
        );
    }
    let size = place.troupe(&["env", "gc", "--keep-bytes", "much"]);
    assert!(
        size.code == 2 && size.stderr.contains("write a size such as 20GB"),
        "{size:?}"
    );
}
