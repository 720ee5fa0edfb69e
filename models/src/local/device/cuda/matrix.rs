//! Matrices of weights in a device's memory, and rows times them.

use super::launcher::{Argument, Gemm, Grid};
use super::memory::{Buffer, Memory};
use super::rows::Rows;
use crate::local::device::Weights;
use crate::local::gguf;
use candle_core::quantized::GgmlDType;
use half::bf16;
use std::sync::Arc;

/// How weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// As bfloat16.
    Plain,
    /// As the blocks of a GGUF file.
    Blocks(GgmlDType),
}

/// Outputs × inputs.
pub struct Matrix {
    weights: Buffer,
    format: Format,
    bias: Option<Buffer>,
    inputs: usize,
    outputs: usize,
}

/// Kernels read eight weights at once.
const AT_ONCE: usize = 8;
/// Outputs of a block of threads in the kernels for few rows: two for each of four warps.
const OUTPUTS: usize = 8;
/// Most rows of these kernels: with more, unpacked weights and the library's products are faster.
const FEW_PLAIN: usize = 4;
const FEW: usize = 8;
/// Bytes of weights that are unpacked at once. Matrices of tests are small, and take several parts too.
const UNPACKED: usize = if cfg!(test) { 1 << 14 } else { 64 << 20 };
/// Outputs of a tile of the library of products.
const TILE: usize = 64;

impl Format {
    fn of(kind: GgmlDType) -> Result<Self, String> {
        match kind {
            GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => Ok(Self::Plain),
            GgmlDType::Q4_0 | GgmlDType::Q5_0 | GgmlDType::Q8_0 | GgmlDType::Q4K | GgmlDType::Q5K | GgmlDType::Q6K => {
                Ok(Self::Blocks(kind))
            }
            other => Err(format!(
                "weights of kind {other:?} are not followed: use Q4_K, Q5_K, Q6_K, Q8_0, Q4_0 or Q5_0"
            )),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Blocks(GgmlDType::Q8_0) => "q8_0",
            Self::Blocks(GgmlDType::Q4_0) => "q4_0",
            Self::Blocks(GgmlDType::Q5_0) => "q5_0",
            Self::Blocks(GgmlDType::Q4K) => "q4_k",
            Self::Blocks(GgmlDType::Q5K) => "q5_k",
            Self::Blocks(GgmlDType::Q6K) => "q6_k",
            _ => "plain",
        }
    }

    fn few(self) -> usize {
        match self {
            Self::Plain => FEW_PLAIN,
            Self::Blocks(_) => FEW,
        }
    }
}

/// Numbers as bfloat16.
pub fn narrowed(numbers: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; 2 * numbers.len()];
    for (pair, number) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
        *pair = bf16::from_f32(*number).to_le_bytes();
    }
    bytes
}

