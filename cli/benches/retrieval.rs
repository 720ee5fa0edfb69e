//! Retrieval over a real corpus: index time, keyword and semantic search at p50 and p95, and how many
//! of the nearest sentences the graph finds.
//!
//! `cargo bench --profile dev -p troupe --bench retrieval -- CORPUS.jsonl [QUESTIONS.jsonl]`, or the same in the environment
//! variables `TROUPE_BENCH_CORPUS` and `TROUPE_BENCH_QUESTIONS`. Without a corpus it says so and ends.
//! The embedder is the built-in static table; its cost is printed by itself.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::port::embedder::{Embedder, Role};
use troupe_core::port::tool::{Invocation, Tool};
use troupe_models::embed::StaticTable;
use troupe_tools::{Corpus, CorpusOptions, Encoders, Face, Opened};

/// The embedder under measurement, the one that is built in.
fn embedder() -> Arc<dyn Embedder> {
    Arc::new(StaticTable::embedded())
}

fn embedded(embedder: &dyn Embedder, text: &str) -> Vec<f32> {
    embedder.embed(Role::Query, &[text]).expect("a vector").remove(0)
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let setting = |name: &str| std::env::var(name).ok();
    let Some(corpus) = arguments.next().or_else(|| setting("TROUPE_BENCH_CORPUS")) else {
        println!("skipped: no corpus; give a .jsonl as argument or in TROUPE_BENCH_CORPUS");
        return;
    };
    let questions = arguments.next().or_else(|| setting("TROUPE_BENCH_QUESTIONS"));
    let corpus = std::path::absolute(corpus).expect("a path");
    let questions = questions
        .map(PathBuf::from)
        .unwrap_or_else(|| corpus.with_file_name("questions.jsonl"));
    let questions = read_questions(&questions);
    println!("corpus {}, {} questions", corpus.display(), questions.len());

    let folder = tempfile::tempdir().expect("a temporary folder");
    let scan = timed_open("index, scan", &options(&corpus, folder.path(), usize::MAX));
    let graph = timed_open("index, graph", &options(&corpus, folder.path(), 1));
    timed_open("open again, graph", &options(&corpus, folder.path(), 1));
    println!(
        "{} chunks, {} sentences with a vector",
        scan.corpus.len(),
        scan.corpus.sentences()
    );

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let run = |tool: &Arc<dyn Tool>, arguments: &Value| {
        let read = Arc::new(BTreeSet::new());
        let invocation = Invocation {
            key: String::new(),
            arguments: arguments.clone(),
            read,
            place: None,
        };
        runtime.block_on(tool.call(invocation)).expect("an answer").result
    };
    let tool =
        |opened: &Opened, name: &str| troupe_tools::tool(&opened.corpus, name, &Face::faithful("")).expect("a tool");

    let keywords: Vec<Value> = questions
        .iter()
        .map(|question| json!({ "keywords": keywords(question) }))
        .collect();
    measure("keyword_search", &keywords, |query| {
        run(&tool(&scan, "keyword_search"), query)
    });
    let queries: Vec<Value> = questions.iter().map(|question| json!({ "query": question })).collect();
    measure("semantic_search, scan", &queries, |query| {
        run(&tool(&scan, "semantic_search"), query)
    });
    measure("semantic_search, graph", &queries, |query| {
        run(&tool(&graph, "semantic_search"), query)
    });
    measure("embedding a query", &queries, |query| {
        json!(embedded(&*embedder(), query["query"].as_str().unwrap_or_default()))
    });

    recall(&questions, &scan.corpus, &graph.corpus);
}

fn options(corpus: &Path, folder: &Path, graph_from: usize) -> CorpusOptions {
    CorpusOptions {
        name: "bench".into(),
        root: corpus.parent().expect("a folder").to_owned(),
        patterns: vec![corpus.file_name().expect("a file").to_string_lossy().into_owned()],
        chunk_tokens: 1000,
        embedder: String::new(),
        index_folder: folder.to_owned(),
        graph_from,
    }
}

fn timed_open(what: &str, options: &CorpusOptions) -> Opened {
    let start = Instant::now();
    let encoders = Encoders {
        embedder: embedder(),
        tokens: Arc::new(StaticTable::embedded()),
        reranker: None,
    };
    let opened = Corpus::open(options, encoders, &|_| ()).expect("a corpus");
    println!("{what:28} {:>9.1} ms", start.elapsed().as_secs_f64() * 1e3);
    opened
}

fn read_questions(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let question = |line: &str| {
        serde_json::from_str::<Value>(line).ok()?["question"]
            .as_str()
            .map(str::to_owned)
    };
    let found: Vec<String> = text.lines().filter_map(question).collect();
    if !found.is_empty() {
        return found;
    }
    let stock = [
        "Who directed the film about the composer?",
        "Which city is the older university in?",
    ];
    stock.map(str::to_owned).to_vec()
}

/// One to three runs of capitalised words, or the longest words: what an agent would look for.
fn keywords(question: &str) -> Vec<String> {
    let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
    for (at, word) in question.split_whitespace().enumerate() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        match word.chars().next() {
            Some(first) if at > 0 && (first.is_uppercase() || first.is_numeric()) => {
                runs.last_mut().expect("never empty").push(word);
            }
            _ => runs.push(Vec::new()),
        }
    }
    let mut found: Vec<String> = runs
        .iter()
        .filter(|run| !run.is_empty())
        .map(|run| run.join(" "))
        .collect();
    if found.is_empty() {
        let mut words: Vec<&str> = question.split(|c: char| !c.is_alphanumeric()).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        found = words.into_iter().take(2).map(str::to_owned).collect();
    }
    found.truncate(3);
    found
}

fn measure(what: &str, queries: &[Value], run: impl Fn(&Value) -> Value) {
    queries.iter().take(20).for_each(|query| drop(run(query)));
    let mut times: Vec<Duration> = queries
        .iter()
        .map(|query| {
            let start = Instant::now();
            std::hint::black_box(run(query));
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what:28} p50 {:>7.3} ms   p95 {:>7.3} ms   max {:>7.3} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

/// The share of the 15 nearest sentences that the graph finds, and how often the nearest is the same.
fn recall(questions: &[String], scan: &Corpus, graph: &Corpus) {
    let embedder = embedder();
    let (mut found, mut wanted, mut first) = (0, 0, 0);
    for question in questions {
        let query = embedded(&*embedder, question);
        let exact = scan.nearest_sentences(&query, 15).expect("a sound index");
        let walked = graph.nearest_sentences(&query, 15).expect("a sound index");
        found += exact.iter().filter(|near| walked.contains(near)).count();
        wanted += exact.len();
        first += usize::from(exact.first() == walked.first());
    }
    println!("{:28} {:.4}", "recall@15 of the graph", found as f64 / wanted as f64);
    println!(
        "{:28} {:.4}",
        "same nearest sentence",
        first as f64 / questions.len() as f64
    );
}
