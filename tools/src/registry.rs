//! The list of tools: one file a tool, one line here.

use crate::corpus::Corpus;
use crate::documents::Documents;
use crate::face::{Face, Names};
use crate::{hybrid_search, keyword_search, outline, read_chunk, semantic_search, verify_citations};
use async_trait::async_trait;
use indexmap::IndexMap;
use serde_json::json;
use std::sync::{Arc, OnceLock};
use troupe_core::Value;
use troupe_core::citation::Shapes;
use troupe_core::ir::{Extra, Results};
use troupe_core::limits::Left;
use troupe_core::message::ToolOutput;
use troupe_core::port::tool::{Invocation, Readers, Tool, ToolSpec};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::types::Type;

/// A tool over a corpus.
pub(crate) struct Row {
    /// Its plain name.
    pub(crate) name: &'static str,
    /// How it is presented beside its siblings.
    pub(crate) spec: fn(&Face, &Names) -> ToolSpec,
    /// Answers a call; may take its time.
    pub(crate) answer: fn(&Scene, &Invocation) -> Result<ToolOutput, Error>,
    /// Whether a second look by a reranker decides its answers.
    pub(crate) reranks: bool,
    /// Whose reading it is told of.
    pub(crate) readers: Readers,
}

static TOOLS: [&Row; 6] = [
    &keyword_search::ROW,
    &semantic_search::ROW,
    &read_chunk::ROW,
    &hybrid_search::ROW,
    &outline::ROW,
    &verify_citations::ROW,
];

/// How each tool that is offered is presented, in order. Needs no corpus: a check can ask for names and types.
pub fn specs(face: &Face) -> Vec<ToolSpec> {
    offered(face)
        .map(|row| (row.spec)(face, &face.names(row.name)))
        .collect()
}

/// The tools over a corpus that are offered, in order.
pub fn tools(corpus: &Arc<Corpus>, face: &Face) -> Vec<Arc<dyn Tool>> {
    offered(face).map(|row| make(row, corpus, face)).collect()
}

/// One tool over a corpus by its plain name, such as `keyword_search`, offered or not; none when there is
/// no such tool.
pub fn tool(corpus: &Arc<Corpus>, name: &str, face: &Face) -> Option<Arc<dyn Tool>> {
    find(name).map(|row| make(row, corpus, face))
}

/// All plain names, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|row| row.name)
}

fn offered(face: &Face) -> impl Iterator<Item = &'static Row> + '_ {
    face.offered.iter().filter_map(|name| find(name))
}

fn find(name: &str) -> Option<&'static Row> {
    TOOLS.iter().copied().find(|row| row.name == name)
}

fn make(row: &'static Row, corpus: &Arc<Corpus>, face: &Face) -> Arc<dyn Tool> {
    let spec = (row.spec)(face, &face.names(row.name));
    let scene = Scene {
        corpus: Arc::clone(corpus),
        face: face.clone(),
        name: spec.name.clone(),
        documents: OnceLock::new(),
        shapes: OnceLock::new(),
    };
    Arc::new(CorpusTool {
        row,
        spec,
        scene: Arc::new(scene),
    })
}

/// What a call of a tool works on.
pub(crate) struct Scene {
    pub(crate) corpus: Arc<Corpus>,
    pub(crate) face: Face,
    /// The tool's name, as it tells it in messages.
    pub(crate) name: String,
    documents: OnceLock<Documents>,
    shapes: OnceLock<Shapes>,
}

impl Scene {
    /// The documents with the fields that searches can be narrowed by, read at the first filtered search.
    pub(crate) fn documents(&self) -> &Documents {
        self.documents
            .get_or_init(|| Documents::of(&self.corpus, &self.face.metadata))
    }

    /// What ids of the corpus look like, found at the first call that asks.
    pub(crate) fn shapes(&self) -> &Shapes {
        self.shapes.get_or_init(|| verify_citations::shapes(&self.corpus))
    }
}

struct CorpusTool {
    row: &'static Row,
    spec: ToolSpec,
    scene: Arc<Scene>,
}

#[async_trait]
impl Tool for CorpusTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn presented(&self, siblings: &[(&str, &str)]) -> ToolSpec {
        (self.row.spec)(&self.scene.face, &Names::new(siblings))
    }

    fn postscript(&self, left: &Left) -> Option<String> {
        let Left { turns, tokens, seconds } = left;
        self.scene
            .face
            .tells(Extra::Budget)
            .then(|| format!("You have left: {turns} turns, {tokens} tokens, {seconds} seconds of work."))
    }

    fn identity(&self) -> Option<String> {
        let mut identity = self.scene.face.identity(&self.spec.name, &self.scene.corpus);
        if let Some(reranker) = &self.scene.corpus.encoders.reranker
            && self.row.reranks
        {
            identity.push_str(&format!("+{}", reranker.name()));
        }
        Some(identity)
    }

    fn readers(&self) -> Readers {
        self.row.readers
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let (answer, scene) = (self.row.answer, Arc::clone(&self.scene));
        // searches take their time: they do so on a thread where they may
        let ended = tokio::task::spawn_blocking(move || answer(&scene, &invocation)).await;
        ended.unwrap_or_else(|stopped| Err(Error::new(ErrorKind::Other, "the search stopped").caused_by(stopped)))
    }
}

/// The schema of a search's arguments: `own`, which is required, `top_k`, and `where` if there are fields.
pub(crate) fn search_schema(face: &Face, own: &str, schema: Value) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert(own.to_owned(), schema);
    let top_k = json!({
        "type": "integer", "minimum": 1, "maximum": 20, "default": 5,
        "description": "How many chunks to list, 1 to 20; 5 when left out.",
    });
    properties.insert("top_k".to_owned(), top_k);
    if !face.metadata.is_empty() {
        properties.insert("where".to_owned(), crate::filter::schema(&face.metadata));
    }
    json!({ "type": "object", "properties": properties, "required": [own] })
}

/// The type of a search's result.
pub(crate) fn search_type(face: &Face) -> Type {
    let shown = match face.results {
        Results::Snippets => ("sentences", Type::List(Box::new(Type::String))),
        Results::Full => ("text", Type::String.or(Type::Null)),
    };
    rows_type("chunks", &[("id", Type::String), ("score", Type::Number), shown])
}

/// `{name: [{…}]}`, the type of retrieval results.
pub(crate) fn rows_type(name: &str, fields: &[(&str, Type)]) -> Type {
    let row: IndexMap<String, Type> = fields.iter().map(|(name, t)| ((*name).to_owned(), t.clone())).collect();
    Type::Object(IndexMap::from([(
        name.to_owned(),
        Type::List(Box::new(Type::Object(row))),
    )]))
}
