//! Keywords of a question, for a search that matches them literally.

use super::words::{Word, is_generic_verb, is_question_word, is_stop_word, singular, stem, words};

/// Most keywords of one search.
const KEYWORDS_MAX: usize = 6;
/// Most words in a quoted phrase that is looked for as a whole.
const PHRASE_WORDS_MAX: usize = 6;

/// The question's keywords, most telling first: quoted phrases, names by form, capitalised names with
/// their parts, then content words, longest first. Empty when there are only stop words.
pub fn keywords(question: &str) -> Vec<String> {
    let words = words(question);
    let mut found = Found::default();
    for phrase in quoted(question) {
        found.add(phrase);
    }
    for word in words.iter().filter(|word| word.is_name_by_form()) {
        found.add(bare(word.text));
    }
    for name in capitalised_names(question, &words) {
        if name.len() > 1 {
            let end = name[name.len() - 1].end();
            found.add(&question[name[0].start..end]);
        }
        for part in name {
            found.add(bare(part.text));
        }
    }
    found.add_content(question, &words);
    found.keywords
}

#[derive(Default)]
struct Found {
    keywords: Vec<String>,
}

impl Found {
    fn add(&mut self, keyword: &str) {
        let known = self
            .keywords
            .iter()
            .any(|known| known.to_lowercase() == keyword.to_lowercase());
        if self.keywords.len() < KEYWORDS_MAX && !known && !is_stop_word(&keyword.to_lowercase()) {
            self.keywords.push(keyword.to_owned());
        }
    }

    /// Content words in their shortest form, since `interface` also finds `interfaces`, and the pair
    /// of neighbours that is longest: phrases are what ranks best where they occur at all.
    fn add_content(&mut self, question: &str, words: &[Word<'_>]) {
        let is_content = |word: &Word<'_>| word.text.chars().count() > 2 && !is_stop_word(&word.text.to_lowercase());
        let mut content: Vec<&Word<'_>> = words
            .iter()
            .filter(|word| is_content(word) && !word.is_name_by_form())
            .collect();
        content.sort_by_key(|word| std::cmp::Reverse(word.text.chars().count()));
        let pairs = words.windows(2).filter(|pair| {
            pair.iter().all(|word| {
                is_content(word) && !word.is_capitalised() && !word.is_name_by_form() && !is_generic(word.text)
            }) && &question[pair[0].end()..pair[1].start] == " "
        });
        if self.keywords.len() < 2
            && let Some(pair) = pairs.max_by_key(|pair| pair[1].end() - pair[0].start)
        {
            self.add(&format!("{} {}", pair[0].text, singular(pair[1].text)));
        }
        // a generic verb is worth a search only where nothing else is
        content.sort_by_key(|word| is_generic(word.text));
        for word in content.into_iter().take(4) {
            self.add(&singular(&bare(word.text).to_lowercase()));
        }
    }
}

fn is_generic(word: &str) -> bool {
    is_generic_verb(&stem(&word.to_lowercase()))
}

fn bare(word: &str) -> &str {
    word.strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .unwrap_or(word)
}

/// What stands between quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let pairs = [('"', '"'), ('“', '”'), ('«', '»'), ('`', '`')];
    pairs.into_iter().flat_map(move |(open, close)| {
        let mut rest = text;
        std::iter::from_fn(move || {
            let (_, inside) = rest.split_once(open)?;
            let (phrase, tail) = inside.split_once(close)?;
            rest = tail;
            Some(phrase.trim())
        })
        .filter(|phrase| (1..=PHRASE_WORDS_MAX).contains(&words(phrase).len()))
    })
}

/// Runs of capitalised words. The first word of a sentence is capitalised anyway and counts only when
/// it is no word of grammar and the next word is capitalised too.
fn capitalised_names<'a>(text: &str, words: &[Word<'a>]) -> Vec<Vec<Word<'a>>> {
    let mut names: Vec<Vec<Word<'a>>> = Vec::new();
    let mut open = false;
    for (n, word) in words.iter().enumerate() {
        let before = n.checked_sub(1).map_or("", |n| &text[words[n].end()..word.start]);
        let first = n == 0 || before.contains(['.', '?', '!', ':', '\n']);
        let lower = word.text.to_lowercase();
        let next_is_capital = words.get(n + 1).is_some_and(Word::is_capitalised);
        let counts =
            word.is_capitalised() && !is_stop_word(&lower) && !is_question_word(&lower) && (!first || next_is_capital);
        if counts && open && before == " " {
            names.last_mut().expect("a name is open").push(*word);
        } else if counts {
            names.push(vec![*word]);
        }
        open = counts;
    }
    names.retain(|name| name.len() > 1 || !name[0].is_name_by_form());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(question: &str, expected: &[&str]) {
        assert_eq!(keywords(question), expected);
    }

    #[test]
    fn names_come_first() {
        check("What is A-RAG?", &["A-RAG"]);
        check(
            "Who was older, Marie Curie or Ed Wood?",
            &["Marie Curie", "Marie", "Curie", "Ed Wood", "Ed", "Wood"],
        );
        check(
            "Does FOTBCD cover 28 departments of France?",
            &["FOTBCD", "France", "department", "cover"],
        );
    }

    #[test]
    fn content_words_are_singular_and_generic_verbs_come_last() {
        check(
            "Which paper introduces hierarchical retrieval interfaces?",
            &[
                "hierarchical retrieval",
                "hierarchical",
                "interface",
                "retrieval",
                "introduce",
            ],
        );
    }

    #[test]
    fn quotes_are_kept_whole() {
        check(
            "What does \"tool-integrated reasoning\" mean?",
            &["tool-integrated reasoning", "tool-integrated", "reasoning", "mean"],
        );
    }

    #[test]
    fn identifiers_are_names() {
        check("Where is the code of 2602.03442?", &["2602.03442", "code"]);
    }

    #[test]
    fn stop_words_alone_give_nothing() {
        check("What is it about?", &[]);
        check("", &[]);
    }
}
