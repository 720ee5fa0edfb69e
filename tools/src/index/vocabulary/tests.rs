//! The words that hold a piece are those that a look at every word finds.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn vocabulary(words: &BTreeSet<String>) -> (tempfile::TempDir, Vocabulary) {
    let folder = tempfile::tempdir().unwrap();
    let mut draft = Draft::default();
    words.iter().for_each(|word| draft.push(word.as_bytes()));
    draft.write(folder.path()).unwrap();
    let vocabulary = Vocabulary::open(folder.path(), words.len()).unwrap();
    (folder, vocabulary)
}

proptest! {
    #[test]
    fn pieces_are_found_where_they_are(
        words in prop::collection::btree_set("[ab0_éß𐐨]{1,12}", 0..40),
        letters in "[ab0_éß𐐨]{1,10}",
        (begins, ends) in any::<(bool, bool)>(),
    ) {
        let (_folder, vocabulary) = vocabulary(&words);
        let fits = |word: &String| match (begins, ends) {
            (true, true) => *word == letters,
            (true, false) => word.starts_with(&letters),
            (false, true) => word.ends_with(&letters),
            (false, false) => word.contains(&letters),
        };
        let found = vocabulary.find(&Piece { letters: &letters, begins, ends });
        let found: Vec<&[u8]> = vocabulary.words(&found).into_iter().map(|word| vocabulary.word(word)).collect();
        let expected: Vec<&[u8]> = words.iter().filter(|word| fits(word)).map(|word| word.as_bytes()).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_longest_word_is_found_by_its_last_letter() {
    let words = BTreeSet::from([format!("{}z", "y".repeat(LONGEST - 1)), "a".into()]);
    let (_folder, vocabulary) = vocabulary(&words);
    let last = Piece {
        letters: "z",
        begins: false,
        ends: true,
    };
    assert_eq!(vocabulary.words(&vocabulary.find(&last)), [1]);
}

#[test]
fn a_vocabulary_of_another_size_is_refused() {
    let (folder, _) = vocabulary(&BTreeSet::from(["one".to_owned()]));
    assert!(Vocabulary::open(folder.path(), 2).is_err());
}
