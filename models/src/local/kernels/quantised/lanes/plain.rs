//! Lanes of any machine: loops that the compiler turns into the vectors that there are.

use super::{LANES, Lanes, Words};
use half::f16;

/// Lanes in plain loops.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

/// Sixteen numbers, each by its lane: a loop that the compiler can turn into a vector, which a closure might hide.
macro_rules! each {
    ($lane:ident, $number:expr) => {{
        let mut all = [Default::default(); LANES];
        for $lane in 0..LANES {
            all[$lane] = $number;
        }
        all
    }};
}

impl Lanes for Plain {
    const ROWS: usize = 4;

    type Words = [u32; LANES];
    type Ints = [i32; LANES];
    type Floats = [f32; LANES];

    #[inline(always)]
    fn words(self, words: &Words) -> Self::Words {
        each!(lane, u32::from_le_bytes(words[lane]))
    }

    #[inline(always)]
    fn bits(self, words: Self::Words, shift: u32, mask: u8) -> Self::Words {
        let mask = u32::from_le_bytes([mask; 4]);
        each!(lane, (words[lane] >> shift) & mask)
    }

    #[inline(always)]
    fn join(self, low: Self::Words, high: Self::Words, shift: u32) -> Self::Words {
        each!(lane, low[lane] | (high[lane] << shift))
    }

    #[inline(always)]
    fn pairs(self, pairs: &[[u8; 2]; LANES]) -> Self::Words {
        each!(lane, u32::from(pairs[lane][0]) | (u32::from(pairs[lane][1]) << 16))
    }

    #[inline(always)]
    fn dot(self, sums: Self::Ints, words: Self::Words, four: i32, _: bool) -> Self::Ints {
        // As products of 16-bit numbers, summed in pairs, which x86 has one instruction for since 1997.
        let [a, b, c, d] = four.to_le_bytes();
        let pair = |low: u8, high: u8| i32::from(low as i8) & 0xffff | i32::from(high as i8) << 16;
        let sums = self.dot_pairs(sums, each!(lane, words[lane] & 0x00ff_00ff), pair(a, c));
        self.dot_pairs(sums, each!(lane, (words[lane] >> 8) & 0x00ff_00ff), pair(b, d))
    }

    #[inline(always)]
    fn dot_pairs(self, sums: Self::Ints, pairs: Self::Words, two: i32) -> Self::Ints {
        let (first, second) = (i32::from(two as i16), i32::from((two >> 16) as i16));
        each!(lane, {
            let (low, high) = (i32::from(pairs[lane] as i16), i32::from((pairs[lane] >> 16) as i16));
            // Sums of a few products of small numbers: they do not wrap, and the check would be a branch a lane.
            let products = low.wrapping_mul(first).wrapping_add(high.wrapping_mul(second));
            sums[lane].wrapping_add(products)
        })
    }

    #[inline(always)]
    fn int(self, value: i32) -> Self::Ints {
        [value; LANES]
    }

    #[inline(always)]
    fn float(self, value: f32) -> Self::Floats {
        [value; LANES]
    }

    #[inline(always)]
    fn floats(self, ints: Self::Ints) -> Self::Floats {
        each!(lane, ints[lane] as f32)
    }

    #[inline(always)]
    fn unsigned(self, bytes: &[u8; LANES]) -> Self::Floats {
        each!(lane, f32::from(bytes[lane]))
    }

    #[inline(always)]
    fn signed(self, bytes: &[u8; LANES]) -> Self::Floats {
        each!(lane, f32::from(bytes[lane] as i8))
    }

    #[inline(always)]
    fn halves(self, numbers: &[u16; LANES]) -> Self::Floats {
        each!(lane, f16::from_bits(numbers[lane]).to_f32())
    }

    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> Self::Floats {
        *numbers
    }

    #[inline(always)]
    fn numbers(self, floats: Self::Floats) -> [f32; LANES] {
        floats
    }

    #[inline(always)]
    fn multiply(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each!(lane, a[lane] * b[lane])
    }

    #[inline(always)]
    fn multiply_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        each!(lane, a[lane].mul_add(b[lane], c[lane]))
    }
}
