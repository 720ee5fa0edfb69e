//! The rules that need no build hold for this tree, so that the tests fail where a rule is broken.
//! `cargo xtask verify` makes the others too: lints, documentation, duplicates and licences.

use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output()
        .expect("xtask starts")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn passes(check: &str) {
    let output = xtask(&[check]);
    assert!(output.status.success(), "\n{}", text(&output));
    assert!(text(&output).ends_with(": ok\n"), "\n{}", text(&output));
}

#[test]
fn layers() {
    passes("layers");
}

#[test]
fn sizes() {
    passes("sizes");
}

#[test]
fn codes() {
    passes("codes");
}

#[test]
fn pure() {
    passes("pure");
}

#[test]
fn words() {
    passes("words");
}

#[test]
fn unused() {
    passes("unused");
}

#[test]
fn format() {
    let installed = Command::new("cargo")
        .args(["fmt", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if installed {
        passes("format");
    } else {
        println!("skipped: rustfmt is not installed (`rustup component add rustfmt`)");
    }
}

#[test]
fn an_unknown_command_lists_the_known_ones() {
    let output = xtask(&["layer"]);
    assert_eq!(output.status.code(), Some(2));
    for name in ["verify", "layers", "clippy"] {
        assert!(text(&output).contains(name), "\n{}", text(&output));
    }
}
