//! Products of rows with a matrix of quantised weights.
//!
//! The weights of a GGUF file are put into panels of sixteen outputs, in as many bits as they had, once and when they are
//! first used; rows become integers of eight bits, 32 to a scale, and integers are multiplied. Against the weights as f32 a product differs by
//! what the rows lost: 0.6 % of its root mean square, measured on a bell of numbers with one of a hundred far out, and
//! never more than 1.2 % in the tests of every format.

mod format;
mod lanes;
mod loops;
mod panels;
mod rows;

use crate::local::stored::Bytes;
use candle_core::quantized::GgmlDType;
use format::{Q4_0, Q4K, Q5_0, Q5K, Q6K, Q8_0};
use lanes::LANES;
use panels::{Packed, Panels};
use rayon::prelude::*;
use rows::Cells;
use std::fmt::{self, Debug, Formatter};

/// Jobs that each thread gets of a product, so that none waits long for the slowest.
const JOBS_PER_THREAD: usize = 4;

/// A matrix of quantised weights, outputs × inputs, as the loops read it, with an optional bias.
pub struct Quantised {
    panels: Box<dyn Panels>,
    inputs: usize,
    outputs: usize,
}

impl Debug for Quantised {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "Quantised({} × {})", self.outputs, self.inputs)
    }
}

impl Quantised {
    /// Of a tensor in a GGUF file; `bias` has one number an output. Nothing of the tensor is read yet.
    ///
    /// # Errors
    /// A kind that is not followed, inputs that are not whole blocks of it, or another number of bytes or of numbers in
    /// the bias than those make.
    pub fn new(weights: Bytes, bias: Option<Vec<f32>>) -> Result<Self, String> {
        let Bytes {
            kind, inputs, outputs, ..
        } = weights;
        let panels = match kind {
            GgmlDType::Q4_0 => Packed::<Q4_0>::boxed(weights, bias),
            GgmlDType::Q5_0 => Packed::<Q5_0>::boxed(weights, bias),
            GgmlDType::Q8_0 => Packed::<Q8_0>::boxed(weights, bias),
            GgmlDType::Q4K => Packed::<Q4K>::boxed(weights, bias),
            GgmlDType::Q5K => Packed::<Q5K>::boxed(weights, bias),
            GgmlDType::Q6K => Packed::<Q6K>::boxed(weights, bias),
            _ => Err("this kind is not followed: use Q4_K, Q5_K, Q6_K, Q8_0, Q4_0 or Q5_0".to_owned()),
        };
        let panels = panels.map_err(|error| format!("{outputs} × {inputs} weights of kind {kind:?}: {error}"))?;
        Ok(Self {
            panels,
            inputs,
            outputs,
        })
    }

    /// Numbers in a row that goes in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers in a row that comes out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Rows times the matrix: count × inputs numbers become count × outputs, which are overwritten. On the threads of
    /// the current rayon pool; a row's numbers do not depend on those or on the other rows.
    pub fn apply_into(&self, rows: &[f32], out: &mut [f32]) {
        Self::apply_several(&[self], rows, &mut [out]);
    }

    /// The same rows times several matrices of as many inputs: they become integers once.
    ///
    /// # Panics
    /// Where the matrices have other inputs than each other, or an `out` other numbers than its rows have.
    pub fn apply_several(matrices: &[&Self], rows: &[f32], outs: &mut [&mut [f32]]) {
        let Some(first) = matrices.first() else {
            return;
        };
        let cells = Cells::new(rows, first.inputs);
        let mut jobs = Vec::new();
        let threads = rayon::current_num_threads();
        let parts = if threads > 1 { threads * JOBS_PER_THREAD } else { 1 };
        for (matrix, out) in matrices.iter().zip(outs) {
            assert_eq!(
                matrix.inputs, first.inputs,
                "matrices of the same rows have as many inputs"
            );
            assert_eq!(out.len(), cells.count() * matrix.outputs, "a row of numbers for a row");
            matrix.panels.lay_out();
            matrix.split(parts, out, &mut jobs);
        }
        if threads > 1 {
            jobs.into_par_iter().for_each(|job| job.run(&cells));
        } else {
            for job in jobs {
                job.run(&cells);
            }
        }
    }

    /// The weights of one output, as numbers.
    pub fn row(&self, output: usize, out: &mut [f32]) {
        self.panels.row(output, &mut out[..self.inputs]);
    }

    /// Cuts a product into at most so many jobs, each with the columns of `out` that it fills.
    fn split<'a>(&'a self, parts: usize, out: &'a mut [f32], jobs: &mut Vec<Job<'a>>) {
        let panels = self.outputs.div_ceil(LANES);
        let each = panels.div_ceil(parts).max(1);
        let begin = jobs.len();
        jobs.extend((0..panels).step_by(each).map(|first| Job {
            panels: &*self.panels,
            first,
            count: each.min(panels - first),
            outs: Vec::new(),
        }));
        for mut row in out.chunks_exact_mut(self.outputs) {
            for job in &mut jobs[begin..] {
                let (part, rest) = row.split_at_mut(row.len().min(job.count * LANES));
                job.outs.push(part);
                row = rest;
            }
        }
    }
}

/// Some panels of a matrix, and of each row the part that they fill.
struct Job<'a> {
    panels: &'a dyn Panels,
    first: usize,
    count: usize,
    outs: Vec<&'a mut [f32]>,
}

impl Job<'_> {
    fn run(mut self, cells: &Cells) {
        self.panels.multiply(self.first, self.count, cells, &mut self.outs);
    }
}

#[cfg(test)]
pub mod tests;
