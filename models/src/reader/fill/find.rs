//! Finding one value in the evidence.

use super::Scope;
use super::role::{Role, field_words};
use crate::reader::evidence::Passage;
use crate::reader::numbers::{numbers, to_value};
use crate::reader::scoring::Question;
use crate::reader::searcher::NO_PASSAGE;
use crate::reader::words::{is_stop_word, stem, words};
use troupe_core::Value;

/// A boolean is true from this share of the words on.
const SUPPORTED_COVERAGE: f64 = 0.5;

/// What counts as a year.
const YEARS: std::ops::RangeInclusive<f64> = 1000.0..=2100.0;
/// Names of so many characters are usually abbreviations of kinds, such as `QA` or `LLM`.
const SHORT_NAME: usize = 3;

/// How badly a value is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// There must be one: the second-best find is taken too.
    Required,
    /// Null would do: only a good find is taken.
    Optional,
}

/// The best sentences for the question and a field's name.
pub fn best_sentences(name: &str, scope: &Scope) -> Vec<String> {
    let picks = scope.asked_for(name).best(&scope.passages);
    picks
        .iter()
        .map(|pick| scope.passages[pick.passage].sentences[pick.sentence].clone())
        .collect()
}

/// A string, by its field's role.
pub fn text(name: &str, need: Need, scope: &Scope) -> Option<String> {
    match Role::of(name) {
        Role::Id => best_passage(scope)?.id.clone(),
        Role::Title => best_passage(scope).and_then(|passage| passage.title.clone().or_else(|| passage.id.clone())),
        Role::Question => Some(scope.question.clone()),
        Role::Address => address(name, scope),
        Role::Name if need == Need::Optional => nearest_name(name, scope),
        Role::Name => nearest_name(name, scope).or_else(|| sentence(name, scope)),
        Role::Prose => sentence(name, scope).or_else(|| (need == Need::Required).then(|| NO_PASSAGE.to_owned())),
    }
}

/// The passage that the best sentence comes from, or else the first that answers.
fn best_passage(scope: &Scope) -> Option<&Passage> {
    let asked = scope.asked();
    let answering = asked.answered_by(&scope.passages);
    let ranked = asked.ranked(&scope.passages);
    let best = ranked.iter().map(|pick| pick.passage).find(|at| answering.contains(at));
    best.or_else(|| answering.first().copied())
        .map(|at| &scope.passages[at])
}

/// The best sentence. What a subagent reported was chosen already, so its first sentence does as well.
fn sentence(name: &str, scope: &Scope) -> Option<String> {
    let ranked = scope.asked_for(name).ranked(&scope.passages);
    let answering = scope.asked().answered_by(&scope.passages);
    let best = ranked.iter().find(|pick| answering.contains(&pick.passage));
    let best = best.map(|pick| &scope.passages[pick.passage].sentences[pick.sentence]);
    let reported = || {
        scope
            .passages
            .iter()
            .find(|passage| passage.topic.is_some())?
            .sentences
            .first()
    };
    best.or_else(reported).cloned()
}

/// The first address in the best passage: those of other passages belong to other works. A field about code takes one where code is kept, or one whose
/// sentence speaks of code.
fn address(name: &str, scope: &Scope) -> Option<String> {
    const HOSTS: [&str; 4] = ["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"];
    let about_code = field_words(name)
        .iter()
        .any(|word| matches!(word.as_str(), "code" | "repository" | "repo" | "github"));
    let passage = best_passage(scope)?;
    let sentences = || passage.sentences.iter();
    let mut all = sentences().flat_map(|sentence| addresses(sentence));
    if !about_code {
        return all.next();
    }
    let speaks_of_code = |sentence: &&String| {
        words(sentence)
            .iter()
            .any(|word| word.text.eq_ignore_ascii_case("code"))
    };
    let nearby = || {
        sentences()
            .filter(speaks_of_code)
            .flat_map(|sentence| addresses(sentence))
            .next()
    };
    all.find(|address| HOSTS.iter().any(|host| address.contains(host)))
        .or_else(nearby)
}

/// The web addresses in a sentence, without the marks that close it.
fn addresses(sentence: &str) -> Vec<String> {
    let starts = sentence.match_indices("http").map(|(at, _)| &sentence[at..]);
    let whole = starts.filter(|rest| rest.starts_with("https://") || rest.starts_with("http://"));
    let cut = |rest: &str| {
        let end = rest
            .find(|c: char| c.is_whitespace() || "<>\"'`{}|\\^[]".contains(c))
            .unwrap_or(rest.len());
        let marks: &[char] = &['.', ',', ';', ':', '!', '?'];
        let address = rest[..end].trim_end_matches(marks);
        let address = if address.contains('(') {
            address
        } else {
            address.trim_end_matches(')')
        };
        address.trim_end_matches(marks).to_owned()
    };
    whole.map(cut).collect()
}

/// The name that stands nearest to one of the field's words: for `dataset`, the `PaperSearchQA` of “a
/// dataset called PaperSearchQA”. The first passage that has one decides.
fn nearest_name(name: &str, scope: &Scope) -> Option<String> {
    let field = stems(name);
    let in_text = |text: &String| {
        let words = words(text);
        let distance = distances(&words.iter().map(|word| word.text).collect::<Vec<_>>(), &field)?;
        let is_name = |word: &str| word.chars().any(char::is_alphabetic);
        let names = words
            .iter()
            .enumerate()
            .filter(|(_, word)| word.is_name_by_form() && is_name(word.text));
        // in “a QA dataset called X” the short one is an attribute
        let penalty = |word: &str| if word.chars().count() <= SHORT_NAME { 2 } else { 0 };
        let nearest = names.map(|(at, word)| (distance(at) + penalty(word.text), word.text.to_owned()));
        nearest.min_by_key(|(distance, _)| *distance)
    };
    scope.answering().into_iter().find_map(|passage| {
        let texts = passage.title.iter().chain(&passage.sentences);
        texts
            .filter_map(in_text)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, name)| name)
    })
}

