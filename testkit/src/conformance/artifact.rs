//! What every keeper of artifacts must do.

use crate::artifacts::contents;
use std::fs;
use std::path::Path;
use troupe_core::artifact::Given;
use troupe_core::port::artifact::{Artifacts, Found};
use troupe_core::port::blob::Digest;

/// Every law of artifacts.
///
/// # Panics
/// When a law is broken.
pub async fn check(artifacts: &impl Artifacts) {
    let given = keep(artifacts, |folder| fill(folder, "content")).await;
    let [app, reports] = given.files.as_slice() else {
        panic!("what was found is told: {given:?}")
    };
    assert_eq!((app.path.as_str(), app.bytes, app.files), ("target/app", 7, None));
    assert_eq!(
        (reports.path.as_str(), reports.bytes, reports.files),
        ("reports", 3, Some(2))
    );
    let kept = artifacts
        .find(&given.set)
        .await
        .expect("it can be looked for")
        .expect("it is kept");
    assert_eq!(contents(&kept), expected("content"));

    // The same files are the same set, others are another one.
    let again = keep(artifacts, |folder| fill(folder, "content")).await;
    assert_eq!(again, given);
    let other = keep(artifacts, |folder| fill(folder, "CONTENT")).await;
    assert_ne!(other.set, given.set);
    assert_ne!(other.files[0].hash, app.hash);
    assert_eq!(
        other.files[1].hash, reports.hash,
        "a part that is the same has the same hash"
    );

    // What is dropped leaves nothing.
    let dropped = artifacts.gather().await.expect("a folder");
    let folder = dropped.folder().to_owned();
    fill(&folder, "lost");
    drop(dropped);
    assert!(!folder.exists());

    views(artifacts, &given, &other).await;
}

async fn views(artifacts: &impl Artifacts, one: &Given, other: &Given) {
    let unknown = Digest([9; 32]);
    assert_eq!(artifacts.find(&unknown).await.expect("it can be looked for"), None);
    let empty = artifacts.show("RUN", &[]).await.expect("a view");
    assert_eq!(contents(&empty), []);
    let view = artifacts.show("RUN", &[one.set, unknown]).await.expect("a view");
    assert_eq!(view, empty, "a run has one view");
    assert_eq!(contents(&view.join(one.set.to_string())), expected("content"));
    artifacts.show("RUN", &[other.set]).await.expect("a view");
    assert!(view.join(one.set.to_string()).is_dir(), "what was shown stays");
    assert!(view.join(other.set.to_string()).is_dir());
    assert!(!view.join(unknown.to_string()).exists());
    artifacts.hide("RUN").await.expect("hidden");
    assert!(!view.exists());
    artifacts.hide("RUN").await.expect("hidden twice");
    assert!(artifacts.find(&one.set).await.expect("it can be looked for").is_some());
}

async fn keep(artifacts: &impl Artifacts, fill: impl Fn(&Path)) -> Given {
    let gathered = artifacts.gather().await.expect("a folder");
    assert_eq!(contents(gathered.folder()), []);
    fill(gathered.folder());
    let found = |wanted, path: &str| Found {
        wanted,
        path: path.to_owned(),
    };
    let found = vec![found(0, "target/app"), found(1, "reports")];
    artifacts.keep(gathered, found).await.expect("kept")
}

fn fill(folder: &Path, app: &str) {
    for (path, content) in expected(app) {
        match content {
            None => fs::create_dir_all(folder.join(path)).expect("a folder"),
            Some(content) => fs::write(folder.join(path), content).expect("a file"),
        }
    }
}

fn expected(app: &str) -> Vec<(String, Option<Vec<u8>>)> {
    let entries = [
        ("reports", None),
        ("reports/a.xml", Some("a")),
        ("reports/empty", None),
        ("reports/ü.xml", Some("be")),
        ("target", None),
        ("target/app", Some(app)),
    ];
    let owned = |(path, content): (&str, Option<&str>)| (path.to_owned(), content.map(|text| text.as_bytes().to_vec()));
    entries.map(owned).to_vec()
}
