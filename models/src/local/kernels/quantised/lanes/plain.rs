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
    fn dot(self, sums: Self::Ints, words: Self::Words, four: i32, _: bool) -> Self::Ints {
        let [a, b, c, d] = four.to_le_bytes();
        let (a, b, c, d) = (a as i8 as i32, b as i8 as i32, c as i8 as i32, d as i8 as i32);
        each!(lane, {
            let [e, f, g, h] = words[lane].to_le_bytes();
            // The greatest sum is far from wrapping; the check for it would be a branch a lane.
            let first = a.wrapping_mul(e as i32).wrapping_add(b.wrapping_mul(f as i32));
            let second = c.wrapping_mul(g as i32).wrapping_add(d.wrapping_mul(h as i32));
            sums[lane].wrapping_add(first.wrapping_add(second))
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
