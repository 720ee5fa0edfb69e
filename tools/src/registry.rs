//! The list of tools: one file a tool, one line here.

use crate::{Corpus, keyword_search, read_chunk, semantic_search};
use indexmap::IndexMap;
use serde_json::json;
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::message::ToolOutput;
use troupe_core::port::tool::{Tool, ToolSpec};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::types::Type;

/// A tool over a corpus.
struct Row {
    name: &'static str,
    spec: fn(&Names) -> ToolSpec,
    make: fn(Arc<Corpus>, ToolSpec) -> Arc<dyn Tool>,
}

const TOOLS: [Row; 3] = [
    Row {
        name: keyword_search::NAME,
        spec: keyword_search::spec,
        make: keyword_search::make,
    },
    Row {
        name: semantic_search::NAME,
        spec: semantic_search::spec,
        make: semantic_search::make,
    },
    Row {
        name: read_chunk::NAME,
        spec: read_chunk::spec,
        make: read_chunk::make,
    },
];

/// How the tools of one corpus are called: descriptions name the sibling tools, so they share a prefix.
pub(crate) struct Names<'a> {
    prefix: &'a str,
}

impl Names<'_> {
    /// The name that the model sees.
    pub(crate) fn of(&self, tool: &str) -> String {
        format!("{}{tool}", self.prefix)
    }
}

/// How each tool is presented, in order, with `prefix` before every name (`""`, or `"papers_"` for an
/// agent with several corpora). Needs no corpus: a check can ask for names and types.
pub fn specs(prefix: &str) -> Vec<ToolSpec> {
    TOOLS.iter().map(|row| (row.spec)(&Names { prefix })).collect()
}

/// All tools over a corpus.
pub fn tools(corpus: &Arc<Corpus>, prefix: &str) -> Vec<Arc<dyn Tool>> {
    TOOLS
        .iter()
        .map(|row| (row.make)(Arc::clone(corpus), (row.spec)(&Names { prefix })))
        .collect()
}

/// One tool over a corpus by its plain name, such as `keyword_search`; none when there is no such tool.
pub fn tool(corpus: &Arc<Corpus>, name: &str, prefix: &str) -> Option<Arc<dyn Tool>> {
    let row = TOOLS.iter().find(|row| row.name == name)?;
    Some((row.make)(Arc::clone(corpus), (row.spec)(&Names { prefix })))
}

/// The plain names, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|row| row.name)
}

/// What decides a tool's answers: itself, the names that it calls its siblings by, and the corpus.
pub(crate) fn identity(spec: &ToolSpec, corpus: &Corpus) -> String {
    format!("{}@{}", spec.name, corpus.fingerprint())
}

/// The schema of `top_k`.
pub(crate) fn top_k_schema() -> Value {
    json!({
        "type": "integer", "minimum": 1, "maximum": 20, "default": 5,
        "description": "How many chunks to list, 1 to 20; 5 when left out.",
    })
}

/// `{chunks: [{…}]}`, the type of every retrieval result.
pub(crate) fn chunks_type(fields: &[(&str, Type)]) -> Type {
    let row: IndexMap<String, Type> = fields.iter().map(|(name, t)| ((*name).to_owned(), t.clone())).collect();
    Type::Object(IndexMap::from([(
        "chunks".to_owned(),
        Type::List(Box::new(Type::Object(row))),
    )]))
}

/// Runs a search on a thread where it may take its time.
pub(crate) async fn compute(
    work: impl FnOnce() -> Result<ToolOutput, Error> + Send + 'static,
) -> Result<ToolOutput, Error> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|stopped| Err(Error::new(ErrorKind::Other, "the search stopped").caused_by(stopped)))
}
