//! Lines of instance files, good and bad.

use super::*;
use serde_json::json;

const PATCH: &str = "diff --git a/tests/a.py b/tests/a.py\n--- a/tests/a.py\n+++ b/tests/a.py\n@@ -1 +1,2 @@\n a\n+b\n";

fn of(value: Value, folder: &Path) -> Result<Instance, String> {
    instance(value.as_object().cloned().unwrap_or_default(), folder)
}

#[test]
fn both_kinds_of_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test.patch"), PATCH).unwrap();
    let package = json!({
        "instance_id": "npm__x-1", "language": "JavaScript", "base_version": "1.0", "base_archive": "x/base.tar.gz",
        "source": {"registry": "npm", "package": "x"}, "test_patch": "test.patch", "patch": PATCH, "test_files": ["test"],
    });
    let read = of(package, folder.path()).unwrap();
    assert_eq!(read.repository, "npm/x");
    assert_eq!(read.source, Source::Archive(folder.path().join("x/base.tar.gz")));
    assert_eq!((read.test_patch.as_str(), read.tests), (PATCH, vec!["test".to_owned()]));
    let bench = json!({
        "instance_id": "a__b-1", "repo": "a/b", "base_commit": "abc", "version": "1.2", "test_patch": PATCH, "patch": PATCH,
    });
    let read = of(bench, folder.path()).unwrap();
    let from = "https://github.com/a/b".to_owned();
    assert_eq!(
        read.source,
        Source::Git {
            from,
            commit: "abc".into()
        }
    );
    assert_eq!(
        (read.version.as_str(), read.tests),
        ("1.2", vec!["tests/a.py".to_owned()])
    );
}

#[test]
fn a_folder_and_a_repository_of_this_machine_are_sources() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("project")).unwrap();
    let task = json!({"instance_id": "p", "path": "project", "test_patch": PATCH, "patch": PATCH});
    let local = folder.path().join("project");
    assert_eq!(
        of(task.clone(), folder.path()).unwrap().source,
        Source::Folder(local.clone())
    );
    let mut commit = task;
    commit["base_commit"] = json!("HEAD");
    let from = local.display().to_string();
    assert_eq!(
        of(commit, folder.path()).unwrap().source,
        Source::Git {
            from,
            commit: "HEAD".into()
        }
    );
}

#[test]
fn files_of_a_patch_are_told_from_lines_that_look_like_their_heads() {
    let patch = "--- a/old.sql\n+++ b/new.sql\n@@ -1,2 +1,2 @@\n--- a comment\n keep\n+++ more\n--- /dev/null\n+++ b/made.sql\n";
    assert_eq!(touched(patch), ["new.sql", "made.sql"]);
    assert_eq!(named(patch), ["old.sql", "new.sql", "made.sql"]);
}

#[test]
fn what_is_missing_is_told() {
    let wrong = |value: Value| of(value, Path::new("/nowhere")).unwrap_err();
    let mut told = vec![
        wrong(json!({})),
        wrong(json!({"instance_id": "../x"})),
        wrong(json!({"instance_id": "x"})),
        wrong(json!({"instance_id": "x", "test_patch": "none.patch"})),
        wrong(json!({"instance_id": "x", "test_patch": "\n"})),
        wrong(json!({"instance_id": "x", "test_patch": PATCH, "patch": PATCH})),
        wrong(json!({"instance_id": "x", "test_patch": PATCH, "patch": PATCH, "repo": "a/b"})),
    ];
    told.dedup();
    insta::assert_snapshot!(told.join("\n"), @r#"
    `instance_id` is missing: the name by which the instance is told from others
    `instance_id`: `../x` names a folder, so it has no slashes and does not begin with a dot
    `test_patch` is missing: the text of a patch, or a path to one
    `test_patch`: /nowhere/none.patch: No such file or directory (os error 2)
    `test_patch` changes no file: without it there is nothing that could fail
    there are no sources: give `repo` with `base_commit`, `path`, or `base_archive`
    `a/b` is no folder, and `base_commit` does not say which commit of it
    "#);
}

#[test]
fn a_bad_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("instances.jsonl");
    let good = json!({"instance_id": "x", "path": ".", "test_patch": PATCH, "patch": PATCH}).to_string();
    std::fs::write(&file, format!("{good}\n\n{{")).unwrap();
    assert!(
        read(&file, Languages::Known)
            .unwrap_err()
            .to_string()
            .contains("instances.jsonl:3: this is no JSON object")
    );
    std::fs::write(&file, format!("{good}\n{good}\n")).unwrap();
    assert!(
        read(&file, Languages::Known)
            .unwrap_err()
            .to_string()
            .ends_with("instances.jsonl:2: `x` stands here a second time")
    );
}

#[test]
fn a_language_without_rules_is_for_agents() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("instances.jsonl");
    let of = |name: &str, language: &str| {
        json!({"instance_id": name, "path": ".", "test_patch": PATCH, "patch": PATCH, "language": language}).to_string()
    };
    std::fs::write(&file, [of("x", "js"), of("y", "Tcl"), of("z", "")].join("\n")).unwrap();
    let read_as = |languages| read(&file, languages);
    let told = read_as(Languages::Known).unwrap_err().to_string();
    insta::assert_snapshot!(told.rsplit('/').next().unwrap());
    let all = read_as(Languages::Any).unwrap();
    let named: Vec<Option<&str>> = all
        .iter()
        .map(|it| it.language.as_ref().map(NamedLanguage::name))
        .collect();
    assert_eq!(named, [Some("JavaScript"), Some("Tcl"), None]);
}
