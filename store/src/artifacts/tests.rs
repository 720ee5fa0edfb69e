//! Sets on a real disk: what is kept, what is shown, what is forgotten.

use super::*;
use crate::journal::Store;
use troupe_core::event::Event;
use troupe_core::id::{ItemIndex, StepIndex};
use troupe_core::port::journal::{Append, Journal as _, Progress, RunStatus};
use troupe_testkit::artifacts::contents;
use troupe_testkit::conformance::artifact;
use troupe_testkit::conformance::journal::{header, run_id};

#[tokio::test]
async fn sets_are_kept_as_the_port_says() {
    let folder = tempfile::tempdir().unwrap();
    artifact::check(&Artifacts::of(folder.path())).await;
    assert_eq!(
        names(&folder.path().join("artifacts/incoming")).unwrap(),
        Vec::<String>::new()
    );
}

async fn kept(artifacts: &Artifacts, content: &str) -> Given {
    let gathered = artifacts.gather().await.unwrap();
    fs::write(gathered.folder().join("app"), content).unwrap();
    fs::set_permissions(gathered.folder().join("app"), Permissions::from_mode(0o700)).unwrap();
    let found = Found {
        wanted: 0,
        path: "app".into(),
    };
    artifacts.keep(gathered, vec![found]).await.unwrap()
}

#[tokio::test]
async fn a_set_can_be_read_by_anybody_and_written_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::of(folder.path());
    let given = kept(&artifacts, "x").await;
    let set = artifacts.find(&given.set).await.unwrap().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&set), mode(&set.join("app"))), (0o755, 0o555));
    let view = artifacts.show("RUN", &[given.set]).await.unwrap();
    assert_eq!(mode(&view), 0o755);
    assert!(artifacts.is_whole(&given.set).unwrap());
    fs::set_permissions(set.join("app"), Permissions::from_mode(0o755)).unwrap();
    fs::write(set.join("app"), "y").unwrap();
    assert!(!artifacts.is_whole(&given.set).unwrap());
    for wrong in ["", "..", "a/b"] {
        assert!(artifacts.show(wrong, &[]).await.is_err());
    }
}

#[tokio::test]
async fn what_no_run_tells_of_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let artifacts = Artifacts::of(folder.path());
    let (told, quoted, untold) = (
        kept(&artifacts, "told").await,
        kept(&artifacts, "quoted").await,
        kept(&artifacts, "untold").await,
    );
    store.create(header(&run_id("RUN"), 1)).await.unwrap();
    let succeeded = |output: String, given: Option<Given>| Event::ItemSucceeded {
        step: StepIndex(0),
        item: ItemIndex(0),
        output: Some(output.into()),
        retrieved: Default::default(),
        used: Default::default(),
        by: None,
        cached: false,
        artifacts: given,
    };
    // A text so long that it is a blob tells of one.
    let long = format!("{} {}", "x".repeat(100_000), quoted.path(&quoted.files[0]));
    let append = Append {
        run: run_id("RUN"),
        first: 0,
        at_ms: 1,
        events: [succeeded("x".into(), Some(told.clone())), succeeded(long, None)].into(),
        progress: Progress {
            status: RunStatus::Succeeded,
            ..Progress::default()
        },
    };
    store.append(append).await.unwrap();
    artifacts.show("RUN", &[told.set]).await.unwrap();
    let half_done = artifacts.begin().unwrap();
    assert_eq!(
        store.reader().stray_artifacts(0).await.unwrap(),
        Strays::default(),
        "all are new"
    );
    assert_eq!(store.forget_artifacts(0).await.unwrap(), Strays::default());
    assert_eq!(
        names(&artifacts.views()).unwrap(),
        Vec::<String>::new(),
        "the run is over"
    );
    assert!(half_done.folder().is_dir());

    let strays = Strays {
        sets: vec![untold.set],
        bytes: 6,
    };
    assert_eq!(store.reader().stray_artifacts(u64::MAX).await.unwrap(), strays);
    assert_eq!(store.forget_artifacts(u64::MAX).await.unwrap(), strays);
    assert!(artifacts.find(&untold.set).await.unwrap().is_none());
    assert!(!half_done.folder().exists());
    assert_eq!(contents(&artifacts.find(&told.set).await.unwrap().unwrap()).len(), 1);

    store.discard(&run_id("RUN"), "the test").await.unwrap();
    store.forget_orphans(u64::MAX).await.unwrap();
    assert_eq!(store.forget_artifacts(u64::MAX).await.unwrap().sets.len(), 2);
    assert_eq!(artifacts.all().unwrap(), []);
    store.close().await;
}
