//! Archives, folders and commits, and what must not get out of them.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::path::PathBuf;

fn archive(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("files.tar.gz");
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // `append_data` would refuse a path that leads out.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
    path
}

#[tokio::test]
async fn an_archive_of_one_folder_is_that_folder() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = archive(from.path(), &[("src/a.txt", "a"), ("src/src/b.txt", "b")]);
    fetch(&Source::Archive(path), to.path()).await.unwrap();
    assert_eq!(fs::read_to_string(to.path().join("a.txt")).unwrap(), "a");
    assert_eq!(fs::read_to_string(to.path().join("src/b.txt")).unwrap(), "b");
}

#[tokio::test]
async fn nothing_of_an_archive_gets_out() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("inside");
    fs::create_dir(&to).unwrap();
    let path = archive(place.path(), &[("a.txt", "a"), ("../escaped.txt", "b")]);
    let _ = fetch(&Source::Archive(path), &to).await;
    assert!(!place.path().join("escaped.txt").exists());
    let link = place.path().join("link.tar");
    let mut builder = tar::Builder::new(File::create(&link).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "out", place.path()).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    builder.append_data(&mut header, "out/escaped.txt", &b"b"[..]).unwrap();
    builder.into_inner().unwrap();
    let _ = fetch(&Source::Archive(link), &to).await;
    assert!(!place.path().join("escaped.txt").exists());
}

#[tokio::test]
async fn a_commit_comes_without_what_came_after_it() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = from.path().to_string_lossy().into_owned();
    let commit = async |text: &str| {
        fs::write(from.path().join("a.txt"), text).unwrap();
        git(&["-C", &at, "add", "--all"]).await.unwrap();
        git(&[
            "-C",
            &at,
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "--message",
            text,
        ])
        .await
        .unwrap();
    };
    git(&["init", "--quiet", &at]).await.unwrap();
    commit("first").await;
    git(&["-C", &at, "tag", "old"]).await.unwrap();
    commit("second").await;
    let source = |commit: &str| Source::Git {
        from: at.clone(),
        commit: commit.into(),
    };
    let made = fetch(&source("old"), to.path()).await.unwrap();
    let Made::At(moment) = made else { panic!("{made:?}") };
    assert!(moment > Moment::of_seconds(1_577_836_800), "{moment}");
    assert_eq!(fs::read_to_string(to.path().join("a.txt")).unwrap(), "first");
    assert!(!to.path().join(".git").exists());
    let again = tempfile::tempdir().unwrap();
    fetch(&source("HEAD~1"), again.path()).await.unwrap();
    assert_eq!(fs::read_to_string(again.path().join("a.txt")).unwrap(), "first");
    let error = fetch(&source("nowhere"), tempfile::tempdir().unwrap().path())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn another_kind_of_file_is_no_archive() {
    let error = fetch(&Source::Archive("a.zip".into()), Path::new("/nowhere"))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"a.zip: this is no archive that can be read: give a .tar, .tar.gz or .tgz");
}

#[tokio::test]
async fn an_archive_tells_when_it_was_made_unless_a_packer_wrote_a_stamp() {
    let place = tempfile::tempdir().unwrap();
    let made = async |name: &str, times: &[u64]| {
        let path = place.path().join(name);
        let mut builder = tar::Builder::new(File::create(&path).unwrap());
        for (at, time) in times.iter().enumerate() {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            header.set_mode(0o644);
            header.set_mtime(*time);
            builder.append_data(&mut header, format!("{at}.txt"), &b""[..]).unwrap();
        }
        builder.into_inner().unwrap();
        fetch(&Source::Archive(path), tempfile::tempdir().unwrap().path())
            .await
            .unwrap()
    };
    let newest = Made::At(Moment::of_seconds(1_700_000_000));
    assert_eq!(
        made("one.tar", &[1_600_000_000, 1_700_000_000, 499_162_500]).await,
        newest
    );
    assert_eq!(
        made("two.tar", &[0, 1, 499_162_500, 1_153_704_088]).await,
        Made::Published
    );
}
