//! Texts that end an answer, however it is cut.

use super::*;
use proptest::prelude::*;

fn shown(stops: &[&str], pieces: &[&str]) -> (String, bool) {
    let mut stops = Stops::new(stops.iter().map(|stop| (*stop).to_owned()));
    let text: String = pieces.iter().map(|piece| stops.push(piece)).collect();
    let text = text + &stops.finish();
    (text, stops.stopped())
}

#[test]
fn an_answer_ends_before_the_first_stop() {
    assert_eq!(shown(&["\n\n", "END"], &["one\n", "\ntwo END"]), ("one".into(), true));
    assert_eq!(shown(&["END"], &["one EN", "two E"]), ("one ENtwo E".into(), false));
    assert_eq!(shown(&["aab"], &["aaab"]), ("a".into(), true));
    assert_eq!(shown(&["", "é"], &["caf", "e"]), ("cafe".into(), false));
}

#[test]
fn the_stop_that_is_whole_first_counts_and_of_several_the_longest() {
    for pieces in [&["bééé"][..], &["b", "é", "é", "é"]] {
        assert_eq!(shown(&["béé", "é"], pieces), ("b".into(), true));
        assert_eq!(shown(&["éé", "béé"], pieces), (String::new(), true));
    }
}

#[test]
fn nothing_of_what_may_become_a_stop_is_shown() {
    let mut stops = Stops::new(["</end>".to_owned()]);
    assert_eq!(stops.push("a </"), "a ");
    assert_eq!(stops.push("e"), "");
    assert_eq!(stops.push("m> b"), "</em> b");
}

proptest! {
    #[test]
    fn cuts_change_nothing(text in "[abé]{0,30}", stops in proptest::collection::vec("[abé]{1,4}", 0..3), cut in 1usize..5) {
        let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
        let letters: Vec<char> = text.chars().collect();
        let pieces: Vec<String> = letters.chunks(cut).map(|piece| piece.iter().collect()).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let mut written = text.char_indices().map(|(at, letter)| &text[..at + letter.len_utf8()]);
        let stopped = written.find_map(|text| {
            let before = stops.iter().filter_map(|stop| text.strip_suffix(stop));
            before.min_by_key(|before| before.len())
        });
        let whole = (stopped.unwrap_or(&text).to_owned(), stopped.is_some());
        prop_assert_eq!(shown(&stops, &pieces), whole);
    }
}
