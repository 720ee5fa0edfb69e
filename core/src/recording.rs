//! What a model found likely at each of an answer's tokens: kept raw, because it cannot be had again, and scores are
//! made of it later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Alternatives that are kept of each token.
pub const LIKELIEST: usize = 8;

/// A token of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Which one, in the model's vocabulary.
    pub token: u32,
    /// What it was chosen from; nothing of a token that a grammar dictated.
    pub seen: Option<Seen>,
}

/// The distribution that a token was chosen from, before settings and grammars change it. Logarithms are natural.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Of the chosen token.
    pub log_probability: f32,
    /// Of the whole distribution, in nats.
    pub entropy: f32,
    /// The Jensen–Shannon divergence from the distribution before, in nats; 0 for the first.
    pub step: f32,
    /// The likeliest tokens with their log-probabilities, the likeliest first.
    pub likeliest: Vec<(u32, f32)>,
}

/// The tokens of an answer, packed; as text it is the base64 of its bytes.
///
/// All numbers are little-endian. A token is its u32 and a byte: 255 if it was dictated, or else how many likeliest
/// tokens follow; then log-probability, entropy and step as f32, and for each likeliest token its u32 and its
/// log-probability.
#[derive(Clone, Default, PartialEq)]
pub struct Recording(Vec<u8>);

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({} bytes)", self.0.len())
    }
}

const DICTATED: u8 = u8::MAX;

impl Recording {
    /// Adds the next token.
    pub fn push(&mut self, written: &Written) {
        self.0.extend(written.token.to_le_bytes());
        let Some(seen) = &written.seen else {
            return self.0.push(DICTATED);
        };
        let likeliest = &seen.likeliest[..seen.likeliest.len().min(usize::from(DICTATED - 1))];
        self.0.push(likeliest.len() as u8);
        for number in [seen.log_probability, seen.entropy, seen.step] {
            self.0.extend(number.to_le_bytes());
        }
        for (token, log_probability) in likeliest {
            self.0.extend(token.to_le_bytes());
            self.0.extend(log_probability.to_le_bytes());
        }
    }

    /// Forgets all tokens.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, as far as the bytes make sense.
    pub fn tokens(&self) -> impl Iterator<Item = Written> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || token(&mut rest))
    }
}

fn token(rest: &mut &[u8]) -> Option<Written> {
    let token = u32::from_le_bytes(taken(rest)?);
    let [count] = taken(rest)?;
    if count == DICTATED {
        return Some(Written { token, seen: None });
    }
    let mut number = || taken(rest).map(f32::from_le_bytes);
    let (log_probability, entropy, step) = (number()?, number()?, number()?);
    let mut likeliest = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        likeliest.push((u32::from_le_bytes(taken(rest)?), f32::from_le_bytes(taken(rest)?)));
    }
    let seen = Seen {
        log_probability,
        entropy,
        step,
        likeliest,
    };
    Some(Written {
        token,
        seen: Some(seen),
    })
}

fn taken<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*bytes)
}

impl Serialize for Recording {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Recording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Recording, Seen, Written};
    use proptest::prelude::*;

    fn seen() -> impl Strategy<Value = Seen> {
        let likeliest = proptest::collection::vec((any::<u32>(), -30.0f32..0.0), 0..12);
        let strategy = (-30.0f32..0.0, 0.0f32..12.0, 0.0f32..0.7, likeliest);
        strategy.prop_map(|(log_probability, entropy, step, likeliest)| Seen {
            log_probability,
            entropy,
            step,
            likeliest,
        })
    }

    proptest! {
        #[test]
        fn tokens_are_read_as_they_were_written(
            tokens in proptest::collection::vec((any::<u32>(), proptest::option::of(seen())), 0..20),
            cut in 0usize..40,
        ) {
            let tokens: Vec<Written> = tokens.into_iter().map(|(token, seen)| Written { token, seen }).collect();
            let mut recording = Recording::default();
            tokens.iter().for_each(|token| recording.push(token));
            let text = serde_json::to_string(&recording).unwrap();
            let back: Recording = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back.tokens().collect::<Vec<_>>(), tokens.clone());
            // Bytes that were cut off are no token and no fault.
            let short = Recording(recording.0[..recording.0.len().saturating_sub(cut)].to_vec());
            prop_assert!(tokens.starts_with(&short.tokens().collect::<Vec<_>>()));
        }
    }
}
