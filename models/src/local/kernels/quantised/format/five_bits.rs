//! Q5_K: Q4_K with a fifth bit.

use super::{Format, Groups, LANES, Lanes, Words, place};

/// A block of Q5_K: 5.6 bits a weight, of 5.5 in the file.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Q5K {
    /// Two groups share 32 bytes an output: the even one has the low bits.
    quants: [Words; 32],
    /// The fifth bit of a group is the bit of that number.
    fifths: [Words; 8],
    groups: Groups,
}

impl Format for Q5K {
    const EMPTY: Self = Self {
        quants: [[[0; 4]; LANES]; 32],
        fifths: [[[0; 4]; LANES]; 8],
        groups: Groups::EMPTY,
    };
    const BYTES: usize = 176;
    const SPAN: usize = 256;
    const GROUPS: usize = 8;
    const OFFSET: i32 = 0;
    const MINIMA: bool = true;

    fn place(&mut self, lane: usize, _: usize, bytes: &[u8]) {
        self.groups.place(lane, bytes);
        place(&mut self.fifths, lane, &bytes[16..]);
        place(&mut self.quants, lane, &bytes[48..]);
    }

    #[inline(always)]
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words {
        let (group, half) = (part / 2, part % 2);
        let quants = lanes.words(&self.quants[group / 2 * 8 + half * 4 + four]);
        let fifths = lanes.words(&self.fifths[half * 4 + four]);
        let low = lanes.bits(quants, group as u32 % 2 * 4, 15);
        lanes.join(low, lanes.bits(fifths, group as u32, 1), 4)
    }

    #[inline(always)]
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        self.groups.scale(lanes, group)
    }

    #[inline(always)]
    fn minimum<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        self.groups.minimum(lanes, group)
    }
}
