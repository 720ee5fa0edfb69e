//! Lanes of processors with AVX-512 and its instructions for neural networks: one register is sixteen lanes.
#![expect(unsafe_code, reason = "an instruction that pulp does not wrap")]

use super::{LANES, Lanes, Words, bits};
use std::arch::x86_64::{__m512, __m512i, _mm512_dpbusd_epi32};

pulp::simd_type! {
    /// Proof that the processor has the instructions.
    pub struct Vnni {
        pub avx512f: "avx512f",
        pub avx512bw: "avx512bw",
        pub avx512vl: "avx512vl",
        pub avx512vnni: "avx512vnni",
    }
}

impl Lanes for Vnni {
    const ROWS: usize = 8;

    type Words = __m512i;
    type Ints = __m512i;
    type Floats = __m512;

    #[inline(always)]
    fn words(self, words: &Words) -> __m512i {
        bits(*words)
    }

    #[inline(always)]
    fn bits(self, words: __m512i, shift: u32, mask: u8) -> __m512i {
        let down = self.avx512f._mm512_srlv_epi32(words, self.int(shift as i32));
        self.avx512f
            ._mm512_and_si512(down, self.int(i32::from_le_bytes([mask; 4])))
    }

    #[inline(always)]
    fn join(self, low: __m512i, high: __m512i, shift: u32) -> __m512i {
        let up = self.avx512f._mm512_sllv_epi32(high, self.int(shift as i32));
        self.avx512f._mm512_or_si512(low, up)
    }

    #[inline(always)]
    fn dot(self, sums: __m512i, words: __m512i, four: i32, _: bool) -> __m512i {
        let four = self.int(four);
        // SAFETY: `self` is the proof that the instruction exists.
        unsafe { _mm512_dpbusd_epi32(sums, words, four) }
    }

    #[inline(always)]
    fn int(self, value: i32) -> __m512i {
        self.avx512f._mm512_set1_epi32(value)
    }

    #[inline(always)]
    fn float(self, value: f32) -> __m512 {
        self.avx512f._mm512_set1_ps(value)
    }

    #[inline(always)]
    fn floats(self, ints: __m512i) -> __m512 {
        self.avx512f._mm512_cvtepi32_ps(ints)
    }

    #[inline(always)]
    fn unsigned(self, bytes: &[u8; LANES]) -> __m512 {
        self.floats(self.avx512f._mm512_cvtepu8_epi32(bits(*bytes)))
    }

    #[inline(always)]
    fn signed(self, bytes: &[u8; LANES]) -> __m512 {
        self.floats(self.avx512f._mm512_cvtepi8_epi32(bits(*bytes)))
    }

    #[inline(always)]
    fn halves(self, numbers: &[u16; LANES]) -> __m512 {
        self.avx512f._mm512_cvtph_ps(bits(*numbers))
    }

    #[inline(always)]
    fn load(self, numbers: &[f32; LANES]) -> __m512 {
        bits(*numbers)
    }

    #[inline(always)]
    fn numbers(self, floats: __m512) -> [f32; LANES] {
        bits(floats)
    }

    #[inline(always)]
    fn multiply(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_mul_ps(a, b)
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        self.avx512f._mm512_fmadd_ps(a, b, c)
    }
}
