//! What the light readers find, and that nothing makes them fail.

use super::{bracketed, following, ini, strings, toml, value};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_text_makes_a_reader_fail(text in "[\\[\\]{}()\"'=#:\n a-c\u{e9}]{0,60}") {
        let _ = (toml(&text), ini(&text), strings(&text), bracketed(&text, "a"), following(&text, "b", &['c']).count());
    }
}

#[test]
fn a_list_may_span_lines_with_comments() {
    let entries = toml("[a.b]\nx = [ # all\n  'one', # 1\n  \"two#\",\n]\ny = \"z\"\n");
    assert_eq!(entries[0].strings(), ["one", "two#"]);
    assert_eq!(value(&entries, "a.b", "y"), Some("z"));
}

#[test]
fn tables_of_a_list_are_told_apart() {
    let entries = toml("[[test]]\nname = 'a'\n[[test]]\nname = 'b'\n");
    assert_eq!(
        entries
            .iter()
            .map(|it| (it.table.as_str(), it.place))
            .collect::<Vec<_>>(),
        [("test", 1), ("test", 2)]
    );
}

#[test]
fn indented_lines_continue_a_value() {
    let entries = ini("[testenv]\ndeps =\n  pytest\n  # not this\n  mock\ncommands: x\n");
    assert_eq!(value(&entries, "testenv", "deps"), Some("\npytest\nmock"));
    assert_eq!(value(&entries, "testenv", "commands"), Some("x"));
}

#[test]
fn brackets_are_matched_in_code() {
    let code = "setup(tests_require=['a', 'b[c]'], extras_require = {'x': ['y']})";
    assert_eq!(bracketed(code, "tests_require"), Some("'a', 'b[c]'"));
    assert_eq!(
        bracketed(code, "extras_require").map(strings),
        Some(vec!["x".to_owned(), "y".to_owned()])
    );
}
