//! `read_chunk`: chunks in full, each once for an agent (A-RAG §1.2).

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::registry::{Names, chunks_type, identity};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;

pub(crate) const NAME: &str = "read_chunk";
const EXAMPLE: &str = r#"{"chunk_ids": ["24", "25"]}"#;
/// Characters of a rule in a frame.
const RULE: usize = 80;

pub(crate) fn spec(names: &Names<'_>) -> ToolSpec {
    let (keyword, semantic) = (names.of("keyword_search"), names.of("semantic_search"));
    let description = format!(
        "Read chunks of the corpus in full, by the ids that {keyword} and {semantic} list. \
         The sentences in search results are only pointers: read a chunk before you answer from it. \
         Ask for several chunks in one call when several look promising. If a chunk begins or ends in the middle of \
         something you need, read its neighbours too: ids are in order, so the chunk after `24` is `25`, and after \
         `report` comes `report#2`. A chunk that you have read already is not shown again."
    );
    let status = ["read", "already_read", "not_found"].map(str::to_owned).to_vec();
    ToolSpec {
        name: names.of(NAME),
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "chunk_ids": {
                    "type": "array",
                    "items": { "type": "string" },
                    "description": "Ids of the chunks to read, as the searches list them.",
                },
            },
            "required": ["chunk_ids"],
        }),
        result: chunks_type(&[
            ("id", Type::String),
            ("status", Type::Enum(status)),
            ("text", Type::String.or(Type::Null)),
        ]),
    }
}

pub(crate) fn make(corpus: Arc<Corpus>, spec: ToolSpec) -> Arc<dyn Tool> {
    Arc::new(ReadChunk { corpus, spec })
}

struct ReadChunk {
    corpus: Arc<Corpus>,
    spec: ToolSpec,
}

#[async_trait]
impl Tool for ReadChunk {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn identity(&self) -> Option<String> {
        Some(identity(&self.spec, &self.corpus))
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let arguments = Arguments::new(&invocation.arguments, &self.spec.name, EXAMPLE);
        let ids = match arguments.texts("chunk_ids")? {
            Some(ids) => Some(ids),
            None => arguments.texts("chunk_id")?,
        };
        let ids = ids.ok_or_else(|| arguments.invalid("`chunk_ids` is missing"))?;
        let mut answer = Answer::default();
        for id in ids {
            answer.add(&self.corpus, id, &invocation);
        }
        Ok(answer.finish())
    }
}

#[derive(Default)]
struct Answer {
    blocks: Vec<String>,
    chunks: Vec<Value>,
    retrieved: Retrieved,
}

impl Answer {
    fn add(&mut self, corpus: &Corpus, id: String, invocation: &Invocation) {
        let (status, text) = match corpus.chunk(&id) {
            None => ("not_found", None),
            Some(_) if invocation.read.contains(&id) || self.retrieved.read.contains(&id) => ("already_read", None),
            Some(chunk) => ("read", Some(chunk.text)),
        };
        self.blocks.push(match (status, text) {
            (_, Some(text)) => framed(&format!("Chunk {id}"), Some(text)),
            ("already_read", None) => framed(&format!("Chunk {id} was already read; its text is above."), None),
            _ => format!("There is no chunk {id}. Use ids as the searches list them."),
        });
        self.chunks.push(json!({ "id": id, "status": status, "text": text }));
        if let Some(text) = text {
            self.retrieved.tokens += corpus.encoders.tokens.count(text) as u64;
            self.retrieved.read.push(id);
        }
    }

    fn finish(self) -> ToolOutput {
        let text = match self.blocks.as_slice() {
            [] => "No chunk ids were given.".to_owned(),
            blocks => blocks.join("\n\n"),
        };
        ToolOutput {
            text,
            result: json!({ "chunks": self.chunks }),
            retrieved: self.retrieved,
            ..ToolOutput::default()
        }
    }
}

fn framed(head: &str, text: Option<&str>) -> String {
    let (double, single) = ("=".repeat(RULE), "-".repeat(RULE));
    match text {
        Some(text) => format!("{double}\n{head}\n{single}\n{text}\n{double}"),
        None => format!("{double}\n{head}\n{double}"),
    }
}
