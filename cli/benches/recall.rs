//! How many of the passages that answer a question each search finds, with the built-in embedder or a local one.
//!
//!     cargo bench --profile dev -p troupe --bench recall -- FOLDER …
//!     EMBEDDER=MODEL-FOLDER cargo bench --profile dev -p troupe --features local --bench recall -- FOLDER …
//!
//! A folder has `corpus.jsonl`, and `questions.jsonl` with `question` and `gold_passages`. *By words* and *by
//! meaning* are whole rankings (BM25; a chunk's best sentence), the others are tools with `top_k: 20`, whose
//! `semantic_search` looks at 60 sentences and so may list fewer chunks.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use troupe_core::port::embedder::{Embedder, Role};
use troupe_core::port::tool::Invocation;
use troupe_models::embed::{EncoderOptions, StaticTable, connect};
use troupe_tools::{Corpus, CorpusOptions, Encoders, Face, GRAPH_FROM};

/// Sentences that make the ranking by meaning.
const SENTENCES: usize = 2_000;

struct Question {
    text: String,
    gold: Vec<String>,
}

fn main() {
    for folder in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        measure(Path::new(&folder));
    }
}

fn measure(folder: &Path) {
    let index = tempfile::tempdir().expect("a temporary folder");
    let embedder = embedder();
    let corpus = open(folder, index.path(), embedder.clone());
    let questions = questions(&folder.join("questions.jsonl"));
    println!(
        "{}: {} chunks, {} questions",
        folder.display(),
        corpus.len(),
        questions.len()
    );
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let tool = |name: &str, question: &str| -> Vec<String> {
        let tool = troupe_tools::tool(&corpus, name, &Face::faithful("")).expect("a tool");
        let invocation = Invocation {
            key: "bench".into(),
            arguments: json!({ "query": question, "top_k": 20 }),
            read: Arc::new(BTreeSet::new()),
            place: None,
        };
        let output = runtime.block_on(tool.call(invocation)).expect("an answer");
        let chunks = output.result["chunks"].as_array().cloned().unwrap_or_default();
        let ids = chunks.iter().filter_map(|chunk| chunk["id"].as_str());
        ids.map(str::to_owned).collect()
    };
    report("by words", &questions, |question| {
        let found = corpus.chunks_by_words(question, 20).expect("a sound index");
        found.into_iter().map(|(id, _)| id.to_owned()).collect()
    });
    report("by meaning", &questions, |question| {
        by_meaning(&corpus, &*embedder, question)
    });
    report("semantic_search", &questions, |question| {
        tool("semantic_search", question)
    });
    report("hybrid_search", &questions, |question| tool("hybrid_search", question));
}

/// The one that the environment names, or the table.
fn embedder() -> Arc<dyn Embedder> {
    let Some(folder) = std::env::var_os("EMBEDDER").map(PathBuf::from) else {
        return Arc::new(StaticTable::embedded());
    };
    let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
    let places = vec![folder.parent().expect("a folder in a folder").to_owned()];
    let options = EncoderOptions::local(name, places);
    connect(&options).expect("a model")
}

fn by_meaning(corpus: &Corpus, embedder: &dyn Embedder, question: &str) -> Vec<String> {
    let query = embedder.embed(Role::Query, &[question]).expect("a vector");
    let near = corpus.nearest_sentences(&query[0], SENTENCES).expect("a sound index");
    let mut ranked: Vec<String> = Vec::new();
    for (id, ..) in near {
        if ranked.len() < 20 && !ranked.iter().any(|known| known == id) {
            ranked.push(id.to_owned());
        }
    }
    ranked
}

fn report(what: &str, questions: &[Question], find: impl Fn(&str) -> Vec<String>) {
    let mut times = Vec::new();
    let (mut five, mut twenty, mut whole) = (0.0, 0.0, 0.0);
    for question in questions {
        let start = Instant::now();
        let found = find(&question.text);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        let among = |k: usize| {
            let head = &found[..found.len().min(k)];
            question.gold.iter().filter(|id| head.contains(id)).count() as f64 / question.gold.len() as f64
        };
        five += among(5);
        twenty += among(20);
        whole += f64::from(u8::from(among(5) == 1.0));
    }
    times.sort_by(f64::total_cmp);
    let count = questions.len() as f64;
    println!(
        "{what:16} recall@5 {:.3}   all in top 5 {:.3}   recall@20 {:.3}   p50 {:.2} ms",
        five / count,
        whole / count,
        twenty / count,
        times[times.len() / 2]
    );
}

fn questions(path: &Path) -> Vec<Question> {
    let text = std::fs::read_to_string(path).expect("questions.jsonl");
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let gold = line["gold_passages"].as_array()?.iter();
        Some(Question {
            text: line["question"].as_str()?.to_owned(),
            gold: gold.filter_map(|id| id.as_str().map(str::to_owned)).collect(),
        })
    };
    text.lines()
        .filter_map(read)
        .filter(|question| !question.gold.is_empty())
        .collect()
}

fn open(folder: &Path, index: &Path, embedder: Arc<dyn Embedder>) -> Arc<Corpus> {
    let options = CorpusOptions {
        name: "bench".into(),
        root: folder.to_owned(),
        patterns: vec!["corpus.jsonl".into()],
        chunk_tokens: 1000,
        embedder: String::new(),
        index_folder: index.to_owned(),
        graph_from: GRAPH_FROM,
    };
    let encoders = Encoders {
        embedder,
        tokens: Arc::new(StaticTable::embedded()),
        reranker: None,
    };
    Corpus::open(&options, encoders, &|_| ()).expect("a corpus").corpus
}
