//! Environments for languages that no rules know: agents plan, and their plan serves the next commit too.

use crate::fixture::{Place, image};
use crate::sandboxed::{asked, says};
use crate::server::{Request, Server};
use serde_json::{Value, json};

const CHECK: &str = "rate=$(cat /opt/rate) || exit 1\n. ./count.sh\ncode=0\nfor test in tests/*.sh; do\n  \
    if . \"$test\"; then echo \"PASS $test\"; else echo \"FAIL $test\"; code=1; fi\ndone\nexit $code\n";

/// A project of shell scripts with its own runner, which wants a file that a setup has to make.
fn project(place: &Place, folder: &str, word: &str, created_at: &str) -> Value {
    let test = format!("--- /dev/null\n+++ b/tests/{word}.sh\n@@ -0,0 +1 @@\n+test \"$(twice 4)\" = $((4 * rate))\n");
    let fix =
        "--- a/count.sh\n+++ b/count.sh\n@@ -1 +1 @@\n-twice() { echo $(($1 + 2)); }\n+twice() { echo $(($1 * 2)); }\n";
    place
        .file(&format!("{folder}/count.sh"), "twice() { echo $(($1 + 2)); }\n")
        .file(&format!("{folder}/tests/same.sh"), "test \"$(twice 2)\" = 4\n")
        .file(&format!("{folder}/check.sh"), CHECK);
    let id = format!("shell-{word}-{}", std::process::id());
    json!({ "instance_id": id, "repo": "shop/count", "path": folder, "repo_url": folder, "language": "Shell",
        "created_at": created_at, "test_patch": test, "patch": fix })
}

fn plans(request: &Request) -> Option<String> {
    let (system, _) = asked(request);
    let answer = if system.contains("You find out how") {
        json!({ "language": "Shell", "build_system": "none", "dependencies": [], "how_tests_run": "check.sh" })
    } else if system.contains("You write the bash script") {
        json!({ "script": "echo 2 > /opt/rate", "reason": "the tests read it" })
    } else {
        json!({ "command": "sh check.sh", "prints": "lines" })
    };
    says(&answer.to_string())
}

#[test]
fn agents_plan_for_a_language_without_rules_and_the_next_commit_needs_no_agent() {
    let Some(image) = image() else { return };
    let server = Server::start(plans);
    let place = Place::new();
    let newer = project(&place, "newer", "newer", "2024-02-01T00:00:00Z");
    let older = project(&place, "older", "older", "2024-01-01T00:00:00Z");
    place.file("instances.jsonl", format!("{newer}\n{older}\n"));
    let model = ["--model", "openai/x", "--model-url", &server.address];
    let common = ["env", "build", "instances.jsonl", "--base", &image, "--json"];
    let built = place.troupe(&[&common[..], &model].concat());
    assert_eq!(built.code, 0, "{built:?}");
    let report = built.json();
    let of = |at: usize, key: &str| report["instances"][at][key].clone();
    for at in [0, 1] {
        assert_eq!(
            (of(at, "verdict"), of(at, "language")),
            (json!("fail_to_pass"), json!("Shell")),
            "{report:#}"
        );
    }
    let tests = of(0, "tests");
    assert_eq!(tests["fail_to_pass"], json!(["tests/newer.sh"]), "{tests}");
    assert_eq!(tests["pass_to_pass"], json!(["tests/same.sh"]), "{tests}");
    assert_eq!((of(0, "path"), of(1, "path")), (json!("scratch"), json!("unchanged")));
    assert_eq!(server.all().len(), 3, "three agents, each asked once");
    let id = of(1, "instance_id");
    let verified = place.troupe(&["env", "verify", id.as_str().unwrap(), "--repeats", "1"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let shown = place.troupe(&["env", "show", id.as_str().unwrap()]);
    let parent = of(0, "image_name");
    assert!(
        shown
            .stdout
            .contains(&format!("grew from    {}", parent.as_str().unwrap())),
        "{shown:?}"
    );
    let listed = place.troupe(&["env", "ls"]);
    assert!(
        listed
            .stdout
            .lines()
            .nth(2)
            .unwrap()
            .starts_with(&format!("  {}", id.as_str().unwrap())),
        "{listed:?}"
    );
    let gone = place.troupe(&["env", "gc", "--keep", "0", "--json"]).json();
    assert_eq!(gone["removed"].as_array().map(Vec::len), Some(2), "{gone}");
}

#[test]
fn without_agents_the_languages_that_rules_know_are_named() {
    let place = Place::new();
    let instance = project(&place, "project", "one", "");
    place.file("instances.jsonl", format!("\n{instance}\n"));
    let built = place.troupe(&["env", "build", "instances.jsonl"]);
    assert_eq!(built.code, 1, "{built:?}");
    let told = "instances.jsonl:2: `language`: no rules plan for `Shell`, only for C, C++, Go, ";
    assert!(
        built.stderr.contains(told) && built.stderr.contains("let agents plan with --model"),
        "{built:?}"
    );
}
