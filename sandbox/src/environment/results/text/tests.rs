//! Tests of logs made plain.

use super::*;

#[test]
fn colours_and_titles_are_taken_out() {
    assert_eq!(
        plain("\u{1b}[1;32mPASSED\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}]8;;url\u{1b}\\y"),
        "PASSED xy"
    );
}

#[test]
fn a_carriage_return_begins_a_line() {
    assert_eq!(plain("1/3\r2/3\r\nok"), "1/3\n2/3\nok");
}

#[test]
fn a_title_without_an_end_takes_no_more_than_its_line() {
    assert_eq!(plain("a\u{1b}]0;title\nb"), "a\nb");
}

#[test]
fn what_stands_before_the_first_marker_belongs_to_no_file() {
    let cut: Vec<_> = sections("one\n# file: a.js \ntwo\nthree\n# file: b.js\n")
        .into_iter()
        .map(|part| (part.file, part.text))
        .collect();
    assert_eq!(
        cut,
        [(None, "one\n"), (Some("a.js"), "two\nthree\n"), (Some("b.js"), "")]
    );
}

#[test]
fn only_a_time_in_brackets_is_cut_from_a_name() {
    for (name, expected) in [
        ("adds (12ms)", "adds"),
        ("adds (1.2 s)", "adds"),
        ("waits for (ms)", "waits for (ms)"),
        ("waits 5s", "waits 5s"),
        ("runs f(1)", "runs f(1)"),
        ("é (m)", "é (m)"),
    ] {
        assert_eq!(without_duration(name), expected);
    }
}
