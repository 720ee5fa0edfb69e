//! The order in which environments are tried.

use super::*;
use crate::environment::instance::instance;
use serde_json::json;
use std::path::Path;

const PATCH: &str = "--- a/t\n+++ b/t\n";

fn wanted(version: &str, created_at: &str) -> Instance {
    let record = json!({
        "instance_id": "x", "repo": "a/b", "base_commit": "c", "version": version, "created_at": created_at,
        "test_patch": PATCH, "patch": PATCH,
    });
    instance(record.as_object().cloned().unwrap_or_default(), Path::new("/nowhere")).unwrap()
}

fn kept(image: &str, version: &str, created_at: &str) -> Environment {
    let record = json!({
        "image": image, "digest": "", "instance": "", "repository": "a/b", "version": version,
        "created_at": created_at, "language": "", "base": "", "parent": null, "setup": "", "delta": null,
        "evaluation": "", "at_ms": 0,
    });
    serde_json::from_value(record).unwrap()
}

fn tried(version: &str, created_at: &str, pool: &[Environment]) -> Vec<String> {
    let wanted = wanted(version, created_at);
    candidates(&wanted, "", pool)
        .into_iter()
        .map(|it| it.image.clone())
        .collect()
}

#[test]
fn the_same_version_comes_first_then_the_nearest_newer_one() {
    let pool = [
        kept("same-old", "1.2.0", "2024-01-01T00:00:00Z"),
        kept("newer", "1.3", "2024-02-02T00:00:00Z"),
        kept("newest", "1.4", "2024-03-01T00:00:00Z"),
        kept("older", "1.1", "2024-01-31T00:00:00Z"),
    ];
    assert_eq!(tried("1.2", "2024-02-01T00:00:00Z", &pool), ["same-old", "newer"]);
    assert_eq!(tried("1.5", "2024-02-01T00:00:00Z", &pool), ["newer", "newest"]);
    assert_eq!(tried("1.5", "2024-04-01T00:00:00Z", &pool), ["newest", "newer"]);
}

#[test]
fn without_times_versions_tell_what_is_newer() {
    let pool = [kept("old", "1.0", ""), kept("new", "2.0", "")];
    assert_eq!(tried("1.5", "", &pool), ["new", "old"]);
    assert_eq!(tried("2.5", "", &pool), ["old", "new"]);
    assert_eq!(tried("", "", &[]), [] as [&str; 0]);
}

#[test]
fn another_repository_or_another_base_is_never_tried() {
    let other = Environment {
        repository: "c/d".into(),
        ..kept("other", "1.2", "")
    };
    let based = Environment {
        base: "fedora:40".into(),
        ..kept("based", "1.2", "")
    };
    assert_eq!(tried("1.2", "", &[other, based]), [] as [&str; 0]);
}
