//! The folder in which a run lives and dies: the workflow, its scripts, and what its commands leave.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use troupe_core::ir::{EffectClass, ToolSource, Workflow};
use troupe_dsl::Folder;

/// Where a run is and what it does.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// A fresh copy of the workspace beside this file.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/workspace"),
            folder.path(),
        );
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the commands left, a line for each time that one worked: its key and what it is.
    pub fn lines(&self) -> Vec<(String, String)> {
        lines(self.path())
    }
}

/// The lines of the effects that worked in `folder`.
fn lines(folder: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(effects(folder)).unwrap_or_default();
    let pair = |line: &str| {
        line.split_once(' ')
            .map(|(key, what)| (key.to_owned(), what.to_owned()))
    };
    text.lines().map(|line| pair(line).unwrap()).collect()
}

/// The file that effects leave their lines in.
pub fn effects(folder: &Path) -> PathBuf {
    folder.join("effects")
}

/// The store's folder.
pub fn store(folder: &Path) -> PathBuf {
    folder.join(".troupe")
}

/// The workflow, as the program compiles it.
pub fn workflow(folder: &Path) -> Workflow {
    let file = folder.join("workflow.yaml");
    let text = std::fs::read(&file).unwrap();
    let compiled = troupe_dsl::compile(&file.display().to_string(), &text, &Folder::new(folder));
    compiled
        .workflow
        .unwrap_or_else(|| panic!("the workflow has mistakes: {:#?}", compiled.diagnostics))
}

/// The same with tools of every class, which no tool of a corpus is.
pub fn classified(folder: &Path) -> Workflow {
    let mut workflow = workflow(folder);
    classify(&mut workflow);
    workflow
}

fn classify(workflow: &mut Workflow) {
    for tool in &mut workflow.tools {
        let ToolSource::Corpus { tool: name, .. } = &tool.source else {
            continue;
        };
        tool.class = match name.as_str() {
            "read_chunk" => EffectClass::Once,
            "semantic_search" => EffectClass::Idempotent,
            _ => EffectClass::Pure,
        };
    }
    for called in &mut workflow.workflows {
        classify(Arc::make_mut(called));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
