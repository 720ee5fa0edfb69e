//! Owns the lexical baseline of the measurement: Okapi BM25 over words.

use std::collections::HashMap;

const K1: f32 = 1.2;
const B: f32 = 0.75;
/// Words that say nothing about what a question is after.
const STOP_WORDS: &str = " a an and are as at be by for from has he in is it its of on that the \
    to was were will with who what which when where how did do does or this their his her they ";

/// An index of documents by word.
pub struct Bm25 {
    postings: HashMap<String, Vec<(usize, f32)>>,
    lengths: Vec<f32>,
    mean_length: f32,
}

impl Bm25 {
    /// Indexes `documents`.
    pub fn new(documents: &[String]) -> Self {
        let mut postings: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(documents.len());
        for (at, document) in documents.iter().enumerate() {
            let mut counts: HashMap<String, f32> = HashMap::new();
            let words = words(document);
            lengths.push(words.len() as f32);
            words
                .into_iter()
                .for_each(|word| *counts.entry(word).or_default() += 1.0);
            for (word, count) in counts {
                postings.entry(word).or_default().push((at, count));
            }
        }
        let mean_length = lengths.iter().sum::<f32>() / lengths.len().max(1) as f32;
        Self {
            postings,
            lengths,
            mean_length,
        }
    }

    /// The score of every document.
    pub fn scores(&self, question: &str) -> Vec<f32> {
        let mut scores = vec![0.0; self.lengths.len()];
        let mut words = words(question);
        words.sort();
        words.dedup();
        for list in words.iter().filter_map(|word| self.postings.get(word)) {
            let (total, holding) = (self.lengths.len() as f32, list.len() as f32);
            let rarity = ((total - holding + 0.5) / (holding + 0.5) + 1.0).ln();
            for &(at, count) in list {
                let length = 1.0 - B + B * self.lengths[at] / self.mean_length;
                scores[at] += rarity * count * (K1 + 1.0) / (count + K1 * length);
            }
        }
        scores
    }
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(&format!(" {word} ")))
        .map(str::to_owned)
        .collect()
}
