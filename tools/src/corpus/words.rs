//! Ranking by words: Okapi BM25 (Robertson and Zaragoza 2009, §3.2) over the words of a question.

/// Saturation of a word's count.
pub(crate) const K1: f32 = 1.2;
/// How much a long chunk counts against itself.
pub(crate) const B: f32 = 0.75;
/// Words that say nothing about what a question is after.
const STOP_WORDS: [&str; 43] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "did", "do", "does", "for", "from", "has", "he", "her", "his",
    "how", "in", "is", "it", "its", "of", "on", "or", "that", "the", "their", "they", "this", "to", "was", "were",
    "what", "when", "where", "which", "who", "will", "with", "you", "we", "been",
];

/// The words of a folded text, stop words left out.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
}

/// How much a word tells that `holding` of `total` chunks hold.
pub(crate) fn rarity(total: usize, holding: usize) -> f32 {
    let (total, holding) = (total as f32, holding as f32);
    ((total - holding + 0.5) / (holding + 0.5) + 1.0).ln()
}

/// What a word adds to the score of a chunk of `length` words that holds it `count` times.
pub(crate) fn weight(rarity: f32, count: f32, length: f32, mean_length: f32) -> f32 {
    rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / mean_length))
}
