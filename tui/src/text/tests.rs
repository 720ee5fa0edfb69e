//! Tests of safe text.

use super::{head, sanitise, tail, width, wrap};
use proptest::prelude::*;

#[test]
fn nothing_that_a_terminal_obeys_is_left() {
    let shown = |text| sanitise(text).into_owned();
    assert_eq!(shown("\x1b[31mred\x1b[0m"), "^[[31mred^[[0m");
    assert_eq!(shown("\x1b]0;title\x07"), "^[]0;title^G");
    assert_eq!(shown("\u{9b}2J"), "<U+009B>2J");
    assert_eq!(shown("over\rwritten"), "over^Mwritten");
    assert_eq!(shown("a\tb\r\nc\nd"), "a b c d");
    assert_eq!(shown("\u{202e}txt.exe\u{2066}"), "<U+202E>txt.exe<U+2066>");
    assert_eq!(shown("zero\u{200b}width\u{feff}"), "zero<U+200B>width<U+FEFF>");
    assert_eq!(shown("\0\x7f"), "^@^?");
    assert_eq!(shown("naïve 日本 👩\u{200d}💻"), "naïve 日本 👩\u{200d}💻");
}

#[test]
fn heads_and_tails_cut_by_columns() {
    assert_eq!(head("short", 10, "…"), "short");
    assert_eq!(head("exactly ten", 11, "…"), "exactly ten");
    assert_eq!(head("a longer text", 8, "…"), "a longe…");
    assert_eq!(head("日本語のテキスト", 8, "…"), "日本語…");
    assert_eq!(head("a longer text", 8, "..."), "a lon...");
    assert_eq!(head("abc", 0, "…"), "");
    assert_eq!(tail("the end of a sentence.", 10, "…"), "…sentence.");
    assert_eq!(tail("テキスト日本", 8, "…"), "…ト日本");
    assert_eq!(tail("short\n", 10, "…"), "short");
    assert_eq!(tail("abc", 2, "..."), "..");
}

#[test]
fn long_text_wraps_at_spaces() {
    assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrap("first\nsecond", 20), ["first", "second"]);
    assert_eq!(wrap("日本", 1), ["日", "本"]);
    assert_eq!(wrap("", 5), [""]);
}

proptest! {
    #[test]
    fn cuts_fit_and_are_safe(text in any::<String>(), columns in 0usize..40) {
        for cut in [head(&text, columns, "…"), tail(&text, columns, "…")] {
            prop_assert!(width(&cut) <= columns, "{cut:?} is wider than {columns}");
            prop_assert_eq!(sanitise(&cut).into_owned(), cut);
        }
        let fits = |line: &String| width(line) <= columns.max(2);
        prop_assert!(wrap(&text, columns.max(2)).iter().all(fits));
    }

    #[test]
    fn sanitising_is_idempotent(text in any::<String>()) {
        let once = sanitise(&text).into_owned();
        prop_assert_eq!(sanitise(&once).into_owned(), once);
    }
}
