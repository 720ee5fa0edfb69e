//! `mcp`: servers whose tools are called, and the schemas that those tools were pinned to.

use super::fields::Fields;
use super::{Spanned, names, run, values};
use crate::expression::Tree;
use crate::language::MCP_SERVER;
use crate::report::Report;
use crate::yaml::Entry;

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: Spanned<String>,
    pub(crate) env: Vec<(String, Tree)>,
    pub(crate) tools: Option<Pinned>,
}

/// The file with the tools' schemas.
#[derive(Debug)]
pub(crate) struct Pinned {
    pub(crate) path: Spanned<String>,
    pub(crate) text: String,
}

pub(super) fn read(report: &mut Report, section: &Entry, files: &dyn crate::files::Files) -> Vec<Server> {
    let entries = values::mapping(report, section, "names with servers").unwrap_or(&[]);
    entries
        .iter()
        .filter_map(|entry| server(report, entry, files))
        .collect()
}

fn server(report: &mut Report, entry: &Entry, files: &dyn crate::files::Files) -> Option<Server> {
    names::label(report, &entry.key, entry.key_span, "a server");
    let fields = Fields::of(report, &MCP_SERVER, entry, "run, env, tools")?;
    for key in ["run", "tools"] {
        fields.require(report, key);
    }
    fields.names(report, "run");
    let path = fields.text(report, "tools");
    let tools = path.and_then(|path| {
        let (_, text) = report.include_text(files, &path.value, path.span)?;
        Some(Pinned { path, text })
    });
    Some(Server {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        env: fields
            .get("env")
            .map_or_else(Vec::new, |entry| run::variables(report, entry)),
        tools,
    })
}
