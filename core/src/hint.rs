//! The line that tells an agent of a team where it stands, so that it can plan its last turns
//! (WideSeek-R1 §2.2). Written by the engine; whoever reads transcripts without a language model
//! takes it off again.

const BEGIN: &str = "\n\n[turn ";

/// What stands after a message when `turn` of `turns` is next; nothing when no turn is left.
pub fn turn(turn: u32, turns: u32) -> String {
    match turns.checked_sub(turn) {
        Some(0) => format!("{BEGIN}{turn} of {turns} is next and the last: answer in it]"),
        Some(_) => format!("{BEGIN}{turn} of {turns} is next]"),
        None => String::new(),
    }
}

/// A message without its hint.
pub fn strip(text: &str) -> &str {
    match text.rfind(BEGIN) {
        Some(at) if text.ends_with(']') && !text[at + BEGIN.len()..].contains('\n') => &text[..at],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_comes_off_and_nothing_else_does() {
        for (n, of) in [(1, 6), (6, 6), (7, 6)] {
            assert_eq!(strip(&format!("text [1]{}", turn(n, of))), "text [1]");
        }
        assert_eq!(strip("a\n\n[turn around]\nb]"), "a\n\n[turn around]\nb]");
        assert!(turn(6, 6).contains("the last"));
    }
}
