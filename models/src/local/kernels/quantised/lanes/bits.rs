//! The same bits as another type.
#![expect(unsafe_code, reason = "`pulp::cast` goes by the stack where assertions are compiled")]

use pulp::bytemuck::{AnyBitPattern, NoUninit};

/// Numbers as a register, or a register as numbers; they are as large, or it does not compile.
#[inline(always)]
pub fn bits<From: NoUninit, To: AnyBitPattern>(from: From) -> To {
    union Either<From: Copy, To: Copy> {
        from: From,
        to: To,
    }
    const { assert!(size_of::<From>() == size_of::<To>()) };
    // SAFETY: both fill the union, every bit of `from` is set, and every pattern of bits is a `To`.
    unsafe { Either { from }.to }
}
