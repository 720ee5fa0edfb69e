//! `verify_citations`: whether the chunks that an answer names exist and were read, with their texts for
//! whoever judges what they say; not in the A-RAG paper.
//!
//! It is told what anybody in the run has read ([`Readers::Everybody`]), so a step can check what an agent
//! answered, and an agent what it is about to answer.

use crate::arguments::Arguments;
use crate::face::{Face, Names};
use crate::registry::{Row, Scene};
use indexmap::IndexMap;
use serde_json::json;
use troupe_core::citation::{self, Citation, Counts, Grounds, Ids, Level, Shapes};
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Readers, ToolSpec};
use troupe_core::types::Type;
use troupe_core::{Object, Value};

pub(crate) const NAME: &str = "verify_citations";
pub(crate) const ROW: Row = Row {
    name: NAME,
    spec,
    answer,
    reranks: false,
    readers: Readers::Everybody,
};
const EXAMPLE: &str = r#"{"answer": "Otters hold hands while they sleep [otters#2]."}"#;
/// Levels that one corpus can tell: it knows its own chunks, and no agents.
const LEVELS: [Level; 3] = [Level::NotInIndex, Level::NeverRead, Level::Read];

fn spec(_: &Face, names: &Names) -> ToolSpec {
    let description = "Check the citations of an answer before you give it: for each chunk id in square brackets, and \
                       each in a field such as `source`, whether the corpus has that chunk and whether it was read. \
                       Whether the chunk says what the answer claims is not checked. Mend or leave out what is \
                       `not_in_index`, and read what is `never_read`.";
    ToolSpec {
        name: names.own(NAME),
        description: description.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "answer": { "description": "The answer: its text with citations such as [24], or the whole object." },
            },
            "required": ["answer"],
        }),
        result: result_type(),
    }
}

fn result_type() -> Type {
    let object = |fields: Vec<(&str, Type)>| {
        let fields: IndexMap<String, Type> = fields.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
        Type::Object(fields)
    };
    let levels = LEVELS.map(|level| level.word().to_owned()).to_vec();
    let citation = object(vec![
        ("id", Type::String),
        ("level", Type::Enum(levels)),
        ("claim", Type::String),
        ("text", Type::String.or(Type::Null)),
    ]);
    let counts = LEVELS.map(|level| (level.word(), Type::Integer)).to_vec();
    object(vec![
        ("citations", Type::List(Box::new(citation))),
        ("counts", object(counts)),
    ])
}

fn answer(scene: &Scene, invocation: &Invocation) -> Result<ToolOutput, Error> {
    let arguments = Arguments::new(&invocation.arguments, &scene.name, EXAMPLE);
    let answer = arguments.get("answer").filter(|answer| !answer.is_null());
    let answer = answer.ok_or_else(|| arguments.invalid("`answer` is missing"))?;
    let corpus = &scene.corpus;
    let in_index = |id: &str| Some(corpus.position(id).is_some());
    let known = |id: &str| invocation.read.contains(id) || corpus.position(id).is_some();
    let ids = Ids {
        known: &known,
        shapes: scene.shapes(),
    };
    let grounds = Grounds {
        in_index: &in_index,
        own: &invocation.read,
        run: &invocation.read,
    };
    let mut told = Told::default();
    for citation in citation::find(answer, ids) {
        let level = grounds.level(&citation.id);
        let text = corpus.chunk(&citation.id).map(|chunk| chunk.text);
        told.add(&citation, level, text);
    }
    Ok(told.finish())
}

/// What ids of the corpus look like.
pub(crate) fn shapes(corpus: &crate::Corpus) -> Shapes {
    Shapes::of((0..corpus.len() as u32).map(|chunk| corpus.id(chunk)))
}

#[derive(Default)]
struct Told {
    lines: Vec<String>,
    citations: Vec<Value>,
    counts: Counts,
}

impl Told {
    fn add(&mut self, citation: &Citation, level: Level, text: Option<&str>) {
        let Citation { id, claim, .. } = citation;
        self.counts.add(level);
        self.lines.push(format!("[{id}] {}: {claim}", level.word()));
        self.citations
            .push(json!({ "id": id, "level": level, "claim": claim, "text": text }));
    }

    fn finish(self) -> ToolOutput {
        let counts: Object = LEVELS
            .iter()
            .map(|level| (level.word().to_owned(), self.counts.of(*level).into()))
            .collect();
        let text = match self.counts.total() {
            0 => "The answer cites no chunk.".to_owned(),
            total => {
                let each = LEVELS.map(|level| format!("{} {}", self.counts.of(level), level.word()));
                format!("{total} citations: {}.\n{}", each.join(", "), self.lines.join("\n"))
            }
        };
        ToolOutput {
            text,
            result: json!({ "citations": self.citations, "counts": counts }),
            retrieved: Retrieved::default(),
            ..ToolOutput::default()
        }
    }
}
