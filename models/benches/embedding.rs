//! Sentences a second that become vectors, by the table that is part of the program and by a model from files.
//!
//!     RAYON_NUM_THREADS=1 cargo bench --profile dev -p troupe-models --features local --bench embedding -- CORPUS.jsonl [MODEL-FOLDER]
//!
//! `benches/retrieval/embedding.py` does the same with onnxruntime.

use serde_json::Value;
use std::path::PathBuf;
use std::time::Instant;
use troupe_core::port::embedder::{Embedder, Role};
use troupe_models::embed::{EncoderOptions, StaticTable, connect};

/// Sentences that a model embeds; the table embeds all of them many times.
const SENTENCES: usize = 512;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [corpus, models @ ..] = arguments.as_slice() else {
        return println!("usage: cargo bench --bench embedding -- CORPUS.jsonl [MODEL-FOLDER]");
    };
    let text = std::fs::read_to_string(corpus).expect("a corpus");
    let texts = text.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["text"].as_str().map(str::to_owned)
    });
    let texts: Vec<String> = texts.collect();
    let sentences = texts.iter().flat_map(|text| text.split_inclusive(". ")).map(str::trim);
    let sentences: Vec<&str> = sentences.filter(|sentence| sentence.len() > 10).collect();
    // Every so many, so that all of the corpus is seen.
    let step = (sentences.len() / SENTENCES).max(1);
    let few: Vec<&str> = sentences.iter().copied().step_by(step).take(SENTENCES).collect();
    println!("{} sentences, {} of them for models", sentences.len(), few.len());
    measured("builtin/static", StaticTable::embedded(), &sentences, 256);
    for model in models {
        let folder = PathBuf::from(model);
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
        let places = vec![folder.parent().expect("a folder in a folder").to_owned()];
        let options = EncoderOptions::local(name, places);
        let start = Instant::now();
        let embedder = connect(&options).expect("a model");
        println!(
            "{:24} {:>10.0} ms to open",
            options.model.name,
            start.elapsed().as_secs_f64() * 1e3
        );
        measured(&options.model.name, &*embedder, &few, 32);
        measured(&options.model.name, &*embedder, &few, 256);
    }
}

/// The best of three rounds, in sentences a second of wall time and of processor time.
fn measured(name: &str, embedder: &dyn Embedder, sentences: &[&str], batch: usize) {
    let (mut wall, mut busy) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let (start, before) = (Instant::now(), processor_seconds());
        for batch in sentences.chunks(batch) {
            let vectors = embedder.embed(Role::Passage, batch).expect("vectors");
            assert_eq!(vectors.len(), batch.len());
        }
        wall = wall.min(start.elapsed().as_secs_f64());
        busy = busy.min(processor_seconds() - before);
    }
    let count = sentences.len() as f64;
    println!(
        "{name:24} batches of {batch:>4}: {:>9.0} a second, {:>9.0} a CPU second",
        count / wall,
        count / busy
    );
}

/// What all threads of this process have used so far.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}
