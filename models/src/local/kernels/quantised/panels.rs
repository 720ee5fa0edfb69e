//! A matrix in panels of sixteen outputs, laid out when it is first used.
#![expect(unsafe_code, reason = "memory that is filled once is not filled with zeros before")]

use super::format::{BLOCK, Format};
use super::lanes::{LANES, MACHINE};
use super::loops::{self, Product};
use super::rows::Cells;
use crate::local::stored::Bytes;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Panels of a format that is not known here.
pub trait Panels: Send + Sync {
    /// Lays the weights out for the loops, on the threads of the current rayon pool, where that was not done. Only one
    /// thread of a pool does so at a time: others of its jobs may run meanwhile on the thread that waits.
    fn lay_out(&self);
    /// `count` panels from the one `first` on, times all rows.
    fn multiply(&self, first: usize, count: usize, cells: &Cells, outs: &mut [&mut [f32]]);
    /// The weights of an output, from where the file has them.
    fn row(&self, output: usize, out: &mut [f32]);
}

/// Blocks of a matrix, panel after panel. Missing outputs of the last panel have weights of zero.
pub struct Packed<F> {
    weights: Bytes,
    /// Bytes of a row in the file.
    row: usize,
    blocks: OnceLock<Vec<F>>,
    per_panel: usize,
    /// Zeros where there is none.
    bias: Vec<[f32; LANES]>,
}

impl<F: Format> Packed<F> {
    /// The panels of a matrix.
    ///
    /// # Errors
    /// Inputs that are not whole blocks, or another number of bytes or of numbers in the bias than those make.
    pub fn new(weights: Bytes, bias: Option<Vec<f32>>) -> Result<Self, String> {
        let Bytes { outputs, inputs, .. } = weights;
        if outputs == 0 || inputs == 0 || !inputs.is_multiple_of(F::SPAN) {
            return Err(format!("rows come in blocks of {}", F::SPAN));
        }
        let row = inputs / F::SPAN * F::BYTES;
        if outputs.checked_mul(row) != Some(weights.bytes.len()) {
            return Err(format!("{} bytes instead of rows of {row}", weights.bytes.len()));
        }
        if let Some(bias) = bias.as_ref().filter(|bias| bias.len() != outputs) {
            return Err(format!("a bias of {} numbers", bias.len()));
        }
        let mut numbers = bias.unwrap_or_default();
        numbers.resize(outputs.next_multiple_of(LANES), 0.0);
        Ok(Self {
            weights,
            row,
            blocks: OnceLock::new(),
            per_panel: inputs.div_ceil(BLOCK),
            bias: numbers.as_chunks().0.to_vec(),
        })
    }

    /// As [`Self::new`], with its format unknown.
    ///
    /// # Errors
    /// The same.
    pub fn boxed(weights: Bytes, bias: Option<Vec<f32>>) -> Result<Box<dyn Panels>, String> {
        Ok(Box::new(Self::new(weights, bias)?))
    }

    /// The blocks; lays them out where that was not done.
    pub fn blocks(&self) -> &[F] {
        self.blocks.get_or_init(|| {
            let count = self.bias.len() * self.per_panel;
            let mut blocks = Vec::with_capacity(count);
            let room = &mut blocks.spare_capacity_mut()[..count];
            let panels = room.par_chunks_exact_mut(self.per_panel).enumerate();
            panels.for_each(|(panel, room)| {
                let first = panel * LANES;
                let outputs = first..self.weights.outputs.min(first + LANES);
                for (at, block) in room.iter_mut().enumerate() {
                    let block = block.write(F::EMPTY);
                    for (lane, output) in outputs.clone().enumerate() {
                        place(block, lane, at, self.file_row(output));
                    }
                }
            });
            // SAFETY: that many blocks have been written: the panels are chunks of as many, without a rest.
            unsafe { blocks.set_len(count) };
            // The file's pages are not needed until a row of theirs is looked up.
            self.weights.bytes.leave();
            blocks
        })
    }

    /// The row of an output, as the file has it.
    fn file_row(&self, output: usize) -> &[u8] {
        &self.weights.bytes[self.weights.order.row(output) * self.row..][..self.row]
    }
}

/// Puts of a file's row what belongs to the block `at` into one of its lanes.
#[inline]
fn place<F: Format>(block: &mut F, lane: usize, at: usize, row: &[u8]) {
    let bytes = BLOCK / F::SPAN * F::BYTES;
    let row = &row[at * bytes..];
    for (at, bytes) in row[..row.len().min(bytes)].chunks_exact(F::BYTES).enumerate() {
        block.place(lane, at, bytes);
    }
}

impl<F: Format> Panels for Packed<F> {
    fn lay_out(&self) {
        self.blocks();
    }

    fn multiply(&self, first: usize, count: usize, cells: &Cells, outs: &mut [&mut [f32]]) {
        let blocks = &self.blocks()[first * self.per_panel..][..count * self.per_panel];
        let bias = &self.bias[first..][..count];
        let product = Product {
            blocks,
            bias,
            cells,
            outs,
        };
        product.run(*MACHINE);
    }

    fn row(&self, output: usize, out: &mut [f32]) {
        let row = self.file_row(output);
        for (at, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut block = F::EMPTY;
            place(&mut block, 0, at, row);
            loops::row(&[block], 0, out);
        }
    }
}
