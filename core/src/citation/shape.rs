//! What the ids of a corpus look like, so that one that does not exist is told from any other bracket.
//!
//! The rule: a text has the shape of an id when, beside its chunk number (`#2`),
//! 1. it is an id of the corpus with other digits (`hotpot-00012` makes `hotpot-99999` one, not `covid-19`), or
//! 2. it has the outline of ids that are not told apart by their digits alone (`smith2020`, `jones2021`; `on-the-use-of-otters`):
//!    runs of letters and of digits and what joins them, in the same case, and at least two runs.
//!
//! A further chunk of a document that exists (`report#9`) has it too. Ids that are single words (`report`) have no
//! shape, since `[sic]` would have it: in a corpus of such ids, made-up ones of another document are not noticed.

use std::collections::{BTreeMap, BTreeSet};

/// Longer texts are no ids.
const LENGTH_MAX: usize = 200;

/// The shapes of ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shapes {
    /// Ids with their digits left out, those of which have digits.
    numbered: BTreeSet<String>,
    /// Outlines of ids, each with the first id of it, digits left out; none where there are several.
    outlines: BTreeMap<String, Option<String>>,
}

impl Shapes {
    /// Those of some ids.
    pub fn of<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut shapes = Self::default();
        let mut last = "";
        for id in ids.into_iter().map(document) {
            // the chunks of a document stand together
            if id != last {
                shapes.add(id);
                last = id;
            }
        }
        shapes
    }

    /// Those of some more.
    pub fn merge(&mut self, other: Self) {
        self.numbered.extend(other.numbered);
        for (outline, masked) in other.outlines {
            self.note(outline, masked);
        }
    }

    fn add(&mut self, id: &str) {
        let masked = mask(id);
        self.note(outline(id), Some(masked.clone()));
        if masked.contains('0') {
            self.numbered.insert(masked);
        }
    }

    fn note(&mut self, outline: String, masked: Option<String>) {
        let known = self.outlines.entry(outline).or_insert_with(|| masked.clone());
        if *known != masked {
            *known = None;
        }
    }

    /// Whether a text looks like one of the ids.
    pub fn fit(&self, text: &str) -> bool {
        let text = document(text);
        if text.is_empty() || text.len() > LENGTH_MAX || text.contains(char::is_whitespace) {
            return false;
        }
        let outline = outline(text);
        let is_told = || outline.chars().nth(1).is_some() && self.outlines.get(&outline) == Some(&None);
        self.numbered.contains(&mask(text)) || is_told()
    }
}

/// An id without its chunk number.
pub(super) fn document(id: &str) -> &str {
    match id.rsplit_once('#') {
        Some((document, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => document,
        _ => id,
    }
}

/// `hotpot-00012` → `hotpot-0`.
fn mask(id: &str) -> String {
    let mut masked = String::with_capacity(id.len());
    for character in id.chars() {
        match character {
            digit if digit.is_ascii_digit() && masked.ends_with('0') => {}
            digit if digit.is_ascii_digit() => masked.push('0'),
            other => masked.push(other),
        }
    }
    masked
}

/// `Smith2020` → `Aa0`, `on-the-use-of-otters` → `a-a`: words that one sign joins are as many as one likes.
fn outline(id: &str) -> String {
    let mut outline: Vec<char> = Vec::new();
    for character in id.chars() {
        let class = match character {
            digit if digit.is_numeric() => '0',
            upper if upper.is_uppercase() => 'A',
            lower if lower.is_alphabetic() => 'a',
            other => other,
        };
        let is_run = class.is_alphanumeric() && outline.last() == Some(&class);
        if !is_run {
            outline.push(class);
        }
        let repeats = matches!(outline.as_slice(), [.., a, b, c, d] if a == c && b == d && a.is_alphanumeric() != b.is_alphanumeric());
        if repeats {
            outline.truncate(outline.len() - 2);
        }
    }
    outline.into_iter().collect()
}
