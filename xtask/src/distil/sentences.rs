//! Owns the cutting of prose into training texts: sentences, and now and then a few of them
//! together, of a length and make that is worth a teacher's time.

use super::collect::hash;

/// One text in this many is two or three sentences long: passages are embedded as well.
const PASSAGE_EVERY: u64 = 7;

/// Adds the sentences of each paragraph.
pub fn of_paragraphs(paragraphs: &[String], texts: &mut Vec<String>) {
    for paragraph in paragraphs {
        let sentences = split(paragraph);
        let mut at = 0;
        while at < sentences.len() {
            let choice = hash(sentences[at].bytes()) % (2 * PASSAGE_EVERY);
            let length = if choice < 2 { 2 + choice as usize } else { 1 };
            let end = sentences.len().min(at + length);
            let text = sentences[at..end].join(" ");
            if is_prose(&text) {
                texts.push(text);
            }
            at = end;
        }
    }
}

/// Cuts after `.`, `!` or `?` where white space and a capital, digit or quote follow.
pub fn split(paragraph: &str) -> Vec<String> {
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let mut sentences = Vec::new();
    let mut current: Vec<&str> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        current.push(word);
        let ends = word.trim_end_matches(['"', '\'', ')']).ends_with(['.', '!', '?']);
        let starts = words.get(at + 1).and_then(|next| next.chars().next());
        let opens = starts.is_none_or(|first| !first.is_lowercase());
        // "J. Smith", "e.g. This": too short before the point to be the end of a sentence.
        let abbreviation = word.ends_with('.') && word.len() <= 3 && starts.is_some();
        if ends && opens && !abbreviation {
            sentences.push(current.join(" "));
            current.clear();
        }
    }
    if !current.is_empty() {
        sentences.push(current.join(" "));
    }
    sentences
}

/// Whether a text is mostly words, in Latin letters, and neither tiny nor huge.
pub fn is_prose(text: &str) -> bool {
    if !(20..=600).contains(&text.len()) || text.split(' ').count() < 4 {
        return false;
    }
    let letters = text
        .bytes()
        .filter(|byte| byte.is_ascii_alphabetic() || *byte == b' ')
        .count();
    let strange = text.contains(['\\', '{', '}', '|', '<', '>', '_', '=', '\u{FFFD}']);
    letters * 100 >= text.len() * 88 && !strange
}
