//! YAML text becomes a checked [`Workflow`], or a list of everything that is wrong with it.
//!
//! The stages, each in its own folder, each handing plain data to the next:
//! `yaml` (text → tree of nodes that know their place), `document` (tree → sections with their keys
//! checked), `expression` (text with `${{ … }}` → CEL with places), `check` (names, types, order),
//! `lower` (document → IR). A stage that meets a mistake reports it and goes on with what it has.

mod check;
mod code;
mod document;
mod expression;
mod files;
mod format;
mod lower;
mod migrate;
mod nearest;
mod report;
mod shorthand;
pub mod tool_types;
mod yaml;

pub use code::{codes, explain};
pub use files::{FileError, Files, Folder, MAX_FILE_BYTES};
pub use format::format;
pub use migrate::migrate;
pub use shorthand::parse_type;

use report::Report;
use troupe_core::diagnostic::{Diagnostic, Severity, SourceFile, SourceId, Sources};
use troupe_core::ir::Workflow;

/// Bytes that a workflow file may have.
pub const MAX_WORKFLOW_BYTES: usize = 4 << 20;

/// What a compilation found.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The workflow; absent when there is an error among the diagnostics.
    pub workflow: Option<Workflow>,
    /// Everything that is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into: the workflow first, then the files that it names.
    pub sources: Sources,
}

impl Compiled {
    /// Whether anything forbids to run the workflow.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// Why a text is left as it is: what is wrong with it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the file is left as it is: it has mistakes")]
pub struct Refused(pub Box<Compiled>);

/// Compiles a workflow. Never fails and never panics: whatever is wrong is in the diagnostics.
///
/// `name` is the file's name as people see it; `files` gives what the text refers to. Work and
/// memory are bounded whatever the bytes are (DESIGN §2).
pub fn compile(name: &str, text: &[u8], files: &dyn Files) -> Compiled {
    let mut report = Report::new(name);
    let workflow = compile_into(&mut report, name, text, files);
    let (diagnostics, sources) = report.finish();
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    Compiled {
        workflow: workflow.filter(|_| !failed),
        diagnostics,
        sources,
    }
}

fn compile_into(report: &mut Report, name: &str, bytes: &[u8], files: &dyn Files) -> Option<Workflow> {
    let text = yaml::decode(report, bytes)?;
    report.sources.files[0] = SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let root = yaml::read(report, SourceId(0), text)?;
    let document = document::read(report, &root, files)?;
    let checked = check::check(report, &document, files);
    if report.has_errors() {
        return None;
    }
    Some(lower::lower(&document, &checked, &report.sources, stem(name)))
}

/// The file's name without folder and extension, for a workflow that has no `name`.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    }
}
