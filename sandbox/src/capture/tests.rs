//! What is kept of a stream, and how the cut is said.

use super::Capture;

fn kept(limit: usize, pieces: &[&[u8]]) -> String {
    let mut capture = Capture::new(limit);
    for piece in pieces {
        capture.push(piece);
    }
    capture.into_text()
}

#[test]
fn output_within_the_limit_is_kept_as_it_is() {
    assert_eq!(kept(8, &[b"four", b"four"]), "fourfour");
    assert_eq!(kept(0, &[]), "");
}

#[test]
fn a_cut_is_said_on_a_line_of_its_own() {
    assert_eq!(
        kept(5, &[b"abc", b"def", b"ghi"]),
        "abcde\n[output cut: the first 5 of 9 bytes are kept]\n"
    );
    assert_eq!(
        kept(4, &[b"abc\ndef"]),
        "abc\n[output cut: the first 4 of 7 bytes are kept]\n"
    );
}

#[test]
fn a_cut_never_goes_through_a_character() {
    let text = "aé日🦀".as_bytes();
    let whole = [0, 1, 1, 3, 3, 3, 6, 6, 6, 6];
    for (limit, expected) in whole.into_iter().enumerate() {
        let said = kept(limit, &[text]);
        assert!(!said.contains('\u{fffd}'), "limit {limit}: {said}");
        assert!(
            said.contains(&format!("the first {expected} of 10 bytes")),
            "limit {limit}: {said}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    assert_eq!(kept(100, &[b"a\xff\xfeb"]), "a\u{fffd}\u{fffd}b");
    // Wrong bytes at the cut are not mistaken for half a character.
    assert_eq!(
        kept(2, &[b"a\xffb"]),
        "a\u{fffd}\n[output cut: the first 2 of 3 bytes are kept]\n"
    );
}
