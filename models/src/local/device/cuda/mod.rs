//! Nvidia's devices: the operations as kernels of our own, compiled on the machine that runs them, and the products of
//! many rows by cuBLAS.
//!
//! Weights are bfloat16 or the blocks of their file, keys and values bfloat16; sums are f32. All of it goes through a
//! [`Launcher`], which in tests is an emulated device.

mod compile;
mod driver;
mod launcher;
mod matrix;
mod memory;
mod plan;
mod rows;
mod source;
mod spans;

pub use compile::is_there as has_compiler;
pub use driver::{Driver, Found, OLDEST, found, has_blas, missing, version};
pub use launcher::Launcher;

use super::{Device, HeadNorms, Projected, Step, Weights, Which};
use crate::local::decoder::Batch;
use crate::local::kernels::{BLOCK, Layout};
use launcher::{Argument, Grid};
use matrix::{Matrix, bytes_of};
use memory::{Buffer, Memory};
use plan::Plan;
use rows::Rows;
use std::sync::Arc;

/// A device, with the kernels for heads of one size.
pub struct Cuda {
    memory: Arc<Memory>,
    dimension: usize,
}

/// See [`Device::Norm`].
pub struct Norm {
    gain: Buffer,
    epsilon: f32,
}

impl Cuda {
    /// Over what runs kernels that were compiled for heads of `dimension` numbers.
    pub fn new(launcher: Box<dyn Launcher>, dimension: usize) -> Self {
        Self {
            memory: Memory::new(launcher),
            dimension,
        }
    }

    fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), String> {
        // A step may ask for nothing of one thing.
        if grid.across == 0 {
            return Ok(());
        }
        self.memory.launcher.launch(kernel, grid, arguments)
    }
}

/// Bytes of a block of keys and values: heads are filled up to what a product of tiles takes (`kernels/numbers.cuh`).
pub fn block_bytes(layout: Layout) -> usize {
    layout.layers * layout.heads * 2 * BLOCK * layout.dimension.next_multiple_of(16) * 2
}

fn address(buffer: &Buffer) -> Argument {
    Argument::Address(buffer.address)
}

fn integer(number: usize) -> Argument {
    Argument::Integer(number as i32)
}

impl Device for Cuda {
    type Rows = Rows;
    type Matrix = Matrix;
    type Norm = Norm;
    type Cache = Buffer;
    type Plan = Plan;
    const NAME: &'static str = "cuda";

    fn matrix(&self, weights: Weights<'_>, bias: Option<Vec<f32>>) -> Result<Matrix, String> {
        Matrix::new(&self.memory, &weights, bias)
    }

    fn norm(&self, gain: Vec<f32>, epsilon: f32) -> Result<Norm, String> {
        let gain = self.memory.holding(&bytes_of(&gain))?;
        Ok(Norm { gain, epsilon })
    }

    fn cache(&self, layout: Layout, blocks: usize) -> Result<Buffer, String> {
        if layout.dimension != self.dimension {
            return Err(format!(
                "kernels for heads of {} numbers, and the model has {}",
                self.dimension, layout.dimension
            ));
        }
        let bytes = blocks * block_bytes(layout);
        let cache = self.memory.lasting(bytes)?;
        // What fills up the heads is zeros for ever.
        self.memory.launcher.clear(cache.address, bytes)?;
        Ok(cache)
    }

    fn copy(&self, layout: Layout, cache: &mut Buffer, from: usize, to: usize) -> Result<(), String> {
        let bytes = block_bytes(layout);
        let at = |block: usize| cache.address + (block * bytes) as u64;
        self.memory.launcher.copy(at(from), at(to), bytes)
    }

    fn plan(&self, batch: &Batch, layout: Layout, heads: usize, frequencies: &[f64]) -> Result<Plan, String> {
        Plan::new(&self.memory, batch, layout, heads, frequencies)
    }

    fn rows(&self, count: usize, width: usize) -> Result<Rows, String> {
        Rows::new(&self.memory, count, width)
    }

    fn embed(&self, step: &Step<'_, Self>, words: &Matrix, out: &mut Rows) -> Result<(), String> {
        words.embed(&self.memory, step.plan.tokens, out)
    }

    fn normalise(&self, norm: &Norm, rows: &Rows, out: &mut Rows) -> Result<(), String> {
        let arguments = [
            address(&rows.wide),
            address(&norm.gain),
            Argument::Real(norm.epsilon),
            integer(rows.width),
            address(&out.wide),
            address(&out.narrow),
        ];
        self.launch("normalise", Grid::rows(rows.count, rows.width), &arguments)
    }

    fn products<const N: usize>(
        &self,
        matrices: [&Matrix; N],
        rows: &Rows,
        outs: [&mut Rows; N],
    ) -> Result<(), String> {
        for (matrix, out) in matrices.into_iter().zip(outs) {
            matrix.apply(&self.memory, rows, out, false)?;
        }
        Ok(())
    }

