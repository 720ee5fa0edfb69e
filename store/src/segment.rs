//! A batch of events as bytes, and back: JSON lines, checked, compressed where that helps.
//!
//! Events are their own wire format. What a line cannot hold well, long strings, goes to blobs.

use crate::blob::{Blob, Hash, compress_segment, decompress};
use crate::marker::{self, Unrestored};
use std::collections::HashMap;
use troupe_core::Value;
use troupe_core::event::Event;
use troupe_core::port::journal::Entry;

/// Segments of fewer bytes are stored as they are: zstd gains little on so few and costs as much as
/// encoding them did.
const SMALLEST_COMPRESSED: usize = 256;

/// How the bytes of a segment are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// The lines are compressed.
    pub(crate) zstd: bool,
    /// Some strings are escaped or moved to blobs.
    pub(crate) marked: bool,
}

impl Format {
    /// As a database holds it.
    pub(crate) fn number(self) -> i64 {
        i64::from(self.zstd) | i64::from(self.marked) << 1
    }

    fn from_number(number: i64) -> Option<Self> {
        (0..=3).contains(&number).then_some(Self {
            zstd: number & 1 != 0,
            marked: number & 2 != 0,
        })
    }
}

/// An encoded batch, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// How many events.
    pub(crate) events: u32,
    /// How to read the bytes.
    pub(crate) format: Format,
    /// Of the bytes.
    pub(crate) checksum: u32,
    /// The lines.
    pub(crate) bytes: Vec<u8>,
    /// What was moved out of them.
    pub(crate) blobs: Vec<Blob>,
}

impl Segment {
    /// Encodes a batch.
    pub(crate) fn encode(events: &[Event]) -> Result<Self, serde_json::Error> {
        let mut lines = Vec::with_capacity(256 * events.len());
        let mut blobs = Vec::new();
        let mut marked = false;
        for event in events {
            marked |= write_line(event, &mut lines, &mut blobs)?;
        }
        let compressed = (lines.len() >= SMALLEST_COMPRESSED)
            .then(|| compress_segment(&lines))
            // Reading pays for decompression too: an eighth is the least that is worth it.
            .filter(|compressed| compressed.len() < lines.len() - lines.len() / 8);
        let zstd = compressed.is_some();
        let bytes = compressed.unwrap_or(lines);
        Ok(Self {
            events: u32::try_from(events.len()).expect("a batch fits into memory and an event takes bytes"),
            format: Format { zstd, marked },
            checksum: checksum(&bytes),
            bytes,
            blobs,
        })
    }
}

/// Appends one line. Tells whether it holds markers.
fn write_line(event: &Event, lines: &mut Vec<u8>, blobs: &mut Vec<Blob>) -> Result<bool, serde_json::Error> {
    let start = lines.len();
    serde_json::to_writer(&mut *lines, event)?;
    let line = &lines[start..];
    let mut marked = false;
    if line.len() > marker::LONGEST_INLINE || memchr::memmem::find(line, marker::SPELLED).is_some() {
        let mut value: Value = serde_json::to_value(event)?;
        marked = marker::hide(&mut value, blobs);
        if marked {
            lines.truncate(start);
            serde_json::to_writer(&mut *lines, &value)?;
        }
    }
    lines.push(b'\n');
    Ok(marked)
}

fn checksum(bytes: &[u8]) -> u32 {
    let hash = blake3::hash(bytes);
    let [a, b, c, d, ..] = *hash.as_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// A segment as it was found.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The sequence of its first event.
    pub(crate) first: u64,
    /// How many events it should hold.
    pub(crate) events: u64,
    /// When it was appended.
    pub(crate) at_ms: u64,
    /// [`Format::number`].
    pub(crate) format: i64,
    /// What the bytes should add up to.
    pub(crate) checksum: i64,
    /// The lines.
    pub(crate) bytes: Vec<u8>,
}

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    /// The bytes are not those that were written, or were written in an unknown way.
    #[error("the bytes from event {first} on are damaged")]
    Bytes { first: u64 },
    /// Events are missing before this one.
    #[error("event {sequence} is missing")]
    Gap { sequence: u64 },
    /// The event is of a kind, or has a field, that this version does not know.
    #[error("event {sequence} (`{tag}`) is of a shape that is not known: {detail}")]
    Unknown { sequence: u64, tag: String, detail: String },
    /// A payload cannot be put back.
    #[error("event {sequence} is incomplete: {source}")]
    Payload { sequence: u64, source: Unrestored },
}

/// An event that was read, or a line that waits for its blobs.
#[derive(Debug)]
pub(crate) enum Slot {
    /// It is there.
    Ready(Entry),
    /// Its strings must be put back first.
    Marked { sequence: u64, at_ms: u64, line: Vec<u8> },
}

/// Reads a segment, appending to `slots`.
pub(crate) fn decode(stored: Stored, slots: &mut Vec<Slot>) -> Result<(), Damage> {
    let Stored { first, at_ms, .. } = stored;
    let damaged = || Damage::Bytes { first };
    let format = Format::from_number(stored.format).ok_or_else(damaged)?;
    if i64::from(checksum(&stored.bytes)) != stored.checksum {
        return Err(damaged());
    }
    let lines = match format.zstd {
        true => decompress(&stored.bytes).ok_or_else(damaged)?,
        false => stored.bytes,
    };
    let mut sequence = first;
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let marked = format.marked && memchr::memmem::find(line, marker::SPELLED).is_some();
        slots.push(if marked {
            Slot::Marked {
                sequence,
                at_ms,
                line: line.to_vec(),
            }
        } else {
            let event = serde_json::from_slice(line).map_err(|error| unknown(sequence, line, &error))?;
            Slot::Ready(Entry { sequence, at_ms, event })
        });
        sequence += 1;
    }
    match sequence - first == stored.events {
        true => Ok(()),
        false => Err(damaged()),
    }
}

/// The text of blobs by hash.
pub(crate) type Payloads = HashMap<Hash, String>;

impl Slot {
    /// The blobs that it waits for.
    pub(crate) fn mentioned(&self) -> impl Iterator<Item = Hash> + '_ {
        let line: &[u8] = match self {
            Self::Ready(_) => &[],
            Self::Marked { line, .. } => line,
        };
        marker::mentioned(line)
    }

    /// The event, with its strings put back.
    pub(crate) fn fill(self, payloads: &Payloads) -> Result<Entry, Damage> {
        let (sequence, at_ms, line) = match self {
            Self::Ready(entry) => return Ok(entry),
            Self::Marked { sequence, at_ms, line } => (sequence, at_ms, line),
        };
        let mut value: Value = serde_json::from_slice(&line).map_err(|error| unknown(sequence, &line, &error))?;
        marker::restore(&mut value, &|hash| payloads.get(hash).map(String::as_str))
            .map_err(|source| Damage::Payload { sequence, source })?;
        let event = serde_json::from_value(value).map_err(|error| unknown(sequence, &line, &error))?;
        Ok(Entry { sequence, at_ms, event })
    }
}

/// The checksum was right, so the line is what somebody wrote: a later version, most likely.
fn unknown(sequence: u64, line: &[u8], error: &serde_json::Error) -> Damage {
    let tag = serde_json::from_slice::<Value>(line)
        .ok()
        .and_then(|value| value.get("t")?.as_str().map(str::to_owned));
    Damage::Unknown {
        sequence,
        tag: tag.unwrap_or_else(|| "?".to_owned()),
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
