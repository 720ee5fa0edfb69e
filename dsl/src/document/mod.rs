//! The tree as a workflow's sections: every key known, every value of the right kind, names not yet resolved.

mod agents;
mod corpora;
mod inputs;
mod keys;
mod limits;
mod models;
mod names;
mod run;
mod steps;
mod types;
mod values;

pub(crate) use agents::Agent;
pub(crate) use corpora::Corpus;
pub(crate) use inputs::Input;
pub(crate) use models::{Model, defaults as model_defaults, split as split_model};
pub(crate) use steps::{FanOut, Step, Verb};

use crate::code;
use crate::expression::{self, Tree};
use crate::files::Files;
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use keys::Keys;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::limits::RunLimits;

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
    pub(crate) models: Vec<Model>,
    pub(crate) corpora: Vec<Corpus>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<(String, Option<Tree>)>,
    pub(crate) limits: RunLimits,
}

const KEYS: Keys = Keys {
    what: "a workflow",
    known: &[
        "troupe",
        "name",
        "description",
        "inputs",
        "models",
        "corpora",
        "agents",
        "steps",
        "outputs",
        "limits",
    ],
    later: &[
        "imports",
        "defaults",
        "secrets",
        "sandbox",
        "sandboxes",
        "environments",
        "cache",
        "on_error",
        "tools",
        "mcp",
    ],
};

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
    KEYS.check(report, entries);
    version(report, entries);
    let section = |key: &str| keys::get(entries, key);
    let text = |report: &mut Report, key: &str| section(key).and_then(|entry| values::text(report, entry));
    let name = text(report, "name").map(|name| name.value);
    let description = text(report, "description")
        .map(|text| text.value.trim().to_owned())
        .unwrap_or_default();
    let document = Document {
        name,
        description,
        inputs: section("inputs").map_or_else(Vec::new, |entry| inputs::read(report, entry)),
        models: section("models").map_or_else(Vec::new, |entry| models::read(report, entry)),
        corpora: section("corpora").map_or_else(Vec::new, |entry| corpora::read(report, entry)),
        agents: section("agents").map_or_else(Vec::new, |entry| agents::read(report, entry, files)),
        steps: section("steps").map_or_else(Vec::new, |entry| steps::read(report, entry)),
        outputs: section("outputs").map_or_else(Vec::new, |entry| outputs(report, entry)),
        limits: section("limits").map_or(RunLimits::DEFAULT, |entry| limits::run(report, entry)),
    };
    no_steps(report, root, section("steps"), &document);
    Some(document)
}

fn version(report: &mut Report, entries: &[Entry]) {
    let Some(entry) = keys::get(entries, "troupe") else {
        let first = entries
            .first()
            .map_or(Span::new(troupe_core::diagnostic::SourceId(0), 0, 0), |e| e.key_span);
        report.add(
            Diagnostic::error(
                code::VERSION,
                first,
                "the file does not say which version of the language it is written in",
            )
            .hint("start it with `troupe: 1`"),
        );
        return;
    };
    let one = matches!(&entry.value.kind, Kind::Scalar(scalar) if scalar.text == "1");
    if !one {
        report.add(
            Diagnostic::error(
                code::VERSION,
                entry.value.span,
                "this is not a version of the language that can be read here",
            )
            .hint("the only version is `troupe: 1`"),
        );
    }
}

fn outputs(report: &mut Report, entry: &Entry) -> Vec<(String, Option<Tree>)> {
    let Some(entries) = values::mapping(report, entry, "names with values") else {
        return Vec::new();
    };
    entries
        .iter()
        .map(|output| {
            names::label(report, &output.key, output.key_span, "an output");
            (output.key.clone(), expression::value(report, &output.value))
        })
        .collect()
}

fn no_steps(report: &mut Report, root: &Node, entry: Option<&Entry>, document: &Document) {
    let span = match entry {
        None => Span::new(root.span.source, root.span.start as usize, root.span.start as usize),
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
