//! Owns the making and measuring of the embedded sentence table: `distil-collect` (training
//! text), `distil` (teacher vectors, fit, asset) and `distil-eval` (search quality).
//!
//! `distil` keeps the teacher's vectors beside the text, goes
//! on where it was stopped, and fits again in a minute.

mod asset;
mod bm25;
mod collect;
mod dictionary;
mod eval;
mod fit;
mod initial;
mod markup;
mod matrix;
mod quality;
mod sentences;
mod teacher;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use matrix::Matrix;
use troupe_models::embed::StaticTable;

use teacher::{TEACHER_DIMENSION, Teacher};

/// One text in this many is kept from training to measure on.
const HELD_OUT: usize = 20;

/// The commands here.
pub const COMMANDS: [&str; 3] = ["distil-collect", "distil", "distil-eval"];

const USAGE: &str = "\
cargo run --package xtask --features distil -- COMMAND
  distil-collect --root DIR --out FILE
  distil --model DIR --text FILE --out FILE [--untrained FILE] [--seconds N] [--epochs N]
         [--batch N] [--rate X] [--similarity X] [--dropout X] [--dimension N]
  distil-eval --data DIR [--table FILE] [--untrained FILE] [--titled true] [--model DIR --cache DIR]";

/// `--name value` pairs of a command line.
struct Options(HashMap<String, String>);

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = HashMap::new();
        for pair in arguments.chunks(2) {
            let [name, value] = pair else {
                bail!("{} has no value\n{USAGE}", pair[0])
            };
            let name = name.strip_prefix("--").with_context(|| format!("{name}?\n{USAGE}"))?;
            options.insert(name.to_owned(), value.clone());
        }
        Ok(Self(options))
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let value = self
            .0
            .get(name)
            .with_context(|| format!("--{name} is missing\n{USAGE}"))?;
        Ok(PathBuf::from(value))
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.0.get(name) {
            None => Ok(default),
            Some(value) => value
                .parse()
                .ok()
                .with_context(|| format!("--{name} {value} is no number")),
        }
    }
}

/// Runs one of [`COMMANDS`].
pub fn main(name: &str, arguments: &[String]) -> ExitCode {
    let result = Options::parse(arguments).and_then(|options| match name {
        "distil-collect" => collect::collect(&options.path("root")?, &options.path("out")?),
        "distil" => distil(&options),
        _ => evaluate(&options),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn distil(options: &Options) -> Result<()> {
    let teacher = Teacher::load(&options.path("model")?)?;
    let text = options.path("text")?;
    let out = options.path("out")?;
    let content = std::fs::read_to_string(&text).context("reading the training text")?;
    let mut texts: Vec<Vec<u32>> = content.lines().map(|line| teacher.tokenizer().encode(line)).collect();
    let difference = teacher.check()?;
    println!("largest difference from the reference implementation: {difference:.1e}");
    ensure!(difference < 1e-5, "the encoder does not compute all-MiniLM-L6-v2");
    let seconds = options.number("seconds", u64::MAX)?;
    let vectors = teacher.embed_cached(&texts, &text.with_extension("vectors"), seconds)?;
    let single: Vec<Vec<u32>> = (0..teacher.tokenizer().vocabulary_size() as u32)
        .map(|id| vec![id])
        .collect();
    let cache = text.with_extension("token-vectors");
    let tokens = Matrix::new(teacher.embed_cached(&single, &cache, u64::MAX)?, TEACHER_DIMENSION);
    let vectors = Matrix::new(vectors, TEACHER_DIMENSION);
    texts.truncate(vectors.rows);
    train(options, &teacher.vocabulary, texts, vectors, tokens, &out)
}

/// Fits a table to the teacher's `vectors` of `texts` and writes it to `out`.
fn train(
    options: &Options,
    vocabulary: &str,
    mut texts: Vec<Vec<u32>>,
    mut vectors: Matrix,
    tokens: Matrix,
    out: &Path,
) -> Result<()> {
    let settings = fit::Settings {
        epochs: options.number("epochs", 8)?,
        batch: options.number("batch", 512)?,
        rate: options.number("rate", 1e-2)?,
        similarity: options.number("similarity", 2.0)?,
        dropout: options.number("dropout", 0.0)?,
    };
    let dimension = options.number("dimension", 256)?;
    let trained = texts.len() - texts.len() / HELD_OUT;
    ensure!(trained > dimension, "{} texts are too few", texts.len());
    let held_texts = texts.split_off(trained);
    let held_vectors = vectors.values.split_off(trained * vectors.columns);
    let held_vectors = Matrix::new(held_vectors, vectors.columns);
    vectors.rows = trained;
    println!("{trained} texts to train on, {} held out", held_texts.len());

    let directions = initial::directions(&vectors, dimension);
    let project = |vectors: &Matrix| {
        let mut targets = vectors.times_transposed(&directions);
        targets.normalise_rows();
        targets
    };
    let (targets, held_targets) = (project(&vectors), project(&held_vectors));
    let report = |name: &str, table: &Matrix| {
        let quality = quality::measure(table, &held_texts, &held_targets, &held_vectors);
        println!("{name}: {quality}");
    };
    let weights = initial::token_weights(&texts, tokens.rows);
    let mut untrained = initial::untrained(&tokens, &weights, &directions);
    report("untrained", &untrained);
    if let Ok(path) = options.path("untrained") {
        asset::clear_special_rows(&mut untrained, vocabulary);
        std::fs::write(path, asset::to_bytes(&untrained))?;
    }
    let table = initial::regressed(&tokens, &weights, &texts, &targets);
    report("regressed", &table);
    let mut fit = fit::Fit::new(table, settings);
    fit.run(&texts, &targets, |epoch, table| {
        report(&format!("epoch {epoch}"), table)
    });
    asset::clear_special_rows(&mut fit.table, vocabulary);
    std::fs::write(out, asset::to_bytes(&fit.table)).context("writing the table")
}

/// Measures a table (the embedded one unless told otherwise) on a question set.
fn evaluate(options: &Options) -> Result<()> {
    let teacher = options
        .path("model")
        .ok()
        .map(|model| Teacher::load(&model))
        .transpose()?;
    let vocabulary = include_str!("../../../models/assets/vocab.txt");
    let read =
        |path: PathBuf| -> Result<StaticTable> { Ok(StaticTable::from_bytes(std::fs::read(path)?, vocabulary)?) };
    let table = match options.path("table") {
        Ok(path) => read(path)?,
        Err(_) => StaticTable::embedded().clone(),
    };
    let mut tables = vec![("table".to_owned(), table)];
    if let Ok(path) = options.path("untrained") {
        tables.push(("untrained table".to_owned(), read(path)?));
    }
    let cache = options.path("cache").unwrap_or_else(|_| std::env::temp_dir());
    let titled = options.number("titled", false)?;
    let data = options.path("data")?;
    eval::Evaluation::new(&data, titled, teacher.as_ref(), &cache)?.run(&tables)
}
