//! The manual is the test: every YAML block of `spec/*.md` compiles as its comments say.
//!
//! `# error: [T0203]` or `# warning: [T0210]` at the end of a line speaks of that line; on a line of
//! its own, of the next line. A block without such comments compiles without any diagnostic.
//! A block that shows a part alone is completed with a version and a step, and may leave things unused.

use crate::memory::{Memory, compiled};
use std::collections::BTreeSet;
use std::path::PathBuf;
use troupe_core::diagnostic::Severity;
use troupe_dsl::compile;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("spec")
}

/// A YAML block of the manual: the chapter, the line on which it starts, its text.
pub struct Block {
    pub place: String,
    pub text: String,
    /// Whether it shows a part alone.
    pub part: bool,
}

impl Block {
    fn new(place: String, text: String) -> Self {
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        let part = !has("troupe:") && !has("steps:");
        // At the end, so that lines stay where they are.
        let rest = if part {
            "troupe: 1\nsteps: { some: { run: [echo] } }\n"
        } else {
            ""
        };
        Self {
            place,
            text: text + rest,
            part,
        }
    }
}

/// All YAML blocks of the manual.
pub fn blocks() -> Vec<Block> {
    let mut chapters: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the manual is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    chapters.sort();
    let mut blocks = Vec::new();
    for chapter in chapters {
        let name = chapter.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&chapter).expect("a chapter can be read");
        let mut open: Option<(usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            match &mut open {
                None if line == "```yaml" => open = Some((number + 2, String::new())),
                Some((start, block)) if line == "```" => {
                    blocks.push(Block::new(format!("{name}:{start}"), std::mem::take(block)));
                    open = None;
                }
                Some((_, block)) => {
                    block.push_str(line);
                    block.push('\n');
                }
                None => {}
            }
        }
        assert!(open.is_none(), "{name}: a block is never closed");
    }
    blocks
}

type Expected = BTreeSet<(usize, String)>;

fn expected(text: &str) -> Expected {
    let mut expected = Expected::new();
    for (number, line) in text.lines().enumerate() {
        let Some((at, rest)) = ["# error: [", "# warning: ["]
            .iter()
            .find_map(|mark| line.find(mark).map(|at| (at, &line[at + mark.len()..])))
        else {
            continue;
        };
        let alone = line[..at].trim().is_empty();
        let code = rest.split(']').next().unwrap_or("");
        expected.insert((number + 1 + usize::from(alone), code.to_owned()));
    }
    expected
}

#[test]
fn every_block_of_the_manual_compiles_as_its_comments_say() {
    let blocks = blocks();
    assert!(blocks.len() > 30, "the manual has examples");
    let mut wrong = Vec::new();
    for block in &blocks {
        let compiled = compiled(&block.text);
        let file = &compiled.sources.files[0];
        let found: Expected = compiled
            .diagnostics
            .iter()
            .filter(|d| !block.part || d.severity == Severity::Error)
            .map(|d| (file.line_column(d.labels[0].span.start).0, d.code.to_owned()))
            .collect();
        let expected = expected(&block.text);
        if found != expected {
            let told: Vec<String> = compiled
                .diagnostics
                .iter()
                .map(|d| format!("  {}: {}", d.code, d.message))
                .collect();
            wrong.push(format!(
                "{}: expected {expected:?}, found {found:?}\n{}",
                block.place,
                told.join("\n")
            ));
        }
        let failed = compiled.diagnostics.iter().any(|d| d.severity == Severity::Error);
        assert_eq!(compiled.workflow.is_none(), failed, "{}", block.place);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn compiling_twice_gives_the_same() {
    for block in blocks() {
        let compile = || compile("w.yaml", block.text.as_bytes(), &Memory::of_the_manual());
        let (first, second) = (compile(), compile());
        assert_eq!(first.diagnostics, second.diagnostics, "{}", block.place);
        assert_eq!(first.workflow, second.workflow, "{}", block.place);
    }
}
