//! What tools take and give, as types: what `with:` and `steps.x.output` are checked against.

use indexmap::IndexMap;
use troupe_core::types::Type;

/// An argument of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// What it must be.
    pub kind: Type,
    /// Whether a call without it is refused.
    pub required: bool,
}

/// What a tool takes and gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Its result.
    pub result: Type,
}

impl Signature {
    /// The signature of a retrieval tool.
    pub fn of_retrieval(tool: &str) -> Self {
        Self {
            arguments: arguments(tool),
            result: result(tool),
        }
    }
}

/// The tools that every corpus brings (A-RAG §1.4), in the order in which agents see them.
pub const RETRIEVAL_TOOLS: [&str; 3] = ["keyword_search", "semantic_search", "read_chunk"];

/// The arguments of a retrieval tool; none for an unknown one.
pub fn arguments(tool: &str) -> Vec<Argument> {
    let argument = |name: &str, kind, required| Argument {
        name: name.to_owned(),
        kind,
        required,
    };
    let texts = || Type::List(Box::new(Type::String));
    match tool {
        "keyword_search" => vec![
            argument("keywords", texts(), true),
            argument("top_k", Type::Integer, false),
        ],
        "semantic_search" => vec![
            argument("query", Type::String, true),
            argument("top_k", Type::Integer, false),
        ],
        "read_chunk" => vec![argument("chunk_ids", texts(), true)],
        _ => Vec::new(),
    }
}

/// The type of a retrieval tool's result; `any` for an unknown one.
pub fn result(tool: &str) -> Type {
    let chunk = match tool {
        "keyword_search" | "semantic_search" => object(&[
            ("id", Type::String),
            ("score", Type::Number),
            ("sentences", Type::List(Box::new(Type::String))),
        ]),
        "read_chunk" => object(&[
            ("id", Type::String),
            (
                "status",
                Type::Enum(vec!["read".into(), "already_read".into(), "not_found".into()]),
            ),
            ("text", Type::String.or(Type::Null)),
        ]),
        _ => return Type::Any,
    };
    object(&[("chunks", Type::List(Box::new(chunk)))])
}

/// The record of a `run` step without `output`.
pub fn process_result() -> Type {
    object(&[
        ("exit_code", Type::Integer),
        ("stdout", Type::String),
        ("stderr", Type::String),
    ])
}

fn object(fields: &[(&str, Type)]) -> Type {
    let fields: IndexMap<String, Type> = fields.iter().map(|(n, t)| ((*n).to_owned(), t.clone())).collect();
    Type::Object(fields)
}
