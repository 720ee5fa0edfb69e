//! The workflows that steps call: compiled once each, seen by their inputs and outputs.

use crate::Compilation;
use crate::code;
use crate::document::{Document, Spanned, Verb};
use crate::files::{Files, Rebased, folder_of, joined};
use crate::report::Report;
use crate::standard;
use crate::tool_types::Argument;
use std::collections::HashSet;
use std::sync::Arc;
use troupe_core::diagnostic::{Diagnostic, SourceId, Span};
use troupe_core::ir::Workflow;
use troupe_core::types::Type;

/// Workflows that call each other, one inside the other.
const MAX_DEPTH: usize = 16;

/// A workflow as the one that calls it sees it.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    /// As the step names it.
    pub(crate) path: String,
    /// Absent when it has errors of its own.
    pub(crate) workflow: Option<Arc<Workflow>>,
    /// Where its inputs are declared.
    pub(crate) input_spans: Vec<Span>,
}

impl Called {
    /// What `with` takes.
    pub(crate) fn arguments(&self) -> Vec<Argument> {
        let inputs = self.workflow.iter().flat_map(|workflow| &workflow.inputs);
        inputs
            .map(|input| Argument {
                name: input.name.clone(),
                kind: input.kind.clone(),
                required: input.default.is_none(),
            })
            .collect()
    }

    /// What the step gives.
    pub(crate) fn output(&self) -> Type {
        let Some(workflow) = &self.workflow else {
            return Type::Any;
        };
        let outputs = workflow
            .outputs
            .iter()
            .map(|output| (output.name.clone(), output.kind.clone()));
        Type::Object(outputs.collect())
    }
}

/// Compiles every workflow that a document's steps call, each path once.
pub(super) fn compile(
    report: &mut Report,
    document: &Document,
    files: &dyn Files,
    compilation: &mut Compilation,
) -> Vec<Called> {
    let mut called: Vec<Called> = Vec::new();
    let mut seen = HashSet::new();
    for step in &document.steps {
        if let Some(Verb::Workflow { path, .. }) = &step.verb
            && seen.insert(path.value.clone())
        {
            if lacks_a_model(document, path, compilation) {
                no_model(report, path);
                continue;
            }
            called.push(one(report, path, files, compilation));
        }
    }
    called
}

/// Whether agents of the standard library, which name no models, would have none. A default that
/// could not be resolved was reported.
fn lacks_a_model(document: &Document, path: &Spanned<String>, compilation: &Compilation) -> bool {
    let own = path.value.strip_prefix("std/").and_then(standard::text);
    own.is_some() && compilation.inherited.is_none() && document.defaults.model.is_none()
}

fn no_model(report: &mut Report, path: &Spanned<String>) {
    let message = format!(
        "the agents of `{}` work with this file's default model, and it has none",
        path.value
    );
    let problem = Diagnostic::error(code::CALLED_WORKFLOW, path.span, message);
    report.add(problem.hint("name one: `defaults: { model: … }`"));
}

fn one(report: &mut Report, path: &Spanned<String>, files: &dyn Files, compilation: &mut Compilation) -> Called {
    let mut called = Called {
        path: path.value.clone(),
        workflow: None,
        input_spans: Vec::new(),
    };
    let name = match path.value.strip_prefix("std/") {
        Some(_) => path.value.clone(),
        None => files.name(&path.value),
    };
    // The same file is another workflow with another model.
    let inherited = compilation.inherited.clone();
    let key = (name.clone(), inherited.as_ref().map(|model| model.alias.span));
    if let Some(known) = compilation.known.get(&key) {
        return Called {
            path: path.value.clone(),
            ..known.clone()
        };
    }
    if let Some(at) = compilation.open.iter().position(|open| *open == name) {
        let chain = compilation.open[at..].join(" → ");
        let message = format!("these workflows call each other without an end: {chain} → {name}");
        report.add(
            Diagnostic::error(code::WORKFLOW_CYCLE, path.span, message)
                .hint("what is to be done again and again is a step with `repeat`"),
        );
        return called;
    }
    if compilation.open.len() >= MAX_DEPTH {
        let message = format!("workflows call each other {MAX_DEPTH} deep, and no deeper");
        report.error(code::WORKFLOW_CYCLE, path.span, message);
        return called;
    }
    let Some((source, text)) = source(report, path, &name, files) else {
        return called;
    };
    let folder = folder_of(&path.value).to_owned();
    let inside = Rebased::new(files, &folder);
    let inherited = compilation.inherited.clone();
    let inner = joined(&compilation.folder, &folder);
    let outer = std::mem::replace(&mut compilation.folder, inner);
    compilation.open.push(name.clone());
    let (workflow, spans) = compilation.compile(report, &name, source, &text, &inside);
    compilation.open.pop();
    compilation.inherited = inherited;
    compilation.folder = outer;
    called.workflow = workflow.map(Arc::new);
    called.input_spans = spans;
    compilation.known.insert(key, called.clone());
    called
}

/// The text of a called workflow: of the standard library, or of a file.
fn source(report: &mut Report, path: &Spanned<String>, name: &str, files: &dyn Files) -> Option<(SourceId, String)> {
    let Some(own) = path.value.strip_prefix("std/") else {
        return report.include_text(files, &path.value, path.span);
    };
    match standard::text(own) {
        Some(text) => Some((report.source(name, text), text.to_owned())),
        None => {
            let message = format!("the standard library has no workflow `{own}`");
            let mut problem = Diagnostic::error(code::CALLED_WORKFLOW, path.span, message);
            let known: Vec<&str> = standard::names().collect();
            problem.hints = report.hints(own, "workflows of `std/`", &known);
            report.add(problem);
            None
        }
    }
}
