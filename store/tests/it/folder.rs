//! Folders that are missing, in the way, or not to be written.

use crate::child;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Journal;
use troupe_store::{Reader, Store};
use troupe_testkit::conformance::journal::{header, run_id};

/// A user without rights, for where the tests run as one who has all.
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn reading_creates_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("not-yet");
    let error = Reader::open(&folder).await.map(drop).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Missing);
    assert!(error.message.contains("no run was started in"), "{error}");
    assert!(!folder.exists());
}

#[tokio::test]
async fn folders_are_created_with_their_parents() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b/.troupe");
    Store::open(&folder).await.unwrap().close().await;
    assert_eq!(Reader::open(&folder).await.unwrap().runs(1).await.unwrap(), []);
}

#[tokio::test]
async fn a_file_in_the_way_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let error = Store::open(&file.join(".troupe")).await.map(drop).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Storage);
    assert!(error.message.contains("file/.troupe"), "{error}");
}

fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_can_still_be_read() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join(".troupe");
    let store = Store::open(&folder).await.unwrap();
    store.create(header(&run_id("KEPT"), 1)).await.unwrap();
    store.close().await;
    permit(parent.path(), 0o755);
    for entry in std::fs::read_dir(&folder).unwrap() {
        permit(&entry.unwrap().path(), 0o444);
    }
    permit(&folder, 0o555);
    let may_write_anyway = std::fs::write(folder.join("probe"), "").is_ok();

    let mut command = child::told(Command::new(child::program()), &folder);
    command.args(child::arguments("looks_into_a_folder_that_it_may_not_write"));
    if may_write_anyway {
        std::fs::remove_file(folder.join("probe")).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.current_dir("/").output().unwrap();
    permit(&folder, 0o755);
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let refused = output
        .lines()
        .find(|line| line.starts_with("refused Storage cannot open"));
    assert!(refused.is_some_and(|line| line.contains("troupe.lock")), "{output}");
    assert!(output.lines().any(|line| line == "read 1"), "{output}");
}
