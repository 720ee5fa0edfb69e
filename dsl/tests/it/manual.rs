//! Examples in Markdown: the YAML blocks of the manual and of the pages about codes.
//!
//! `# error: [T0203]` or `# warning: [T0210]` at the end of a line speaks of that line; on a line of
//! its own, of the next line. A block without such comments compiles without any diagnostic.
//! A block that shows a part alone is completed with a version and a step, and may leave things unused.
//! A block that starts with `# file: shared/agents.yaml` is that file for the blocks after it.

use crate::memory::Memory;
use std::collections::{BTreeMap, BTreeSet};
use troupe_core::diagnostic::Severity;
use troupe_dsl::{Compiled, compile};

/// A YAML block: the line on which it starts, its text, the files that stand before it.
pub struct Block {
    pub line: usize,
    pub text: String,
    pub kind: Kind,
    files: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A workflow.
    Whole,
    /// A part of one.
    Part,
    /// A file that others import or call, and whether it is a workflow itself.
    File { name: String, runs: bool },
}

impl Block {
    fn new(line: usize, text: String, files: &mut BTreeMap<String, String>) -> Self {
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        let before = files.clone();
        if let Some(name) = text.lines().next().and_then(|first| first.strip_prefix("# file: ")) {
            let name = name.trim().to_owned();
            // JSON knows no comments.
            let own = match name.ends_with(".json") {
                true => text.split_once('\n').map_or("", |(_, rest)| rest).to_owned(),
                false => text.clone(),
            };
            files.insert(name.clone(), own);
            let runs = has("steps:");
            let kind = Kind::File { name, runs };
            return Self {
                line,
                text,
                kind,
                files: before,
            };
        }
        let is_key = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(':');
        let part = !has("troupe:") && !has("steps:") && text.lines().any(is_key);
        // At the end, so that lines stay where they are.
        let rest = if part {
            "troupe: 1\nsteps: { some: { run: [echo] } }\n"
        } else {
            ""
        };
        Self {
            line,
            text: text + rest,
            kind: if part { Kind::Part } else { Kind::Whole },
            files: before,
        }
    }

    /// Whether it is a workflow, whole or completed; a file in a folder is compiled by what calls it.
    pub fn is_compiled(&self) -> bool {
        match &self.kind {
            Kind::Whole | Kind::Part => true,
            Kind::File { name, runs } => *runs && !name.contains('/'),
        }
    }

    pub fn compile(&self) -> Compiled {
        let mut files = Memory::of_the_manual();
        let before = self.files.iter();
        files
            .0
            .extend(before.map(|(name, text)| (name.clone(), text.clone().into_bytes())));
        let name = match &self.kind {
            Kind::File { name, .. } => name,
            _ => "workflow.yaml",
        };
        compile(name, self.text.as_bytes(), &files)
    }

    /// What the block's comments, and those of the files that it uses, expect: file, line, code.
    pub fn expected(compiled: &Compiled) -> Found {
        let files = compiled.sources.files.iter();
        files.flat_map(|file| expected(&file.name, &file.text)).collect()
    }

    /// What compiling told. Parts may leave things unused.
    pub fn found(&self, compiled: &Compiled) -> Found {
        let all = compiled.diagnostics.iter();
        all.filter(|d| self.kind != Kind::Part || d.severity == Severity::Error)
            .map(|d| {
                let span = d.labels[0].span;
                let file = compiled.sources.get(span.source).expect("a place is in a file");
                (file.name.clone(), file.line_column(span.start).0, d.code.to_owned())
            })
            .collect()
    }
}

/// Diagnostics: file, line, code.
pub type Found = BTreeSet<(String, usize, String)>;

fn expected(name: &str, text: &str) -> Found {
    let mut expected = Found::new();
    for (number, line) in text.lines().enumerate() {
        for mark in ["# error: [", "# warning: ["] {
            let Some(at) = line.find(mark) else { continue };
            let alone = line[..at].trim().is_empty();
            let codes = line[at + mark.len()..].split(']').next().unwrap_or("");
            let line = number + 1 + usize::from(alone);
            expected.extend(codes.split(", ").map(|code| (name.to_owned(), line, code.to_owned())));
        }
    }
    expected
}

/// The YAML blocks of a text, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut files = BTreeMap::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            None if line == "```yaml" => open = Some((number + 2, String::new())),
            Some((start, block)) if line == "```" => {
                blocks.push(Block::new(*start, std::mem::take(block), &mut files));
                open = None;
            }
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
            None => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// The files that no block of a text uses.
pub fn unused_files(blocks: &[Block]) -> Vec<String> {
    let compiled = blocks.iter().filter(|block| block.is_compiled()).map(Block::compile);
    let used: BTreeSet<String> = compiled
        .flat_map(|compiled| compiled.sources.files)
        .map(|file| file.name)
        .collect();
    let files = blocks.iter().filter_map(|block| match &block.kind {
        Kind::File { name, .. } => Some(name.clone()),
        _ => None,
    });
    files.filter(|name| !used.contains(name)).collect()
}
