//! The hybrid search against two rankings worked out by brute force.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use crate::sentence::is_embedded;
use crate::test_corpus::{chunks, letters};
use proptest::prelude::*;
use std::sync::Arc;

/// What each chunk scores by Okapi BM25 of the question's distinct words, from the definition.
fn by_words(texts: &[String], question: &str) -> Vec<Option<f64>> {
    let chunks: Vec<Vec<&str>> = texts.iter().map(|text| text.split(' ').collect()).collect();
    let mean = chunks.iter().map(Vec::len).sum::<usize>() as f64 / chunks.len() as f64;
    let terms: BTreeSet<&str> = question.split(' ').collect();
    let count = |chunk: &[&str], term: &str| chunk.iter().filter(|word| **word == term).count() as f64;
    let score = |chunk: &Vec<&str>| -> f64 {
        let terms = terms.iter().map(|term| {
            let holding = chunks.iter().filter(|chunk| count(chunk, term) > 0.0).count() as f64;
            let rarity = ((chunks.len() as f64 - holding + 0.5) / (holding + 0.5) + 1.0).ln();
            let found = count(chunk, term);
            rarity * found * 2.2 / (found + 1.2 * (0.25 + 0.75 * chunk.len() as f64 / mean))
        });
        terms.sum()
    };
    chunks
        .iter()
        .map(score)
        .map(|score| (score > 0.0).then_some(score))
        .collect()
}

/// The cosine of each chunk with the question; each text is one sentence.
fn by_meaning(texts: &[String], question: &str) -> Vec<Option<f64>> {
    let asked = letters(question);
    let cosine = |text: &String| {
        let dot: f32 = letters(text).iter().zip(&asked).map(|(a, b)| a * b).sum();
        is_embedded(text).then_some(f64::from(dot))
    };
    texts.iter().map(cosine).collect()
}

/// The least and the most that a chunk's place in a ranking can be worth; less than a float can tell
/// apart puts two chunks either way round.
fn worth(scores: &[Option<f64>], allowed: &[bool], chunk: usize) -> (f64, f64) {
    let Some(own) = scores[chunk] else { return (0.0, 0.0) };
    let above = |margin: f64| {
        let others = scores.iter().zip(allowed).enumerate();
        let others = others.filter(|(other, (score, allowed))| {
            **allowed && *other != chunk && score.is_some_and(|score| score > own + margin)
        });
        others.count() as f64
    };
    (1.0 / (11.0 + above(-1e-4)), 1.0 / (11.0 + above(1e-4)))
}

const WORDS: &str = "(amber|birch|cedar|dune|ember|fjord|grove)( (amber|birch|cedar|dune|ember|fjord|grove)){1,6}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_hybrid_ranking_fuses_two_rankings(
        texts in prop::collection::hash_set(WORDS, 1..40),
        allowed in prop::collection::vec(prop::bool::weighted(0.7), 40),
        narrows in any::<bool>(),
        question in WORDS,
        top_k in 1usize..20,
    ) {
        let mut texts: Vec<String> = texts.into_iter().collect();
        texts.sort();
        let (_folder, corpus) = chunks(&texts, None);
        let allowed = if narrows { allowed } else { vec![true; 40] };
        let among = narrows.then(|| ChunkSet::new(corpus.len(), |chunk| allowed[chunk as usize]));
        let hits = search(&corpus, &question, top_k, among.as_ref()).unwrap();
        prop_assert!(hits.iter().all(|hit| allowed[hit.chunk as usize]), "a chunk leaked");
        let given: Vec<f64> = hits.iter().map(|hit| hit.score.as_f64().unwrap()).collect();
        prop_assert!(given.is_sorted_by(|a, b| a >= b));
        let (words, meaning) = (by_words(&texts, &question), by_meaning(&texts, &question));
        let bounds: Vec<(f64, f64)> = (0..texts.len()).map(|chunk| {
            let (words, meaning) = (worth(&words, &allowed, chunk), worth(&meaning, &allowed, chunk));
            (words.0 + meaning.0, words.1 + meaning.1)
        }).collect();
        for hit in &hits {
            let (given, (least, most)) = (hit.score.as_f64().unwrap(), bounds[hit.chunk as usize]);
            prop_assert!(least - 1e-6 <= given && given <= most + 1e-6, "{given}: not {least} to {most}");
        }
        // what is left out is worth no more than what is listed
        let listed: BTreeSet<usize> = hits.iter().map(|hit| hit.chunk as usize).collect();
        let last = given.last().copied().filter(|_| hits.len() == top_k).unwrap_or_default();
        for (chunk, (least, _)) in bounds.iter().enumerate().filter(|(chunk, _)| allowed[*chunk]) {
            prop_assert!(listed.contains(&chunk) || *least <= last + 1e-6, "{chunk} was left out");
        }
    }
}

#[test]
fn reciprocal_ranks_add_up_and_ties_keep_corpus_order() {
    let fused = fuse(&[&[7, 3, 5], &[3, 9]]);
    let chunks: Vec<u32> = fused.iter().map(|(chunk, _)| *chunk).collect();
    assert_eq!(chunks, [3, 7, 9, 5]);
    assert_eq!(fused[0].1, 1.0 / 12.0 + 1.0 / 11.0);
    assert_eq!(fuse(&[&[4], &[2]]), [(2, 1.0 / 11.0), (4, 1.0 / 11.0)]);
    assert_eq!(fuse(&[&[], &[]]), []);
}

/// Likes long texts.
struct Longest(Option<usize>);

impl Reranker for Longest {
    fn name(&self) -> &str {
        "longest"
    }

    fn score(&self, _: &str, texts: &[&str]) -> Result<Vec<f32>, Error> {
        assert!(texts.len() <= RERANKED);
        let scores = texts.iter().map(|text| text.len() as f32);
        Ok(scores.take(self.0.unwrap_or(usize::MAX)).collect())
    }
}

#[test]
fn a_reranker_has_the_last_word() {
    let texts: Vec<String> = (0..70).map(|n| format!("fox {}", "hen ".repeat(n % 9))).collect();
    let (_folder, corpus) = chunks(&texts, Some(Arc::new(Longest(None))));
    let hits = search(&corpus, "a fox", 20, None).unwrap();
    let lengths: Vec<usize> = hits.iter().map(|hit| corpus.text(hit.chunk).len()).collect();
    assert_eq!(lengths.len(), 20);
    assert!(lengths.is_sorted_by(|a, b| a >= b));
    assert_eq!(hits[0].score, json!(lengths[0] as f64));
    let (_folder, corpus) = chunks(&texts, Some(Arc::new(Longest(Some(1)))));
    let error = search(&corpus, "a fox", 20, None).err().unwrap();
    insta::assert_snapshot!(error.message, @"the reranker longest did not score every chunk");
}

#[test]
fn a_snippet_has_what_came_near_and_what_holds_most_words() {
    let text = "Nothing. The fox one. A hen two. The fox and the hen. Fox. Fox. Fox 3. Fox 4. Far and near";
    let words: BTreeSet<&str> = ["fox", "hen"].into();
    let near = Near {
        chunk: 0,
        score: 1.0,
        sentences: vec![(text.find("Far").unwrap(), "Far and near")],
    };
    let shown = snippet(text, &words, Some(&near));
    assert_eq!(
        shown,
        ["The fox one", "A hen two", "The fox and the hen", "Fox", "Far and near"]
    );
    assert_eq!(snippet("no such word", &words, None), [""; 0]);
}
