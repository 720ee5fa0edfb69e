//! What the loops ask of a machine: operations on sixteen lanes side by side, one lane an output.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod bits;
mod plain;
#[cfg(target_arch = "x86_64")]
mod vnni;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
use bits::bits;
pub use plain::Plain;
#[cfg(target_arch = "x86_64")]
pub use vnni::Vnni;

use std::sync::LazyLock;

/// The lanes that this machine has, found once.
pub static MACHINE: LazyLock<Machine> = LazyLock::new(|| Machine::all()[0]);

/// Kinds of lanes.
#[derive(Debug, Clone, Copy)]
pub enum Machine {
    /// AVX-512 with dot products of bytes.
    #[cfg(target_arch = "x86_64")]
    Vnni(Vnni),
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Any.
    Plain,
}

impl Machine {
    /// Those that this machine has, the fastest first.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(Vnni::try_new().map(Self::Vnni));
            all.extend(Avx2::try_new().map(Self::Avx2));
        }
        all.push(Self::Plain);
        all
    }
}

/// Outputs side by side.
pub const LANES: usize = 16;

/// Four small numbers of each output.
pub type Words = [[u8; 4]; LANES];

/// Sixteen lanes of a machine. Every implementation gives the same bits.
pub trait Lanes: Copy {
    /// Rows that are multiplied at once: 8, or 4 where there are fewer registers.
    const ROWS: usize;
    /// Four bytes a lane.
    type Words: Copy;
    /// An i32 a lane.
    type Ints: Copy;
    /// An f32 a lane.
    type Floats: Copy;

    /// As they are stored.
    fn words(self, words: &Words) -> Self::Words;
    /// Of every byte, the bits of `mask` after it went down by `shift`; `mask` leaves out what came from a neighbour.
    fn bits(self, words: Self::Words, shift: u32, mask: u8) -> Self::Words;
    /// Of two parts of small numbers the one, and the other above it, `shift` bits up.
    fn join(self, low: Self::Words, high: Self::Words, shift: u32) -> Self::Words;
    /// Adds to each lane the products of its four bytes, which have no sign, with the four of `four`, which have
    /// one; the first is the lowest. `wide` where the bytes may have more than six bits.
    fn dot(self, sums: Self::Ints, words: Self::Words, four: i32, wide: bool) -> Self::Ints;
    /// One integer in all lanes.
    fn int(self, value: i32) -> Self::Ints;
    /// One number in all lanes.
    fn float(self, value: f32) -> Self::Floats;
    /// Integers as numbers.
    fn floats(self, ints: Self::Ints) -> Self::Floats;
    /// Bytes without a sign as numbers.
    fn unsigned(self, bytes: &[u8; LANES]) -> Self::Floats;
    /// Bytes with a sign as numbers.
    fn signed(self, bytes: &[u8; LANES]) -> Self::Floats;
    /// Numbers of 16 bits (IEEE 754 binary16).
    fn halves(self, numbers: &[u16; LANES]) -> Self::Floats;
    /// As they are stored.
    fn load(self, numbers: &[f32; LANES]) -> Self::Floats;
    /// To be stored.
    fn numbers(self, floats: Self::Floats) -> [f32; LANES];
    /// a × b.
    fn multiply(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// a × b + c, rounded once.
    fn multiply_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
}
