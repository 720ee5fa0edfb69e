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
            let items = list.strip_suffix(']')?.split(',').map(str::trim);
            Some(items.filter(|item| !item.is_empty()).map(scalar).collect())
        }
        // a mapping, a block or nothing: more than can be read here
        None if text.is_empty() || text.starts_with(['{', '|', '>', '&', '*', '!']) => None,
        None => Some(scalar(text)),
    }
}

/// A number or a truth value where it is written like one, a text otherwise.
pub(super) fn scalar(text: &str) -> Value {
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.into();
        }
    }
    // leading zeros and signs mean something in numbers of other kinds
    let plain = !text.starts_with(['+', '0']) || text == "0" || text.starts_with("0.");
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => {
            let whole = text.parse::<i64>().ok().filter(|_| plain).map(Value::from);
            let number = || {
                text.parse::<f64>()
                    .ok()
                    .filter(|x| plain && x.is_finite())
                    .map(Value::from)
            };
            whole.or_else(number).unwrap_or_else(|| text.into())
        }
    }
}
