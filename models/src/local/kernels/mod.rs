//! Operations of encoders that candle has no fused form of, as candle operations for the processor: each reads its
//! input once, in the widest instructions that the machine has, which is found out when the program runs.
//!
//! Loops here are plain ones: what an iterator's `fold` or `for_each` calls is compiled as a function of its own, for
//! the oldest machine that there is.

mod activate;
mod attend;
mod distribution;
mod math;
mod normalise;
mod paged;
mod product;
mod quantised;
mod rotate;
mod rows;

pub use activate::{Activate, Activation};
pub use attend::{Attend, Mask};
pub use distribution::{Distribution, divergence};
pub use normalise::{Normalise, Scale};
pub use paged::{Attention, BLOCK, Layout, Visit};
pub use product::Product;
pub use quantised::Quantised;
#[cfg(test)]
pub use quantised::tests as quantised_tests;
pub use rotate::{Rotate, Rotation};
pub use rows::{Turns, add, gate, normalise};

use candle_core::{CpuStorage, Result, Shape};
use pulp::{Arch, NullaryFnOnce};
use std::sync::LazyLock;

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// A matrix as an operation is given it: rows may lie apart, the numbers of a row may not.
#[derive(Clone, Copy)]
struct Rows<'a> {
    numbers: &'a [f32],
    /// From the start of one row to that of the next.
    stride: usize,
    /// Numbers in a row.
    width: usize,
}

impl<'a> Rows<'a> {
    fn of(storage: &'a CpuStorage, layout: &candle_core::Layout) -> Result<Self> {
        let (_, width) = layout.shape().dims2()?;
        let &[stride, 1] = layout.stride() else {
            candle_core::bail!("rows whose numbers lie apart: strides {:?}", layout.stride());
        };
        Ok(Self {
            numbers: &storage.as_slice::<f32>()?[layout.start_offset()..],
            stride,
            width,
        })
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &'a [f32] {
        &self.numbers[row * self.stride..][..self.width]
    }
}

/// An operation whose rows are as wide as those that it is given.
trait EachRow {
    /// Fills the rows of `out`.
    fn fill(&self, rows: Rows<'_>, out: &mut [f32]);

    /// What candle asks of an operation.
    fn filled(&self, storage: &CpuStorage, layout: &candle_core::Layout) -> Result<(CpuStorage, Shape)>
    where
        Self: Sized,
    {
        let (count, width) = layout.shape().dims2()?;
        let mut out = vec![0.0; count * width];
        ARCH.dispatch(Filling {
            how: self,
            rows: Rows::of(storage, layout)?,
            out: &mut out,
        });
        Ok((CpuStorage::F32(out), Shape::from((count, width))))
    }
}

struct Filling<'a, T> {
    how: &'a T,
    rows: Rows<'a>,
    out: &'a mut [f32],
}

impl<T: EachRow> NullaryFnOnce for Filling<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.how.fill(self.rows, self.out);
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::ARCH;
    use pulp::Arch;

    /// The widest instructions are compiled only where a feature of pulp asks for them; without it everything is
    /// right, and half as fast.
    #[test]
    fn the_widest_instructions_of_the_machine_are_used() {
        if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vl") {
            assert!(matches!(*ARCH, Arch::V4(_)));
        }
    }
}
