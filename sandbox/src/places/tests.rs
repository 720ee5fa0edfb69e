//! Commands where they ask to run.

use super::*;
use crate::host::Options;
use std::time::Duration;
use troupe_core::port::sandbox::Network;

fn command(script: &str, image: Option<String>) -> Command {
    Command {
        arguments: vec!["sh".into(), "-c".into(), script.into()],
        env: vec![("GIVEN".into(), "1".into())],
        stdin: Some("read".into()),
        sandbox: image.map(|image| Place {
            image,
            network: Network::None,
            resources: Resources {
                memory_mb: Some(128),
                ..Resources::default()
            },
        }),
    }
}

fn image() -> Option<String> {
    let image = std::env::var("TROUPE_TEST_IMAGE").ok();
    if image.is_none() {
        println!("passed over: TROUPE_TEST_IMAGE names no image");
    }
    image
}

#[tokio::test]
async fn a_command_without_a_sandbox_needs_to_be_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Places::new(folder.path(), None).run("key", command("true", None)).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Denied);
    let host = Host::new(Options::in_directory(folder.path()));
    let ran = Places::new(folder.path(), Some(host))
        .run("key", command("cat; echo $GIVEN", None))
        .await;
    assert_eq!(ran.unwrap().stdout, "read1\n");
}

#[tokio::test]
async fn a_sandbox_sees_the_workflow_and_writes_only_its_own() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "data ").unwrap();
    let places = Places::new(folder.path(), None);
    let script =
        "pwd; cat /workflow/data -; echo $GIVEN $TROUPE_EFFECT_KEY; touch own; touch /workflow/other || exit 3";
    let ran = places.run("key", command(script, Some(image.clone()))).await.unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (3, "/work\ndata read1 key\n"));
    let hungry = "x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo ${#x}";
    let ran = places.run("key", command(hungry, Some(image))).await.unwrap();
    assert_eq!(ran.code, -1);
    assert!(
        ran.stderr
            .ends_with("ended: it wanted more than its memory of 128 MiB\n"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_no_sandbox() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let places = Places::new(folder.path(), None);
    let engine = Docker::connect().await.unwrap();
    places.run("first", command("true", Some(image.clone()))).await.unwrap();
    // One is not yet made when nobody waits any more, the other one runs.
    for (name, patience) in [("early", 50), ("late", 2_000)] {
        let key = format!("{name}-{}", std::process::id());
        let waited = Duration::from_millis(patience);
        let run = places.run(&key, command("sleep 600", Some(image.clone())));
        assert!(tokio::time::timeout(waited, run).await.is_err());
        places.settle().await;
        let left = engine.labelled(&format!("troupe.owner=run {key}")).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
}