    fn add_product(&self, matrix: &Matrix, rows: &Rows, _: &mut Rows, sums: &mut Rows) -> Result<(), String> {
        matrix.apply(&self.memory, rows, sums, true)
    }

    fn keep(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        norms: &HeadNorms<'_, Self>,
        projected: Projected<'_, Self>,
        cache: &mut Buffer,
    ) -> Result<(), String> {
        let Projected { queries, keys, values } = projected;
        let gain = |norm: Option<&Norm>| Argument::Address(norm.map_or(0, |norm| norm.gain.address));
        let epsilon = norms.queries.or(norms.keys).map_or(0.0, |norm| norm.epsilon);
        let (heads, shared) = (queries.width / self.dimension, step.layout.heads);
        let grid = Grid {
            across: queries.count,
            down: heads + 2 * shared,
            threads: (self.dimension / 2).next_multiple_of(32).min(128),
        };
        let arguments = [
            address(&queries.wide),
            address(&keys.wide),
            address(&values.wide),
            gain(norms.queries),
            gain(norms.keys),
            Argument::Real(epsilon),
            Argument::Address(step.plan.turns),
            Argument::Address(step.plan.places),
            integer(layer),
            integer(step.layout.layers),
            integer(heads),
            integer(shared),
            address(&queries.narrow),
            address(cache),
        ];
        self.launch("keep", grid, &arguments)
    }

    fn attend(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        cache: &Buffer,
        queries: &Rows,
        out: &mut Rows,
    ) -> Result<(), String> {
        let (plan, heads) = (&step.plan, queries.width / self.dimension);
        let parts = &plan.spans;
        let arguments = [
            address(&queries.narrow),
            address(cache),
            Argument::Address(parts.spans),
            Argument::Address(parts.blocks),
            Argument::Address(parts.rows),
            Argument::Address(parts.seen),
            integer(layer),
            integer(step.layout.layers),
            integer(heads),
            integer(step.layout.heads),
            // Over the root of the dimension (Vaswani et al. 2017), for powers of two.
            Argument::Real(std::f32::consts::LOG2_E / (self.dimension as f32).sqrt()),
            address(&plan.sums),
            address(&plan.scales),
        ];
        let grid = Grid {
            across: plan.count,
            down: step.layout.heads,
            threads: 128,
        };
        self.launch("attend", grid, &arguments)?;
        let arguments = [
            address(&plan.sums),
            address(&plan.scales),
            Argument::Address(parts.begins),
            Argument::Address(parts.made),
            integer(heads),
            address(&out.narrow),
        ];
        let grid = Grid {
            across: queries.count,
            down: heads,
            threads: self.dimension.next_multiple_of(32).min(128),
        };
        self.launch("mix", grid, &arguments)
    }

    fn gate(&self, gates: &mut Rows, numbers: &Rows) -> Result<(), String> {
        let count = gates.count * gates.width;
        let arguments = [
            address(&gates.wide),
            address(&numbers.wide),
            integer(count),
            address(&gates.narrow),
        ];
        let grid = Grid {
            across: count.div_ceil(256),
            down: 1,
            threads: 256,
        };
        self.launch("gate", grid, &arguments)
    }

    fn pick(&self, step: &Step<'_, Self>, rows: &Rows, which: Which) -> Result<Rows, String> {
        let picked = Rows::new(&self.memory, which.of(step.batch).len(), rows.width)?;
        let place = match which {
            Which::Wanted => step.plan.wanted,
            Which::Tapped => step.plan.tapped,
        };
        let arguments = [
            address(&rows.wide),
            Argument::Address(place),
            integer(rows.width),
            address(&picked.wide),
        ];
        self.launch("pick", Grid::rows(picked.count, picked.width), &arguments)?;
        Ok(picked)
    }

    fn bandwidth(&self) -> Result<Option<f64>, String> {
        const BYTES: usize = 256 << 20;
        const TIMES: u32 = 20;
        let (from, to) = (self.memory.lasting(BYTES)?, self.memory.lasting(BYTES)?);
        let launcher = &self.memory.launcher;
        launcher.clear(from.address, BYTES)?;
        let copied = |times: u32| {
            for _ in 0..times {
                launcher.copy(from.address, to.address, BYTES)?;
            }
            // What was asked for is done when this is there.
            launcher.download(to.address, &mut [0.0])
        };
        copied(2)?;
        let begun = std::time::Instant::now();
        copied(TIMES)?;
        // Each byte is read and written.
        let bytes = 2.0 * BYTES as f64 * f64::from(TIMES);
        Ok(Some(bytes / begun.elapsed().as_secs_f64()))
    }

    fn numbers(&self, rows: Rows) -> Result<Vec<f32>, String> {
        let mut numbers = vec![0.0; rows.count * rows.width];
        self.memory.launcher.download(rows.wide.address, &mut numbers)?;
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests;
