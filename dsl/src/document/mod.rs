//! The tree as a workflow's sections: every key known, every value of the right kind, names not yet resolved.

mod agents;
mod artifacts;
mod corpora;
mod defaults;
mod encoders;
mod fields;
mod imports;
mod inputs;
mod limits;
mod models;
mod names;
mod run;
mod sandboxes;
mod servers;
mod steps;
mod types;
mod values;

pub(crate) use agents::{Agent, Named};
pub(crate) use artifacts::Artifacts;
pub(crate) use corpora::Corpus;
pub(crate) use defaults::Defaults;
pub(crate) use encoders::{BUILTIN_EMBEDDERS, Encoder};
pub(crate) use inputs::Input;
pub(crate) use limits::WrittenRunLimits;
pub(crate) use models::{BUILTIN, Model, PROVIDERS, defaults as model_defaults, split as split_model};
pub(crate) use names::{ROOTS, identifier, label};
pub(crate) use sandboxes::{Declared, Sandbox};
pub(crate) use servers::{Pinned, Server};
pub(crate) use steps::{FanOut, Repeat, Step, Verb};

use crate::code;
use crate::expression::{self, Tree};
use crate::files::Files;
use crate::language::WORKFLOW;
use crate::migrate::is_older;
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use fields::Fields;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::id::SandboxIndex;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A workflow file. What could not be read was reported; its name is kept, so that a reference to it
/// is not a second mistake.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: Option<String>,
    pub(crate) description: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) defaults: Defaults,
    pub(crate) shared: Shared,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<(Spanned<String>, Option<Tree>)>,
    pub(crate) limits: WrittenRunLimits,
}

/// What a file can share with others that import it.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) models: Vec<Model>,
    pub(crate) corpora: Vec<Corpus>,
    pub(crate) sandboxes: Vec<Declared>,
    pub(crate) servers: Vec<Server>,
    pub(crate) agents: Vec<Agent>,
    /// Whether an imported file could not be read: what is unknown here may be declared there.
    pub(crate) is_incomplete: bool,
}

impl Document {
    /// The declared sandbox of a name.
    pub(crate) fn sandbox(&self, name: &str) -> Option<SandboxIndex> {
        let mut declared = (0..).zip(&self.shared.sandboxes);
        let found = declared.find(|(_, declared)| declared.name.value == name)?;
        Some(SandboxIndex(found.0))
    }
}

/// Reads all sections. None when the file is no mapping at all.
pub(crate) fn read(report: &mut Report, root: &Node, files: &dyn Files) -> Option<Document> {
    let Kind::Map(entries) = &root.kind else {
        let message = format!("a workflow is a mapping of keys, and this is {}", root.describe());
        report.add(
            Diagnostic::error(code::EMPTY, root.span, message)
                .hint("a workflow starts with `troupe: 1` and has `steps`"),
        );
        return None;
    };
    let start = Span::new(root.span.source, root.span.start as usize, root.span.start as usize);
    let fields = Fields::read(report, &WORKFLOW, entries, start);
    version(report, &fields, root);
    let name = fields.text(report, "name").map(|name| name.value);
    let description = fields.text(report, "description");
    let steps = fields.get("steps");
    let document = Document {
        name,
        description: description.map(|text| text.value.trim().to_owned()).unwrap_or_default(),
        inputs: fields
            .get("inputs")
            .map_or_else(Vec::new, |entry| inputs::read(report, entry, files)),
        defaults: defaults::read(report, &fields),
        shared: imports::shared(report, &fields, files),
        steps: steps.map_or_else(Vec::new, |entry| steps::read(report, entry, files)),
        outputs: fields
            .get("outputs")
            .map_or_else(Vec::new, |entry| outputs(report, entry)),
        limits: limits::run(report, &fields),
    };
    no_steps(report, start, steps, &document);
    Some(document)
}

fn version(report: &mut Report, fields: &Fields<'_>, root: &Node) {
    let entries = match &root.kind {
        Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let older = "`troupe migrate FILE` shows how a draft reads in version 1, and writes it with `--write`";
    let Some(entry) = fields.get("troupe") else {
        let first = entries.first().map_or(fields.owner, |entry| entry.key_span);
        let problem = Diagnostic::error(
            code::NO_VERSION,
            first,
            "the file does not say which version of the language it is written in",
        )
        .hint("start it with `troupe: 1`");
        report.add(if is_older(root) { problem.hint(older) } else { problem });
        return;
    };
    let text = match &entry.value.kind {
        Kind::Scalar(scalar) if scalar.text == "1" => return,
        Kind::Scalar(scalar) => scalar.text.as_str(),
        Kind::List(_) | Kind::Map(_) => "",
    };
    let problem = Diagnostic::error(
        code::VERSION,
        entry.value.span,
        "this is not a version of the language that can be read here",
    );
    report.add(match text {
        _ if is_older(root) => problem.hint(older),
        newer if newer.parse::<f64>().is_ok_and(|version| version > 1.0) => {
            problem.hint("the file is newer than this program: a newer `troupe` reads it")
        }
        _ => problem.hint("the only version is `troupe: 1`"),
    });
}

fn outputs(report: &mut Report, entry: &Entry) -> Vec<(Spanned<String>, Option<Tree>)> {
    let Some(entries) = values::mapping(report, entry, "names with values") else {
        return Vec::new();
    };
    entries
        .iter()
        .map(|output| {
            names::label(report, &output.key, output.key_span, "an output");
            let name = Spanned {
                value: output.key.clone(),
                span: output.key_span,
            };
            (name, expression::value(report, &output.value))
        })
        .collect()
}

fn no_steps(report: &mut Report, start: Span, entry: Option<&Entry>, document: &Document) {
    let span = match entry {
        None => start,
        Some(entry) if document.steps.is_empty() => entry.key_span,
        Some(_) => return,
    };
    // A `steps` of the wrong kind was reported as such.
    if entry.is_none_or(|entry| matches!(&entry.value.kind, Kind::Map(_)) || entry.value.is_null()) {
        report.add(
            Diagnostic::error(
                code::NO_STEPS,
                span,
                "the workflow has no steps, so there is nothing to run",
            )
            .hint("add `steps:` with at least one named step"),
        );
    }
}
