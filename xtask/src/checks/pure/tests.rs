//! Sources that are pure, and those that only look it.

use super::impurities;
use crate::repository::TextFile;

fn lines(path: &str, text: &str) -> Vec<String> {
    impurities(&TextFile::new(path, text))
        .into_iter()
        .map(|finding| finding.place.rsplit(':').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn pure_code_passes() {
    let text = "\
//! Talks about std::fs, tokio and SystemTime::now().
use std::{collections::BTreeMap, time::Duration};
use std::sync::Arc;
/// `println!` is for others.
fn f(env: &Object, print: u8) -> &str { let rand = env.io; \"std::fs::read\" }
";
    assert_eq!(lines("core/src/a.rs", text), [""; 0]);
}

#[test]
fn every_way_to_the_outside_is_found() {
    let cases = [
        "use std::fs;",
        "use std::{\n    collections::BTreeMap, fs::File};",
        "use std::time::{Duration, Instant};",
        "let now = std::time::SystemTime::now();",
        "std::thread::spawn(f);",
        "std::env::var(\"HOME\")",
        "std::net::TcpStream::connect(a)",
        "std::process::Command::new(a)",
        "std::hash::RandomState::new()",
        "use std::io::Read;",
        "tokio::spawn(f)",
        "use tokio;",
        "rand::random()",
        "println!(\"x\")",
        "f().await",
        "async fn f() {}",
    ];
    for text in cases {
        let line = text.lines().count().to_string();
        assert_eq!(lines("core/src/a.rs", text), [line], "{text}");
    }
}

#[test]
fn ports_are_async_and_nothing_waits() {
    assert_eq!(lines("core/src/port/model.rs", "async fn stream(&self);"), [""; 0]);
    assert_eq!(lines("core/src/port/model.rs", "async fn f() { g().await }"), ["1"]);
}

#[test]
fn a_path_ends_where_it_ends() {
    assert_eq!(lines("core/src/a.rs", "std::mem::swap(a, fs); x.env = io;"), [""; 0]);
}
