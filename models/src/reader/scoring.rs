//! How well a sentence answers a question, by the words that they share.

use super::evidence::Passage;
use super::words::{is_generic_verb, is_stop_word, names, terms, words};
use std::collections::{HashMap, HashSet};

/// Most sentences of an answer.
const SENTENCES_MAX: usize = 3;
/// A further sentence is added when it holds at least this share of the question that no other holds.
const FURTHER_SHARE: f64 = 0.15;
/// Below this share of the question's weight in one passage there is no answer in it.
const ANSWERED_COVERAGE: f64 = 0.4;
/// The weight of a word that stands elsewhere in the sentence's passage or in its title.
const CONTEXT_WEIGHT: f64 = 0.35;
/// And when it scores at least this share of the best one, since a single shared word is no answer: in
/// the best one's passage, where the two are about the same, and in another.
const FURTHER_SCORE: f64 = 0.4;
const FURTHER_SCORE_ELSEWHERE: f64 = 0.6;
/// A passage or a further sentence's passage must come this near to the best one.
const PASSAGE_SHARE: f64 = 0.6;
/// Names decide more than other words, and verbs that are in every text decide less.
const NAME_FACTOR: f64 = 1.5;
const GENERIC_VERB_FACTOR: f64 = 0.4;
/// Sentences beyond so many words are marked down.
const LONG_SENTENCE_WORDS: usize = 60;

/// A question's terms with their weights: the rarer in the evidence, the heavier.
#[derive(Debug)]
pub struct Question {
    weights: Vec<(String, f64)>,
    total: f64,
    cue: Cue,
}

/// What form the answer probably has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    None,
    /// What or which thing: a sentence that introduces it.
    Thing,
    /// How many, how much, when: a sentence with a number.
    Number,
}

/// A sentence of the evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// Which passage.
    pub passage: usize,
    /// Which of its sentences.
    pub sentence: usize,
    /// How well it answers.
    pub score: f64,
}

