//! Owns the measurement of search quality: recall of the gold passages of question sets, with
//! sentence vectors of the table and of its teacher, with BM25, and with both fused.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;
use troupe_models::embed::StaticTable;

use super::bm25::Bm25;
use super::collect::hash;
use super::matrix::Matrix;
use super::teacher::{TEACHER_DIMENSION, Teacher};

/// Shorter sentences, in characters, are not embedded.
const SHORTEST_SENTENCE: usize = 10;
/// Reciprocal rank fusion's constant (Cormack et al. 2009).
const FUSION: f32 = 60.0;

/// Passages, their sentences, and the questions whose gold passages are all known.
struct Dataset {
    passages: Vec<String>,
    sentences: Vec<String>,
    /// The passage of each sentence.
    owners: Vec<usize>,
    questions: Vec<String>,
    gold: Vec<Vec<usize>>,
}

/// Measures on `data/corpus.jsonl` and `data/questions.jsonl`; `titled` puts a passage's title
/// in front of each of its sentences.
pub struct Evaluation<'a> {
    dataset: Dataset,
    teacher: Option<&'a Teacher>,
    cache: &'a Path,
}

impl<'a> Evaluation<'a> {
    /// Reads the set. The teacher's vectors are kept below folder `cache`.
    pub fn new(data: &Path, titled: bool, teacher: Option<&'a Teacher>, cache: &'a Path) -> Result<Self> {
        Ok(Self {
            dataset: Dataset::read(data, titled)?,
            teacher,
            cache,
        })
    }

    /// Prints one line for each way to search.
    pub fn run(&self, tables: &[(String, StaticTable)]) -> Result<()> {
        let set = &self.dataset;
        let (passages, sentences) = (set.passages.len(), set.sentences.len());
        println!(
            "{passages} passages, {sentences} sentences, {} questions",
            set.questions.len()
        );
        println!("| method | recall@5 | all gold in 5 | recall@10 | recall@20 |\n|---|---|---|---|---|");
        let index = Bm25::new(&set.passages);
        let lexical: Vec<Vec<f32>> = set.questions.iter().map(|question| index.scores(question)).collect();
        self.print("BM25", &lexical);
        for (name, table) in tables {
            let begun = Instant::now();
            let embed = |texts: &[String]| {
                let values: Vec<f32> = texts.iter().flat_map(|text| table.vector(text)).collect();
                let columns = values.len() / texts.len();
                Matrix::new(values, columns)
            };
            let vectors = embed(&set.sentences);
            let rate = sentences as f64 / begun.elapsed().as_secs_f64();
            let scores = self.dense(&vectors, &embed(&set.questions));
            self.print(name, &scores);
            self.print(&format!("RRF(BM25, {name})"), &fused(&lexical, &scores));
            eprintln!("{name}: {rate:.0} sentences/s");
        }
        if let Some(teacher) = self.teacher {
            let vectors = self.taught(teacher, &set.sentences, "sentences")?;
            let scores = self.dense(&vectors, &self.taught(teacher, &set.questions, "questions")?);
            self.print("MiniLM", &scores);
            self.print("RRF(BM25, MiniLM)", &fused(&lexical, &scores));
        }
        Ok(())
    }

    fn taught(&self, teacher: &Teacher, texts: &[String], name: &str) -> Result<Matrix> {
        let tokens: Vec<Vec<u32>> = texts.iter().map(|text| teacher.tokenizer().encode(text)).collect();
        let key = hash(texts.join("\n").bytes());
        let file = self.cache.join(format!("{name}-{key:016x}.vectors"));
        Ok(Matrix::new(
            teacher.embed_cached(&tokens, &file, u64::MAX)?,
            TEACHER_DIMENSION,
        ))
    }

    /// A passage is as near as its nearest sentence.
    fn dense(&self, sentences: &Matrix, questions: &Matrix) -> Vec<Vec<f32>> {
        let similarities = questions.times_transposed(sentences);
        let passages = self.dataset.passages.len();
        (0..questions.rows)
            .map(|at| {
                let mut best = vec![-1.0f32; passages];
                for (&owner, &value) in self.dataset.owners.iter().zip(similarities.row(at)) {
                    best[owner] = best[owner].max(value);
                }
                best
            })
            .collect()
    }

    fn print(&self, name: &str, scores: &[Vec<f32>]) {
        let mut sums = [0.0; 4];
        for (scores, gold) in scores.iter().zip(&self.dataset.gold) {
            let order = ranking(scores);
            let found = |depth: usize| {
                let within = order.iter().take(depth).filter(|&at| gold.contains(at)).count();
                within as f64 / gold.len() as f64
            };
            let all = f64::from(u8::from(found(5) == 1.0));
            for (sum, value) in sums.iter_mut().zip([found(5), all, found(10), found(20)]) {
                *sum += value / self.dataset.gold.len() as f64;
            }
        }
        let [five, all, ten, twenty] = sums;
        println!("| {name} | {five:.3} | {all:.3} | {ten:.3} | {twenty:.3} |");
    }
}

/// Documents by falling score; ties keep their order.
fn ranking(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

fn fused(left: &[Vec<f32>], right: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let fuse = |(left, right): (&Vec<f32>, &Vec<f32>)| {
        let mut sums = vec![0.0; left.len()];
        for scores in [left, right] {
            for (rank, at) in ranking(scores).into_iter().enumerate() {
                sums[at] += (FUSION + 1.0 + rank as f32).recip();
            }
        }
        sums
    };
    left.iter().zip(right).map(fuse).collect()
}

impl Dataset {
    fn read(data: &Path, titled: bool) -> Result<Self> {
        let mut set = Self {
            passages: Vec::new(),
            sentences: Vec::new(),
            owners: Vec::new(),
            questions: Vec::new(),
            gold: Vec::new(),
        };
        let mut positions = std::collections::HashMap::new();
        for (at, passage) in lines(&data.join("corpus.jsonl"))?.iter().enumerate() {
            let (title, text) = (field(passage, "title")?, field(passage, "text")?);
            positions.insert(field(passage, "id")?.to_owned(), at);
            set.passages.push(format!("{title} {text}"));
            let whole = if titled {
                text.to_owned()
            } else {
                format!("{title}\n{text}")
            };
            for sentence in whole.split(['.', '!', '?', '\n']).map(str::trim) {
                if sentence.chars().count() > SHORTEST_SENTENCE {
                    let prefix = if titled { format!("{title}: ") } else { String::new() };
                    set.sentences.push(prefix + sentence);
                    set.owners.push(at);
                }
            }
        }
        for question in lines(&data.join("questions.jsonl"))? {
            if question["gold_complete"] != Value::Bool(true) {
                continue;
            }
            let gold = question["gold_passages"].as_array().context("no gold_passages")?;
            let gold = gold.iter().filter_map(|id| positions.get(id.as_str()?).copied());
            set.gold.push(gold.collect());
            set.questions.push(field(&question, "question")?.to_owned());
        }
        Ok(set)
    }
}

fn lines(path: &Path) -> Result<Vec<Value>> {
    let content = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    content.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn field<'v>(value: &'v Value, name: &str) -> Result<&'v str> {
    value[name].as_str().with_context(|| format!("a line without {name}"))
}
