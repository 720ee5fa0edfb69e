//! The step between the two products of a feed-forward layer.

use super::{ARCH, Rows, math};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};
use pulp::NullaryFnOnce;

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x).
    Gelu,
    /// x σ(x).
    Silu,
}

/// The function of every number of a row; or, gated, the function of the first half times the second half
/// (Shazeer 2020), which makes rows half as wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activate {
    /// The function.
    pub function: Activation,
    /// Whether the second half of a row is a gate.
    pub gated: bool,
}

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        "activate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (count, width) = layout.shape().dims2()?;
        let rows = Rows::of(storage, layout)?;
        let width = if self.gated { width / 2 } else { width };
        let mut out = vec![0.0; count * width];
        // The function is chosen outside of the loop: inside are numbers only.
        match self.function {
            Activation::Gelu => apply(rows, &mut out, width, math::gelu),
            Activation::Silu => apply(rows, &mut out, width, math::silu),
        }
        Ok((CpuStorage::F32(out), Shape::from((count, width))))
    }
}

#[inline(always)]
fn apply(rows: Rows<'_>, out: &mut [f32], width: usize, function: impl Fn(f32) -> f32) {
    ARCH.dispatch(Apply {
        rows,
        out,
        width,
        function,
    });
}

struct Apply<'a, F> {
    rows: Rows<'a>,
    out: &'a mut [f32],
    width: usize,
    function: F,
}

impl<F: Fn(f32) -> f32> NullaryFnOnce for Apply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, out) in self.out.chunks_exact_mut(self.width).enumerate() {
            let (numbers, gates) = self.rows.row(row).split_at(self.width);
            if gates.is_empty() {
                for (out, number) in out.iter_mut().zip(numbers) {
                    *out = (self.function)(*number);
                }
            } else {
                for ((out, number), gate) in out.iter_mut().zip(numbers).zip(gates) {
                    *out = (self.function)(*number) * gate;
                }
            }
        }
    }
}
