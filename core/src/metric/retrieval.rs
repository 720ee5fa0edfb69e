//! What was found against what is needed. A ranking is the order in which chunks were first shown or read; an
//! id that comes again counts where it came first. Without gold there is nothing to score.

use std::collections::HashSet;

fn first(ranking: &[String]) -> impl Iterator<Item = &String> {
    let mut seen = HashSet::new();
    ranking.iter().filter(move |id| seen.insert(id.as_str()))
}

fn wanted(gold: &[String]) -> Option<HashSet<&str>> {
    let wanted: HashSet<&str> = gold.iter().map(String::as_str).collect();
    (!wanted.is_empty()).then_some(wanted)
}

/// The share of the gold chunks among the first `k`: |gold ∩ top-k| / |gold|.
pub fn recall_at(k: usize, ranking: &[String], gold: &[String]) -> Option<f64> {
    let wanted = wanted(gold)?;
    let found = first(ranking).take(k).filter(|id| wanted.contains(id.as_str()));
    Some(found.count() as f64 / wanted.len() as f64)
}

/// 1 where all gold chunks are among the first `k`: what a question of several hops needs.
pub fn full_support_at(k: usize, ranking: &[String], gold: &[String]) -> Option<f64> {
    let recall = recall_at(k, ranking, gold)?;
    Some(f64::from(u8::from(recall >= 1.0)))
}

/// 1 / the position of the first gold chunk, 0 where there is none; its mean over questions is the MRR.
pub fn reciprocal_rank(ranking: &[String], gold: &[String]) -> Option<f64> {
    let wanted = wanted(gold)?;
    let at = first(ranking).position(|id| wanted.contains(id.as_str()));
    Some(at.map_or(0.0, |at| 1.0 / (at + 1) as f64))
}
