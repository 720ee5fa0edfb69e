//! Case folding: the one definition of "case-insensitive" for texts, sentences and keywords alike.
//!
//! Every character is replaced by its own lower-case mapping (`char::to_lowercase`), without looking
//! at its neighbours; a final sigma `ς` becomes `σ`, since it is the same letter. So
//! `fold(a + b) == fold(a) + fold(b)`: what is found in a folded text is found in the fold of the
//! sentence that holds it, and no offset ever has to be carried from a folded text to a raw one.
//! `İ` folds to two characters on both sides; `ß` stays `ß` and does not equal `ss`.

/// The folded text.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 8);
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded text.
pub fn fold_into(text: &str, folded: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let start = folded.len();
        folded.push_str(&rest[..plain]);
        folded[start..].make_ascii_lowercase();
        let mut special = rest[plain..].chars();
        if let Some(character) = special.next() {
            match character {
                'ς' => folded.push('σ'),
                other => folded.extend(other.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })),
            }
        }
        rest = special.as_str();
    }
}

#[cfg(test)]
mod tests;
