//! An answer that is shown while it is written, without the value of any secret in it.
//!
//! A piece may end in the middle of a secret. What may be the beginning of one waits for what comes after it.

use crate::secrets::Secrets;
use troupe_core::port::model::Delta;

/// Conceals one answer piece by piece.
pub(crate) struct Concealed<'a> {
    secrets: &'a Secrets,
    text: String,
    thinking: String,
}

impl<'a> Concealed<'a> {
    pub(crate) fn new(secrets: &'a Secrets) -> Self {
        Self {
            secrets,
            text: String::new(),
            thinking: String::new(),
        }
    }

    /// What may be shown by now, of this piece and of what waited.
    pub(crate) fn push(&mut self, delta: &Delta) -> Option<Delta> {
        let (waiting, piece) = match delta {
            Delta::Text(piece) => (&mut self.text, piece),
            Delta::Thinking(piece) => (&mut self.thinking, piece),
            Delta::Void => {
                (self.text, self.thinking) = Default::default();
                return Some(Delta::Void);
            }
            // Arguments may hold anything, and nobody reads them before they are whole.
            _ => return None,
        };
        waiting.push_str(piece);
        let from = may_begin(waiting, self.secrets);
        let shown: String = waiting.drain(..from).collect();
        let shown = (!shown.is_empty()).then(|| self.secrets.conceal_text(&shown))?;
        Some(match delta {
            Delta::Thinking(_) => Delta::Thinking(shown),
            _ => Delta::Text(shown),
        })
    }

    /// What waited, at the end of the answer.
    pub(crate) fn finish(self) -> impl Iterator<Item = Delta> {
        let shown = |text: String| (!text.is_empty()).then(|| self.secrets.conceal_text(&text));
        let (thinking, text) = (shown(self.thinking), shown(self.text));
        thinking.map(Delta::Thinking).into_iter().chain(text.map(Delta::Text))
    }
}

/// Where the end of a text begins that may yet become a secret, or the secret that reaches into that end.
fn may_begin(text: &str, secrets: &Secrets) -> usize {
    let longest = secrets.values().map(str::len).max().unwrap_or(0);
    let first = text.floor_char_boundary(text.len().saturating_sub(longest));
    let mut ends = text[first..].char_indices().map(|(at, _)| first + at);
    let is_beginning = |at: &usize| {
        let end = &text[*at..];
        secrets
            .values()
            .any(|value| value.len() > end.len() && value.starts_with(end))
    };
    let mut from = ends.find(is_beginning).unwrap_or(text.len());
    // A whole one must not be taken apart.
    while let Some(begin) = secrets.values().filter_map(|value| across(text, value, from)).min() {
        from = begin;
    }
    from
}

/// Where `value` stands in the text so that it begins before `at` and ends behind it.
fn across(text: &str, value: &str, at: usize) -> Option<usize> {
    let first = text.floor_char_boundary(at.saturating_sub(value.len()));
    let mut begins = text[first..at].char_indices().map(|(begin, _)| first + begin);
    begins.find(|begin| begin + value.len() > at && text[*begin..].starts_with(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(secrets: &Secrets, pieces: &[String]) -> String {
        let mut concealed = Concealed::new(secrets);
        let mut shown: Vec<Delta> = Vec::new();
        for piece in pieces {
            shown.extend(concealed.push(&Delta::Text(piece.clone())));
        }
        shown.extend(concealed.finish());
        let text = |delta: Delta| match delta {
            Delta::Text(text) => text,
            other => panic!("{other:?}"),
        };
        shown.into_iter().map(text).collect()
    }

    fn secrets(values: &[String]) -> Secrets {
        let named = values.iter().enumerate().map(|(at, value)| {
            let name = char::from(b'A' + u8::try_from(at).unwrap());
            (name.to_string(), value.clone())
        });
        Secrets::new(named.collect(), Vec::new())
    }

    #[test]
    fn what_cannot_be_a_secret_is_shown_at_once() {
        let secrets = secrets(&["key-1".into()]);
        let mut concealed = Concealed::new(&secrets);
        let mut push = |piece: &str| concealed.push(&Delta::Text(piece.into()));
        assert_eq!(push("The key"), Some(Delta::Text("The ".into())));
        assert_eq!(push("-"), None);
        assert_eq!(push("s, key"), Some(Delta::Text("key-s, ".into())));
        assert_eq!(push("-1."), Some(Delta::Text("[secret:A].".into())));
        assert_eq!(push("ke"), None);
        assert_eq!(concealed.push(&Delta::Thinking("k".into())), None);
        assert_eq!(concealed.push(&Delta::Void), Some(Delta::Void));
        assert_eq!(concealed.finish().count(), 0, "what was void is not shown");
    }

    proptest! {
        #[test]
        fn no_value_is_shown_however_the_pieces_fall(
            values in proptest::collection::vec("[01ä]{1,4}", 1..4),
            pieces in proptest::collection::vec("[01äx]{0,5}", 0..12),
        ) {
            let known = secrets(&values);
            let seen = shown(&known, &pieces);
            for value in &values {
                prop_assert!(!seen.contains(value.as_str()), "{seen}");
            }
            let one = secrets(&values[..1]);
            prop_assert_eq!(shown(&one, &pieces), one.conceal_text(&pieces.concat()));
        }
    }
}
