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
mod language;
mod lower;
mod nearest;
mod report;
mod schema;
mod shorthand;
pub mod standard;
pub mod tool_types;
mod yaml;

pub use code::{codes, explain};
pub use files::{FileError, Files, Folder, MAX_FILE_BYTES};
pub use schema::{json_schema, shared_json_schema};
pub use shorthand::parse_type;

use report::Report;
use std::collections::HashMap;
use troupe_core::diagnostic::{Diagnostic, Severity, SourceFile, SourceId, Sources, Span};
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
    Compilation::of(name).compile(report, name, SourceId(0), text, files).0
}

/// What the workflows of one compilation have in common.
pub(crate) struct Compilation {
    /// The workflows that are being compiled, each called by the one before.
    open: Vec<String>,
    /// Those that are done.
    known: HashMap<String, check::Called>,
    /// The model of the workflow that calls the one being compiled, for agents that name none.
    inherited: Option<document::Model>,
    /// Whether an editor asks for the meaning of every name of the first file.
    for_editor: bool,
    uses: Vec<check::Use>,
}

impl Compilation {
    fn of(name: &str) -> Self {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        Self {
            open: vec![file.to_owned()],
            known: HashMap::new(),
            inherited: None,
            for_editor: false,
            uses: Vec::new(),
        }
    }

    /// Compiles one file. The workflow is absent when the file, or one that it calls, has an error;
    /// the places of its inputs come along.
    fn compile(
        &mut self,
        report: &mut Report,
        name: &str,
        source: SourceId,
        text: &str,
        files: &dyn Files,
    ) -> (Option<Workflow>, Vec<Span>) {
        let (errors, unavailable) = (report.errors(), report.unavailable(0).len());
        let document = yaml::read(report, source, text).and_then(|root| document::read(report, &root, files));
        let Some(document) = document else {
            return (None, Vec::new());
        };
        let checked = check::check(report, &document, files, self, errors);
        let spans = document.inputs.iter().map(|input| input.name.span).collect();
        if report.errors() > errors {
            self.keep(checked);
            return (None, spans);
        }
        let unavailable = report.unavailable(unavailable);
        let workflow = lower::lower(&document, &checked, &report.sources, unavailable, stem(name));
        self.keep(checked);
        (Some(workflow), spans)
    }

    fn keep(&mut self, checked: check::Checked) {
        self.uses.extend(checked.uses);
    }

    fn collects_uses(&self) -> bool {
        self.for_editor && self.open.len() == 1
    }

    /// A called workflow's agents that name no model have the default of the workflow that calls it.
    fn hand_down(&mut self, document: &document::Document, models: &[document::Model]) {
        let default = document.defaults.model.as_ref();
        if let Some(name) = default {
            let model = models.iter().find(|model| model.alias.value == name.value);
            // Written out, or none at all: then it was reported here, and need not be where it is missed.
            let (provider, model_name) = name.value.split_once('/').unwrap_or_default();
            let written_out = || document::model_defaults(name.clone(), provider, model_name);
            self.inherited = Some(model.cloned().unwrap_or_else(written_out));
        }
    }
}

/// The file's name without folder and extension, for a workflow that has no `name`.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    }
}
