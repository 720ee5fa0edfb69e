//! YAML text becomes a checked [`Workflow`], or a list of everything that is wrong with it.
//!
//! The stages, each in its own folder, each handing plain data to the next:
//! `yaml` (text → tree of nodes that know their place), `document` (tree → sections with their keys
//! checked), `expression` (text with `${{ … }}` → CEL with places), `check` (names, types, order),
//! `lower` (document → IR). A stage that meets a mistake reports it and goes on with what it has.
//! `graph` draws the IR.

mod check;
mod code;
pub mod data;
mod document;
pub mod editor;
mod expression;
mod files;
mod format;
pub mod graph;
mod language;
mod lower;
mod migrate;
mod nearest;
mod report;
mod schema;
mod shorthand;
pub mod standard;
pub mod tool_types;
mod yaml;

pub use code::{codes, explain};
pub use files::{FileError, Files, Folder, MAX_FILE_BYTES};
pub use format::format;
pub use migrate::migrate;
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

/// Compiles a file that an editor has open: the same, with what its names mean. Nothing is lowered.
fn analyse(name: &str, text: &str, files: &dyn Files) -> (Vec<Diagnostic>, Sources, Option<editor::Seen>) {
    let mut report = Report::new(name);
    let mut compilation = Compilation::of(name);
    compilation.for_editor = true;
    if let Some(text) = yaml::decode(&mut report, text.as_bytes()) {
        report.sources.files[0].text = text.to_owned();
        compilation.compile(&mut report, name, SourceId(0), text, files);
    }
    let (diagnostics, sources) = report.finish();
    (diagnostics, sources, compilation.seen)
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
    /// The folder of the one being compiled, seen from that of the first.
    folder: String,
    /// Those that are done, each with the place of the model that it inherited.
    known: HashMap<(String, Option<Span>), check::Called>,
    /// The model of the workflow that calls the one being compiled, for agents that name none.
    inherited: Option<document::Model>,
    /// Whether an editor asks for the meaning of every name of the first file.
    for_editor: bool,
    seen: Option<editor::Seen>,
}

impl Compilation {
    fn of(name: &str) -> Self {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        Self {
            open: vec![file.to_owned()],
            folder: String::new(),
            known: HashMap::new(),
            inherited: None,
            for_editor: false,
            seen: None,
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
        let Some(root) = yaml::read(report, source, text) else {
            return (None, Vec::new());
        };
        let Some(document) = document::read(report, &root, files) else {
            return (None, Vec::new());
        };
        let checked = check::check(report, &document, files, self, errors);
        let spans = document.inputs.iter().map(|input| input.name.span).collect();
        if report.errors() > errors || self.is_for_editor() {
            self.keep(root, document, checked);
            return (None, spans);
        }
        let unavailable = report.unavailable(unavailable);
        let mut workflow = lower::lower(&document, &checked, &report.sources, unavailable, stem(name));
        // Whoever runs it knows the folder of the first file alone.
        for pattern in workflow.corpora.iter_mut().flat_map(|corpus| &mut corpus.files) {
            *pattern = files::joined(&self.folder, pattern);
        }
        self.keep(root, document, checked);
        (Some(workflow), spans)
    }

    /// Keeps what an editor asks about.
    fn keep(&mut self, root: yaml::Node, document: document::Document, checked: check::Checked) {
        if self.is_for_editor() {
            self.seen = Some(editor::Seen {
                root,
                document,
                checked,
            });
        }
    }

    /// Whether an editor has the file open that is being compiled.
    fn is_for_editor(&self) -> bool {
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
