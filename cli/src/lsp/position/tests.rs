//! Positions of editors and bytes of ours, over line ends, wide characters and the end of the text.

use super::*;

const TEXT: &str = "a: 1\r\nb: 🦉é x\n\nlast";

fn place(offset: usize, encoding: Encoding) -> (u32, u32) {
    let position = Lines::of(TEXT, encoding).position(offset);
    (position.line, position.character)
}

fn byte(line: u32, character: u32, encoding: Encoding) -> usize {
    Lines::of(TEXT, encoding).offset(Position::new(line, character))
}

#[test]
fn an_emoji_is_two_units_of_utf_16_and_four_bytes() {
    let x = TEXT.find('x').expect("it is there");
    assert_eq!(place(x, Encoding::Utf16), (1, 7));
    assert_eq!(place(x, Encoding::Utf8), (1, 10));
    assert_eq!(byte(1, 7, Encoding::Utf16), x);
    assert_eq!(byte(1, 10, Encoding::Utf8), x);
}

#[test]
fn a_place_inside_of_a_character_is_its_beginning() {
    let owl = TEXT.find('🦉').expect("it is there");
    assert_eq!(byte(1, 4, Encoding::Utf16), owl);
    assert_eq!(byte(1, 5, Encoding::Utf8), owl);
    assert_eq!(place(owl + 2, Encoding::Utf16), (1, 3));
}

#[test]
fn a_place_past_the_end_is_the_end() {
    assert_eq!(byte(0, 99, Encoding::Utf16), 4, "a line ends before its line break");
    assert_eq!(byte(2, 1, Encoding::Utf16), TEXT.find("\n\n").expect("it is there") + 1);
    assert_eq!(byte(99, 0, Encoding::Utf16), TEXT.len());
    assert_eq!(place(9_999, Encoding::Utf16), (3, 4));
    assert_eq!(Lines::of("", Encoding::Utf16).position(3), Position::new(0, 0));
}

#[test]
fn every_kind_of_line_break_counts_once() {
    let lines = Lines::of("a\rb\r\nc\nd", Encoding::Utf16);
    let of = |c: char| lines.position("a\rb\r\nc\nd".find(c).expect("it is there")).line;
    assert_eq!(['a', 'b', 'c', 'd'].map(of), [0, 1, 2, 3]);
    assert_eq!(
        lines.position(4),
        Position::new(1, 1),
        "between the two halves of a line break"
    );
}

#[test]
fn every_byte_that_begins_a_character_comes_back() {
    for encoding in [Encoding::Utf8, Encoding::Utf16] {
        let lines = Lines::of(TEXT, encoding);
        for (at, c) in TEXT.char_indices().filter(|(_, c)| *c != '\n') {
            assert_eq!(lines.offset(lines.position(at)), at, "{c:?} in {encoding:?}");
        }
    }
}
