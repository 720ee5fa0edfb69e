//! What rooms must do, wherever they are.

use troupe_core::effect::{Place, WORK};
use troupe_core::port::room::{Found, Rooms};
use troupe_core::port::sandbox::{Execution, HostPattern, Hosts, Network, Resources, Rights};

/// Every law of rooms, in images that have `sh`. What it leaves is gone when they hold.
///
/// # Panics
/// When a law is broken.
pub async fn check<R: Rooms>(rooms: &R, images: [&str; 2]) {
    let run = format!("LAWS-{}", std::process::id());
    files_stay_in_their_room(rooms, &run, images[0]).await;
    whoever_goes_on_finds_the_files(rooms, &run, images[0]).await;
    another_place_keeps_the_files(rooms, &run, images[0]).await;
    another_image_keeps_the_directory(rooms, &run, images).await;
    success_removes_what_the_run_has_and_no_more(rooms, &run, images[0]).await;
}

/// A room of a run.
fn room(run: &str, name: &str, image: &str) -> Place {
    Place {
        room: Some(format!("{run}/{name}")),
        image: image.to_owned(),
        directory: WORK.to_owned(),
        network: Network::None,
        rights: Rights::Least,
        resources: Resources {
            memory_mb: Some(128),
            ..Resources::default()
        },
    }
}

/// What a shell command prints, and what it found.
async fn say<R: Rooms>(rooms: &R, place: &Place, script: &str) -> (String, Found) {
    let execution = Execution {
        arguments: ["sh", "-c", script].map(str::to_owned).to_vec(),
        ..Execution::script("")
    };
    let executed = rooms.execute("LAWS/call", place, execution).await;
    let executed = executed.unwrap_or_else(|error| panic!("`{script}` was not run: {error}"));
    (executed.ended.stdout.trim().to_owned(), executed.found)
}

fn found(text: &str, found: Found) -> (String, Found) {
    (text.to_owned(), found)
}

const READ: &str = "cat file 2>/dev/null || echo none";

async fn files_stay_in_their_room<R: Rooms>(rooms: &R, run: &str, image: &str) {
    let (one, other) = (room(run, "one", image), room(run, "one/agent-1", image));
    assert_eq!(say(rooms, &one, "echo 1 > file").await, found("", Found::Nothing));
    assert_eq!(say(rooms, &one, READ).await, found("1", Found::Files));
    assert_eq!(say(rooms, &other, READ).await, found("none", Found::Nothing));
    let alone = Place {
        room: None,
        ..one.clone()
    };
    assert_eq!(say(rooms, &alone, "echo 2 > file").await.1, Found::Nothing);
    assert_eq!(say(rooms, &alone, READ).await, found("none", Found::Nothing));
}

async fn whoever_goes_on_finds_the_files<R: Rooms>(rooms: &R, run: &str, image: &str) {
    let one = room(run, "one", image);
    for _ in 0..2 {
        rooms.leave(run, false).await;
        assert_eq!(say(rooms, &one, READ).await, found("1", Found::Files));
    }
}

async fn another_place_keeps_the_files<R: Rooms>(rooms: &R, run: &str, image: &str) {
    let mut one = room(run, "one", image);
    say(rooms, &one, "rm -f gone; echo 3 > other; mkdir -p a/b; echo 4 > a/b/.c").await;
    let host: HostPattern = "example.com".parse().expect("a host");
    one.network = Network::All;
    rooms.leave(run, false).await;
    assert_eq!(say(rooms, &one, READ).await, found("1", Found::Files));
    one.rights = Rights::Install;
    one.resources.pids = Some(77);
    rooms.leave(run, false).await;
    assert_eq!(say(rooms, &one, "cat other a/b/.c").await, found("3\n4", Found::Files));
    for hosts in [vec![host.clone()], vec!["example.org".parse().expect("a host"), host]] {
        one.network = Network::Hosts(Hosts::new(hosts));
        rooms.leave(run, false).await;
        assert_eq!(say(rooms, &one, READ).await, found("1", Found::Files));
    }
}

async fn another_image_keeps_the_directory<R: Rooms>(rooms: &R, run: &str, [image, another]: [&str; 2]) {
    say(rooms, &room(run, "one", image), "echo elsewhere > ../elsewhere").await;
    let one = room(run, "one", another);
    let look = "cat file a/b/.c; cat ../elsewhere 2>/dev/null || echo none";
    rooms.leave(run, false).await;
    assert_eq!(say(rooms, &one, look).await, found("1\n4\nnone", Found::Directory));
    assert_eq!(say(rooms, &one, READ).await, found("1", Found::Files));
}

async fn success_removes_what_the_run_has_and_no_more<R: Rooms>(rooms: &R, run: &str, image: &str) {
    let [below, beside] = [format!("{run}.step-1"), format!("{run}X")].map(|run| room(&run, "one", image));
    for place in [&below, &beside] {
        say(rooms, place, "echo 5 > file").await;
    }
    rooms.leave(run, true).await;
    for place in [&room(run, "one", image), &room(run, "one/agent-1", image), &below] {
        assert_eq!(say(rooms, place, READ).await, found("none", Found::Nothing));
    }
    assert_eq!(say(rooms, &beside, READ).await, found("5", Found::Files));
    for run in [run, &format!("{run}X")] {
        rooms.leave(run, true).await;
    }
}
