//! Commands where they ask to run.

use super::*;
use crate::docker::tests::guard;
use crate::host::Options;
use crate::proxy::tests::FORWARDS;
use crate::proxy::{Forwarder, Upstream};
use std::cmp::{max, min};
use std::time::Duration;
use troupe_core::artifact::{Wanted, WantedPath};
use troupe_core::effect::WORK;
use troupe_core::port::blob::Digest;
use troupe_core::port::sandbox::{Network, Resources, Rights};
use troupe_testkit::artifacts::FolderArtifacts;

fn command(script: &str, image: Option<String>) -> Command {
    Command {
        arguments: vec!["sh".into(), "-c".into(), script.into()],
        env: vec![("GIVEN".into(), "1".into())],
        stdin: Some("read".into()),
        artifacts: None,
        sandbox: image.map(|image| Place {
            room: None,
            image,
            directory: WORK.to_owned(),
            network: Network::None,
            rights: Rights::Least,
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

/// A place of a run whose sandbox stays.
fn room(image: &str, name: &str) -> Place {
    Place {
        room: Some(name.to_owned()),
        ..command("", Some(image.to_owned())).sandbox.unwrap()
    }
}

/// What a shell command in a room prints, with a `*` before it where the sandbox is new.
async fn say(places: &Places, room: &Place, script: &str) -> String {
    let execution = Execution {
        timeout: Some(Duration::from_secs(20)),
        ..Execution::script(script)
    };
    let executed = places.execute("run/call", room, execution).await.unwrap();
    let exit = executed.ended.into_exit(&room.resources);
    let star = match executed.found {
        Found::Files => "",
        Found::Directory => "+",
        Found::Nothing => "*",
    };
    format!("{star}{}{}", exit.stdout.trim(), exit.stderr.trim())
}

#[tokio::test]
async fn a_room_stays_with_its_run_and_goes_with_it() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = format!("run-{}", std::process::id());
    let _guard = guard::Rooms(run.clone());
    let (one, other) = (
        room(&image, &format!("{run}/shop")),
        room(&image, &format!("{run}/shop/agent-1")),
    );
    let places = Places::new(folder.path(), None);
    assert_eq!(say(&places, &one, "echo 1 > kept; (sleep 900 &); pwd").await, "*/work");
    assert_eq!(
        say(&places, &other, "cat kept").await,
        "*cat: kept: No such file or directory"
    );
    assert_eq!(say(&places, &one, "cat kept").await, "1");
    // A command that nobody waits for ends, and the next one finds the files.
    let broken_off = places.execute("key", &one, Execution::script("echo 2 > kept; sleep 900"));
    assert!(timeout(Duration::from_secs(3), broken_off).await.is_err());
    assert_eq!(
        say(
            &places,
            &one,
            "cat kept; grep -lx sleep /proc/[0-9]*/comm 2>/dev/null | wc -l"
        )
        .await,
        "2\n1"
    );
    // Another process goes on with the run: its files are there, and nothing runs.
    places.leave(&run, false).await;
    let later = Places::new(folder.path(), None);
    assert_eq!(
        say(
            &later,
            &one,
            "cat kept; grep -lx sleep /proc/[0-9]*/comm 2>/dev/null | wc -l"
        )
        .await,
        "2\n1"
    );
    later.leave(&run, true).await;
    assert_eq!(
        say(&later, &one, "cat kept").await,
        "*cat: kept: No such file or directory"
    );
    later.leave(&run, true).await;
    let engine = Docker::connect().await.unwrap();
    assert!(engine.labelled(&format!("troupe.run={run}")).await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_stops_waiting_for_a_new_room_leaves_it_to_the_next_one() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = format!("impatient-{}", std::process::id());
    let _guard = guard::Rooms(run.clone());
    let places = Places::new(folder.path(), None);
    let shop = room(&image, &format!("{run}/shop"));
    places.engine().await.unwrap();
    let broken_off = places.execute("key", &shop, Execution::script("true"));
    assert!(timeout(Duration::from_millis(1), broken_off).await.is_err());
    assert_eq!(say(&places, &shop, "pwd").await, "/work");
    let engine = Docker::connect().await.unwrap();
    let label = format!("troupe.run={run}");
    assert_eq!(engine.labelled(&label).await.unwrap().len(), 1);
    // Who leaves in the middle of a command leaves nothing either.
    let broken_off = places.execute("key", &shop, Execution::script("sleep 900"));
    assert!(timeout(Duration::from_secs(1), broken_off).await.is_err());
    places.leave(&run, true).await;
    places.settle().await;
    assert!(engine.labelled(&label).await.unwrap().is_empty());
}

/// Places on an engine that puts the program of these tests into sandboxes that may reach some hosts only.
async fn reaching(folder: &std::path::Path) -> Places {
    let places = Places::new(folder, None);
    let engine = Docker::connect().await.unwrap();
    let engine = engine.reaching(Forwarder::new(&FORWARDS), Upstream::default());
    assert!(places.engine.set(engine).is_ok());
    places
}

/// Another name of an image, until it is dropped.
struct Alias(String);

impl Alias {
    async fn of(image: &str) -> Self {
        let engine = Docker::connect().await.unwrap();
        let sandbox = engine.create(&Blueprint::new(image, "/", "test")).await.unwrap();
        let name = format!("troupe-test/alias:{}", std::process::id());
        sandbox.commit(&name).await.unwrap();
        sandbox.remove().await.unwrap();
        Self(name)
    }
}

impl Drop for Alias {
    fn drop(&mut self) {
        let name = self.0.clone();
        guard::at_the_end(async move |engine| drop(engine.remove_image(&name).await));
    }
}

#[tokio::test]
async fn rooms_of_an_engine_keep_the_laws() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let alias = Alias::of(&image).await;
    let _guards = ["", "X"].map(|end| guard::Rooms(format!("LAWS-{}{end}", std::process::id())));
    troupe_testkit::conformance::room::check(&reaching(folder.path()).await, [&image, &alias.0]).await;
}

#[tokio::test]
async fn a_room_is_made_anew_as_it_is_wanted_with_all_its_files() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = format!("renewed-{}", std::process::id());
    let _guard = guard::Rooms(run.clone());
    let places = reaching(folder.path()).await;
    let mut shop = room(&image, &format!("{run}/shop"));
    assert_eq!(
        say(
            &places,
            &shop,
            "echo 1 > a; rm /etc/motd 2>/dev/null; echo 2 > /opt/b; ls /sys/class/net"
        )
        .await,
        "*lo"
    );
    places.leave(&run, false).await;
    shop.network = Network::All;
    shop.rights = Rights::Install;
    shop.resources.pids = Some(99);
    let look = "cat a /opt/b; ls /sys/class/net | sort | tr '\\n' ' '; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; touch c && chown 7 c && stat -c %u c";
    let told = say(&places, &shop, look).await;
    assert!(told.starts_with("1\n2\neth0 lo ") && told.ends_with("\n7"), "{told}");
    // Within one process it stays as it is; after it the engine has one container and one image of it.
    assert_eq!(say(&places, &shop, "cat a; stat -c %u c").await, "1\n7");
    let engine = Docker::connect().await.unwrap();
    assert_eq!(engine.labelled(&format!("troupe.run={run}")).await.unwrap().len(), 1);
    // Back again, and twice: images on which nothing stands any more are gone.
    for pids in [98, 97] {
        places.leave(&run, false).await;
        shop.resources.pids = Some(pids);
        assert_eq!(say(&places, &shop, "cat a /opt/b; stat -c %u c").await, "1\n2\n7");
    }
    let kept = engine.kept(true).await.unwrap();
    let kept: Vec<_> = kept.into_iter().filter(|kept| kept.run == run).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(
        kept[0].bytes > 0 && guard::snapshots(&engine).await.contains(&kept[0].base),
        "{kept:?}"
    );
    places.leave(&run, true).await;
    assert!(!guard::snapshots(&engine).await.contains(&kept[0].base), "{kept:?}");
}

#[tokio::test]
async fn a_copy_is_a_room_of_its_own() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (run, fork) = (
        format!("parent-{}", std::process::id()),
        format!("fork-{}", std::process::id()),
    );
    let _guards = [&run, &fork].map(|run| guard::Rooms(run.clone()));
    let places = reaching(folder.path()).await;
    let shop = room(&image, &format!("{run}/shop"));
    say(&places, &shop, "echo 1 > a").await;
    let engine = Docker::connect().await.unwrap();
    let kept = engine.kept(false).await.unwrap();
    let original = kept.iter().find(|kept| kept.run == run).unwrap();
    let wanted = Room {
        run: fork.clone(),
        name: format!("{fork}/shop"),
        workspace: "w".into(),
    };
    let copied = engine.copy(original, wanted).await.unwrap();
    assert!(engine.kept(false).await.unwrap().contains(&copied));
    // Both go their own ways from here, and each ends without the other.
    say(&places, &shop, "echo 2 >> a").await;
    let own = room(&image, &format!("{fork}/shop"));
    assert_eq!(say(&places, &own, "cat a; echo 3 >> a").await, "1");
    assert_eq!(say(&places, &shop, "cat a").await, "1\n2");
    places.leave(&run, true).await;
    assert_eq!(say(&places, &own, "cat a").await, "1\n3");
    places.leave(&fork, true).await;
    assert!(!guard::snapshots(&engine).await.contains(&copied.base));
}

/// A command that is asked for files.
fn giving(script: &str, image: Option<&str>, paths: &[&str]) -> Command {
    let paths = paths.iter().map(|text| WantedPath {
        text: (*text).to_owned(),
        is_pattern: text.contains('*'),
    });
    Command {
        artifacts: Some(Wanted {
            paths: paths.collect(),
            most_bytes: 1 << 20,
        }),
        ..command(script, image.map(str::to_owned))
    }
}

/// Places of a new folder, with a keeper of artifacts.
fn keeping(folder: &std::path::Path) -> (Places, Arc<FolderArtifacts>) {
    let keeper = Arc::new(FolderArtifacts::new());
    let host = Host::new(Options::in_directory(folder));
    (Places::new(folder, Some(host)).keeping(keeper.clone()), keeper)
}

#[tokio::test]
async fn a_command_on_the_machine_gives_files_and_is_told_where_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let (places, keeper) = keeping(folder.path());
    let made = places
        .run("key", giving("mkdir out; echo made > out/a", None, &["out"]))
        .await
        .unwrap();
    let given = made.artifacts.unwrap();
    let path = given.path(&given.files[0]);
    let read = places
        .run("key", command(&format!("cat {path}/a"), None))
        .await
        .unwrap();
    assert_eq!(read.stdout, "made\n");
    let at = keeper.find(&given.set).await.unwrap().unwrap();
    let told = places.run("key", command(&format!("echo {path}"), None)).await.unwrap();
    assert_eq!(told.stdout.trim(), at.join("out").display().to_string());
    // One that failed gives nothing; one that gives too little fails; one that is told of what is gone never begins.
    let failed = places.run("key", giving("exit 3", None, &["out"])).await.unwrap();
    assert_eq!((failed.code, failed.artifacts), (3, None));
    let none = places.run("key", giving("true", None, &["other"])).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::Missing);
    let gone = format!("touch ran; cat {}", troupe_core::artifact::folder_of(&Digest([7; 32])));
    assert_eq!(
        places.run("key", command(&gone, None)).await.unwrap_err().kind,
        ErrorKind::Missing
    );
    assert!(!folder.path().join("ran").exists());
}

