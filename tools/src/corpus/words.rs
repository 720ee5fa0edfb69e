//! What a word is, and ranking by words: Okapi BM25 (Robertson and Zaragoza 2009, §3.2) over those of a question.

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

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// Itself.
    pub(crate) text: &'a str,
    /// Its first byte in the text that it stands in.
    pub(crate) start: usize,
    /// Whether its script writes no spaces between words.
    pub(crate) unspaced: bool,
}

/// The words of a text in order: runs of letters, digits and `_`.
///
/// In scripts without spaces every character begins one word, which it forms with the next one of the
/// run: `日本語` has the words `日本`, `本語` and `語`. So where a word begins and ends never depends on more than
/// the characters on both sides, and a part of a text has the words of the whole, but for those that are cut.
#[derive(Debug, Clone)]
pub(crate) struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.at + self.text[self.at..].find(is_part)?;
        let rest = &self.text[start..];
        let mut characters = rest.chars();
        let unspaced = characters.next().is_some_and(is_unspaced);
        let length = if unspaced {
            let first = rest.len() - characters.as_str().len();
            self.at = start + first;
            let next = characters.next().filter(|c| is_part(*c) && is_unspaced(*c));
            first + next.map_or(0, char::len_utf8)
        } else {
            let length = rest.find(|c| !is_part(c) || is_unspaced(c)).unwrap_or(rest.len());
            self.at = start + length;
            length
        };
        let text = &rest[..length];
        Some(Word { text, start, unspaced })
    }
}

fn is_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Thai and Lao; Myanmar; Khmer; Chinese and Japanese with Yi, compatibility forms and supplements.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{a4cf}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// The words of a folded text, stop words left out.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    Words::of(folded)
        .map(|word| word.text)
        .filter(|word| !STOP_WORDS.contains(word))
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

#[cfg(test)]
mod tests;
