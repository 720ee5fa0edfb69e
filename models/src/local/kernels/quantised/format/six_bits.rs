//! Q6_K: six bits a weight, a scale of eight bits for 16 inputs.

use super::{Format, LANES, Lanes, PARTS, Words, place, two};

/// A block of Q6_K: 6.6 bits a weight, as in the file.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Q6K {
    /// Four bits of each weight. Of 128 inputs the first 64 have the low half of a byte.
    lows: [Words; 32],
    /// Two bits of each weight. Of 128 inputs each 32 have the next two bits of a byte.
    highs: [Words; 16],
    scales: [[u8; LANES]; PARTS],
    scale: [u16; LANES],
}

impl Format for Q6K {
    const EMPTY: Self = Self {
        lows: [[[0; 4]; LANES]; 32],
        highs: [[[0; 4]; LANES]; 16],
        scales: [[0; LANES]; PARTS],
        scale: [0; LANES],
    };
    const BYTES: usize = 210;
    const SPAN: usize = 256;
    const GROUPS: usize = 16;
    const OFFSET: i32 = 32;

    fn place(&mut self, lane: usize, _: usize, bytes: &[u8]) {
        place(&mut self.lows, lane, &bytes[..128]);
        place(&mut self.highs, lane, &bytes[128..192]);
        for (scales, scale) in self.scales.iter_mut().zip(&bytes[192..208]) {
            scales[lane] = *scale;
        }
        self.scale[lane] = two(bytes, 208);
    }

    #[inline(always)]
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words {
        let (half, quarter, odd) = (part / 8, part / 2 % 4, part % 2);
        let lows = lanes.words(&self.lows[half * 16 + quarter % 2 * 8 + odd * 4 + four]);
        let highs = lanes.words(&self.highs[half * 8 + odd * 4 + four]);
        let low = lanes.bits(lows, quarter as u32 / 2 * 4, 15);
        lanes.join(low, lanes.bits(highs, quarter as u32 * 2, 3), 4)
    }

    #[inline(always)]
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        lanes.multiply(lanes.signed(&self.scales[group]), lanes.halves(&self.scale))
    }
}
