//! Patches as they should be, and as models write them.

use super::*;
use proptest::prelude::*;

const SUM: &str = "def total(a, b):\n    return a - b\n\n\ndef twice(a):\n    return total(a, a)\n";

/// What the one file of a patch becomes.
fn applied(patch: &str, now: Option<&str>) -> Result<Change, String> {
    Patch::read(patch)?.targets[0].applied(now)
}

fn changed(text: &str) -> Result<Change, String> {
    Ok(Change::Changed(text.to_owned()))
}

#[test]
fn a_hunk_is_found_by_its_lines() {
    let fixed = SUM.replace("a - b", "a + b");
    for header in ["@@ -1,2 +1,2 @@", "@@ -90,2 +90,2 @@ def total", "@@"] {
        let patch = format!(
            "```diff\ndiff --git a/sum.py b/sum.py\nindex 1..2\n--- a/sum.py\n+++ b/sum.py\n{header}\n def total(a, b):\n-    return a - b\n+    return a + b\n```\n"
        );
        assert_eq!(applied(&patch, Some(SUM)), changed(&fixed), "{header}");
        assert_eq!(applied(&patch, Some(&fixed)), Ok(Change::None), "{header}");
    }
}

#[test]
fn empty_lines_may_lack_their_space_and_lines_their_last_one() {
    let patch = "--- a/sum.py\n+++ b/sum.py\n@@\n     return a - b\n\n\n-def twice(a):\n+def double(a):   \n\n";
    let fixed = SUM.replace("def twice(a):", "def double(a):   ");
    assert_eq!(applied(patch, Some(SUM)), changed(&fixed));
    let loose = SUM.replace("def twice(a):", "def twice(a): ");
    assert_eq!(applied(patch, Some(&loose)), changed(&fixed));
}

#[test]
fn of_equal_places_the_nearest_is_meant() {
    let lines = "a\nx\nb\na\nx\nb\na\nx\nb\n";
    let patch = |at: usize| format!("--- a/f\n+++ b/f\n@@ -{at},3 +{at},3 @@\n a\n-x\n+y\n b\n");
    assert_eq!(applied(&patch(4), Some(lines)), changed("a\nx\nb\na\ny\nb\na\nx\nb\n"));
    assert_eq!(applied(&patch(8), Some(lines)), changed("a\nx\nb\na\nx\nb\na\ny\nb\n"));
}

#[test]
fn a_file_keeps_its_line_endings() {
    let patch = "--- a/f\n+++ b/f\n@@\n one\n-two\n+zwei\n+drei\n";
    assert_eq!(
        applied(patch, Some("one\r\ntwo\r\nlast\r\n")),
        changed("one\r\nzwei\r\ndrei\r\nlast\r\n")
    );
    assert_eq!(
        applied(patch, Some("one\ntwo\nlast\r\n")),
        changed("one\nzwei\ndrei\nlast\r\n")
    );
    assert_eq!(applied(patch, Some("one\r\ntwo")), changed("one\r\nzwei\r\ndrei\r\n"));
}

#[test]
fn files_come_and_go() {
    let added = "--- /dev/null\n+++ b/new/file\n@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n";
    assert_eq!(applied(added, None), Ok(Change::Added("one\ntwo".to_owned())));
    assert_eq!(applied(added, Some("one\ntwo")), Ok(Change::None));
    assert!(applied(added, Some("other")).is_err());
    let removed = "--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n";
    assert_eq!(applied(removed, Some("one\n")), Ok(Change::Removed));
    assert_eq!(applied(removed, None), Ok(Change::None));
    assert!(applied(removed, Some("two\n")).is_err());
}

#[test]
fn several_files_and_a_removed_line_that_looks_like_a_header() {
    let patch = "--- a/one\n+++ b/one\n@@ -1,2 +1 @@\n--- x\n kept\n--- a/two\n+++ b/three\n@@ -1 +1 @@\n-1\n+2\n";
    let patch = Patch::read(patch).unwrap();
    let paths: Vec<(&str, &str)> = patch.targets.iter().map(|it| (it.before(), it.path())).collect();
    assert_eq!(paths, [("one", "one"), ("two", "three")]);
    assert_eq!(patch.targets[0].applied(Some("-- x\nkept\n")), changed("kept\n"));
    assert_eq!(patch.targets[1].applied(Some("1")), changed("2\n"));
}

#[test]
fn what_cannot_be_applied_says_why() {
    let told = |patch: &str| applied(patch, Some(SUM)).unwrap_err();
    insta::assert_snapshot!(told("no patch"), @"there is no file in it: each begins with the lines `--- a/PATH` and `+++ b/PATH`");
    insta::assert_snapshot!(told("@@ -1 +1 @@\n-a\n"), @"a hunk comes before the lines `--- a/PATH` and `+++ b/PATH` of its file");
    insta::assert_snapshot!(told("--- a/f\n+++ b/f\n@@\n-    return a * b\n+    return a\n"), @"hunk 1 does not fit the file: its line `return a * b` is nowhere in it. Read the file and write the hunk anew");
    insta::assert_snapshot!(told("--- a/f\n+++ b/f\n@@\n-def total(a, b):\n-def twice(a):\n"), @"hunk 1 does not fit the file: its lines are in it, but not one after the other. Read the file and write the hunk anew");
}

/// The hunk that makes one list of lines of another, with everything in it.
fn whole(before: &[String], after: &[String]) -> String {
    let removed = before.iter().map(|line| format!("-{line}\n"));
    let added = after.iter().map(|line| format!("+{line}\n"));
    format!(
        "--- a/f\n+++ b/f\n@@ -1,{} +1,{} @@\n{}",
        before.len(),
        after.len(),
        removed.chain(added).collect::<String>()
    )
}

proptest! {
    /// No text makes it panic, and a patch that replaces everything gives exactly what it says.
    #[test]
    fn all_of_a_file_can_be_replaced(
        before in prop::collection::vec("[a-c ]{0,3}", 1..6),
        after in prop::collection::vec("[a-c ]{0,3}", 1..6),
        junk in "[-+@ \\\\ab\n/]{0,80}",
    ) {
        let text = |lines: &[String]| lines.join("\n") + "\n";
        match applied(&whole(&before, &after), Some(&text(&before))) {
            Ok(Change::Changed(new)) => prop_assert_eq!(new, text(&after)),
            Ok(Change::None) => prop_assert_eq!(&before, &after),
            other => prop_assert!(false, "{:?}", other),
        }
        if let Ok(patch) = Patch::read(&junk) {
            for target in &patch.targets {
                let _ = target.applied(Some(&text(&before)));
                let _ = target.applied(None);
            }
        }
    }
}
