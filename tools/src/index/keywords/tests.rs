//! What the index prunes, and that it never prunes too much.

use super::*;

fn index(texts: &[&str]) -> (tempfile::TempDir, Keywords) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), texts.iter().copied()).unwrap();
    let keywords = Keywords::open(folder.path(), texts.len()).unwrap();
    (folder, keywords)
}

#[test]
fn candidates_contain_every_trigram() {
    let (_folder, index) = index(&["the fox", "x. the", "日本語", "", "ab", "thefoxes"]);
    let found = |keyword| index.candidates(keyword).unwrap();
    assert_eq!(found("fox"), Candidates::Chunks(vec![0, 5]));
    assert_eq!(found(". t"), Candidates::Chunks(vec![1]));
    assert_eq!(found("日本語"), Candidates::Chunks(vec![2]));
    assert_eq!(found("the cat"), Candidates::Chunks(vec![]));
    // too short to have a trigram
    assert_eq!(found("ab"), Candidates::All);
}

#[test]
fn a_keyword_that_is_nearly_everywhere_is_not_looked_up() {
    let (_folder, index) = index(&["common a", "common b", "common c", "rare"]);
    assert_eq!(index.candidates("common").unwrap(), Candidates::All);
    assert_eq!(index.candidates("common c").unwrap(), Candidates::Chunks(vec![2]));
}

#[test]
fn an_index_of_another_size_is_refused() {
    let (folder, _) = index(&["one text"]);
    assert!(Keywords::open(folder.path(), 2).is_err());
}

#[test]
fn words_are_counted_and_stop_words_are_not() {
    let (_folder, index) = index(&["the fox and the fox, fox_den", "no animal", "fox"]);
    let holding = |word: &str| {
        let mut found = Vec::new();
        index.holding(word, |chunk, count| found.push((chunk, count))).unwrap();
        found
    };
    assert_eq!(holding("fox"), [(0, 2), (2, 1)]);
    assert_eq!(holding("fox_den"), [(0, 1)]);
    assert_eq!(holding("the"), []);
    assert_eq!(holding("cat"), []);
}
