//! Dependencies that are used where they are named, and others.

use super::{Kind, Sources, complaint, dependencies};
use crate::repository::TextFile;
use serde_json::json;

fn complaints() -> Vec<String> {
    let package = json!({"dependencies": [
        {"name": "serde-json", "kind": null},
        {"name": "long", "rename": "short", "kind": null},
        {"name": "talked-about", "kind": null},
        {"name": "for-tests", "kind": null},
        {"name": "insta", "kind": "dev"},
        {"name": "elsewhere", "kind": "dev"},
        {"name": "made", "kind": "build"},
        {"name": "serde-json", "kind": "build"},
    ]});
    let files = [
        TextFile::new("dsl/src/lib.rs", "use serde_json as j; short::f(); // talked_about"),
        TextFile::new("dsl/src/a/tests.rs", "for_tests::f(); insta::f();"),
        TextFile::new("dsl/build.rs", "made::f()"),
        TextFile::new("store/src/lib.rs", "elsewhere::f()"),
    ];
    let sources = Sources::of("dsl/", &files);
    dependencies(&package)
        .iter()
        .filter_map(|dependency| complaint(dependency, &sources))
        .collect()
}

#[test]
fn what_is_not_named_in_code_is_found() {
    assert_eq!(
        complaints(),
        [
            "nothing uses `talked-about`: remove it",
            "only tests use `for-tests`: move it to [dev-dependencies]",
            "nothing uses `elsewhere`: remove it",
            "nothing uses `serde-json`: remove it",
        ]
    );
}

#[test]
fn a_renamed_dependency_goes_by_its_new_name() {
    let read = dependencies(&json!({"dependencies": [{"name": "long", "rename": "my-short", "kind": "dev"}]}));
    assert_eq!(read[0].identifier, "my_short");
    assert_eq!(read[0].kind, Kind::Development);
}
