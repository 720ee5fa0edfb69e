//! Words, stems and names.

use super::*;

#[test]
fn stop_words_are_sorted() {
    assert!(STOP_WORDS.is_sorted());
}

#[test]
fn words_keep_what_joins_them() {
    let found: Vec<&str> = words("A-RAG's 3.5x, 1,000 (multi-turn) e.g. end.")
        .iter()
        .map(|word| word.text)
        .collect();
    assert_eq!(found, ["A-RAG's", "3.5x", "1,000", "multi-turn", "e", "g", "end"]);
}

#[test]
fn forms_of_a_word_share_a_stem() {
    for forms in [
        ["introduces", "introduced", "introducing"],
        ["measure", "measures", "measurement"],
        ["query", "queries", "query's"],
        ["planning", "planned", "plans"],
        ["benchmark", "benchmarks", "benchmarked"],
    ] {
        let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
        assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{stems:?}");
    }
}

#[test]
fn scripts_without_spaces_give_pairs() {
    assert_eq!(terms("東京都"), ["東京", "京都"]);
    assert_eq!(terms("語"), ["語"]);
}

#[test]
fn names_are_known_by_form() {
    let names: Vec<&str> = words("the GapEval and A-RAG of 2602.03442 in Paris use F2P and multi-turn 12 LLMs")
        .into_iter()
        .filter(Word::is_name_by_form)
        .map(|word| word.text)
        .collect();
    assert_eq!(names, ["GapEval", "A-RAG", "2602.03442", "F2P", "LLMs"]);
}
