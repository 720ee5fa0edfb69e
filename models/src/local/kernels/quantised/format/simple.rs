//! Q8_0, Q5_0 and Q4_0: a scale for 32 inputs and nothing else.

use super::{Format, LANES, Lanes, Words, four, place, two};

type Scales = [[u16; LANES]; 8];

/// A block of Q8_0: 8.5 bits a weight, as in the file.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Q8_0 {
    /// Without a sign: 128 more than in the file.
    quants: [[Words; 8]; 8],
    scales: Scales,
}

impl Format for Q8_0 {
    const EMPTY: Self = Self {
        quants: [[[[0; 4]; LANES]; 8]; 8],
        scales: [[0; LANES]; 8],
    };
    const BYTES: usize = 34;
    const SPAN: usize = 32;
    const GROUPS: usize = 8;
    const OFFSET: i32 = 128;
    const WIDE: bool = true;

    fn place(&mut self, lane: usize, at: usize, bytes: &[u8]) {
        self.scales[at][lane] = two(bytes, 0);
        place(&mut self.quants[at], lane, &bytes[2..]);
        for words in &mut self.quants[at] {
            for byte in &mut words[lane] {
                *byte ^= 128;
            }
        }
    }

    #[inline(always)]
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words {
        lanes.words(&self.quants[part / 2][part % 2 * 4 + four])
    }

    #[inline(always)]
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        lanes.halves(&self.scales[group])
    }
}

/// A block of Q4_0: 4.5 bits a weight, as in the file.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Q4_0 {
    /// The first sixteen inputs of a group have the low bits.
    quants: [[Words; 4]; 8],
    scales: Scales,
}

impl Format for Q4_0 {
    const EMPTY: Self = Self {
        quants: [[[[0; 4]; LANES]; 4]; 8],
        scales: [[0; LANES]; 8],
    };
    const BYTES: usize = 18;
    const SPAN: usize = 32;
    const GROUPS: usize = 8;
    const OFFSET: i32 = 8;

    fn place(&mut self, lane: usize, at: usize, bytes: &[u8]) {
        self.scales[at][lane] = two(bytes, 0);
        place(&mut self.quants[at], lane, &bytes[2..]);
    }

    #[inline(always)]
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words {
        lanes.bits(lanes.words(&self.quants[part / 2][four]), part as u32 % 2 * 4, 15)
    }

    #[inline(always)]
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        lanes.halves(&self.scales[group])
    }
}

/// A block of Q5_0: 5.5 bits a weight, as in the file.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Q5_0 {
    /// The first sixteen inputs of a group have the low bits.
    quants: [[Words; 4]; 8],
    /// Fifth bits of a group: of inputs 4k to 4k + 3 the bit k of the four bytes.
    fifths: [Words; 8],
    scales: Scales,
}

impl Format for Q5_0 {
    const EMPTY: Self = Self {
        quants: [[[[0; 4]; LANES]; 4]; 8],
        fifths: [[[0; 4]; LANES]; 8],
        scales: [[0; LANES]; 8],
    };
    const BYTES: usize = 22;
    const SPAN: usize = 32;
    const GROUPS: usize = 8;
    const OFFSET: i32 = 16;

    fn place(&mut self, lane: usize, at: usize, bytes: &[u8]) {
        self.scales[at][lane] = two(bytes, 0);
        let fifths = u32::from_le_bytes(four(bytes, 2));
        for input in 0..32 {
            self.fifths[at][lane][input % 4] |= ((fifths >> input & 1) << (input / 4)) as u8;
        }
        place(&mut self.quants[at], lane, &bytes[6..]);
    }

    #[inline(always)]
    fn word<L: Lanes>(&self, lanes: L, part: usize, four: usize) -> L::Words {
        let (group, half) = (part / 2, part as u32 % 2);
        let low = lanes.bits(lanes.words(&self.quants[group][four]), half * 4, 15);
        let fifth = lanes.bits(lanes.words(&self.fifths[group]), half * 4 + four as u32, 1);
        lanes.join(low, fifth, 4)
    }

    #[inline(always)]
    fn scale<L: Lanes>(&self, lanes: L, group: usize) -> L::Floats {
        lanes.halves(&self.scales[group])
    }
}
