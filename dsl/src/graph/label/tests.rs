//! Texts are cleaned, cut and broken by what a terminal shows of them.

use super::*;
use proptest::prelude::*;

#[test]
fn what_is_not_seen_is_not_there() {
    assert_eq!(clean(" a\n\tb\u{1b}[0m \u{202e}c\u{200b} "), "a b [0m c");
}

#[test]
fn wide_characters_count_as_two_columns() {
    assert_eq!(width("数据 a"), 6);
    assert_eq!(shorten("数据收集 a", 8, "…"), "数据收…");
    assert_eq!(shorten("short", 8, "…"), "short");
    assert_eq!(wrap("数据收集 ab", 4), ["数据", "收集", "ab"]);
}

proptest! {
    #[test]
    fn lines_fit_and_nothing_is_lost(text in "[a-z 数é]{0,80}", most in 2..30_usize) {
        let lines = wrap(&text, most);
        prop_assert!(lines.iter().all(|line| width(line) <= most), "{lines:?}");
        let without = |text: &str| text.replace(' ', "");
        prop_assert_eq!(without(&lines.concat()), without(&text));
    }

    #[test]
    fn what_is_cut_fits(text in any::<String>(), most in 3..30_usize) {
        prop_assert!(width(&shorten(&clean(&text), most, "...")) <= most);
    }
}
