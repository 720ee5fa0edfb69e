//! Keyword search beside A-RAG's own way, a scan of every chunk in Python: the same rankings, and how much faster.
//!
//!     python benches/retrieval/scan.py make FOLDER 5000 CORPUS.jsonl && python benches/retrieval/scan.py run FOLDER
//!     cargo bench --profile dev -p troupe --bench scan -- FOLDER
//!
//! A query is a whole tool call here: arguments, thread hop, search, snippets, token count, JSON.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use troupe_core::port::tool::{Invocation, Tool};
use troupe_models::embed::StaticTable;
use troupe_tools::{Corpus, CorpusOptions, Encoders, Face};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return println!("skipped: no folder; benches/retrieval/scan.py makes one");
    };
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(name)).expect("what scan.py wrote");
        serde_json::from_str(&text).expect("JSON")
    };
    let (queries, scanned) = (read("queries.json"), read("scan.json"));
    let queries = queries.as_array().expect("a list");
    let tool = open(&folder);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let search = |keywords: &Value| {
        let invocation = Invocation {
            key: String::new(),
            arguments: json!({ "keywords": keywords, "top_k": 5 }),
            read: Arc::default(),
            place: None,
        };
        runtime.block_on(tool.call(invocation)).expect("an answer").result
    };
    let mut times = Vec::new();
    let (mut same, mut sentences) = (0, 0);
    queries.iter().take(10).for_each(|query| drop(search(query)));
    for (at, query) in queries.iter().enumerate() {
        let begun = Instant::now();
        let found = search(query);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        let scan = &scanned["rankings"][at];
        same += usize::from(fields(&found["chunks"], "id") == fields(scan, "id"));
        sentences += usize::from(fields(&found["chunks"], "sentences") == fields(scan, "sentences"));
    }
    times.sort_by(f64::total_cmp);
    let p50 = times[times.len() / 2];
    println!(
        "{} chunks, {} queries: p50 {p50:.3} ms, p95 {:.3} ms",
        scanned["chunks"],
        queries.len(),
        times[times.len() * 95 / 100]
    );
    println!(
        "the same ranking {same}, the same sentences {sentences}, of {}",
        queries.len()
    );
    for name in ["scan", "scan_of_lowered"] {
        let scan = scanned[format!("{name}_p50_ms")].as_f64().expect("a time");
        println!("{name:16} p50 {scan:>9.3} ms, {:>7.0} times", scan / p50);
    }
    assert_eq!(same, queries.len(), "the rankings differ");
}

fn open(folder: &Path) -> Arc<dyn Tool> {
    let options = CorpusOptions {
        name: "scan".into(),
        root: std::path::absolute(folder).expect("a path"),
        patterns: vec!["corpus.jsonl".into()],
        chunk_tokens: 1000,
        embedder: String::new(),
        index_folder: folder.join("index"),
        // no vectors are searched: none need be linked
        graph_from: usize::MAX,
    };
    let encoders = Encoders {
        embedder: Arc::new(StaticTable::embedded()),
        tokens: Arc::new(StaticTable::embedded()),
        reranker: None,
    };
    let opened = Corpus::open(&options, encoders, &|_| ()).expect("a corpus");
    troupe_tools::tool(&opened.corpus, "keyword_search", &Face::faithful("")).expect("a tool")
}

/// A field of every chunk, in order.
fn fields<'a>(chunks: &'a Value, name: &str) -> Vec<&'a Value> {
    let chunks = chunks.as_array().map(Vec::as_slice).unwrap_or_default();
    chunks.iter().map(|chunk| &chunk[name]).collect()
}
