//! Words of a text, and when two of them count as the same.

/// A word where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// As written.
    pub text: &'a str,
    /// Its first byte in the text.
    pub start: usize,
}

impl Word<'_> {
    /// One past its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it looks like a name by its form alone: `A-RAG`, `GapEval`, `F2P`, `2602.03442`.
    pub fn is_name_by_form(&self) -> bool {
        let upper = self.text.chars().filter(|c| c.is_uppercase()).count();
        let inner_upper = self.text.chars().skip(1).any(char::is_uppercase);
        let digits = self.text.chars().filter(char::is_ascii_digit).count();
        let letters = self.text.chars().any(char::is_alphabetic);
        inner_upper || (upper > 0 && digits > 0) || (digits > 0 && letters && !self.text.contains('-')) || digits >= 5
    }

    /// Whether its first letter is a capital.
    pub fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// The words of a text: runs of letters and digits, with `-`, `'`, `_`, `.` or `,` kept inside where
/// they join (`multi-turn`, `3.5`, `1,000`).
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut characters = text.char_indices().peekable();
    let mut previous = ' ';
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map_or(' ', |(_, next)| *next);
        let joins = match c {
            '-' | '\'' | '’' | '_' => previous.is_alphanumeric() && next.is_alphanumeric(),
            '.' | ',' => previous.is_ascii_digit() && next.is_ascii_digit(),
            _ => c.is_alphanumeric(),
        };
        match (joins, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(Word {
                    text: &text[from..at],
                    start: from,
                });
                start = None;
            }
            _ => {}
        }
        previous = c;
    }
    found.extend(start.map(|from| Word {
        text: &text[from..],
        start: from,
    }));
    found
}

/// The names in a text: by form, or capitalised where a sentence does not begin.
pub fn names(text: &str) -> Vec<Word<'_>> {
    let mut end = 0;
    let mut found = Vec::new();
    for word in words(text) {
        let before = &text[end..word.start];
        let first = end == 0 || before.contains(['.', '?', '!', ':', '\n']);
        if word.is_name_by_form() || (word.is_capitalised() && !first) {
            found.push(word);
        }
        end = word.end();
    }
    found
}

/// Whether a stem is of a verb that stands in every abstract.
pub fn is_generic_verb(stem: &str) -> bool {
    matches!(
        stem,
        "introduc"
            | "propos"
            | "present"
            | "provid"
            | "show"
            | "achiev"
            | "report"
            | "expos"
            | "compar"
            | "mak"
            | "make"
            | "take"
            | "tak"
            | "improv"
            | "releas"
            | "publish"
            | "work"
            | "help"
            | "bas"
    )
}

/// The terms of a text, in order: stemmed words without stop words. A hyphenated word gives its
/// parts too; scripts without spaces give pairs of characters.
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for word in words(text) {
        if is_unspaced(word.text) {
            let characters: Vec<char> = word.text.chars().collect();
            terms.extend(
                characters
                    .windows(2.min(characters.len()))
                    .map(|pair| pair.iter().collect::<String>()),
            );
            continue;
        }
        let lower = word.text.to_lowercase();
        if is_stop_word(&lower) {
            continue;
        }
        if lower.contains('-') {
            let parts = lower
                .split('-')
                .filter(|part| part.chars().count() > 2 && !is_stop_word(part));
            terms.extend(parts.map(stem));
        }
        terms.push(stem(&lower));
    }
    terms
}

