//! What holding answers to a grammar costs: microseconds of a mask, and the share of tokens that need no forward pass.
//!
//!     cargo bench --profile dev -p troupe-models --features local --bench grammar -- FOLDER-OR-GGUF
//!
//! The folder or the GGUF file has the tokenizer of a chat model in it. The answers are written down below and followed
//! token by token, so that no model is needed.

use candle_core::quantized::gguf_file::Content;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::message::Message;
use troupe_core::port::model::ModelRequest;
use troupe_core::port::tool::ToolSpec;
use troupe_core::sampling::Sampling;
use troupe_core::types::{Schema, Type};
use troupe_models::local::chat::{Chat, Constraint};

const ANSWER: &str = r#"{"rows": [{"paper": "Attention Is All You Need", "dataset": "WMT 2014 English-German", "items": 4500000, "note": null}, {"paper": "BERT: Pre-training of Deep Bidirectional Transformers", "dataset": "BooksCorpus and English Wikipedia", "items": 3300, "note": "words, in millions; \"text passages\" only"}], "sure": true, "kind": "survey"}"#;
const SEARCH: &str = "<tool_call>\n{\"name\": \"keyword_search\", \"arguments\": {\"keywords\": [\"WMT 2014\", \"sentence pairs\"], \"top_k\": 5}}\n</tool_call>";
const READ: &str =
    "<tool_call>\n{\"name\": \"read_chunk\", \"arguments\": {\"chunk_id\": \"papers/attention.md#12\"}}\n</tool_call>";
const WORDS: &str = "The corpus has about 4.5 million sentence pairs, says chunk 12; if x < 3 then `Vec<u8>` is enough. I look it up once more.\n";

/// Times that each answer is followed.
const ROUNDS: usize = 9;

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(folder) = folder else {
        return println!("usage: cargo bench --bench grammar -- FOLDER-OR-GGUF");
    };
    let begin = Instant::now();
    let chat = if folder.ends_with(".gguf") {
        let mut file = std::fs::File::open(&folder).expect("a GGUF file");
        Chat::from_metadata(&Content::read(&mut file).expect("a GGUF file").metadata)
    } else {
        Chat::read(folder.as_ref())
    };
    let chat = chat.expect("the tokenizer of a chat model");
    println!(
        "{} tokens, read and prepared in {:?}",
        chat.vocabulary().size(),
        begin.elapsed()
    );
    println!("| answer | compile | masks | mean | longest | tokens | forced | fork |");
    println!("|---|---|---|---|---|---|---|---|");
    let words = format!("{WORDS}{SEARCH}");
    let called = format!("{SEARCH}\n{READ}");
    for (name, request, answer) in [
        ("JSON Schema", ask(Vec::new(), output()), ANSWER),
        ("tool calls", ask(tools(), output()), &called),
        ("JSON Schema beside tools", ask(tools(), output()), ANSWER),
        ("words beside tools", ask(tools(), Type::String), WORDS),
        ("words, then a tool call", ask(tools(), Type::String), &words),
    ] {
        let mut compile = Duration::MAX;
        for _ in 0..5 {
            let begin = Instant::now();
            chat.constrain(&request).expect("a grammar");
            compile = compile.min(begin.elapsed());
        }
        // Of each mask the shortest of some rounds: others share the processor.
        let mut rounds = (0..ROUNDS).map(|_| {
            let mut constraint = chat.constrain(&request).expect("a grammar").expect("a constraint");
            follow(&chat, &mut constraint, answer)
        });
        let mut followed = rounds.next().expect("some rounds");
        for round in rounds {
            for (best, mask) in followed.masks.iter_mut().zip(round.masks) {
                *best = mask.min(*best);
            }
        }
        let longest = followed.masks.iter().max().copied().unwrap_or_default();
        let mean = followed.masks.iter().sum::<Duration>() / followed.masks.len().max(1) as u32;
        let share = 100 * followed.forced / followed.tokens;
        println!(
            "| {name} | {compile:?} | {} | {mean:?} | {longest:?} | {} | {share} % | {:?} |",
            followed.masks.len(),
            followed.tokens,
            followed.fork
        );
    }
}

struct Followed {
    masks: Vec<Duration>,
    tokens: usize,
    forced: usize,
    fork: Duration,
}

/// Writes `answer` under the constraint, as a model would that wants to say just this.
fn follow(chat: &Chat, constraint: &mut Constraint, answer: &str) -> Followed {
    let mut rest = answer.as_bytes();
    let mut followed = Followed {
        masks: Vec::new(),
        tokens: 0,
        forced: 0,
        fork: Duration::MAX,
    };
    while !rest.is_empty() {
        let mut next = constraint.forced();
        followed.forced += next.len();
        if next.is_empty() {
            let begin = Instant::now();
            let mask = constraint.mask().expect("a mask");
            followed.masks.push(begin.elapsed());
            let tokens = chat
                .vocabulary()
                .encode(&String::from_utf8_lossy(rest))
                .expect("tokens");
            assert!(
                mask.allows(tokens[0]),
                "not allowed before {:?}",
                String::from_utf8_lossy(rest)
            );
            next.push(tokens[0]);
            let begin = Instant::now();
            let fork = constraint.fork();
            followed.fork = followed.fork.min(begin.elapsed());
            drop(fork);
        }
        for token in next {
            constraint.take(token).expect("an allowed token");
            let bytes = &chat.vocabulary().word(token).bytes;
            rest = rest.strip_prefix(bytes.as_slice()).expect("the answer that was meant");
            followed.tokens += 1;
        }
    }
    followed
}

fn ask(tools: Vec<ToolSpec>, output: Type) -> ModelRequest {
    ModelRequest {
        system: "You fill tables.".into(),
        messages: vec![Arc::new(Message::User {
            text: "Fill it.".into(),
        })],
        tools: tools.into(),
        branch: None,
        calling: troupe_core::port::model::Calling::default(),
        output,
        sampling: Sampling::default(),
        forced: true,
    }
}

fn output() -> Type {
    let row = json!({
        "type": "object",
        "properties": {
            "paper": { "type": "string" },
            "dataset": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "items": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
            "note": { "anyOf": [{ "type": "string", "maxLength": 200 }, { "type": "null" }] },
        },
        "required": ["paper", "dataset", "items", "note"],
        "additionalProperties": false,
    });
    let schema = json!({
        "type": "object",
        "properties": {
            "rows": { "type": "array", "items": row },
            "sure": { "type": "boolean" },
            "kind": { "enum": ["survey", "study", "benchmark"] },
        },
        "required": ["rows", "sure", "kind"],
        "additionalProperties": false,
    });
    Type::Schema(Arc::new(Schema::parse(schema).expect("a schema")))
}

fn tools() -> Vec<ToolSpec> {
    let tool = |name: &str, properties: Value, required: &[&str]| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters: json!({ "type": "object", "properties": properties, "required": required }),
        result: Type::Any,
    };
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer", "minimum": 1, "maximum": 20 });
    let keywords = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    vec![
        tool(
            "keyword_search",
            json!({ "keywords": keywords, "top_k": number() }),
            &["keywords"],
        ),
        tool(
            "semantic_search",
            json!({ "query": text(), "top_k": number() }),
            &["query"],
        ),
        tool("read_chunk", json!({ "chunk_id": text() }), &["chunk_id"]),
        tool(
            "write_file",
            json!({ "path": text(), "text": text() }),
            &["path", "text"],
        ),
        tool("run", json!({ "command": text(), "timeout_s": number() }), &["command"]),
    ]
}
