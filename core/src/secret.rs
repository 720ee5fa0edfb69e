//! Secrets by name: what stands for a secret's value wherever the engine, the journal and the screens look.
//!
//! An expression that reads `secrets.NAME` gives the marker. Whoever performs an effect writes values
//! for markers on the way out, and markers for values on the way back.

use std::borrow::Cow;

/// Private-use characters: no keyboard writes them, and no value needs them.
const OPEN: char = '\u{F5EC}';
const CLOSE: char = '\u{F5ED}';

/// What stands for the secret's value.
pub fn marker(name: &str) -> String {
    format!("{OPEN}secret:{name}{CLOSE}")
}

/// Writes values for markers; a name that `value` does not know stays a marker.
pub fn reveal(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut revealed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(OPEN) {
        revealed.push_str(&rest[..open]);
        let inside = &rest[open + OPEN.len_utf8()..];
        let found = inside
            .strip_prefix("secret:")
            .and_then(|named| named.split_once(CLOSE))
            .and_then(|(name, after)| Some((value(name)?, after)));
        match found {
            Some((value, after)) => {
                revealed.push_str(&value);
                rest = after;
            }
            None => {
                revealed.push(OPEN);
                rest = inside;
            }
        }
    }
    revealed.push_str(rest);
    revealed
}

/// Takes the marks out of foreign text: only an expression may make a marker, so that no model and no
/// program can ask for a value.
pub fn disarm(text: &str) -> Cow<'_, str> {
    if text.contains([OPEN, CLOSE]) {
        Cow::Owned(text.replace([OPEN, CLOSE], ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes markers for values, longest value first; an empty value is nowhere.
pub fn conceal(text: &str, secrets: &[(String, String)]) -> String {
    // To look for a long value costs its length, and a piece of an answer is shorter than most.
    let may_hold = |(_, value): &&(String, String)| (1..=text.len()).contains(&value.len());
    let mut known: Vec<&(String, String)> = secrets.iter().filter(may_hold).collect();
    known.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut concealed = String::with_capacity(text.len());
    conceal_each(text, &known, &mut concealed);
    concealed
}

/// Looks for the next secret between the values of the last one, and so in no marker: its letters may be a value too.
fn conceal_each(text: &str, secrets: &[&(String, String)], concealed: &mut String) {
    let Some(((name, value), others)) = secrets.split_first() else {
        concealed.push_str(text);
        return;
    };
    for (at, between) in text.split(value.as_str()).enumerate() {
        if at > 0 {
            concealed.push_str(&marker(name));
        }
        conceal_each(between, others, concealed);
    }
}

/// Markers as people read them: `[secret:NAME]`.
pub fn for_people(text: &str) -> String {
    text.replace(OPEN, "[").replace(CLOSE, "]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_concealed_can_be_revealed() {
        let secrets = [("A".to_owned(), "key".to_owned()), ("B".to_owned(), "key-2".to_owned())];
        let concealed = conceal("key, key-2 and \u{F5EC} alone", &secrets);
        assert_eq!(
            concealed,
            format!("{}, {} and \u{F5EC} alone", marker("A"), marker("B"))
        );
        let value = |name: &str| secrets.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        assert_eq!(reveal(&concealed, value), "key, key-2 and \u{F5EC} alone");
        assert_eq!(reveal(&marker("C"), value), marker("C"));
    }

    #[test]
    fn a_marker_holds_no_secret() {
        let secrets = [("A", "key-2"), ("B", "secret"), ("C", "A")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let concealed = conceal("key-2, secret, A", &secrets);
        assert_eq!(concealed, ["A", "B", "C"].map(marker).join(", "));
        let value = |name: &str| secrets.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        assert_eq!(reveal(&concealed, value), "key-2, secret, A");
    }
}
