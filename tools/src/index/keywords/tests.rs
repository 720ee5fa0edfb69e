//! What words tell of keywords, and which texts are left to be looked at.

use super::*;
use crate::index::vocabulary::LONGEST;
use proptest::prelude::*;

fn index(texts: &[String]) -> (tempfile::TempDir, Keywords) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), texts.iter().map(String::as_str)).unwrap();
    let keywords = Keywords::open(folder.path(), texts.len()).unwrap();
    (folder, keywords)
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Counts by chunk as the words tell them, and the chunks to look at.
fn found(index: &Keywords, keyword: &str) -> (Vec<u64>, Vec<u32>) {
    let mut counts = vec![0; index.chunks];
    let left = index
        .find(keyword, |chunk, count| counts[chunk as usize] += count)
        .unwrap();
    (counts, left.iter().collect())
}

#[test]
fn words_tell_how_often_letters_occur() {
    let (_folder, index) = index(&owned(&["the fox", "x. the", "aaaa foxfox", "", "thefoxes aaa"]));
    assert_eq!(found(&index, "fox"), (vec![1, 0, 2, 0, 1], vec![]));
    assert_eq!(found(&index, "aa"), (vec![0, 0, 2, 0, 1], vec![]));
    assert_eq!(found(&index, "cat"), (vec![0; 5], vec![]));
}

#[test]
fn texts_are_looked_at_where_words_may_meet() {
    let texts = ["the fox", "x. the", "日本語", "", "thefoxes", "other foxes", "本日"];
    let (_folder, index) = index(&owned(&texts));
    let left = |keyword| found(&index, keyword).1;
    assert_eq!(left("e fox"), [0]);
    assert_eq!(left("r fox"), [5]);
    assert_eq!(left(". t"), [0, 1, 4]);
    assert_eq!(left("日本"), [2]);
    assert_eq!(left("本"), [2, 6]);
    assert_eq!(left("the cat"), Vec::<u32>::new());
    // without a word there is nothing to narrow by
    assert_eq!(left(". "), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_word_that_is_too_long_is_looked_for_in_its_text() {
    let long = "ab".repeat(LONGEST);
    let (_folder, index) = index(&[format!("{long} fox"), "fox".into(), "ab".into()]);
    assert_eq!(found(&index, "fox"), (vec![0, 1, 0], vec![0]));
    assert_eq!(found(&index, "b fox"), (vec![0; 3], vec![0]));
    assert_eq!(found(&index, &long), (vec![0; 3], vec![0]));
}

#[test]
fn an_index_of_another_size_is_refused() {
    let (folder, _) = index(&owned(&["one text"]));
    assert!(Keywords::open(folder.path(), 2).is_err());
}

#[test]
fn words_are_counted() {
    let (_folder, index) = index(&owned(&["the fox and the fox, fox_den", "no animal", "fox"]));
    let holding = |word: &str| {
        let mut found = Vec::new();
        index.holding(word, |chunk, count| found.push((chunk, count))).unwrap();
        found
    };
    assert_eq!(holding("fox"), [(0, 2), (2, 1)]);
    assert_eq!(holding("fox_den"), [(0, 1)]);
    assert_eq!(holding("the"), [(0, 2)]);
    assert_eq!(holding("cat"), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_are_those_of_the_texts(
        texts in prop::collection::vec(["[ab日本 .]{0,12}", "[ab]{120,135}"].prop_map(|t| t.join(" ")), 1..20),
        keywords in prop::collection::vec("[ab日本 .]{1,4}", 8),
    ) {
        let (_folder, index) = index(&texts);
        for keyword in keywords {
            let (told, left) = found(&index, &keyword);
            for (chunk, text) in (0u32..).zip(&texts) {
                let count = text.matches(&keyword).count() as u64;
                let told = told[chunk as usize];
                prop_assert!(if left.contains(&chunk) { told == 0 } else { told == count }, "{} in {}", keyword, text);
            }
        }
    }
}
