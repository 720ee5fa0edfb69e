//! Keyword search against the definition of its score, written a second time in another way.

use crate::support::{Folder, Hashing, chunks, keyword, open, scores, sentences};
use proptest::prelude::*;
use serde_json::json;

/// Folds by looking at single characters; must not share code with the crate.
fn letters(text: &str) -> Vec<char> {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

/// Occurrences from the left that do not overlap.
fn count(text: &[char], keyword: &[char]) -> usize {
    let (mut at, mut found) = (0, 0);
    while !keyword.is_empty() && at + keyword.len() <= text.len() {
        if text[at..at + keyword.len()] == *keyword {
            found += 1;
            at += keyword.len();
        } else {
            at += 1;
        }
    }
    found
}

fn expected(texts: &[String], keywords: &[String], top_k: usize) -> Vec<(String, f64)> {
    let score = |text: &String| -> usize {
        let text = letters(text);
        keywords
            .iter()
            .map(|k| count(&text, &letters(k)) * k.chars().count())
            .sum()
    };
    let mut ranked: Vec<(usize, usize)> = texts.iter().map(score).enumerate().filter(|(_, s)| *s > 0).collect();
    ranked.sort_by_key(|row| std::cmp::Reverse(row.1));
    ranked
        .into_iter()
        .take(top_k)
        .map(|(at, score)| (at.to_string(), score as f64))
        .collect()
}

fn expected_sentences(text: &str, keywords: &[String]) -> Vec<String> {
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '\n');
    let all = text.split(ends).map(str::trim).filter(|sentence| !sentence.is_empty());
    let hit = |sentence: &&str| keywords.iter().any(|k| count(&letters(sentence), &letters(k)) > 0);
    all.filter(hit).take(5).map(str::to_owned).collect()
}

/// Few letters, so that keywords are found; some whose case mappings are irregular.
const TEXT: &str = "[abAB .!?\nßẞİıΣσςéÉ日本ǅ🦊:\"-]{1,60}";
const KEYWORD: &str = "[abAB .ßẞİıΣσςéÉ日本ǅ🦊-]{0,4}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rankings_are_those_of_the_definition(
        texts in prop::collection::vec(TEXT, 1..40),
        queries in prop::collection::vec((prop::collection::vec(KEYWORD, 1..4), 1usize..=20), 1..6),
    ) {
        let texts: Vec<String> = texts.into_iter().filter(|text| !text.trim().is_empty()).collect();
        prop_assume!(!texts.is_empty());
        let plain: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (_folder, corpus) = chunks(&plain);
        for (keywords, top_k) in queries {
            let asked: Vec<&str> = keywords.iter().map(String::as_str).collect();
            let output = keyword(&corpus, &asked, top_k);
            prop_assert_eq!(scores(&output), expected(&texts, &keywords, top_k));
            for (n, (id, _)) in scores(&output).iter().enumerate() {
                let text = &texts[id.parse::<usize>().unwrap()];
                prop_assert_eq!(sentences(&output, n), expected_sentences(text, &keywords));
            }
        }
    }
}

#[test]
fn rankings_hold_where_the_index_prunes() {
    // words of different frequency, so that lists are intersected, skipped and left out; one is too long for a list
    let long = "long".repeat(40);
    let words = [
        "the",
        "common",
        "rarer",
        "phrase",
        "of-two",
        "Zürich",
        "naïve",
        "x9",
        "日本語",
        &long,
    ];
    let text = |n: usize| -> String {
        let pick = |k: usize| (n * 7 + k * k * 13 + n * n * k).is_multiple_of(k + 2);
        let chosen: Vec<&str> = (0..words.len()).filter(|k| pick(*k)).map(|k| words[k]).collect();
        format!("Entry {n}: {}. {}", chosen.join(" "), chosen.join("").repeat(n % 3))
    };
    let texts: Vec<String> = (0..700).map(text).collect();
    let lines: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(n, t)| json!({"id": n, "text": t}).to_string())
        .collect();
    let folder = Folder::new(&[("corpus.jsonl", &lines.join("\n"))]);
    let corpus = open(&folder.options(&["corpus.jsonl"]), Hashing::new()).corpus;
    let queries: [&[&str]; 13] = [
        &["common rarer"],
        &["ZÜRICH", "x9"],
        &["phrase of-two", "rarerphrase"],
        &["the"],
        &["e"],
        &[": t"],
        &["no such thing"],
        &["naïvex9", "Entry 69"],
        &["entry 699: ", "entry 699: "],
        &["th", "two Z"],
        &["9 日", "本語", "語日"],
        &["ong", "glong"],
        &["語 long", &long[2..]],
    ];
    for query in queries {
        let keywords: Vec<String> = query.iter().map(|k| (*k).to_owned()).collect();
        assert_eq!(
            scores(&keyword(&corpus, query, 20)),
            expected(&texts, &keywords, 20),
            "{query:?}"
        );
    }
}
