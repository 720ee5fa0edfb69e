//! What the CEL parser says, said for people.

/// A sentence and a hint for a parser's message at `offset` of `source`.
pub(super) fn readable(message: &str, source: &str, offset: usize) -> (String, Option<String>) {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let offset = char_boundary(source, offset);
    let word = word_at(source, offset);
    let hint = hint(word, &source[offset..]);
    if message.contains("'<EOF>'") && !message.starts_with("extraneous") {
        return ("the expression ends too early".into(), hint);
    }
    if message.starts_with("extraneous input") || message.starts_with("mismatched input") {
        return (format!("`{word}` is not expected here"), hint);
    }
    if message.starts_with("token recognition error") {
        return (format!("`{word}` means nothing in an expression"), hint);
    }
    if message.starts_with("no viable alternative") {
        return ("the expression cannot be read from here on".into(), hint);
    }
    let first = message.lines().next().unwrap_or("not an expression");
    (first.chars().take(200).collect(), hint)
}

pub(super) fn char_boundary(source: &str, offset: usize) -> usize {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The word at an offset, or the one character.
pub(super) fn word_at(source: &str, offset: usize) -> &str {
    let rest = &source[offset..];
    let length = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    match length {
        0 => &rest[..rest.chars().next().map_or(0, char::len_utf8)],
        length => &rest[..length],
    }
}

fn hint(word: &str, rest: &str) -> Option<String> {
    Some(
        match word {
            "and" => "“and” is written `&&`",
            "or" => "“or” is written `||`",
            "not" => "“not” is written `!`",
            "=" if !rest.starts_with("==") => "equality is written `==`",
            "|" => "a default is written `x != null ? x : other`; there are no filters after `|`",
            "$" => "inside an expression names stand without `${{ }}`",
            "'" | "\"" => "a text begins here and never ends",
            _ => return None,
        }
        .to_owned(),
    )
}
