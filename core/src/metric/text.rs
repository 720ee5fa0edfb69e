//! An answer against a gold text: all scores are in 0..=1.

use std::collections::HashMap;

/// SQuAD's normalisation: lower case, ASCII punctuation deleted, the words a, an and the dropped, blanks
/// collapsed (Rajpurkar et al. 2016, `evaluate-v1.1.py`).
pub fn normalised(text: &str) -> String {
    let lowered = text.to_lowercase();
    let bare: String = lowered.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let words = bare
        .split_whitespace()
        .filter(|word| !matches!(*word, "a" | "an" | "the"));
    words.collect::<Vec<_>>().join(" ")
}

/// Exact match: 1 where any gold is the same text after [`normalised`] (PaperSearchQA takes any of several).
pub fn exact_match(answer: &str, golds: &[String]) -> f64 {
    let answer = normalised(answer);
    of(golds.iter().any(|gold| normalised(gold) == answer))
}

/// Token F1 with the best of the golds. A `yes`, `no` or `noanswer` on either side must match as a whole
/// (HotpotQA, `hotpot_evaluate_v1.py`).
pub fn token_f1(answer: &str, golds: &[String]) -> f64 {
    let answer = normalised(answer);
    let scores = golds.iter().map(|gold| one_f1(&answer, &normalised(gold)));
    scores.fold(0.0, f64::max)
}

fn one_f1(answer: &str, gold: &str) -> f64 {
    let is_closed = |text: &str| matches!(text, "yes" | "no" | "noanswer");
    if (is_closed(answer) || is_closed(gold)) && answer != gold {
        return 0.0;
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    let mut total = 0_usize;
    for word in gold.split_whitespace() {
        *left.entry(word).or_default() += 1;
        total += 1;
    }
    let mut common = 0_usize;
    for word in answer.split_whitespace() {
        total += 1;
        if let Some(count) = left.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    match common {
        0 => of(answer == gold),
        common => 2.0 * common as f64 / total as f64,
    }
}

/// Contain-Acc: 1 where a normalised gold is a part of the normalised answer. An empty answer or gold gives
/// 0; a gold that only normalises to nothing ("The") is a part of any answer (A-RAG §1.5).
pub fn contains(answer: &str, golds: &[String]) -> f64 {
    if answer.is_empty() {
        return 0.0;
    }
    let answer = normalised(answer);
    let is_part = |gold: &String| !gold.is_empty() && answer.contains(&normalised(gold));
    of(golds.iter().any(is_part))
}

/// The same by whole words: a gold `no` is not a part of `nothing`. Stricter than the published measure,
/// for datasets with answers of one short word.
pub fn words_contained(answer: &str, golds: &[String]) -> f64 {
    let answer = format!(" {} ", normalised(answer));
    let is_part = |gold: &String| {
        let gold = normalised(gold);
        !gold.is_empty() && answer.contains(&format!(" {gold} "))
    };
    of(golds.iter().any(is_part))
}

fn of(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}