impl Question {
    /// The question's terms, weighted over these texts.
    pub fn new<'a>(question: &str, texts: impl Iterator<Item = &'a str>) -> Self {
        let names: HashSet<String> = names(question).iter().flat_map(|name| terms(name.text)).collect();
        let mut own: Vec<String> = Vec::new();
        for term in terms(question) {
            if !own.contains(&term) {
                own.push(term);
            }
        }
        let mut holders: HashMap<String, usize> = HashMap::new();
        let mut count = 0_usize;
        for text in texts {
            count += 1;
            for term in terms(text).into_iter().collect::<HashSet<_>>() {
                *holders.entry(term).or_default() += 1;
            }
        }
        let weight = |term: &String| {
            let held = holders.get(term).copied().unwrap_or(0);
            let rarity = (1.0 + (count as f64 + 1.0) / (held as f64 + 1.0)).ln();
            match () {
                () if names.contains(term) => rarity * NAME_FACTOR,
                () if is_generic_verb(term) => rarity * GENERIC_VERB_FACTOR,
                () => rarity,
            }
        };
        let weights: Vec<(String, f64)> = own.into_iter().map(|term| (term.clone(), weight(&term))).collect();
        Self {
            total: weights.iter().map(|(_, weight)| weight).sum(),
            weights,
            cue: Cue::of(question),
        }
    }

    /// The question's terms, weighted over the sentences of passages.
    pub fn over(question: &str, passages: &[Passage]) -> Self {
        let sentences = passages
            .iter()
            .flat_map(|passage| passage.sentences.iter().map(String::as_str));
        let titles = passages.iter().filter_map(|passage| passage.title.as_deref());
        Self::new(question, sentences.chain(titles))
    }

    /// The share of the question's weight that a text holds, in `0.0..=1.0`.
    pub fn coverage(&self, text: &str) -> f64 {
        if self.total == 0.0 {
            return 0.0;
        }
        self.weight_in(&terms(text).into_iter().collect()) / self.total
    }

    fn weight_in(&self, held: &HashSet<String>) -> f64 {
        self.weights
            .iter()
            .filter(|(term, _)| held.contains(term))
            .map(|(_, weight)| weight)
            .sum()
    }

    /// The passages that hold enough of the question to answer it, and not much less than the best one.
    /// One that was found for a question of its own always does.
    pub fn answered_by(&self, passages: &[Passage]) -> Vec<usize> {
        let coverages: Vec<f64> = passages.iter().map(|passage| self.passage_coverage(passage)).collect();
        let best = coverages.iter().copied().fold(0.0, f64::max);
        let least = ANSWERED_COVERAGE.max(best * PASSAGE_SHARE);
        let holds = |n: &usize| coverages[*n] >= least || passages[*n].topic.is_some();
        (0..passages.len()).filter(holds).collect()
    }

    /// The share of the question's weight in a passage with its title and its id.
    pub fn passage_coverage(&self, passage: &Passage) -> f64 {
        let mut text = passage.sentences.join("\n");
        for extra in [&passage.title, &passage.topic, &passage.id].into_iter().flatten() {
            text.push('\n');
            text.push_str(extra);
        }
        self.coverage(&text)
    }

    /// All sentences with their scores, best first; those that share nothing are left out.
    pub fn ranked(&self, passages: &[Passage]) -> Vec<Pick> {
        let mut picks = Vec::new();
        for (at, passage) in passages.iter().enumerate() {
            let context = self.passage_coverage(passage) * self.total * CONTEXT_WEIGHT;
            for (n, sentence) in passage.sentences.iter().enumerate() {
                let own = self.weight_in(&terms(sentence).into_iter().collect());
                if own > 0.0 {
                    let score = (own + context) * self.form_factor(sentence);
                    picks.push(Pick {
                        passage: at,
                        sentence: n,
                        score,
                    });
                }
            }
        }
        picks.sort_by(|a, b| b.score.total_cmp(&a.score));
        picks
    }

    /// The sentences of an answer, in document order: the best one, and further ones that each hold
    /// enough of what is not held yet. Empty when no passage holds enough of the question.
    pub fn best(&self, passages: &[Passage]) -> Vec<Pick> {
        let answering = self.answered_by(passages);
        let mut ranked = self.ranked(passages);
        ranked.retain(|pick| answering.contains(&pick.passage));
        if let Some(best) = ranked.first().copied() {
            ranked.retain(|pick| {
                let here = pick.passage == best.passage;
                pick.score >= best.score * if here { FURTHER_SCORE } else { FURTHER_SCORE_ELSEWHERE }
            });
        }
        let with_terms = |pick: Pick| {
            let own: HashSet<String> = terms(&passages[pick.passage].sentences[pick.sentence])
                .into_iter()
                .collect();
            (pick, own)
        };
        let mut left: Vec<(Pick, HashSet<String>)> = ranked.into_iter().map(with_terms).collect();
        let mut open: Vec<&(String, f64)> = self.weights.iter().collect();
        let mut chosen = Vec::new();
        let mut at = 0;
        while at < left.len() {
            let (pick, own) = left.remove(at);
            open.retain(|(term, _)| !own.contains(term));
            chosen.push(pick);
            if chosen.len() == SENTENCES_MAX {
                break;
            }
            let added = |own: &HashSet<String>| {
                open.iter()
                    .filter(|(term, _)| own.contains(term))
                    .map(|(_, w)| w)
                    .sum::<f64>()
            };
            let gains: Vec<f64> = left.iter().map(|(_, own)| added(own)).collect();
            // of equal gains the one that ranks higher
            let most = (0..gains.len()).rev().max_by(|a, b| gains[*a].total_cmp(&gains[*b]));
            at = most
                .filter(|at| gains[*at] >= self.total * FURTHER_SHARE)
                .unwrap_or(left.len());
        }
        chosen.sort_by_key(|pick| (pick.passage, pick.sentence));
        chosen
    }

    fn form_factor(&self, sentence: &str) -> f64 {
        let cued = match self.cue {
            Cue::None => false,
            Cue::Thing => is_introduction(sentence),
            Cue::Number => sentence.bytes().any(|byte| byte.is_ascii_digit()),
        };
        let long = words(sentence).len() > LONG_SENTENCE_WORDS;
        (if cued { 1.35 } else { 1.0 }) * (if long { 0.85 } else { 1.0 })
    }
}

impl Cue {
    fn of(question: &str) -> Self {
        let lower = question.trim().to_lowercase();
        let content = words(&lower).iter().filter(|word| !is_stop_word(word.text)).count();
        if ["how many", "how much", "how large", "how long", "when ", "what year"]
            .iter()
            .any(|cue| lower.contains(cue))
        {
            Self::Number
        } else if words(&lower).iter().take(6).any(|word| word.text == "which")
            || (["what is", "what are", "who "].iter().any(|cue| lower.starts_with(cue)) && content <= 4)
        {
            Self::Thing
        } else {
            Self::None
        }
    }
}

/// Whether a sentence brings something in: `we introduce …`, `… is a …`.
fn is_introduction(sentence: &str) -> bool {
    let lower = format!(" {} ", sentence.to_lowercase());
    [
        "introduc",
        "propos",
        "we present",
        " is a ",
        " is an ",
        " are a ",
        "develop",
    ]
    .iter()
    .any(|cue| lower.contains(cue))
}
