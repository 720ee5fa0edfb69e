//! The paper's splitter.

use super::*;

#[test]
fn runs_of_stops_and_newlines_cut_and_are_lost() {
    let text = " Really?! Yes...\n\n  It is 3.5 m. \u{a0}End ";
    let found: Vec<&str> = sentences(text).map(|(_, sentence)| sentence).collect();
    assert_eq!(found, ["Really", "Yes", "It is 3", "5 m", "End"]);
    for (offset, sentence) in sentences(text) {
        assert!(text[offset..].starts_with(sentence));
    }
    assert_eq!(sentences("..\n!").count(), 0);
}

#[test]
fn ten_characters_are_too_few_for_a_vector() {
    assert!(!is_embedded("ÄÄÄÄÄÄÄÄÄÄ"));
    assert!(is_embedded("ÄÄÄÄÄÄÄÄÄÄÄ"));
}
