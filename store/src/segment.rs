//! A batch of events as bytes, and back: JSON lines, checked, compressed where that helps.
//!
//! Events are their own wire format. What a line cannot hold well, long strings, goes to blobs.
//!
//! | bytes | hold |
//! |---|---|
//! | 0–3 | the first 4 bytes of the BLAKE3 hash of all that follows |
//! | 4 | bit 0: the lines are a zstd frame; bit 1: they hold escaped or moved strings ([`marker`]) |
//! | 5– | a line of JSON an event |
//!
//! All in one value, because a further column costs more than its bytes when 100,000 rows are read.

use crate::blob::{Blob, compress_segment, decompress};
use crate::marker::{self, Unrestored};
use std::collections::HashMap;
use troupe_core::Value;
use troupe_core::event::Event;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::Entry;

/// Segments of fewer bytes are stored as they are: zstd gains little on so few and costs as much as
/// encoding them did, on both ways.
const SMALLEST_COMPRESSED: usize = 512;

/// Bytes of the checksum.
const CHECKSUM: usize = 4;
const ZSTD: u8 = 1;
const MARKED: u8 = 2;

/// An encoded batch, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// How many events.
    pub(crate) events: u32,
    /// As the table above says.
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
        let format = if compressed.is_some() { ZSTD } else { 0 } | if marked { MARKED } else { 0 };
        let lines = compressed.unwrap_or(lines);
        Ok(Self {
            events: u32::try_from(events.len()).expect("a batch fits into memory and an event takes bytes"),
            bytes: sealed(format, &lines),
            blobs,
        })
    }
}

fn sealed(format: u8, lines: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHECKSUM + 1 + lines.len());
    bytes.extend_from_slice(&[0; CHECKSUM]);
    bytes.push(format);
    bytes.extend_from_slice(lines);
    let checksum = checksum(&bytes[CHECKSUM..]);
    bytes[..CHECKSUM].copy_from_slice(&checksum);
    bytes
}

fn unsealed(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (found, rest) = bytes.split_at_checked(CHECKSUM)?;
    let (format, lines) = rest.split_first()?;
    (found == checksum(rest) && *format <= ZSTD | MARKED).then_some((*format, lines))
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = *blake3::hash(bytes).as_bytes();
    [a, b, c, d]
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

/// A segment as it was found.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The sequence of its first event.
    pub(crate) first: u64,
    /// When it was appended.
    pub(crate) at_ms: u64,
    /// As the table above says.
    pub(crate) bytes: Vec<u8>,
}

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    /// The bytes are not those that were written, or were written in an unknown way.
    #[error("the bytes from event {first} on are damaged")]
    Bytes { first: u64 },
    /// There should be an event here.
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
#[expect(
    clippy::large_enum_variant,
    reason = "slots live for one load, and a box for each event would cost more than it saves"
)]
pub(crate) enum Slot {
    /// It is there.
    Ready(Entry),
    /// Its strings must be put back first.
    Marked { sequence: u64, at_ms: u64, line: Vec<u8> },
}

/// Reads a segment, appending to `slots`.
pub(crate) fn decode(stored: Stored, slots: &mut Vec<Slot>) -> Result<(), Damage> {
    let Stored { first, at_ms, bytes } = stored;
    let damaged = || Damage::Bytes { first };
    let (format, lines) = unsealed(&bytes).ok_or_else(damaged)?;
    let decompressed;
    let lines = if format & ZSTD != 0 {
        decompressed = decompress(lines).ok_or_else(damaged)?;
        &decompressed
    } else {
        lines
    };
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for (line, sequence) in lines.zip(first..) {
        let marked = format & MARKED != 0 && memchr::memmem::find(line, marker::SPELLED).is_some();
        slots.push(if marked {
            let line = line.to_vec();
            Slot::Marked { sequence, at_ms, line }
        } else {
            let event = serde_json::from_slice(line).map_err(|error| unknown(sequence, line, &error))?;
            Slot::Ready(Entry { sequence, at_ms, event })
        });
    }
    Ok(())
}

/// The text of blobs by hash.
pub(crate) type Payloads = HashMap<Digest, String>;

impl Slot {
    /// The event's position in its run.
    pub(crate) fn sequence(&self) -> u64 {
        match self {
            Self::Ready(entry) => entry.sequence,
            Self::Marked { sequence, .. } => *sequence,
        }
    }

    /// The blobs that it waits for.
    pub(crate) fn mentioned(&self) -> impl Iterator<Item = Digest> + '_ {
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
