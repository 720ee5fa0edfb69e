//! The tools, over a place where `sh` runs in a folder of this machine.

use super::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use tokio::io::AsyncWriteExt as _;
use troupe_core::port::room::Executed;
use troupe_core::port::sandbox::{Ended, Network, Reason, Resources, Rights};

/// Commands run in the place's directory. The first one finds a new sandbox.
struct Folder(std::sync::atomic::AtomicBool);

#[async_trait]
impl Rooms for Folder {
    async fn execute(&self, _: &str, place: &Place, execution: Execution) -> Result<Executed, Error> {
        let mut command = Command::new(&execution.arguments[0]);
        command
            .args(&execution.arguments[1..])
            .current_dir(&place.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&execution.stdin.unwrap_or_default()).await.unwrap();
        drop(stdin);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let waited = tokio::time::timeout(execution.timeout.unwrap(), child.wait_with_output()).await;
        let ended = match waited {
            Ok(output) => {
                let output = output.unwrap();
                Ended {
                    reason: Reason::Exited(output.status.code().unwrap_or(-1)),
                    stdout: text(output.stdout),
                    stderr: text(output.stderr),
                }
            }
            Err(_) => Ended {
                reason: Reason::Timeout,
                stdout: String::new(),
                stderr: String::new(),
            },
        };
        let found = match self.0.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Found::Nothing,
            false => Found::Files,
        };
        Ok(Executed { ended, found })
    }

    async fn leave(&self, _: &str, _: bool) {}
}

/// What each call gives, one after the other in the same folder: its text, or its error.
async fn told(folder: &Path, calls: &[(&str, Value)]) -> String {
    let rooms = Arc::new(Folder(true.into()));
    let place = Place {
        room: None,
        image: String::new(),
        directory: folder.to_str().unwrap().to_owned(),
        network: Network::None,
        rights: Rights::Least,
        resources: Resources::default(),
    };
    let mut all = Vec::new();
    for (name, arguments) in calls {
        let tool = tool(rooms.clone(), name, "").unwrap();
        let invocation = Invocation {
            key: "run/call".into(),
            arguments: arguments.clone(),
            read: Arc::new(BTreeSet::new()),
            place: Some(place.clone()),
        };
        all.push(match tool.call(invocation).await {
            Ok(output) => {
                let result = &tool.spec().result;
                assert!(
                    result.check(&output.result).is_ok(),
                    "{name}: {} is no {result}",
                    output.result
                );
                output.text
            }
            Err(error) => format!("error: {}", error.message),
        });
    }
    // Quotes as the locale has them.
    all.join("\n--\n").replace(['‘', '’'], "'")
}

