//! Tokens as text, while characters are still arriving.

use super::super::tests::vocabulary;
use super::*;

/// The token of one byte.
fn byte(vocabulary: &Vocabulary, byte: u8) -> u32 {
    let of = |token: &u32| vocabulary.word(*token).bytes == [byte];
    (0..vocabulary.size() as u32).find(of).unwrap()
}

fn written(bytes: &[u8]) -> (Vec<Option<String>>, Option<String>) {
    let vocabulary = vocabulary();
    let mut writer = Writer::new(&vocabulary, &[]);
    let pieces = bytes
        .iter()
        .map(|next| writer.push(&vocabulary, byte(&vocabulary, *next)))
        .collect();
    (pieces, writer.finish())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_character_is_written_when_it_is_whole() {
    assert_eq!(
        written("a🦦".as_bytes()),
        (vec![some("a"), None, None, None, some("🦦")], None)
    );
}

#[test]
fn bytes_that_never_become_a_character_are_marked_once() {
    // The second byte tells that the first one is broken; the last one is broken by the end.
    assert_eq!(
        written(b"\xE6a\xE6"),
        (vec![None, some("\u{FFFD}a"), None], some("\u{FFFD}"))
    );
}

#[test]
fn special_tokens_are_written_only_when_asked_for() {
    let vocabulary = vocabulary();
    let [tag, end] = ["<|python_tag|>", "<|eot_id|>"].map(|mark| vocabulary.token(mark).unwrap());
    let mut writer = Writer::new(&vocabulary, &[tag]);
    assert_eq!(
        [tag, end].map(|token| writer.push(&vocabulary, token)),
        [some("<|python_tag|>"), None]
    );
}
