//! The manual is the test: every YAML block of `spec/*.md` compiles as its comments say.

use crate::manual::{self, Block, Kind};
use std::path::PathBuf;
use troupe_core::diagnostic::Severity;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("spec")
}

/// The chapters: name and text.
fn chapters() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the manual is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("a chapter can be read"))
    };
    paths.into_iter().map(read).collect()
}

/// All YAML blocks of the manual that are compiled, each with its place.
pub fn blocks() -> Vec<(String, Block)> {
    let chapters = chapters().into_iter();
    let placed = |(name, text): (String, String)| {
        let blocks = manual::blocks(&text).into_iter().filter(Block::is_compiled);
        blocks
            .map(|block| (format!("{name}:{}", block.line), block))
            .collect::<Vec<_>>()
    };
    chapters.flat_map(placed).collect()
}

#[test]
fn every_block_of_the_manual_compiles_as_its_comments_say() {
    let blocks = blocks();
    assert!(blocks.len() > 30, "the manual has examples");
    let mut wrong = Vec::new();
    for (place, block) in &blocks {
        let compiled = block.compile();
        let (found, expected) = (block.found(&compiled), Block::expected(&compiled));
        if found != expected {
            let told = compiled.diagnostics.iter();
            let told: Vec<String> = told.map(|d| format!("  {}: {}", d.code, d.message)).collect();
            let missing: Vec<_> = expected.difference(&found).collect();
            let more: Vec<_> = found.difference(&expected).collect();
            wrong.push(format!(
                "{place}: missing {missing:?}, unexpected {more:?}\n{}",
                told.join("\n")
            ));
        }
        let failed = compiled.diagnostics.iter().any(|d| d.severity == Severity::Error);
        assert_eq!(compiled.workflow.is_none(), failed, "{place}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_file_of_the_manual_is_used_in_its_chapter() {
    for (name, text) in chapters() {
        let blocks = manual::blocks(&text);
        assert_eq!(manual::unused_files(&blocks), [""; 0], "{name}");
    }
}

#[test]
fn compiling_twice_gives_the_same() {
    for (place, block) in blocks() {
        let (first, second) = (block.compile(), block.compile());
        assert_eq!(first.diagnostics, second.diagnostics, "{place}");
        assert_eq!(first.workflow, second.workflow, "{place}");
    }
}

#[test]
fn a_part_is_completed_and_a_file_is_kept_for_later() {
    let text = "```yaml\ninputs: { a: string }\n```\n```yaml\n# file: x/y.yaml\ntroupe: 1\n```\n```yaml\ntroupe: 1\nimports: x/y.yaml\n```\n";
    let blocks = manual::blocks(text);
    let kinds: Vec<&Kind> = blocks.iter().map(|block| &block.kind).collect();
    let file = Kind::File {
        name: "x/y.yaml".into(),
        runs: false,
    };
    assert_eq!(kinds, [&Kind::Part, &file, &Kind::Whole]);
    let codes: Vec<&str> = blocks[2].compile().diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["T0108"], "the import is found, and the steps are missing");
    assert_eq!(manual::unused_files(&blocks), [""; 0]);
}