#[tokio::test]
async fn files_are_written_read_and_patched_and_commands_see_them() {
    let folder = tempfile::tempdir().unwrap();
    let patch = "--- a/src/sum.py\n+++ b/src/sum.py\n@@ -9,2 +9,2 @@\n def total(a, b):\n-    return a - b\n+    return a + b\n--- /dev/null\n+++ b/notes\n@@\n+mended\n";
    let calls = [
        (
            "write_file",
            json!({"path": "src/sum.py", "text": "def total(a, b):\n    return a - b\n"}),
        ),
        ("apply_patch", json!({"patch": patch})),
        ("read_file", json!({"path": "src/sum.py", "from": 2})),
        ("apply_patch", json!({"patch": patch})),
        (
            "shell",
            json!({"command": "grep -c total src/*.py; cat notes; echo careful >&2; exit 3"}),
        ),
        ("read_file", json!({"path": "src/sum.py", "from": "9"})),
        ("shell", json!({"command": "true"})),
    ];
    insta::assert_snapshot!(told(folder.path(), &calls).await, @r#"
    wrote 34 bytes to src/sum.py
    (The sandbox is new: nothing of earlier commands is in it.)
    --
    src/sum.py: changed
    notes: added
    --
    src/sum.py, lines 2 to 2 of 2:
        return a + b

    --
    src/sum.py: as it was
    notes: as it was
    --
    exit code 3
    stdout:
    1
    mended
    stderr:
    careful
    --
    src/sum.py has 2 lines, and none from line 9 on
    --
    exit code 0
    "#);
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("picture"), [0, 1, 2]).unwrap();
    std::fs::write(folder.path().join("whole"), "one\n").unwrap();
    let two = "--- a/whole\n+++ b/whole\n@@\n-one\n+two\n--- a/missing\n+++ b/missing\n@@\n-a\n+b\n";
    let calls = [
        ("shell", json!({"cmd": "ls"})),
        ("shell", json!({"command": "sleep 30", "seconds": 1})),
        ("read_file", json!({"path": "missing"})),
        ("read_file", json!({"path": "picture"})),
        ("read_file", json!({"path": "."})),
        ("write_file", json!({"path": "whole/part", "text": ""})),
        ("write_file", json!({"path": "whole"})),
        ("apply_patch", json!({"patch": "change one to two"})),
        ("apply_patch", json!({"patch": two})),
        ("shell", json!({"command": "cat whole"})),
    ];
    insta::assert_snapshot!(told(folder.path(), &calls).await, @r#"
    error: shell: `command` must be a string that is not empty. Call it like this: {"command": "ls -la && cat README.md"}
    --
    The command did not end by itself.
    stderr:
    ended: it took too long
    (The sandbox is new: nothing of earlier commands is in it.)
    --
    error: there is no file `missing`
    --
    error: `picture` is no text: look at it with a command such as `file` or `xxd`
    --
    error: `.` cannot be read: cat: .: Is a directory
    --
    error: `whole/part` cannot be written: mkdir: cannot create directory 'whole': File exists
    --
    error: write_file: `text` must be a string. Call it like this: {"path": "notes/plan.md", "text": "1. Read the tests.\n"}
    --
    error: apply_patch: `patch`: there is no file in it: each begins with the lines `--- a/PATH` and `+++ b/PATH`. Call it like this: {"patch": "--- a/sum.py\n+++ b/sum.py\n@@ -1,2 +1,2 @@\n def total(a, b):\n-    return a - b\n+    return a + b\n"}
    --
    error: nothing was changed. missing: there is no such file
    --
    exit code 0
    stdout:
    one
    "#);
}

#[tokio::test]
async fn a_patch_is_applied_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("one"), "a\nb\nc\nd\n").unwrap();
    std::fs::write(at("run.sh"), "echo 1\n").unwrap();
    std::fs::set_permissions(at("run.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(at("latin"), b"caf\xe9\nb\n").unwrap();
    let patch = |text: &str| ("apply_patch", json!({ "patch": text }));
    // Two sections of one file, the later part first, and a file that gets another name.
    let twice = "--- a/one\n+++ b/one\n@@\n-d\n+D\n--- a/one\n+++ b/one\n@@\n-a\n+A\n--- a/run.sh\n+++ b/go.sh\n@@\n-echo 1\n+echo 2\n";
    assert_eq!(
        told(
            folder.path(),
            &[patch(twice), ("shell", json!({ "command": "./go.sh; ls" }))]
        )
        .await,
        "one: changed\none: changed\ngo.sh: changed\n(The sandbox is new: nothing of earlier commands is in it.)\n--\n\
         exit code 0\nstdout:\n2\ngo.sh\nlatin\none"
    );
    assert_eq!(std::fs::read_to_string(at("one")).unwrap(), "A\nb\nc\nD\n");
    // The second file cannot be written, the third is no UTF-8, the fourth is there already: the first stays as it is.
    for second in [
        "--- /dev/null\n+++ b/latin/new\n@@\n+x\n",
        "--- a/latin\n+++ b/latin\n@@\n-b\n+B\n",
        "--- a/go.sh\n+++ b/latin\n@@\n-echo 2\n+echo 3\n",
    ] {
        let said = told(
            folder.path(),
            &[patch(&format!("--- a/one\n+++ b/one\n@@\n-b\n+B\n{second}"))],
        )
        .await;
        assert!(said.starts_with("error: nothing was changed. "), "{said}");
        assert_eq!(std::fs::read_to_string(at("one")).unwrap(), "A\nb\nc\nD\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
    assert_eq!(std::fs::read(at("latin")).unwrap(), b"caf\xe9\nb\n");
}

#[tokio::test]
async fn whoever_works_in_a_new_sandbox_is_told_so_by_every_tool() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), "a\n").unwrap();
    for call in [
        ("read_file", json!({ "path": "f" })),
        ("read_file", json!({ "path": "missing" })),
        ("write_file", json!({ "path": "g", "text": "" })),
        ("apply_patch", json!({ "patch": "--- a/f\n+++ b/f\n@@\n-a\n+b\n" })),
        ("shell", json!({ "command": "true" })),
    ] {
        let said = told(folder.path(), &[call]).await;
        assert!(
            said.ends_with("(The sandbox is new: nothing of earlier commands is in it.)"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn long_outputs_are_cut_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let text = told(folder.path(), &[("shell", json!({"command": "seq 1 100000"}))]).await;
    assert!(text.len() < SHOWN_BYTES + 200, "{}", text.len());
    assert!(text.contains("\n1\n2\n") && text.contains("bytes left out") && text.contains("100000"));
}

#[test]
fn models_are_told_what_each_tool_is() {
    let specs = TOOLS.map(|kind| format!("{}: {}", kind.name(), kind.spec().description));
    insta::assert_snapshot!(specs.join("\n"), @r#"
    shell: Run a shell command in the sandbox and read what it prints. Files stay from one command to the next; variables, the working directory and background processes do not, so put what belongs together into one command. Nobody can answer a prompt: use flags such as `-y`. A command that takes longer than `seconds` (300 unless you say otherwise) is ended.
    read_file: Read a text file of the sandbox: 400 lines from the first one, unless you say from which line and how many.
    write_file: Write a file of the sandbox: `text` becomes all that is in it. Folders that are missing are made. To change a part of a file, use a patch instead, if you have a tool for that.
    apply_patch: Change files of the sandbox by a unified diff: for each file the lines `--- a/PATH` and `+++ b/PATH` (`/dev/null` for one that is added or removed), then hunks that begin with `@@`. A hunk is found by its unchanged lines (those that begin with a space) and its removed lines (`-`), so give three unchanged lines around a change; the numbers behind `@@` may be wrong. All of it is applied, or nothing.
    "#);
}
