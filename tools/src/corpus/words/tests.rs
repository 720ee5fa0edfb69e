//! Where words begin and end.

use super::Words;
use proptest::prelude::*;

fn words(text: &str) -> Vec<&str> {
    Words::of(text).map(|word| word.text).collect()
}

#[test]
fn words_are_runs_and_pairs() {
    assert_eq!(words(" fox_den's 3.5 Zürich"), ["fox_den", "s", "3", "5", "Zürich"]);
    assert_eq!(
        words("日本語、x手机ok 한국어 人"),
        ["日本", "本語", "語", "x", "手机", "机", "ok", "한국어", "人"]
    );
    assert_eq!(words("-- \n"), Vec::<&str>::new());
}

proptest! {
    #[test]
    fn a_part_has_the_words_of_the_whole_but_for_those_that_are_cut(
        before in "[ab日本ก -]{0,4}",
        part in "[ab日本ก -]{0,6}",
        after in "[ab日本ก -]{0,4}",
    ) {
        let text = format!("{before}{part}{after}");
        let (from, to) = (before.len(), before.len() + part.len());
        // those that keep away from both cuts
        let inner = |start: usize, length: usize| start > from && start + length < to;
        let whole = Words::of(&text).map(|word| (word.start, word.text)).filter(|(at, word)| inner(*at, word.len()));
        let own = Words::of(&part).map(|word| (word.start + from, word.text)).filter(|(at, word)| inner(*at, word.len()));
        prop_assert_eq!(whole.collect::<Vec<_>>(), own.collect::<Vec<_>>());
    }
}
