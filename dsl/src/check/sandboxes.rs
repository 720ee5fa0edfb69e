//! Sandboxes bring tools, and their images read inputs and the environment.

use super::fit;
use super::names::{Found, Names, Place, Scope};
use crate::document::Document;
use crate::report::Report;
use crate::tool_types::{SANDBOX_TOOLS, Signature};
use troupe_core::id::SandboxIndex;
use troupe_core::ir::{Tool, ToolSource};

/// The tools of all sandboxes.
pub(super) fn tools(document: &Document) -> Vec<(Tool, Signature)> {
    let declared = (0..).zip(&document.shared.sandboxes);
    let tools = declared.flat_map(|(at, declared)| {
        let name = &declared.name.value;
        SANDBOX_TOOLS.iter().map(move |(tool, class)| {
            let source = ToolSource::Sandbox {
                sandbox: SandboxIndex(at),
                name: name.clone(),
                tool: (*tool).to_owned(),
            };
            let tool = Tool {
                path: format!("{name}.{tool}"),
                source,
                class: *class,
            };
            let signature = Signature::in_sandbox(tool.source.tool());
            (tool, signature)
        })
    });
    tools.collect()
}

/// Images are evaluated once, when the run begins.
pub(super) fn check(report: &mut Report, document: &Document, names: &Names, found: &mut Found) {
    let scope = Scope::new(names, Place::System);
    let images = document.shared.sandboxes.iter();
    for image in images.filter_map(|declared| declared.sandbox.image.as_ref()) {
        fit::words(report, &scope, found, image);
    }
}
