//! What a field is for, by its name.

use crate::reader::words::singular;

/// What a string field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The id of a chunk.
    Id,
    /// The title of a chunk's document.
    Title,
    /// The question itself.
    Question,
    /// An address on the web.
    Address,
    /// A sentence.
    Prose,
    /// The name of something that the field's own word is a noun for.
    Name,
}

impl Role {
    /// The role of a field's name; a value without a name is prose.
    pub fn of(field: &str) -> Self {
        let words = field_words(field);
        let last = words.last().map_or("", String::as_str);
        match last {
            "id" | "chunk" | "citation" | "cite" | "source" | "reference" | "passage" => Self::Id,
            "title" | "paper" | "document" | "article" | "work" => Self::Title,
            "question" | "query" | "task" | "subtask" => Self::Question,
            "url" | "link" | "code" | "repository" | "repo" | "homepage" | "website" | "address" | "href"
            | "github" => Self::Address,
            "" => Self::Prose,
            _ if words.iter().any(|word| PROSE.contains(&word.as_str())) => Self::Prose,
            _ => Self::Name,
        }
    }

    /// Whether every passage has one of its own.
    pub fn is_of_the_passage(self) -> bool {
        matches!(self, Self::Id | Self::Title | Self::Address)
    }
}

/// Words of fields that hold sentences.
#[rustfmt::skip]
const PROSE: &[&str] = &[
    "abstract", "answer", "background", "claim", "comment", "conclusion", "contribution", "definition", "description",
    "detail", "evidence", "excerpt", "explanation", "fact", "finding", "goal", "idea", "limitation", "motivation",
    "note", "point", "problem", "purpose", "quote", "rationale", "reason", "report", "result", "sentence", "snippet",
    "statement", "summary", "support", "text", "why",
];

/// The words of a field's name in the singular: `chunk_ids` and `chunkIds` are `chunk`, `id`.
pub fn field_words(field: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut previous = '_';
    for c in field.chars() {
        if c.is_uppercase() && previous.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_alphanumeric() { c } else { ' ' });
        previous = c;
    }
    spaced
        .split_whitespace()
        .map(|word| singular(&word.to_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_words() {
        assert_eq!(field_words("chunk_ids"), ["chunk", "id"]);
        assert_eq!(field_words("codeURL"), ["code", "url"]);
        assert!(field_words("").is_empty());
    }

    #[test]
    fn roles_follow_the_last_word_then_any() {
        let cases = [
            ("chunk", Role::Id),
            ("sources", Role::Id),
            ("paper_title", Role::Title),
            ("code", Role::Address),
            ("answer_text", Role::Prose),
            ("", Role::Prose),
            ("dataset", Role::Name),
            ("mainQuestion", Role::Question),
        ];
        for (name, role) in cases {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }
}
