//! Cutting a compound request into subtasks that can be worked on independently.

use super::sentences::{list_item, sentences};
use super::words::{is_pronoun, is_question_word, words};

/// A list item with fewer words says nothing without its introduction.
const STANDALONE_WORDS: usize = 4;

/// The subtasks of a request, in order; the request itself when it asks one thing.
pub fn subtasks(request: &str) -> Vec<String> {
    let request = request.trim();
    let parts = items(request)
        .or_else(|| questions(request))
        .or_else(|| clauses(request));
    parts.unwrap_or_else(|| vec![request.to_owned()])
}

/// The items of a list with at least two, each after the introduction where it needs that.
fn items(request: &str) -> Option<Vec<String>> {
    let mut introduction = Vec::new();
    let mut items: Vec<String> = Vec::new();
    let mut open = false;
    for line in request.lines() {
        let trimmed = line.trim();
        match list_item(line) {
            // an indented bullet below an item is a part of it
            Some(text) if !(open && line.starts_with([' ', '\t']) && !items.is_empty()) => {
                items.push(text.to_owned());
                open = true;
            }
            _ if trimmed.is_empty() => open = false,
            _ if open && line.starts_with([' ', '\t']) => {
                if let Some(item) = items.last_mut() {
                    item.push(' ');
                    item.push_str(trimmed);
                }
            }
            _ => {
                open = false;
                if items.is_empty() {
                    introduction.push(trimmed);
                }
            }
        }
    }
    let introduction = introduction.join(" ");
    let whole = |item: &String| {
        if introduction.is_empty() || stands_alone(item) {
            item.clone()
        } else {
            format!("{introduction} {item}")
        }
    };
    (items.len() > 1).then(|| items.iter().map(whole).collect())
}

fn stands_alone(item: &str) -> bool {
    let long = words(item).len() >= STANDALONE_WORDS;
    (item.ends_with('?') || long) && !depends(item)
}

/// The questions of a text with at least two. One that points back stays with the one before it.
fn questions(request: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    for sentence in sentences(request)
        .into_iter()
        .filter(|sentence| sentence.ends_with('?'))
    {
        for part in joined_questions(&sentence) {
            match parts.last_mut() {
                Some(last) if depends(&part) => {
                    last.push(' ');
                    last.push_str(&part);
                }
                _ => parts.push(part),
            }
        }
    }
    (parts.len() > 1).then_some(parts)
}

/// `What is A, and who wrote B?` asks twice; `What is A, and who wrote it?` is one task.
fn joined_questions(sentence: &str) -> Vec<String> {
    let cut = |(at, joint): (usize, &str)| {
        let (head, tail) = (&sentence[..at], &sentence[at + joint.len()..]);
        let first = words(tail)
            .first()
            .map(|word| word.text.to_lowercase())
            .unwrap_or_default();
        (is_question_word(&first) && !depends(tail) && words(head).len() > 2).then_some((head, tail))
    };
    let found = [", and ", "; and ", "; "]
        .iter()
        .find_map(|joint| sentence.match_indices(joint).find_map(cut));
    match found {
        Some((head, tail)) => {
            let mut parts = vec![format!("{}?", head.trim_end_matches(['?', ',', ';']))];
            parts.extend(joined_questions(&capitalised(tail)));
            parts
        }
        None => vec![sentence.to_owned()],
    }
}

/// `Find A; find B; and find C.`
fn clauses(request: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = request
        .split(';')
        .map(|part| part.trim().trim_start_matches("and ").trim())
        .filter(|part| !part.is_empty())
        .collect();
    let clear =
        parts.len() > 1 && !request.contains('\n') && parts.iter().all(|part| words(part).len() > 1 && !depends(part));
    clear.then(|| parts.into_iter().map(capitalised).collect())
}

/// Whether a text points at something that was said before it.
fn depends(text: &str) -> bool {
    let words = words(text);
    let lower: Vec<String> = words.iter().map(|word| word.text.to_lowercase()).collect();
    let first = lower.first().is_some_and(|word| word == "and" || word == "also");
    // `that` and `this` before a later verb are grammar, not pointers; at the head of a short text they point
    let pointer = lower.iter().enumerate().any(|(n, word)| match word.as_str() {
        "that" | "this" | "those" | "these" => n <= 2 || n + 1 == lower.len(),
        // a name before the pronoun is what it points at
        other => is_pronoun(other) && !words[1..n.max(1)].iter().any(|word| word.is_capitalised()),
    });
    first || pointer
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &str, expected: &[&str]) {
        assert_eq!(subtasks(request), expected);
    }

    #[test]
    fn one_question_is_one_subtask() {
        check("What is A-RAG?", &["What is A-RAG?"]);
        check("", &[""]);
    }

    #[test]
    fn list_items_are_subtasks() {
        check(
            "Answer these:\n1. What is A-RAG?\n2. Who wrote HalluHard?",
            &["What is A-RAG?", "Who wrote HalluHard?"],
        );
        check("- What is A?\n\n- What is B?", &["What is A?", "What is B?"]);
    }

    #[test]
    fn short_items_keep_their_introduction() {
        check(
            "Name the dataset of each:\n* A-RAG\n* HalluHard",
            &["Name the dataset of each: A-RAG", "Name the dataset of each: HalluHard"],
        );
    }

    #[test]
    fn lines_below_an_item_belong_to_it() {
        check(
            "1. What is A-RAG\n   in one line?\n   - with its id\n2. What is B?",
            &["What is A-RAG in one line? - with its id", "What is B?"],
        );
    }

    #[test]
    fn several_questions_are_several_subtasks() {
        check(
            "Read the papers. What is A-RAG? Which dataset measures hallucination?",
            &["What is A-RAG?", "Which dataset measures hallucination?"],
        );
        check(
            "What is A-RAG, and what is HalluHard?",
            &["What is A-RAG?", "What is HalluHard?"],
        );
    }

    #[test]
    fn a_question_that_points_back_stays_with_its_predecessor() {
        check(
            "What is A-RAG? Which tools does it expose?",
            &["What is A-RAG? Which tools does it expose?"],
        );
        check(
            "Which paper introduces hierarchical interfaces, and what tools does it expose?",
            &["Which paper introduces hierarchical interfaces, and what tools does it expose?"],
        );
        check(
            "What is A? What does it do? What is B?",
            &["What is A? What does it do?", "What is B?"],
        );
    }

    #[test]
    fn clauses_between_semicolons_are_subtasks() {
        check(
            "Find the code of A-RAG; name the authors of HalluHard; and list every dataset.",
            &[
                "Find the code of A-RAG",
                "Name the authors of HalluHard",
                "List every dataset.",
            ],
        );
    }
}
