//! Owns the lookup from the bytes of a word piece to its token id.

use std::borrow::Cow;

/// The largest share of occupied slots is 1 / `SLOTS_PER_ENTRY`, which keeps probes short.
const SLOTS_PER_ENTRY: usize = 2;
const EMPTY: u32 = u32::MAX;

/// A vocabulary file (one token a line, the line number is the id) with a hash index over it.
///
/// Word starts and continuations (`##ing`) are separate key spaces, so that a lookup never
/// concatenates. The index holds ids into the text itself: building it allocates three arrays.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    text: Cow<'static, str>,
    /// Byte range in `text` of each token, prefix `##` left out.
    spans: Vec<(u32, u32)>,
    starts: Vec<u32>,
    continuations: Vec<u32>,
    longest: usize,
}

impl Vocabulary {
    /// Indexes `text`. Of a token that occurs twice the first id is kept.
    pub(super) fn new(text: Cow<'static, str>) -> Self {
        let count = text.lines().count();
        let slots = (count * SLOTS_PER_ENTRY).next_power_of_two().max(2);
        let mut built = Self {
            spans: Vec::with_capacity(count),
            starts: vec![EMPTY; slots],
            continuations: vec![EMPTY; slots],
            longest: 0,
            text: Cow::Borrowed(""),
        };
        let base = text.as_ptr() as usize;
        for (id, line) in text.lines().enumerate() {
            let (piece, continues) = match line.strip_prefix("##") {
                Some(rest) if !rest.is_empty() => (rest, true),
                _ => (line, false),
            };
            let begin = piece.as_ptr() as usize - base;
            built.spans.push((begin as u32, (begin + piece.len()) as u32));
            built.longest = built.longest.max(piece.len());
            let bytes = text.as_bytes();
            let index = if continues {
                &mut built.continuations
            } else {
                &mut built.starts
            };
            insert(index, &built.spans, bytes, id as u32);
        }
        built.text = text;
        built
    }

    /// Number of tokens.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Length in bytes of the longest piece, prefix left out.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The id of `piece` at the start of a word, or within one when `continues`.
    pub(super) fn find(&self, piece: &[u8], continues: bool) -> Option<u32> {
        let index = if continues { &self.continuations } else { &self.starts };
        let mask = index.len() - 1;
        let mut slot = hash(piece) as usize & mask;
        loop {
            let id = index[slot];
            if id == EMPTY {
                return None;
            }
            let (begin, end) = self.spans[id as usize];
            if &self.text.as_bytes()[begin as usize..end as usize] == piece {
                return Some(id);
            }
            slot = (slot + 1) & mask;
        }
    }
}

fn insert(index: &mut [u32], spans: &[(u32, u32)], text: &[u8], id: u32) {
    let piece = |id: u32| {
        let (begin, end) = spans[id as usize];
        &text[begin as usize..end as usize]
    };
    let mask = index.len() - 1;
    let mut slot = hash(piece(id)) as usize & mask;
    while index[slot] != EMPTY {
        if piece(index[slot]) == piece(id) {
            return;
        }
        slot = (slot + 1) & mask;
    }
    index[slot] = id;
}

/// Eight bytes a step; the multiplier is the 64-bit golden ratio. Keys are not hostile: the
/// table is fixed, so only its own entries can collide.
fn hash(bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks_exact yields eight bytes"));
        state = (state.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
    }
    let mut tail = 0u64;
    for &byte in chunks.remainder() {
        tail = tail << 8 | u64::from(byte);
    }
    state = (state.rotate_left(23) ^ tail).wrapping_mul(MULTIPLIER);
    state ^ state >> 32
}
