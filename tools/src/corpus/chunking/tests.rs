//! Laws and examples of chunking; a token is a word.

use super::*;
use proptest::prelude::*;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn cut(text: &str, limit: usize, fences: bool) -> Vec<String> {
    let style = if fences { Style::Markdown } else { Style::Prose };
    chunks(text, limit, style, &words)
}

#[test]
fn chunks_end_where_sentences_do() {
    let text = "Version 3.5 of it works. \"Does it?\" he asked. Yes! It does\nand how.";
    assert_eq!(
        cut(text, 8, false),
        [
            "Version 3.5 of it works. \"Does it?\"",
            "he asked. Yes! It does\nand how."
        ]
    );
    assert_eq!(cut(text, 100, false), [text]);
    assert_eq!(cut(" \n ", 8, false), Vec::<String>::new());
}

#[test]
fn a_sentence_that_is_too_long_is_cut_at_spaces_and_a_word_anywhere() {
    assert_eq!(cut("a b c d e f g h i j", 4, false), ["a b c d", "e f", "g h i j"]);
    let letters = |text: &str| text.chars().count();
    assert_eq!(chunks(&"ä".repeat(10), 5, Style::Prose, &letters), ["äääää", "äääää"]);
}

#[test]
fn a_code_block_stays_whole_where_it_fits() {
    let text = "Some words before.\n\n```rust\nlet a = 1. ; \n\nlet b = 2. ;\n```\nAnd after it.";
    let code = "```rust\nlet a = 1. ; \n\nlet b = 2. ;\n```";
    assert_eq!(cut(text, 12, true), ["Some words before.", code, "And after it."]);
    assert_eq!(cut(text, 12, false).len(), 2);
    // a block that is larger than a chunk is cut like text, and one that never ends is no trouble
    assert!(cut(text, 5, true).len() > 3);
    assert_eq!(cut("~~~\nnever. ends.", 2, true), ["~~~\nnever.", "ends."]);
}

proptest! {
    #[test]
    fn nothing_but_white_space_is_lost(text in "[a-z.!?`\n \"ä]{0,300}", limit in 1usize..12, fences: bool) {
        let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let found = cut(&text, limit, fences);
        prop_assert_eq!(solid(&found.concat()), solid(&text));
        for chunk in &found {
            prop_assert_eq!(chunk.trim(), chunk);
            prop_assert!(words(chunk) <= limit);
        }
    }
}
