//! Sentences as people would cut them, with their closing marks.

/// Abbreviations after which a sentence usually goes on.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "cf", "dr", "e.g", "eq", "eqs", "etc", "fig", "figs", "i.e", "jr", "mr", "mrs", "ms", "no", "prof",
    "resp", "sec", "st", "tab", "viz", "vs", "w.r.t",
];

/// The sentences of a text in order. Blank lines, headings and list items end a sentence too.
pub fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        let begins_anew = trimmed.is_empty() || is_list_item(trimmed) || trimmed.starts_with('#');
        if begins_anew {
            cut(&paragraph, &mut found);
            paragraph.clear();
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph.push_str(trimmed);
        if trimmed.starts_with('#') {
            cut(&paragraph, &mut found);
            paragraph.clear();
        }
    }
    cut(&paragraph, &mut found);
    found
}

/// Whether a line is an item: `- x`, `* x`, `3. x`, `3) x`.
pub fn is_list_item(line: &str) -> bool {
    list_item(line).is_some()
}

/// What an item says.
pub fn list_item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    for bullet in ["- ", "* ", "• ", "+ "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return Some(rest.trim());
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..).filter(|_| (1..=3).contains(&digits))?;
    rest.strip_prefix(". ")
        .or_else(|| rest.strip_prefix(") "))
        .map(str::trim)
}

fn cut(paragraph: &str, found: &mut Vec<String>) {
    let mut start = 0;
    let mut characters = paragraph.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let ends = match c {
            '.' | '!' | '?' => {
                // closing quotes and brackets belong to the sentence
                while characters
                    .peek()
                    .is_some_and(|(_, next)| matches!(next, '"' | '\'' | ')' | ']' | '”' | '’'))
                {
                    characters.next();
                }
                let end = characters.peek().map_or(paragraph.len(), |(next, _)| *next);
                ends_here(&paragraph[start..=at], &paragraph[end..], c).then_some(end)
            }
            '。' | '！' | '？' => Some(at + c.len_utf8()),
            _ => None,
        };
        if let Some(end) = ends {
            push(&paragraph[start..end], found);
            start = end;
        }
    }
    push(&paragraph[start..], found);
}

fn push(sentence: &str, found: &mut Vec<String>) {
    let sentence = sentence.trim();
    if sentence.chars().any(char::is_alphanumeric) {
        found.push(sentence.to_owned());
    }
}

/// Whether the mark at the end of `head` ends a sentence that `tail` follows.
fn ends_here(head: &str, tail: &str, mark: char) -> bool {
    if tail.is_empty() {
        return true;
    }
    let Some(next) = tail.strip_prefix(char::is_whitespace) else {
        return false;
    };
    if mark != '.' {
        return true;
    }
    let word = head[..head.len() - 1]
        .rsplit([' ', '(', '['])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let goes_on = next.trim_start().chars().next().is_some_and(char::is_lowercase);
    !(goes_on || is_initial || ABBREVIATIONS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text), expected);
    }

    #[test]
    fn marks_end_sentences_and_stay() {
        check("One. Two! Three? Four", &["One.", "Two!", "Three?", "Four"]);
    }

    #[test]
    fn numbers_abbreviations_and_initials_do_not() {
        check(
            "It gains 3.5 points (e.g. On AIME, cf. Fig. 2 of J. Smith et al. In 2024). Done.",
            &[
                "It gains 3.5 points (e.g. On AIME, cf. Fig. 2 of J. Smith et al. In 2024).",
                "Done.",
            ],
        );
    }

    #[test]
    fn lines_of_a_paragraph_are_joined_and_headings_stand_alone() {
        check(
            "# A title\n\nFirst line\nsecond line. Next.\n- item one\n- item two",
            &[
                "# A title",
                "First line second line.",
                "Next.",
                "- item one",
                "- item two",
            ],
        );
    }

    #[test]
    fn full_width_marks_need_no_space() {
        check("これは文です。次の文。", &["これは文です。", "次の文。"]);
    }

    #[test]
    fn addresses_stay_whole() {
        check(
            "Code: https://github.com/a/b.c. More.",
            &["Code: https://github.com/a/b.c.", "More."],
        );
    }
}
