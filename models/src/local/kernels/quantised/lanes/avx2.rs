//! Lanes of processors with AVX2: two registers are sixteen lanes.
#![expect(unsafe_code, reason = "an instruction that pulp does not wrap")]

use super::{LANES, Lanes, Words, bits};
use std::arch::x86_64::{__m128i, __m256, __m256i, _mm256_cvtph_ps};

pulp::simd_type! {
    /// Proof that the processor has the instructions.
    pub struct Avx2 {
        pub avx: "avx",
        pub avx2: "avx2",
        pub fma: "fma",
        pub f16c: "f16c",
    }
}

/// The instruction of each register.
macro_rules! both {
    ($at:ident, $register:expr) => {
        [
            {
                let $at = 0;
                $register
            },
            {
                let $at = 1;
                $register
            },
        ]
    };
}

impl Avx2 {
    #[inline(always)]
    fn splat(self, value: i32) -> __m256i {
        self.avx._mm256_set1_epi32(value)
    }

    /// Products of bytes, summed in pairs that fit 16 bits, and those summed in pairs again.
    #[inline(always)]
    fn products(self, bytes: __m256i, four: __m256i) -> __m256i {
        let pairs = self.avx2._mm256_maddubs_epi16(bytes, four);
        self.avx2._mm256_madd_epi16(pairs, self.avx._mm256_set1_epi16(1))
    }
}

impl Lanes for Avx2 {
    const ROWS: usize = 4;

    type Words = [__m256i; 2];
    type Ints = [__m256i; 2];
    type Floats = [__m256; 2];

    #[inline(always)]
    fn words(self, words: &Words) -> Self::Words {
        bits(*words)
    }

    #[inline(always)]
    fn bits(self, words: Self::Words, shift: u32, mask: u8) -> Self::Words {
        let (shift, mask) = (self.splat(shift as i32), self.splat(i32::from_le_bytes([mask; 4])));
        both!(
            at,
            self.avx2
                ._mm256_and_si256(self.avx2._mm256_srlv_epi32(words[at], shift), mask)
        )
    }

    #[inline(always)]
    fn join(self, low: Self::Words, high: Self::Words, shift: u32) -> Self::Words {
        let shift = self.splat(shift as i32);
        both!(
            at,
            self.avx2
                ._mm256_or_si256(low[at], self.avx2._mm256_sllv_epi32(high[at], shift))
        )
    }

    #[inline(always)]
    fn dot(self, sums: Self::Ints, words: Self::Words, four: i32, wide: bool) -> Self::Ints {
        let four = self.splat(four);
        if wide {
            // Two products of such bytes do not fit 16 bits, one does.
            let (even, odd) = (self.splat(0x00ff_00ff), self.splat(0xff00_ff00_u32 as i32));
            return both!(at, {
                let even = self.products(self.avx2._mm256_and_si256(words[at], even), four);
                let odd = self.products(self.avx2._mm256_and_si256(words[at], odd), four);
                self.avx2
                    ._mm256_add_epi32(sums[at], self.avx2._mm256_add_epi32(even, odd))
            });
        }
        both!(at, self.avx2._mm256_add_epi32(sums[at], self.products(words[at], four)))
    }

    #[inline(always)]
    fn int(self, value: i32) -> Self::Ints {
        [self.splat(value); 2]
    }

    #[inline(always)]
    fn float(self, value: f32) -> Self::Floats {
        [self.avx._mm256_set1_ps(value); 2]
    }

    #[inline(always)]
    fn floats(self, ints: Self::Ints) -> Self::Floats {
        both!(at, self.avx._mm256_cvtepi32_ps(ints[at]))
    }

    #[inline(always)]
    fn unsigned(self, bytes: &[u8; LANES]) -> Self::Floats {
        let halves: [[u8; 8]; 2] = bits(*bytes);
        self.floats(both!(at, {
            let half = [halves[at], [0; 8]];
            self.avx2._mm256_cvtepu8_epi32(bits(half))
        }))
    }

    #[inline(always)]
    fn signed(self, bytes: &[u8; LANES]) -> Self::Floats {
        let halves: [[u8; 8]; 2] = bits(*bytes);
        self.floats(both!(at, {
            let half = [halves[at], [0; 8]];
            self.avx2._mm256_cvtepi8_epi32(bits(half))
        }))
    }

    #[inline(always)]
    fn halves(self, numbers: &[u16; LANES]) -> Self::Floats {
        let numbers: [__m128i; 2] = bits(*numbers);
        // SAFETY: `self` is the proof that the instruction exists.
        both!(at, unsafe { _mm256_cvtph_ps(numbers[at]) })
    }

    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> Self::Floats {
        bits(*numbers)
    }

    #[inline(always)]
    fn numbers(self, floats: Self::Floats) -> [f32; LANES] {
        bits(floats)
    }

    #[inline(always)]
    fn multiply(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        both!(at, self.avx._mm256_mul_ps(a[at], b[at]))
    }

    #[inline(always)]
    fn multiply_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        both!(at, self.fma._mm256_fmadd_ps(a[at], b[at], c[at]))
    }
}
