//! From a path on the command line to a compiled workflow.

use crate::exit::Usage;
use crate::report;
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use troupe_core::diagnostic::Sources;
use troupe_core::id::RunId;
use troupe_core::ir::{Verb, Workflow};
use troupe_dsl::{Compiled, FileError, Files, Folder, MAX_WORKFLOW_BYTES};

/// A workflow and where it lives.
pub struct Loaded {
    /// The compiled workflow.
    pub workflow: Workflow,
    /// Its texts.
    pub sources: Sources,
    /// The file, absolute.
    pub path: PathBuf,
    /// The folder that its paths start from.
    pub folder: PathBuf,
}

/// Compiles the workflow at `path`; whatever is wrong is reported on stderr.
pub fn load(path: &Path, settings: &Settings) -> anyhow::Result<Loaded> {
    let (file, compiled) = compile(path)?;
    report::diagnostics(&compiled, settings);
    let folder = folder_of(&file);
    match compiled.workflow {
        Some(workflow) => Ok(Loaded {
            workflow,
            sources: compiled.sources,
            path: file,
            folder,
        }),
        None => Err(Usage::error(format!(
            "{} cannot be run: {}",
            path.display(),
            report::count(&compiled.diagnostics)
        ))),
    }
}

/// Reads and compiles; the error is that there is nothing to read.
pub fn compile(path: &Path) -> anyhow::Result<(PathBuf, Compiled)> {
    let (file, text) = text(path)?;
    let compiled = troupe_dsl::compile(&file.display().to_string(), &text, &Folder::new(folder_of(&file)));
    Ok((std::path::absolute(&file)?, compiled))
}

/// The file that a path of the command line names, and its bytes.
pub fn text(path: &Path) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    let file = if path.is_dir() {
        path.join("workflow.yaml")
    } else {
        path.to_owned()
    };
    let text = read_bounded(&file).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let hint = if missing && path.is_dir() {
            "; a folder must hold a `workflow.yaml`"
        } else {
            ""
        };
        Usage::error(format!("{} cannot be read: {error}{hint}", file.display()))
    })?;
    Ok((file, text))
}

/// The file's bytes, or one more than a workflow may have: the compiler then says what is wrong.
fn read_bounded(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(file)?
        .take(MAX_WORKFLOW_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The folder that the paths of a workflow file start from.
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Compiles what a run was started from, as its journal kept it: shows stay true when files change.
pub fn from_journal(sources: &[(String, String)]) -> Option<Workflow> {
    let (name, text) = sources.first()?;
    troupe_dsl::compile(name, text.as_bytes(), &Kept(sources)).workflow
}

/// What a run runs: the workflow that its name leads to from the one that a person started. A step's
/// name has no `-`, and is what its runs' names begin with.
pub fn called(root: Arc<Workflow>, run: &RunId) -> Option<Arc<Workflow>> {
    run.as_str().split('.').skip(1).try_fold(root, |workflow, part| {
        let step = workflow.step_named(part.split('-').next()?)?;
        match workflow.step(step).verb {
            Verb::Workflow { workflow: index, .. } => Some(workflow.workflow(index).clone()),
            _ => None,
        }
    })
}

/// The texts of a journal, in the place of files.
struct Kept<'a>(&'a [(String, String)]);

impl Files for Kept<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let kept = self
            .0
            .iter()
            .find(|(name, _)| name == path || Path::new(name).ends_with(path));
        kept.map(|(_, text)| text.clone().into_bytes())
            .ok_or(FileError::NotFound)
    }

    fn any_match(&self, _: &str) -> Result<bool, FileError> {
        Ok(true)
    }
}
