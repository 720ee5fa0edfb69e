//! Payloads that are stored once, by what they contain.

use std::cell::RefCell;
use troupe_core::port::blob::Digest;
use zstd::bulk::{Compressor, Decompressor};

/// For blobs: written once and large, so the ratio counts.
const BLOB_LEVEL: i32 = 3;
/// For segments: on the way of every append, so the time counts.
const SEGMENT_LEVEL: i32 = 1;
/// The most that one compressed payload may grow to: what SQLite can hold in one value. A larger
/// claim is damage, not data.
const LARGEST: usize = 1_000_000_000;

/// The name of `content`.
pub(crate) fn digest(content: &[u8]) -> Digest {
    Digest(*blake3::hash(content).as_bytes())
}

/// A payload, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    /// Of the content.
    pub(crate) hash: Digest,
    /// Bytes of the content.
    pub(crate) size: usize,
    /// The content, compressed.
    pub(crate) bytes: Vec<u8>,
}

impl Blob {
    /// Hashes and compresses `content`.
    pub(crate) fn of(content: &[u8]) -> Self {
        Self {
            hash: digest(content),
            size: content.len(),
            bytes: BLOBS.with_borrow_mut(|compressor| {
                compressor
                    .compress(content)
                    .expect("the buffer is as large as zstd asks for")
            }),
        }
    }

    /// The content of a stored blob; none when it is not what was stored.
    pub(crate) fn content(hash: &Digest, bytes: &[u8]) -> Option<Vec<u8>> {
        decompress(bytes).filter(|content| digest(content) == *hash)
    }
}

/// A segment's bytes, compressed.
pub(crate) fn compress_segment(bytes: &[u8]) -> Vec<u8> {
    SEGMENTS.with_borrow_mut(|compressor| {
        compressor
            .compress(bytes)
            .expect("the buffer is as large as zstd asks for")
    })
}

/// Undoes both compressions; none when the bytes are damaged.
pub(crate) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok()??;
    let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
    let content = DECOMPRESSOR
        .with_borrow_mut(|decompressor| decompressor.decompress(bytes, size))
        .ok()?;
    (content.len() == size).then_some(content)
}

// Setting up a zstd context takes longer than compressing an event with it.
thread_local! {
    static BLOBS: RefCell<Compressor<'static>> = RefCell::new(compressor(BLOB_LEVEL));
    static SEGMENTS: RefCell<Compressor<'static>> = RefCell::new(compressor(SEGMENT_LEVEL));
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("zstd needs memory only"));
}

fn compressor(level: i32) -> Compressor<'static> {
    Compressor::new(level).expect("zstd needs memory only")
}