fn stems(name: &str) -> Vec<String> {
    field_words(name).iter().map(|word| stem(word)).collect()
}

/// How far a word is from the nearest word of the field; none when the field's words do not occur.
fn distances(words: &[&str], field: &[String]) -> Option<impl Fn(usize) -> usize + use<>> {
    let stems = words.iter().map(|word| stem(&word.to_lowercase()));
    let nouns: Vec<usize> = stems
        .enumerate()
        .filter(|(_, stem)| field.contains(stem))
        .map(|(at, _)| at)
        .collect();
    let nearest = move |at: usize| nouns.iter().map(|noun| noun.abs_diff(at)).min().unwrap_or(usize::MAX);
    (nearest(0) != usize::MAX).then_some(nearest)
}

/// Whether the evidence holds enough of the words that are asked about. Fields with words of their own
/// (`has_code`) ask about those; `supported`, `found` and the like ask about the question. Without any
/// evidence the answer is no, or nothing where null would do.
pub fn truth(name: &str, need: Need, scope: &Scope) -> Option<bool> {
    #[rustfmt::skip]
    const OF_THE_QUESTION: &[&str] = &[
        "answer", "confirm", "correct", "found", "hold", "is", "match", "ok", "relevant", "result", "support", "tru",
        "true", "valid", "value", "verdict", "ye", "yes",
    ];
    if scope.passages.is_empty() && need == Need::Optional {
        return None;
    }
    let own: Vec<String> = field_words(name)
        .into_iter()
        .filter(|word| !is_stop_word(word) && !OF_THE_QUESTION.contains(&stem(word).as_str()))
        .collect();
    let asked = |passage: &Passage, question: &Question| question.passage_coverage(passage) >= SUPPORTED_COVERAGE;
    if own.is_empty() {
        let question = scope.asked();
        return Some(scope.passages.iter().any(|passage| asked(passage, &question)));
    }
    let question = Question::over(&own.join(" "), &scope.passages);
    Some(scope.answering().into_iter().any(|passage| asked(passage, &question)))
}

/// The number nearest to the field's words in the best sentence that has both, or else, where a value
/// is required, the first number of the best sentence that has one.
pub fn number(name: &str, need: Need, scope: &Scope, fits: fn(f64) -> bool) -> Option<Value> {
    let field = stems(name);
    let answering = scope.asked().answered_by(&scope.passages);
    let ranked = scope.asked_for(name).ranked(&scope.passages);
    let sentences: Vec<&String> = ranked
        .iter()
        .filter(|pick| answering.contains(&pick.passage))
        .map(|pick| &scope.passages[pick.passage].sentences[pick.sentence])
        .collect();
    let is_year = field.iter().any(|word| word == "year");
    let fits = |value: f64| fits(value) && (!is_year || YEARS.contains(&value));
    let nearest = sentences.iter().find_map(|sentence| {
        let words: Vec<&str> = words(sentence).iter().map(|word| word.text).collect();
        let fitting = numbers(sentence).into_iter().filter(|found| fits(found.value));
        if is_year {
            // a year is known by its form and rarely called one
            return fitting.map(|found| found.value).next();
        }
        let distance = distances(&words, &field)?;
        let nearest = fitting.min_by_key(|found| distance(found.word));
        nearest.map(|found| found.value)
    });
    let first = || {
        sentences
            .iter()
            .flat_map(|sentence| numbers(sentence))
            .map(|found| found.value)
            .find(|value| fits(*value))
    };
    let found = match need {
        Need::Required => nearest.or_else(first),
        Need::Optional => nearest,
    };
    found.and_then(to_value)
}

/// The numbers of the best sentences, in order.
pub fn all_numbers(name: &str, scope: &Scope, fits: fn(f64) -> bool) -> Vec<Value> {
    let sentences = best_sentences(name, scope);
    let all = sentences
        .iter()
        .flat_map(|sentence| numbers(sentence))
        .map(|found| found.value);
    all.filter(|value| fits(*value)).filter_map(to_value).collect()
}

/// The choice that the evidence speaks of most: in the best sentences, or else anywhere, or else in the
/// question, provided that something answers it.
pub fn choice(choices: &[String], name: &str, scope: &Scope) -> Option<String> {
    let best = best_sentences(name, scope).join("\n");
    let answering = scope.answering();
    let texts = answering
        .iter()
        .flat_map(|passage| passage.title.iter().chain(&passage.sentences));
    let all = texts.map(String::as_str).collect::<Vec<_>>().join("\n");
    let asked = if answering.is_empty() { "" } else { &scope.question };
    [best.as_str(), &all, asked]
        .into_iter()
        .find_map(|text| most_frequent(choices, text))
}

/// The most frequent of the choices in a text; of several, the one declared first.
fn most_frequent(choices: &[String], text: &str) -> Option<String> {
    let text: Vec<String> = words(text).iter().map(|word| stem(&word.text.to_lowercase())).collect();
    let count = |choice: &String| {
        let wanted = stems(choice);
        if wanted.is_empty() {
            return 0;
        }
        text.windows(wanted.len()).filter(|run| **run == wanted[..]).count()
    };
    let counted = choices.iter().rev().map(|choice| (count(choice), choice));
    let most = counted.max_by_key(|(count, _)| *count);
    most.filter(|(count, _)| *count > 0).map(|(_, choice)| choice.clone())
}

#[cfg(test)]
mod tests;