/// Numbers as bytes.
pub fn bytes_of(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

impl Matrix {
    /// Puts weights into memory.
    ///
    /// # Errors
    /// A kind or a shape that is not followed, or of the device.
    pub fn new(memory: &Arc<Memory>, weights: &Weights<'_>, bias: Option<Vec<f32>>) -> Result<Self, String> {
        let (format, outputs, inputs) = match weights {
            Weights::Numbers(numbers, inputs) => (Format::Plain, numbers.len() / (*inputs).max(1), *inputs),
            Weights::Bytes(read) => (Format::of(read.kind)?, read.outputs, read.inputs),
        };
        let span = match format {
            Format::Plain => AT_ONCE,
            Format::Blocks(kind) => kind.block_size(),
        };
        if outputs == 0 || inputs == 0 || !inputs.is_multiple_of(span) {
            return Err(format!("{outputs} × {inputs} weights: rows come in blocks of {span}"));
        }
        let weights = match weights {
            Weights::Numbers(numbers, _) => memory.holding(&narrowed(numbers))?,
            Weights::Bytes(read) if matches!(read.kind, GgmlDType::F32 | GgmlDType::F16) => {
                let numbers = gguf::numbers(read.kind, &read.rows()).map_err(|error| error.to_string())?;
                memory.holding(&narrowed(&numbers))?
            }
            Weights::Bytes(read) => memory.holding(&read.rows())?,
        };
        let bias = bias.map(|numbers| memory.holding(&bytes_of(&numbers))).transpose()?;
        Ok(Self {
            weights,
            format,
            bias,
            inputs,
            outputs,
        })
    }

    /// The vectors of tokens: `tokens` is where their numbers are.
    ///
    /// # Errors
    /// Of the device.
    pub fn embed(&self, memory: &Memory, tokens: u64, out: &Rows) -> Result<(), String> {
        let grid = Grid::rows(out.count, self.inputs / AT_ONCE);
        let arguments = [
            Argument::Address(self.weights.address),
            Argument::Address(tokens),
            Argument::Integer(self.inputs as i32),
            Argument::Address(out.wide.address),
        ];
        let kernel = format!("embed_{}", self.format.name());
        memory.launcher.launch(&kernel, grid, &arguments)
    }

    /// Rows times the matrix, over what is in `out` or added to it.
    ///
    /// # Errors
    /// Of the device.
    pub fn apply(&self, memory: &Arc<Memory>, rows: &Rows, out: &Rows, adds: bool) -> Result<(), String> {
        if rows.count <= self.format.few() {
            return self.apply_to_few(memory, rows, out, adds);
        }
        if let Some(bias) = &self.bias {
            let arguments = [
                Argument::Address(bias.address),
                Argument::Integer(self.outputs as i32),
                Argument::Integer(i32::from(adds)),
                Argument::Address(out.wide.address),
            ];
            let grid = Grid::rows(rows.count, self.outputs);
            memory.launcher.launch("spread", grid, &arguments)?;
        }
        let whole = Gemm {
            weights: self.weights.address,
            rows: rows.narrow.address,
            out: out.wide.address,
            count: rows.count,
            inputs: self.inputs,
            outputs: self.outputs,
            stride: self.outputs,
            adds: adds || self.bias.is_some(),
        };
        if self.format == Format::Plain {
            return memory.launcher.multiply(&whole);
        }
        let each = self.unpacked_at_once();
        let unpacked = memory.working(2 * each * self.inputs)?;
        for first in (0..self.outputs).step_by(each) {
            let outputs = each.min(self.outputs - first);
            let arguments = [
                Argument::Address(self.weights.address),
                Argument::Integer(first as i32),
                Argument::Integer(self.inputs as i32),
                Argument::Address(unpacked.address),
            ];
            let kernel = format!("unpack_{}", self.format.name());
            let grid = Grid::rows(outputs, self.inputs / AT_ONCE);
            memory.launcher.launch(&kernel, grid, &arguments)?;
            memory.launcher.multiply(&Gemm {
                weights: unpacked.address,
                out: whole.out + 4 * first as u64,
                outputs,
                ..whole
            })?;
        }
        Ok(())
    }

    /// Outputs that are unpacked together: whole tiles of the library, as far as the room for them goes.
    fn unpacked_at_once(&self) -> usize {
        let fitting = UNPACKED / (2 * self.inputs);
        (fitting / TILE * TILE).max(TILE).min(self.outputs)
    }

    fn apply_to_few(&self, memory: &Memory, rows: &Rows, out: &Rows, adds: bool) -> Result<(), String> {
        if rows.count == 0 {
            return Ok(());
        }
        let kernel = format!("few_{}_{}", rows.count.next_power_of_two(), self.format.name());
        let grid = Grid {
            across: self.outputs.div_ceil(OUTPUTS),
            down: 1,
            threads: 128,
        };
        let arguments = [
            Argument::Address(self.weights.address),
            Argument::Address(rows.narrow.address),
            Argument::Address(self.bias.as_ref().map_or(0, |bias| bias.address)),
            Argument::Integer(rows.count as i32),
            Argument::Integer(self.inputs as i32),
            Argument::Integer(self.outputs as i32),
            Argument::Integer(i32::from(adds)),
            Argument::Address(out.wide.address),
        ];
        memory.launcher.launch(&kernel, grid, &arguments)
    }
}
