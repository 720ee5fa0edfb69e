//! What tools take and give, as types: what `with:` and `steps.x.output` are checked against.

use indexmap::IndexMap;
use troupe_core::ir::{EffectClass, Results};
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
    /// The signature of a retrieval tool over a corpus with such results and fields.
    pub fn of_retrieval(tool: &str, results: Results, metadata: &[String]) -> Self {
        Self {
            arguments: arguments(tool, metadata),
            result: result(tool, results),
        }
    }

    /// The signature of a tool in a sandbox.
    pub fn in_sandbox(tool: &str) -> Self {
        let (arguments, result) = match tool {
            "shell" => (
                vec![
                    argument("command", Type::String, true),
                    argument("seconds", Type::Integer, false),
                ],
                process_result(),
            ),
            "read_file" => (
                vec![
                    argument("path", Type::String, true),
                    argument("from", Type::Integer, false),
                    argument("lines", Type::Integer, false),
                ],
                object(&[
                    ("text", Type::String),
                    ("from", Type::Integer),
                    ("lines", Type::Integer),
                ]),
            ),
            "write_file" => (
                vec![
                    argument("path", Type::String, true),
                    argument("text", Type::String, true),
                ],
                object(&[("path", Type::String), ("bytes", Type::Integer)]),
            ),
            "apply_patch" => (vec![argument("patch", Type::String, true)], patched()),
            _ => (Vec::new(), Type::Any),
        };
        Self { arguments, result }
    }
}

/// The tools of a sandbox, in the order in which agents see them. What a command does is not known; writing the same
/// text again changes nothing.
pub const SANDBOX_TOOLS: [(&str, EffectClass); 4] = [
    ("shell", EffectClass::Once),
    ("read_file", EffectClass::Pure),
    ("write_file", EffectClass::Idempotent),
    ("apply_patch", EffectClass::Once),
];

/// What became of the files of a patch.
fn patched() -> Type {
    let words = ["added", "changed", "removed", "as_it_was"].map(str::to_owned);
    let row = object(&[("path", Type::String), ("became", Type::Enum(words.to_vec()))]);
    object(&[("files", Type::List(Box::new(row)))])
}

fn argument(name: &str, kind: Type, required: bool) -> Argument {
    Argument {
        name: name.to_owned(),
        kind,
        required,
    }
}

/// The tools of the A-RAG paper (§1.4), in the order in which agents see them.
pub const PAPER_TOOLS: [&str; 3] = ["keyword_search", "semantic_search", "read_chunk"];
/// Those that the paper does not have.
pub const FURTHER_TOOLS: [&str; 2] = ["hybrid_search", "outline"];
/// Those that look at answers.
pub const CHECKING_TOOLS: [&str; 1] = ["verify_citations"];
/// All tools that a corpus can bring.
pub const RETRIEVAL_TOOLS: [&str; 6] = [
    "keyword_search",
    "semantic_search",
    "read_chunk",
    "hybrid_search",
    "outline",
    "verify_citations",
];
/// Those that an assisted agent has: the paper's and the further ones.
pub const ASSISTED_TOOLS: [&str; 5] = [
    "keyword_search",
    "semantic_search",
    "read_chunk",
    "hybrid_search",
    "outline",
];

/// The arguments of a retrieval tool over a corpus with such fields; none for an unknown one.
pub fn arguments(tool: &str, metadata: &[String]) -> Vec<Argument> {
    let texts = || Type::List(Box::new(Type::String));
    let search = |name: &str, kind| {
        let mut arguments = vec![argument(name, kind, true), argument("top_k", Type::Integer, false)];
        if !metadata.is_empty() {
            arguments.push(argument("where", filter(metadata), false));
        }
        arguments
    };
    match tool {
        "keyword_search" => search("keywords", texts()),
        "semantic_search" | "hybrid_search" => search("query", Type::String),
        "read_chunk" => vec![argument("chunk_ids", texts(), true)],
        "outline" => vec![
            argument("document", Type::String, false),
            argument("page", Type::Integer, false),
        ],
        "verify_citations" => vec![argument("answer", Type::Any, true)],
        _ => Vec::new(),
    }
}

/// What narrows a search: for each field a value, several, or bounds.
fn filter(metadata: &[String]) -> Type {
    let bound = || Type::String.or(Type::Number);
    let value = || bound().or(Type::Boolean);
    let bounds = object(&[("min", bound().or(Type::Absent)), ("max", bound().or(Type::Absent))]);
    let wanted = value().or(Type::List(Box::new(value()))).or(bounds).or(Type::Absent);
    let fields = metadata.iter().map(|field| (field.clone(), wanted.clone()));
    Type::Object(fields.collect())
}

/// The type of a retrieval tool's result; `any` for an unknown one.
pub fn result(tool: &str, results: Results) -> Type {
    let row = match tool {
        "keyword_search" | "semantic_search" | "hybrid_search" => object(&[
            ("id", Type::String),
            ("score", Type::Number),
            match results {
                Results::Snippets => ("sentences", Type::List(Box::new(Type::String))),
                Results::Full => ("text", Type::String.or(Type::Null)),
            },
        ]),
        "read_chunk" => object(&[
            ("id", Type::String),
            (
                "status",
                Type::Enum(vec!["read".into(), "already_read".into(), "not_found".into()]),
            ),
            ("text", Type::String.or(Type::Null)),
        ]),
        "outline" => {
            let entry = object(&[
                ("id", Type::String),
                ("title", Type::String),
                ("chunks", Type::Integer),
                ("tokens", Type::Integer),
            ]);
            return object(&[("entries", Type::List(Box::new(entry))), ("pages", Type::Integer)]);
        }
        "verify_citations" => return verified(),
        _ => return Type::Any,
    };
    object(&[("chunks", Type::List(Box::new(row)))])
}

/// What is told of the citations of an answer.
fn verified() -> Type {
    let levels = ["not_in_index", "never_read", "read"];
    let citation = object(&[
        ("id", Type::String),
        ("level", Type::Enum(levels.map(str::to_owned).to_vec())),
        ("claim", Type::String),
        ("text", Type::String.or(Type::Null)),
    ]);
    object(&[
        ("citations", Type::List(Box::new(citation))),
        ("counts", object(&levels.map(|level| (level, Type::Integer)))),
    ])
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
