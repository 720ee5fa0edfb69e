//! The formats of weights: a file per family, which says how blocks of a GGUF file become blocks of sixteen outputs and
//! what the loops read of those. The layouts of the files are those of ggml's `ggml-common.h` and `ggml-quants.c`.
//!
//! A block holds 256 inputs of sixteen outputs; inputs are taken in sixteen parts of sixteen. Small numbers stay in the
//! bits that the file has them in, so that packing only moves them.

mod five_bits;
mod four_bits;
mod simple;
mod six_bits;

pub use five_bits::Q5K;
pub use four_bits::Q4K;
pub use simple::{Q4_0, Q5_0, Q8_0};
pub use six_bits::Q6K;

use super::lanes::{LANES, Lanes, Words};

/// Inputs of a block.
pub const BLOCK: usize = 256;
/// Parts of a block.
pub const PARTS: usize = 16;
/// Pairs of parts of a block: rows have a scale for each.
pub const EIGHTHS: usize = PARTS / 2;

/// Blocks of one format: a weight is scale × (number − `OFFSET`) + minimum; numbers have no sign.
pub trait Format: Copy + Send + Sync + 'static {
    /// One with zeros only.
    const EMPTY: Self;
    /// Bytes of one block of one output in a file.
    const BYTES: usize;
    /// Inputs of such a block; it divides [`BLOCK`].
    const SPAN: usize;
    /// Scales that an output has in a block: one for one part or for two.
    const GROUPS: usize;
    /// What is taken from a number.
    const OFFSET: i32;
    /// Whether weights have minima; then a group is two parts.
    const MINIMA: bool = false;
    /// Whether numbers have more than six bits.
    const WIDE: bool = false;

    /// Puts the bytes of a file's block, the one `at` of this block, into a lane.
    fn place(&mut self, lane: usize, at: usize, bytes: &[u8]);
    /// Four numbers of each output: of a part, those from the input 4 × `four` on.
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words;
    /// The scale of a group.
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats;
    /// What is added to the weights of a group.
    #[inline(always)]
    fn minimum<L: Lanes>(&self, lanes: L, _group: usize) -> L::Floats {
        lanes.float(0.0)
    }
}

/// The four bytes from `at` on.
fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
}

/// The two bytes from `at` on.
fn two(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Puts bytes into a lane, four after four.
fn place(words: &mut [Words], lane: usize, bytes: &[u8]) {
    for (word, four) in words.iter_mut().zip(bytes.as_chunks().0) {
        word[lane] = *four;
    }
}

/// Scales and minima of eight groups, two numbers of six bits each, and what they are multiplied by: what Q4_K and
/// Q5_K have in common.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Groups {
    scales: [[u8; LANES]; 8],
    minima: [[u8; LANES]; 8],
    scale: [u16; LANES],
    minimum: [u16; LANES],
}

impl Groups {
    const EMPTY: Self = Self {
        scales: [[0; LANES]; 8],
        minima: [[0; LANES]; 8],
        scale: [0; LANES],
        minimum: [0; LANES],
    };

    /// From the first sixteen bytes of a file's block.
    fn place(&mut self, lane: usize, bytes: &[u8]) {
        self.scale[lane] = two(bytes, 0);
        self.minimum[lane] = two(bytes, 2);
        let packed = &bytes[4..16];
        for group in 0..8 {
            let (scale, minimum) = if group < 4 {
                (packed[group] & 63, packed[group + 4] & 63)
            } else {
                (
                    packed[group + 4] & 15 | packed[group - 4] >> 6 << 4,
                    packed[group + 4] >> 4 | packed[group] >> 6 << 4,
                )
            };
            self.scales[group][lane] = scale;
            self.minima[group][lane] = minimum;
        }
    }

    #[inline(always)]
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        lanes.multiply(lanes.unsigned(&self.scales[group]), lanes.halves(&self.scale))
    }

    #[inline(always)]
    fn minimum<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        let scale = lanes.multiply(lanes.halves(&self.minimum), lanes.float(-1.0));
        lanes.multiply(lanes.unsigned(&self.minima[group]), scale)
    }
}
