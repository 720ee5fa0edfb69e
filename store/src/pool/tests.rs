//! Environments are kept, found by their repository, and forgotten.

use super::*;

fn environment(image: &str, repository: &str, at_ms: u64) -> Environment {
    Environment {
        image: image.into(),
        digest: "sha256:1".into(),
        instance: "x-1".into(),
        repository: repository.into(),
        version: "1.2".into(),
        created_at: "2024-01-01T00:00:00Z".into(),
        language: "Python".into(),
        base: "debian:bookworm".into(),
        parent: None,
        setup: "pip install -e .".into(),
        delta: None,
        evaluation: "pytest".into(),
        at_ms,
        ..Environment::default()
    }
}

/// As it was written before checks and figures were noted.
#[test]
fn what_an_older_troupe_kept_is_still_read() {
    let mut older = serde_json::to_value(environment("a:1", "a/b", 1)).unwrap();
    let fields = older.as_object_mut().unwrap();
    for name in ["used_at_ms", "check", "usage"] {
        fields.remove(name).unwrap();
    }
    let read: Environment = serde_json::from_value(older).unwrap();
    assert_eq!(read, environment("a:1", "a/b", 1));
    assert_eq!(read.last_used_ms(), 1);
}

#[tokio::test]
async fn environments_are_found_by_their_repository_the_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (old, new, other) = (
        environment("a:1", "a/b", 1),
        environment("a:2", "a/b", 2),
        environment("c:1", "c/d", 3),
    );
    for environment in [&old, &other, &new] {
        store.add(environment).await.unwrap();
    }
    assert_eq!(store.list(Some("a/b")).await.unwrap(), [new.clone(), old.clone()]);
    assert_eq!(store.list(None).await.unwrap().len(), 3);
    let again = Environment {
        digest: "sha256:2".into(),
        ..old
    };
    store.add(&again).await.unwrap();
    store.forget("a:2").await.unwrap();
    store.forget("a:2").await.unwrap();
    store.close().await;
    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(store.list(Some("a/b")).await.unwrap(), [again]);
    store.close().await;
}
