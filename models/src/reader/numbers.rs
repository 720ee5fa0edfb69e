//! Numbers in a sentence, as values.

use super::words::{Word, words};
use serde_json::Value;

/// A number and the place of its word.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The value.
    pub value: f64,
    /// Which word of the sentence.
    pub word: usize,
}

/// The numbers of a sentence: `1,000`, `8.6`, `60k`, `16 million`, `2.0x`. Parts of names are none.
pub fn numbers(sentence: &str) -> Vec<Found> {
    let words = words(sentence);
    let mut found = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let Some(value) = number(word) else { continue };
        let next = words.get(n + 1).map(|next| next.text.to_lowercase());
        let scale = match next.as_deref() {
            Some("thousand") => 1e3,
            Some("million") => 1e6,
            Some("billion") => 1e9,
            Some("trillion") => 1e12,
            _ => 1.0,
        };
        let sign = sentence[..word.start].strip_suffix(['-', '−']);
        // after a word the dash is a hyphen or a range
        let negative = sign.is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        let value = value * scale;
        found.push(Found {
            value: if negative { -value } else { value },
            word: n,
        });
    }
    found
}

fn number(word: &Word<'_>) -> Option<f64> {
    let text = word.text.replace(',', "");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[digits.len()..] {
        "" | "x" | "X" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "B" => 1e9,
        _ => return None,
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.starts_with(|c: char| c.is_ascii_digit());
    plain
        .then(|| digits.parse::<f64>().ok())
        .flatten()
        .map(|value| value * scale)
        .filter(|value| value.is_finite())
}

/// A number as JSON: whole where it is whole.
pub fn to_value(value: f64) -> Option<Value> {
    // 2^53: beyond it a float no longer counts one by one
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return Some(Value::from(value as i64));
    }
    serde_json::Number::from_f64(value).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, expected: &[f64]) {
        let values: Vec<f64> = numbers(sentence).into_iter().map(|found| found.value).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn numbers_have_many_forms() {
        check("a corpus of 16 million abstracts and 60k samples", &[16e6, 60e3]);
        check("1,000 tasks, up 8.6% at 2.0x and −3 points", &[1000.0, 8.6, 2.0, -3.0]);
    }

    #[test]
    fn parts_of_names_are_no_numbers() {
        check("GPT-5, F2P, Opus-4.5 and 4D but 4 of 10", &[4.0, 10.0]);
    }

    #[test]
    fn whole_numbers_stay_whole() {
        assert_eq!(to_value(950.0), Some(Value::from(950)));
        assert_eq!(to_value(8.6), Some(Value::from(8.6)));
    }
}
