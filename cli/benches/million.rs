//! A million sentences: how long searches, opening and an update take, and what the walk finds.
//!
//!     cargo bench --profile dev -p troupe --bench million -- FOLDER CORPUS.jsonl [CORPUS.jsonl …]
//!
//! FOLDER keeps the corpus and its two indexes (3 GB) for the next time. The sentences are those of the corpora,
//! again and again, a third of their words taken from other sentences; `questions.jsonl` beside a corpus are the
//! queries.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use troupe_core::port::embedder::{Embedder, Role};
use troupe_core::port::tool::{Invocation, Tool};
use troupe_models::embed::StaticTable;
use troupe_tools::{Corpus, CorpusOptions, Encoders, Face, GRAPH_FROM};

const SENTENCES: usize = 1_000_000;
/// Sentences of a passage.
const PASSAGE: usize = 5;
/// Passages that are added afterwards.
const ADDED: usize = 100;

fn main() {
    let arguments: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .map(PathBuf::from)
        .collect();
    let [folder, sources @ ..] = arguments.as_slice() else {
        return println!("usage: cargo bench --bench million -- FOLDER CORPUS.jsonl …");
    };
    std::fs::create_dir_all(folder).expect("a folder");
    let corpus = folder.join("corpus.jsonl");
    if !corpus.exists() {
        write(&corpus, &texts(sources, "text"), SENTENCES);
    }
    let _ = std::fs::remove_file(folder.join("more.jsonl"));
    let questions: Vec<PathBuf> = sources
        .iter()
        .map(|source| source.with_file_name("questions.jsonl"))
        .collect();
    let questions = texts(&questions, "question");
    let questions: Vec<&str> = questions.iter().step_by(8).map(String::as_str).collect();
    timed("indexing, or opening", || open(folder, GRAPH_FROM));
    let before = resident();
    let walked = timed("opening", || open(folder, GRAPH_FROM));
    println!("{} chunks, {} sentences", walked.len(), walked.sentences());
    let keywords = |question: &str| -> Value {
        let mut words: Vec<&str> = question.split(|c: char| !c.is_alphanumeric()).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        json!({ "keywords": words.iter().take(2).collect::<Vec<_>>(), "top_k": 5 })
    };
    let semantic = |question: &str| json!({ "query": question, "top_k": 5 });
    calls("keyword_search", &walked, &questions, keywords);
    calls("semantic_search", &walked, &questions, semantic);
    println!(
        "{:28} {:>9.0} MB more than before opening",
        "resident",
        (resident() - before) / 1e6
    );
    println!(
        "{:28} {:>9.0} MB",
        "the vectors",
        walked.sentences() as f64 * 1024.0 / 1e6
    );
    recall(folder, &walked, &questions);
    write(&folder.join("more.jsonl"), &texts(sources, "text"), ADDED * PASSAGE);
    let more = timed("adding 100 documents", || open(folder, GRAPH_FROM));
    println!("{} chunks", more.len());
    let _ = std::fs::remove_file(folder.join("more.jsonl"));
}

/// A field of every line.
fn texts(files: &[PathBuf], field: &str) -> Vec<String> {
    let lines = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let value = |line: String| {
        serde_json::from_str::<Value>(&line).ok()?[field]
            .as_str()
            .map(str::to_owned)
    };
    lines.filter_map(value).collect()
}

/// Writes passages of `count` sentences like those of the texts.
fn write(path: &Path, texts: &[String], count: usize) {
    let sentences = texts.iter().flat_map(|text| text.split(['.', '!', '?', '\n']));
    let sentences: Vec<Vec<&str>> = sentences
        .map(str::trim)
        .filter(|sentence| sentence.chars().count() > 10)
        .map(|sentence| sentence.split(' ').collect())
        .collect();
    let mut state = 0x9E37_79B9_7F4A_7C15u64 ^ count as u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as usize % below
    };
    let name = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default()
        .to_owned();
    let mut out = BufWriter::new(std::fs::File::create(path).expect("a file"));
    for passage in 0..count / PASSAGE {
        let mut text = String::new();
        for at in 0..PASSAGE {
            let mut words = sentences[(passage * PASSAGE + at) % sentences.len()].clone();
            let other = &sentences[next(sentences.len())];
            for word in &mut words {
                if passage * PASSAGE + at >= sentences.len() && next(3) == 0 {
                    *word = other[next(other.len())];
                }
            }
            text += &words.join(" ");
            text += ". ";
        }
        writeln!(
            out,
            "{}",
            json!({ "id": format!("{name}-{passage}"), "text": text.trim() })
        )
        .expect("room");
    }
}

fn open(folder: &Path, graph_from: usize) -> Arc<Corpus> {
    let options = CorpusOptions {
        name: "million".into(),
        root: folder.to_owned(),
        patterns: vec!["*.jsonl".into()],
        chunk_tokens: 1000,
        embedder: String::new(),
        index_folder: folder.join("index"),
        graph_from,
    };
    let encoders = Encoders {
        embedder: Arc::new(StaticTable::embedded()),
        tokens: Arc::new(StaticTable::embedded()),
        reranker: None,
    };
    Corpus::open(&options, encoders, &|_| ()).expect("a corpus").corpus
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    println!("{what:28} {:>9.1} ms", start.elapsed().as_secs_f64() * 1e3);
    done
}

/// Whole calls of a tool.
fn calls(name: &str, corpus: &Arc<Corpus>, questions: &[&str], arguments: impl Fn(&str) -> Value) {
    let tool: Arc<dyn Tool> = troupe_tools::tool(corpus, name, &Face::faithful("")).expect("a tool");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut times: Vec<f64> = questions
        .iter()
        .map(|question| {
            let invocation = Invocation {
                key: "bench".into(),
                arguments: arguments(question),
                read: Arc::new(BTreeSet::new()),
                place: None,
            };
            let start = Instant::now();
            runtime.block_on(tool.call(invocation)).expect("an answer");
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{name:28} p50 {:>7.2} ms   p95 {:>7.2} ms", at(0.5), at(0.95));
}

/// The share of the 15 nearest sentences that the walk finds.
fn recall(folder: &Path, walked: &Corpus, questions: &[&str]) {
    let scanned = open(folder, usize::MAX);
    let (mut found, mut wanted) = (0, 0);
    for question in questions {
        let query = StaticTable::embedded()
            .embed(Role::Query, &[question])
            .expect("a vector")
            .remove(0);
        let exact = scanned.nearest_sentences(&query, 15).expect("a sound index");
        let near = walked.nearest_sentences(&query, 15).expect("a sound index");
        found += exact.iter().filter(|exact| near.contains(exact)).count();
        wanted += exact.len();
    }
    println!("{:28} {:>9.4}", "recall@15", found as f64 / wanted as f64);
}

/// Bytes of this process in memory.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
    resident.unwrap_or(0.0) * 4096.0
}
