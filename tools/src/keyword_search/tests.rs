//! A search among some chunks is the search among all, with the others left out.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use crate::test_corpus::chunks;
use proptest::prelude::*;

fn ranked(corpus: &Corpus, keywords: &[String], top_k: usize, among: Option<&ChunkSet>) -> Vec<(u32, u64)> {
    let hits = search(corpus, keywords, top_k, among).unwrap();
    hits.iter()
        .map(|hit| (hit.chunk, hit.score.as_u64().unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_filter_takes_from_the_ranking_and_changes_nothing_else(
        texts in prop::collection::vec("[ab .]{0,20}[abc]", 1..40),
        allowed in prop::collection::vec(any::<bool>(), 40),
        keywords in prop::collection::vec("[abc .]{1,3}", 1..4),
        top_k in 1usize..20,
    ) {
        let (_folder, corpus) = chunks(&texts, None);
        let among = ChunkSet::new(corpus.len(), |chunk| allowed[chunk as usize]);
        let mut expected = ranked(&corpus, &keywords, usize::MAX, None);
        expected.retain(|(chunk, _)| allowed[*chunk as usize]);
        expected.truncate(top_k);
        prop_assert_eq!(ranked(&corpus, &keywords, top_k, Some(&among)), expected);
    }
}
