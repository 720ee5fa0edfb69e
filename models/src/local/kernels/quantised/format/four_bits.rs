//! Q4_K: four bits a weight, a scale and a minimum of six bits each for 32 inputs.

use super::{Format, Groups, LANES, Lanes, Words, place};

/// A block of Q4_K: 4.6 bits a weight, of 4.5 in the file.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Q4K {
    /// Two groups share 32 bytes an output: the even one has the low bits.
    quants: [Words; 32],
    groups: Groups,
}

impl Format for Q4K {
    const EMPTY: Self = Self {
        quants: [[[0; 4]; LANES]; 32],
        groups: Groups::EMPTY,
    };
    const BYTES: usize = 144;
    const SPAN: usize = 256;
    const GROUPS: usize = 8;
    const OFFSET: i32 = 0;
    const MINIMA: bool = true;

    fn place(&mut self, lane: usize, _: usize, bytes: &[u8]) {
        self.groups.place(lane, bytes);
        place(&mut self.quants, lane, &bytes[16..]);
    }

    #[inline(always)]
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words {
        let (group, half) = (part / 2, part % 2);
        let quants = lanes.words(&self.quants[group / 2 * 8 + half * 4 + four]);
        lanes.bits(quants, group as u32 % 2 * 4, 15)
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