#[tokio::test]
async fn a_sandbox_gives_files_and_a_room_finds_them() {
    let Some(image) = image() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (places, _) = keeping(folder.path());
    let script = "mkdir -p out/deep; echo 1 > out/deep/a.txt; ln out/deep/a.txt out/b.txt; ln -s deep/a.txt out/c; touch ./'-x *.txt'";
    let made = giving(script, Some(&image), &["out", "*.txt"]);
    let given = places.run("key", made).await.unwrap().artifacts.unwrap();
    let paths: Vec<(&str, u64)> = given
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.bytes))
        .collect();
    assert_eq!(paths, [("out", 6), ("-x *.txt", 0)]);
    let see = format!(
        "cat {}/b.txt; ls -A /artifacts; ls -A out 2>/dev/null",
        given.path(&given.files[0])
    );
    let seen = places.run("key", command(&see, Some(image.clone()))).await.unwrap();
    assert_eq!(seen.stdout, format!("1\n{}\n", given.set));

    let run = format!("files-{}", std::process::id());
    let shop = room(&image, &format!("{run}/shop"));
    assert_eq!(say(&places, &shop, "ls -A /artifacts").await, "*");
    assert_eq!(say(&places, &shop, &see).await, format!("1\n{}", given.set));
    let change = format!("echo 2 > {}/b.txt", given.path(&given.files[0]));
    assert!(say(&places, &shop, &change).await.contains("Read-only file system"));
    // A room gives files too, before the next command changes them.
    let mut more = giving("echo 3 > more", Some(&image), &["more"]);
    more.sandbox = Some(shop.clone());
    let (first, second) = tokio::join!(
        places.run(&run, more),
        places.execute(&run, &shop, Execution::script("sleep 0.2; echo 4 > more"))
    );
    second.unwrap();
    let more = first.unwrap().artifacts.unwrap();
    assert_eq!(
        say(&places, &shop, &format!("cat {}", more.path(&more.files[0]))).await,
        "3"
    );
    // Stopped and gone on with, it still sees all.
    places.leave(&run, false).await;
    assert_eq!(
        say(&places, &shop, &see).await,
        format!("1\n{}\n{}", min(&given.set, &more.set), max(&given.set, &more.set))
    );
    places.leave(&run, true).await;
}