/// Han, kana, hangul and the like, where a run of letters is no word.
fn is_unspaced(word: &str) -> bool {
    word.chars().any(|c| matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'))
}

/// A crude common form: `introduces`, `introduced` and `introducing` become one. Words that are
/// wrongly made equal only cost a little rank.
pub fn stem(lower: &str) -> String {
    let word = lower
        .strip_suffix("'s")
        .or_else(|| lower.strip_suffix("’s"))
        .unwrap_or(lower);
    if !word.is_ascii() || word.len() < 4 || word.bytes().any(|b| b.is_ascii_digit()) {
        return word.to_owned();
    }
    let singular = singular(word);
    let mut root = singular.as_str();
    for (suffix, least) in [("ing", 4), ("ment", 5), ("ion", 5), ("ed", 4), ("ly", 4)] {
        if let Some(rest) = root.strip_suffix(suffix).filter(|rest| rest.len() >= least) {
            root = undoubled(rest);
            break;
        }
    }
    let root = if root.len() > 4 {
        root.strip_suffix('e').unwrap_or(root)
    } else {
        root
    };
    root.to_owned()
}

/// Without the ending of a plural or of a verb's third person.
pub fn singular(word: &str) -> String {
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() > 2) {
        return format!("{rest}y");
    }
    for sibilant in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(sibilant) {
            return word[..word.len() - 2].to_owned();
        }
    }
    let kept = ["ss", "us", "is", "as"].iter().any(|ending| word.ends_with(ending)) || word.len() < 3;
    match word.strip_suffix('s') {
        Some(rest) if !kept => rest.to_owned(),
        _ => word.to_owned(),
    }
}

/// `planning` without `ing` is `plann`; its verb has one `n`.
fn undoubled(root: &str) -> &str {
    let bytes = root.as_bytes();
    match bytes {
        [.., a, b] if a == b && !b"aeiouls".contains(b) => &root[..root.len() - 1],
        _ => root,
    }
}

/// Words that say nothing about what is asked: grammar, and the way of asking.
pub fn is_stop_word(lower: &str) -> bool {
    lower.chars().count() < 2 || STOP_WORDS.binary_search(&lower).is_ok()
}

/// Words that point at something said before.
pub fn is_pronoun(lower: &str) -> bool {
    matches!(
        lower,
        "it" | "its"
            | "they"
            | "their"
            | "them"
            | "he"
            | "his"
            | "him"
            | "she"
            | "her"
            | "hers"
            | "this"
            | "that"
            | "these"
            | "those"
    )
}

/// Words that begin a question.
pub fn is_question_word(lower: &str) -> bool {
    matches!(
        lower,
        "what"
            | "which"
            | "who"
            | "whom"
            | "whose"
            | "when"
            | "where"
            | "why"
            | "how"
            | "is"
            | "are"
            | "was"
            | "were"
            | "does"
            | "do"
            | "did"
            | "can"
            | "could"
            | "has"
            | "have"
            | "had"
            | "will"
            | "would"
            | "should"
    )
}

/// Sorted, for the binary search; a test checks that.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "about", "above", "according", "after", "again", "against", "all", "also", "although", "am", "among", "an",
    "and", "another", "answer", "any", "are", "article", "articles", "as", "ask", "at", "be", "because", "been",
    "before", "being", "below", "between", "both", "briefly", "but", "by", "called", "can", "cannot", "chunk",
    "chunks", "cite", "corpus", "could", "describe", "described", "describes", "did", "do", "document", "documents",
    "does", "doing", "done", "down", "during", "each", "either", "every", "explain", "few", "find", "for", "from",
    "further", "give", "gives", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how",
    "however", "if", "in", "into", "is", "it", "item", "items", "its", "itself", "just", "kind", "list", "many",
    "may", "me", "mention", "mentioned", "mentions", "might", "more", "most", "much", "must", "my", "name", "named",
    "names", "no", "nor", "not", "number", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours",
    "out", "over", "own", "paper", "papers", "passage", "passages", "please", "question", "questions", "quote",
    "reply", "same", "say", "says", "shall", "she", "should", "so", "some", "something", "source", "sources",
    "state", "such", "tell", "text", "than", "that", "the", "their", "theirs", "them", "then", "there", "these",
    "they", "thing", "this", "those", "through", "to", "too", "under", "until", "up", "upon", "us", "use", "used",
    "uses", "using", "very", "was", "we", "were", "what", "when", "where", "whether", "which", "while", "who",
    "whom", "whose", "why", "will", "with", "within", "without", "work", "works", "would", "write", "yes", "you",
    "your", "yours",
];

#[cfg(test)]
mod tests;
