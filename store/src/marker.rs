//! Strings that stand for blobs, and how strings of users that look like them are told apart.
//!
//! A stored string that begins with [`SIGN`] is never what the user wrote: `SIGN b <64 hex digits>`
//! stands for a blob, and `SIGN SIGN …` is a string that begins with one `SIGN` itself. Keys of
//! objects are left as they are, on both ways.

use crate::blob::Blob;
use troupe_core::Value;
use troupe_core::port::blob::Digest;

/// U+0010, "data link escape": made for this, and next to unknown in text.
const SIGN: char = '\u{10}';

/// How JSON text spells [`SIGN`]. Text without it holds nothing to restore.
pub(crate) const SPELLED: &[u8] = b"\\u0010";

/// Strings of more bytes become blobs. Below this, the 70 bytes of a marker, the row of the blob and a
/// page's slack cost more than storing the string again; tool results and documents are above.
pub(crate) const LONGEST_INLINE: usize = 2 * 1024;

/// Digits of a blob's name.
const HEX_DIGITS: usize = 64;

/// A marker that cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unrestored {
    /// The blob is gone.
    #[error("the payload {0} is missing")]
    Missing(Digest),
    /// No version of Troupe writes this.
    #[error("a stored string begins with a mark that has no meaning")]
    Malformed,
}

/// Moves long strings into `blobs` and escapes what looks like a marker. Tells whether it changed anything.
pub(crate) fn hide(value: &mut Value, blobs: &mut Vec<Blob>) -> bool {
    match value {
        Value::String(text) if text.len() > LONGEST_INLINE => {
            let blob = Blob::of(text.as_bytes());
            *text = format!("{SIGN}b{}", blob.hash);
            blobs.push(blob);
            true
        }
        Value::String(text) if text.starts_with(SIGN) => {
            text.insert(0, SIGN);
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |hidden, item| hide(item, blobs) | hidden),
        Value::Object(fields) => fields
            .values_mut()
            .fold(false, |hidden, field| hide(field, blobs) | hidden),
        _ => false,
    }
}

/// Undoes [`hide`], asking `find` for the text of blobs.
pub(crate) fn restore<'a>(value: &mut Value, find: &impl Fn(&Digest) -> Option<&'a str>) -> Result<(), Unrestored> {
    match value {
        Value::String(text) => {
            let Some(rest) = text.strip_prefix(SIGN) else {
                return Ok(());
            };
            *text = if rest.starts_with(SIGN) {
                rest.to_owned()
            } else {
                let hash = rest
                    .strip_prefix('b')
                    .and_then(Digest::parse)
                    .ok_or(Unrestored::Malformed)?;
                find(&hash).ok_or(Unrestored::Missing(hash))?.to_owned()
            };
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| restore(item, find)),
        Value::Object(fields) => fields.values_mut().try_for_each(|field| restore(field, find)),
        _ => Ok(()),
    }
}

/// The blobs that JSON text may refer to: all that it does, and at times one that only looks so.
pub(crate) fn mentioned(text: &[u8]) -> impl Iterator<Item = Digest> + '_ {
    memchr::memmem::find_iter(text, SPELLED).filter_map(|at| {
        let rest = &text[at + SPELLED.len()..];
        let hex = rest.strip_prefix(b"b")?.get(..HEX_DIGITS)?;
        Digest::parse(std::str::from_utf8(hex).ok()?)
    })
}

#[cfg(test)]
mod tests;
