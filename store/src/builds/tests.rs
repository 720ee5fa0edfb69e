//! What is taken down is read while it grows, by another handle; logs stay small, and old builds go.

use super::*;
use troupe_core::port::build::{BuildEvent, Command};

fn entry(at_ms: u64, command: Command) -> BuildEntry {
    let event = BuildEvent::CommandBegun { command };
    BuildEntry { at_ms, event }
}

#[test]
fn what_happens_is_read_as_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let builds = Builds::of(folder.path());
    assert!(builds.names().is_empty());
    let mut record = builds.begin(7).unwrap();
    let [name] = &builds.names()[..] else {
        panic!("one build")
    };
    assert!(builds.is_at_work(name));
    assert_eq!(builds.read(name, 0), (Vec::new(), 0));
    record.note(entry(7, Command::Files));
    let (entries, next) = builds.read(name, 0);
    assert_eq!(entries, [entry(7, Command::Files)]);
    // A line that is not whole waits.
    record.facts.write_all(b"{\"at_ms\":8,").unwrap();
    assert_eq!(builds.read(name, next), (Vec::new(), next));
    record
        .facts
        .write_all(b"\"event\":\"command_ended\",\"code\":3}\n")
        .unwrap();
    record.note(entry(9, Command::After(2)));
    let ended = BuildEntry {
        at_ms: 8,
        event: BuildEvent::CommandEnded { code: 3 },
    };
    assert_eq!(builds.read(name, next).0, [ended, entry(9, Command::After(2))]);
    record.print(b"a\nb\n");
    assert_eq!(
        (builds.tail(name, 2), builds.tail(name, 99)),
        ("b\n".into(), "a\nb\n".into())
    );
    drop(record);
    assert!(!builds.is_at_work(name), "it ends with who builds");
}

#[test]
fn a_long_log_keeps_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let builds = Builds::of(folder.path());
    let mut record = builds.begin(7).unwrap();
    for line in 0..40_000 {
        record.print(format!("a line of a log, the {line:06}th of them all\n").as_bytes());
    }
    let name = &builds.names()[0];
    let length = std::fs::metadata(builds.log(name)).unwrap().len();
    assert!((LOG_KEPT..=LOG_MAX).contains(&length), "{length}");
    assert!(builds.tail(name, 45).ends_with("the 039999th of them all\n"));
}

#[test]
fn the_oldest_that_are_over_go() {
    let folder = tempfile::tempdir().unwrap();
    let builds = Builds::of(folder.path());
    let at_work = builds.begin(1).unwrap();
    for at_ms in 2..60 {
        drop(builds.begin(at_ms).unwrap());
    }
    let names = builds.names();
    assert_eq!(
        names.len(),
        KEPT + 2,
        "those that stay, the new one, and the one at work"
    );
    assert!(
        names[0].starts_with("000000000000059-"),
        "the newest first: {}",
        names[0]
    );
    assert!(builds.is_at_work(names.last().unwrap()));
    drop(at_work);
    drop(builds.begin(60).unwrap());
    assert!(builds.names().last().unwrap().starts_with("000000000000010-"));
}
