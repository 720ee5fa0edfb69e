//! `read_chunk`: chunks in full, each once for an agent (A-RAG §1.2).

use crate::arguments::Arguments;
use crate::face::{Face, Names};
use crate::listing::{already_read, framed, with_neighbours};
use crate::registry::{Row, Scene, rows_type};
use serde_json::{Value, json};
use troupe_core::ir::Results;
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Readers, ToolSpec};
use troupe_core::types::Type;

pub(crate) const NAME: &str = "read_chunk";
pub(crate) const ROW: Row = Row {
    name: NAME,
    spec,
    answer,
    reranks: false,
    readers: Readers::Caller,
};
const EXAMPLE: &str = r#"{"chunk_ids": ["24", "25"]}"#;

fn spec(face: &Face, names: &Names) -> ToolSpec {
    let ids = match names.listing() {
        Some((lister, 1)) => format!("the ids that {lister} lists"),
        Some((listers, _)) => format!("the ids that {listers} list"),
        None => "their ids".to_owned(),
    };
    let pointers = match (names.has_search(), face.results) {
        (true, Results::Snippets) => {
            "The sentences in search results are only pointers: read a chunk before you answer from it. "
        }
        _ => "",
    };
    let description = format!(
        "Read chunks of the corpus in full, by {ids}. {pointers}\
         Ask for several chunks in one call when several look promising. If a chunk begins or ends in the middle of \
         something you need, read its neighbours too: ids are in order, so the chunk after `24` is `25`, and after \
         `report` comes `report#2`. A chunk that you have read already is not shown again."
    );
    let status = ["read", "already_read", "not_found"].map(str::to_owned).to_vec();
    ToolSpec {
        name: names.own(NAME),
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
        result: rows_type(
            "chunks",
            &[
                ("id", Type::String),
                ("status", Type::Enum(status)),
                ("text", Type::String.or(Type::Null)),
            ],
        ),
    }
}

fn answer(scene: &Scene, invocation: &Invocation) -> Result<ToolOutput, Error> {
    let arguments = Arguments::new(&invocation.arguments, &scene.name, EXAMPLE);
    let ids = match arguments.texts("chunk_ids")? {
        Some(ids) => Some(ids),
        None => arguments.texts("chunk_id")?,
    };
    let ids = ids.ok_or_else(|| arguments.invalid("`chunk_ids` is missing"))?;
    let mut answer = Answer::default();
    for id in ids {
        answer.add(scene, id, invocation);
    }
    Ok(answer.finish())
}

#[derive(Default)]
struct Answer {
    blocks: Vec<String>,
    chunks: Vec<Value>,
    retrieved: Retrieved,
}

impl Answer {
    fn add(&mut self, scene: &Scene, id: String, invocation: &Invocation) {
        let corpus = &scene.corpus;
        let (status, text) = match corpus.chunk(&id) {
            None => ("not_found", None),
            Some(_) if invocation.read.contains(&id) || self.retrieved.read.contains(&id) => ("already_read", None),
            Some(chunk) => ("read", Some(chunk.text)),
        };
        let block = match (status, text) {
            (_, Some(text)) => framed(&format!("Chunk {id}"), Some(text)),
            ("already_read", None) => already_read(&id),
            _ => format!("There is no chunk {id}. Use ids as the searches list them."),
        };
        self.blocks.push(match corpus.position(&id) {
            Some(chunk) => with_neighbours(scene, chunk, block),
            None => block,
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
