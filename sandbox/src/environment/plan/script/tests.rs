//! Quoted words come back from bash as they were.

use super::{Script, quote, words};
use proptest::prelude::*;
use std::process::Command;

fn echoed(words: &str) -> String {
    let command = format!("printf '%s\\n' {words}");
    let output = Command::new("bash").args(["-c", &command]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn bash_reads_a_quoted_word_as_it_was(text in "[ -~\n\t\u{e9}\u{1f600}]{0,24}") {
        prop_assert_eq!(echoed(&quote(&text)), format!("{text}\n"));
    }

    #[test]
    fn bash_reads_as_many_words_as_were_quoted(texts in proptest::collection::vec("['\"$`\\\\ *?~#a-c]{0,6}", 1..5)) {
        prop_assert_eq!(echoed(&words(&texts)), texts.join("\n") + "\n");
    }
}

#[test]
fn plain_words_stay_plain() {
    assert_eq!(
        words(["tests/a-b_c.py", "a b", "", "it's"]),
        r"tests/a-b_c.py 'a b' '' 'it'\''s'"
    );
}

#[test]
fn what_a_script_begins_with_is_valid_bash() {
    for script in [
        Script::setup().workers(false).finish(),
        Script::test().workers(true).finish(),
    ] {
        let checked = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&checked.stderr), "");
    }
}
