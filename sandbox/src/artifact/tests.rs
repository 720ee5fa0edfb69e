//! What is taken, and what is refused: of archives as hostile containers could send them, and of folders.

use super::*;
use futures_util::stream;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;
use troupe_core::artifact::WantedPath;
use troupe_core::port::sandbox::Pieces;
use troupe_testkit::artifacts::contents;

fn wanted(text: &str) -> WantedPath {
    WantedPath {
        text: text.to_owned(),
        is_pattern: text.contains('*'),
    }
}

fn selector(text: &str) -> Selector {
    Selector::of(&wanted(text)).unwrap()
}

/// An archive of entries: kind, name as it stands there, and content or what it leads to.
fn archive(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, name, text) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(if text.starts_with("#!") { 0o755 } else { 0o600 });
        // The builder would refuse some of these names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let is_file = matches!(kind, EntryType::Regular);
        let content = if is_file { text.as_bytes() } else { &[] };
        if !is_file && !text.is_empty() {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Takes a path out of an archive that comes in pieces of seven bytes; what was found, and what lies in the folder.
async fn take(
    text: &str,
    entries: &[(EntryType, &str, &str)],
    most: u64,
) -> Result<(Vec<String>, Vec<String>), String> {
    let (parent, bytes) = (TempDir::new().unwrap(), archive(entries));
    let folder = parent.path().join("files");
    fs::create_dir(&folder).unwrap();
    let pieces: Vec<_> = bytes.chunks(7).map(|piece| Ok(piece.to_vec())).collect();
    let pieces: Pieces<'_> = Box::pin(stream::iter(pieces));
    let taken = archive::take(pieces, selector(text), Intake::new(&folder, "/work", most)).await;
    let taken = taken.and_then(|(mut intake, tops)| intake.settle_links().map(|()| tops));
    let around = fs::read_dir(parent.path()).unwrap().count();
    assert_eq!(around, 1, "nothing is written beside the folder");
    let tops = taken.map_err(|error| error.message)?;
    let shown = contents(&folder).into_iter().map(|(path, content)| match content {
        None => format!("{path}/"),
        Some(content) => {
            let mode = fs::metadata(folder.join(&path)).unwrap().permissions().mode();
            let sign = if mode & 0o111 != 0 { "*" } else { "" };
            format!("{path}{sign}={}", String::from_utf8(content).unwrap())
        }
    });
    Ok((tops, shown.collect()))
}

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;
const SAME: EntryType = EntryType::Link;
const ROOM: u64 = 1 << 20;

#[tokio::test]
async fn files_folders_and_patterns_are_taken() {
    let one = take("target/app", &[(FILE, "app", "#!x")], ROOM).await.unwrap();
    assert_eq!(
        one,
        (
            vec!["target/app".into()],
            vec!["target/".into(), "target/app*=#!x".into()]
        )
    );
    let tree = [
        (FOLDER, "dist/", ""),
        (FILE, "dist/a", "1"),
        (FOLDER, "dist/empty", ""),
        (SAME, "dist/b", "dist/a"),
        (LINK, "dist/sub/c", "../a"),
        (LINK, "dist/d", "/work/dist/sub/c"),
    ];
    let (tops, all) = take("dist", &tree, ROOM).await.unwrap();
    assert_eq!(tops, ["dist"]);
    let expected = [
        "dist/",
        "dist/a=1",
        "dist/b=1",
        "dist/d=1",
        "dist/empty/",
        "dist/sub/",
        "dist/sub/c=1",
    ];
    assert_eq!(all, expected);
    let reports = [
        (FOLDER, "reports", ""),
        (FILE, "reports/b.xml", "b"),
        (FILE, "reports/a.xml", "a"),
        (FILE, "reports/a.txt", "no"),
        (FOLDER, "reports/deep", ""),
        (FILE, "reports/deep/c.xml", "no"),
    ];
    let (tops, all) = take("reports/*.xml", &reports, ROOM).await.unwrap();
    assert_eq!(tops, ["reports/a.xml", "reports/b.xml"]);
    assert_eq!(all, ["reports/", "reports/a.xml=a", "reports/b.xml=b"]);
    let (tops, _) = take("reports/**/*.xml", &reports, ROOM).await.unwrap();
    assert_eq!(tops, ["reports/a.xml", "reports/b.xml", "reports/deep/c.xml"]);
    // A folder that fits is taken whole; everything of the folder where the command started is below its last name.
    let (tops, all) = take(
        "d*",
        &[
            (FOLDER, "work/", ""),
            (FOLDER, "work/dist", ""),
            (FILE, "work/dist/a", "1"),
        ],
        ROOM,
    )
    .await
    .unwrap();
    assert_eq!(
        (tops, all),
        (vec!["dist".into()], vec!["dist/".into(), "dist/a=1".into()])
    );
    let none = take("reports/*.json", &reports, ROOM).await.unwrap();
    assert_eq!(none, (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn no_entry_leads_out_of_the_folder() {
    for name in ["x/../../escaped", "x/../../../escaped", "../x/../../escaped"] {
        let told = take("x", &[(FILE, name, "out")], ROOM).await.unwrap_err();
        assert!(told.contains("would lie outside"), "{told}");
    }
    // An absolute name is one below the folder, whatever it says.
    let (_, all) = take("x", &[(FILE, "/etc/passwd", "mine")], ROOM).await.unwrap();
    assert_eq!(all, ["x/", "x/etc/", "x/etc/passwd=mine"]);
    // A file behind a link never goes through it.
    let through = [
        (FOLDER, "x", ""),
        (LINK, "x/out", "/tmp"),
        (FILE, "x/out/escaped", "out"),
    ];
    let told = take("x", &through, ROOM).await;
    assert!(!std::path::Path::new("/tmp/escaped").exists(), "{told:?}");
    for target in ["/etc/passwd", "../../etc/passwd", "gone", "..", "sub"] {
        let told = take("x", &[(FOLDER, "x/sub", ""), (LINK, "x/link", target)], ROOM)
            .await
            .unwrap_err();
        assert!(told.contains(&format!("`x/link` is a link to `{target}`")), "{told}");
    }
    for target in ["/etc/passwd", "x/gone"] {
        let told = take("x", &[(SAME, "x/same", target)], ROOM).await.unwrap_err();
        assert!(told.contains("is the same file as"), "{told}");
    }
    let told = take("x", &[(EntryType::Fifo, "x/pipe", "")], ROOM).await.unwrap_err();
    assert!(told.contains("`x/pipe` is neither a file nor a folder"), "{told}");
}

#[tokio::test]
async fn no_more_is_taken_than_may_be() {
    let two = [(FILE, "x/a", "12345"), (FILE, "x/b", "12345")];
    let both = 2 * (5 + 1_024);
    take("x", &two, both).await.unwrap();
    let told = take("x", &two, both - 1).await.unwrap_err();
    assert!(told.contains("`limits.artifact_mb`"), "{told}");
    let empty: Vec<(EntryType, String)> = (0..100).map(|n| (FILE, format!("x/{n}"))).collect();
    let empty: Vec<(EntryType, &str, &str)> = empty.iter().map(|(kind, name)| (*kind, name.as_str(), "")).collect();
    take("x", &empty, 99 * 1_024).await.unwrap_err();
}

#[test]
fn paths_are_read_strictly() {
    for wrong in ["/app", "..", "a/../b", "", ".", "./", "a\0"] {
        assert!(Selector::of(&wanted(wrong)).is_err(), "{wrong}");
    }
    assert_eq!(selector("./a//b/").base(), "a/b");
    assert_eq!(selector("a/b/*.c").base(), "a/b");
    assert_eq!(selector("**/x").base(), "");
    // What an expression put in is no pattern by itself.
    let literal = WantedPath {
        text: "a*".into(),
        is_pattern: false,
    };
    assert_eq!(Selector::of(&literal).unwrap().base(), "a*");
}

#[test]
fn a_folder_of_the_machine_is_taken_without_its_links() {
    let (machine, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let at = |path: &str| machine.path().join(path);
    fs::create_dir_all(at("work/out/sub")).unwrap();
    fs::create_dir_all(at("work/.troupe")).unwrap();
    fs::write(at("work/.troupe/db"), "runs").unwrap();
    fs::write(at("work/out/sub/a"), "a").unwrap();
    fs::write(at("secret"), "secret").unwrap();
    symlink("sub/a", at("work/out/b")).unwrap();
    let from = |paths: &[&str], to: &std::path::Path| {
        let wanted = Wanted {
            paths: paths.iter().map(|text| wanted(text)).collect(),
            most_bytes: ROOM,
        };
        from_machine(&at("work"), to, &wanted)
    };
    let found = from(&["*"], to.path()).unwrap();
    assert_eq!(
        found,
        [Found {
            wanted: 0,
            path: "out".into()
        }]
    );
    let names: Vec<String> = contents(to.path()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["out", "out/b", "out/sub", "out/sub/a"]);
    let told = from(&["out/c*"], to.path()).unwrap_err();
    assert!(
        told.message
            .starts_with("the command succeeded, and there is no `out/c*` in"),
        "{told}"
    );
    symlink("..", at("work/up")).unwrap();
    let told = from(&["up/secret"], to.path()).unwrap_err();
    assert!(told.message.contains("lies outside of"), "{told}");
    symlink(at("secret"), at("work/leak")).unwrap();
    let told = from(&["leak"], to.path()).unwrap_err();
    assert!(told.message.contains("is a link to"), "{told}");
}
