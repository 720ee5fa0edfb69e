//! Front matter: what a Markdown file says of itself before its text, between lines of three dashes.

use serde_json::{Map, Value};

/// The front matter and the text after it. A block that holds anything but `key: value` and `key: [a, b]`
/// is text: better shown than lost.
pub(super) fn split(text: &str) -> (Map<String, Value>, &str) {
    read(text).unwrap_or((Map::new(), text))
}

fn read(text: &str) -> Option<(Map<String, Value>, &str)> {
    let rest = text
        .strip_prefix("---")?
        .trim_start_matches([' ', '\r'])
        .strip_prefix('\n')?;
    let mut metadata = Map::new();
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        at += line.len();
        let line = line.trim_end();
        if line == "---" {
            return (!metadata.is_empty()).then(|| (metadata, &rest[at..]));
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':')?;
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if key.is_empty() || !key.chars().all(word) {
            return None;
        }
        metadata.insert(key.to_owned(), self::value(value.trim())?);
    }
    None
}

fn value(text: &str) -> Option<Value> {
    match text.strip_prefix('[') {
        Some(list) => {
            let items = items(list.strip_suffix(']')?)?;
            Some(items.into_iter().filter(|item| !item.is_empty()).map(scalar).collect())
        }
        // a mapping, a block or nothing: more than can be read here; and so is a remark behind a value
        None if text.is_empty() || text.starts_with(['{', '|', '>', '&', '*', '!']) || text.contains(" #") => None,
        None => Some(scalar(text)),
    }
}

/// The items of a list, cut at the commas that no quotes hold; none when a quote is not closed.
fn items(list: &str) -> Option<Vec<&str>> {
    let mut items = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, character) in list.char_indices() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) if list[start..at].trim().is_empty() => quote = Some(character),
            (',', None) => {
                items.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(list[start..].trim());
    quote.is_none().then_some(items)
}

/// A number or a truth value where it is written just like one, a text otherwise: `007`, `1.10` and numbers
/// of too many digits mean more than their value.
pub(super) fn scalar(text: &str) -> Value {
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.into();
        }
    }
    let plain = serde_json::from_str::<Value>(text).ok();
    let plain = plain.filter(|value| value.is_number() || value.is_boolean());
    let written = plain.as_ref().map(Value::to_string);
    plain
        .filter(|_| written.as_deref() == Some(text))
        .unwrap_or_else(|| text.into())
}
