//! Rows brought to a common scale.

use super::{EachRow, Rows, math};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};

/// How a row is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By its standard deviation, around its mean (Ba, Kiros, Hinton 2016).
    Deviation,
    /// By its root mean square, around zero (Zhang, Sennrich 2019).
    MeanSquare,
}

/// Divides every row by its measure, then multiplies by `gain` and adds `shift`.
pub struct Normalise<'a> {
    /// How rows are measured.
    pub scale: Scale,
    /// One factor a column.
    pub gain: &'a [f32],
    /// One summand a column, or none.
    pub shift: Option<&'a [f32]>,
    /// Added to the square of the measure.
    pub epsilon: f32,
}

impl CustomOp1 for Normalise<'_> {
    fn name(&self) -> &'static str {
        "normalise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        if self.gain.len() != width || self.shift.is_some_and(|shift| shift.len() != width) {
            candle_core::bail!("rows of {width} numbers and {} factors for them", self.gain.len());
        }
        self.filled(storage, layout)
    }
}

impl Normalise<'_> {
    /// One row.
    #[inline(always)]
    pub(super) fn row(&self, row: &[f32], out: &mut [f32]) {
        let width = row.len() as f32;
        let mean = match self.scale {
            Scale::Deviation => math::sum(row) / width,
            Scale::MeanSquare => 0.0,
        };
        for (out, number) in out.iter_mut().zip(row) {
            *out = number - mean;
        }
        let factor = 1.0 / (math::dot(out, out) / width + self.epsilon).sqrt();
        match self.shift {
            Some(shift) => {
                for ((out, gain), shift) in out.iter_mut().zip(self.gain).zip(shift) {
                    *out = *out * factor * gain + shift;
                }
            }
            None => {
                for (out, gain) in out.iter_mut().zip(self.gain) {
                    *out *= factor * gain;
                }
            }
        }
    }
}

impl EachRow for Normalise<'_> {
    #[inline(always)]
    fn fill(&self, rows: Rows<'_>, out: &mut [f32]) {
        for (row, out) in out.chunks_exact_mut(rows.width).enumerate() {
            self.row(rows.row(row), out);
        }
    }
}
