//! Bytes of event streams and the events in them, cut at every place.

use super::*;
use proptest::prelude::*;

fn decode(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut events).expect("short events");
    }
    decoder.finish(&mut events);
    events
}

#[track_caller]
fn check(bytes: &str, expected: &[&str]) {
    assert_eq!(decode(&[bytes.as_bytes()]), expected);
    for cut in 0..bytes.len() {
        let (head, tail) = bytes.as_bytes().split_at(cut);
        assert_eq!(decode(&[head, tail]), expected, "cut at byte {cut}");
    }
}

#[test]
fn events_end_at_blank_lines() {
    check("data: one\n\ndata: two\n\n", &["one", "two"]);
}

#[test]
fn every_kind_of_line_end_is_one_line_end() {
    check("data: a\r\n\r\ndata: b\r\rdata: c\n\n", &["a", "b", "c"]);
}

#[test]
fn comments_and_other_fields_are_passed_over() {
    check(": keep-alive\n\nevent: message\nid: 7\nretry: 10\ndata: x\n\n", &["x"]);
}

#[test]
fn data_lines_of_one_event_are_joined_by_a_line_end() {
    check("data: {\ndata:  \"a\": 1\ndata: }\n\n", &["{\n \"a\": 1\n}"]);
}

#[test]
fn a_character_in_two_pieces_survives() {
    check("data: Zürich, 東京 🗼\n\n", &["Zürich, 東京 🗼"]);
}

#[test]
fn the_space_after_the_colon_is_optional_and_single() {
    check("data:x\n\ndata:  y\n\ndata\n\n", &["x", " y", ""]);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    check("\u{feff}data: x\n\n", &["x"]);
}

#[test]
fn a_last_event_without_its_blank_line_counts() {
    check("data: a\n\ndata: [DONE]", &["a", "[DONE]"]);
}

#[test]
fn an_endless_line_is_refused() {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    let piece = vec![b'x'; 1 << 20];
    let refused = (0..20).any(|_| decoder.push(&piece, &mut events).is_err());
    assert!(refused);
}

proptest! {
    #[test]
    fn cutting_the_bytes_never_changes_the_events(
        bytes in proptest::collection::vec(prop_oneof![
            Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), Just(b' '), any::<u8>()
        ], 0..80),
        cuts in proptest::collection::vec(0usize..80, 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        pieces.push(&bytes[from..]);
        prop_assert_eq!(decode(&pieces), decode(&[&bytes]));
    }
}
