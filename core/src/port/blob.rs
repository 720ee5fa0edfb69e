//! Large payloads, kept once, by what they contain.

use super::Error;
use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The BLAKE3 hash of a content: its name wherever it is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads the 64 lower-case hexadecimal digits that `Display` writes.
    pub fn parse(hex: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let digits = hex.as_bytes();
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = digit(*digits.get(2 * at)?)? << 4 | digit(*digits.get(2 * at + 1)?)?;
        }
        (digits.len() == 64).then_some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&hex).ok_or_else(|| serde::de::Error::custom("a hash has 64 lower-case hexadecimal digits"))
    }
}

/// Keeps contents. What `put` returned for is durable.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Keeps a content; the same content twice is kept once.
    async fn put(&self, content: &[u8]) -> Result<Digest, Error>;

    /// A content; `Missing` when there is none of that name, `Corrupt` when it is not what was kept.
    async fn get(&self, name: &Digest) -> Result<Vec<u8>, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        let long = format!("{digest}0");
        let upper = digest.to_string().to_uppercase();
        for wrong in ["", "0", "zz", &long, &upper, &long[2..]] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }
}
