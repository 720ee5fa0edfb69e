//! The processor: rows are numbers in memory, and the operations are our kernels.

use super::{Device, HeadNorms, Projected, Step, Weights, Which};
use crate::local::decoder::Batch;
use crate::local::gguf;
use crate::local::kernels::{self, Attention, Layout, Normalise, Product, Quantised, Scale, Turns};
use candle_core::quantized::GgmlDType;

/// The threads of the current rayon pool.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processor;

/// A matrix of weights in any of the forms that files keep them in: outputs × inputs.
pub enum Matrix {
    /// As f32.
    Plain(Product),
    /// As few bits.
    Quantised(Quantised),
}

impl Matrix {
    fn apply(&self, rows: &[f32], out: &mut [f32]) {
        match self {
            Self::Plain(product) => product.apply_into(rows, out),
            Self::Quantised(product) => product.apply_into(rows, out),
        }
    }

    fn row(&self, output: usize, out: &mut [f32]) {
        match self {
            Self::Plain(product) => product.row(output, out),
            Self::Quantised(product) => product.row(output, out),
        }
    }
}

/// See [`Device::Norm`].
pub struct Norm {
    gain: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    fn how(&self) -> Normalise<'_> {
        Normalise {
            scale: Scale::MeanSquare,
            gain: &self.gain,
            shift: None,
            epsilon: self.epsilon,
        }
    }
}

/// Rows one after the other.
pub struct Rows {
    numbers: Vec<f32>,
    width: usize,
}

impl Device for Processor {
    type Rows = Rows;
    type Matrix = Matrix;
    type Norm = Norm;
    type Cache = Vec<f32>;
    type Plan = Turns;
    const NAME: &'static str = "cpu";

    fn matrix(&self, weights: Weights<'_>, bias: Option<Vec<f32>>) -> Result<Matrix, String> {
        let read = match weights {
            Weights::Numbers(numbers, inputs) => return Ok(Matrix::Plain(Product::new(numbers, inputs, bias))),
            Weights::Bytes(read) => read,
        };
        if let GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 = read.kind {
            let numbers = gguf::numbers(read.kind, &read.rows()).map_err(|error| error.to_string())?;
            return Ok(Matrix::Plain(Product::new(&numbers, read.inputs, bias)));
        }
        Quantised::new(read, bias).map(Matrix::Quantised)
    }

    fn norm(&self, gain: Vec<f32>, epsilon: f32) -> Result<Norm, String> {
        Ok(Norm { gain, epsilon })
    }

    fn cache(&self, layout: Layout, blocks: usize) -> Result<Vec<f32>, String> {
        Ok(vec![0.0; blocks * layout.block()])
    }

    fn copy(&self, layout: Layout, cache: &mut Vec<f32>, from: usize, to: usize) -> Result<(), String> {
        let size = layout.block();
        cache.copy_within(from * size..(from + 1) * size, to * size);
        Ok(())
    }

    fn plan(&self, batch: &Batch, _: Layout, _: usize, frequencies: &[f64]) -> Result<Turns, String> {
        Ok(Turns::new(frequencies, batch.positions.iter().copied()))
    }

    fn rows(&self, count: usize, width: usize) -> Result<Rows, String> {
        let numbers = vec![0.0; count * width];
        Ok(Rows { numbers, width })
    }

    fn embed(&self, step: &Step<'_, Self>, words: &Matrix, out: &mut Rows) -> Result<(), String> {
        let rows = out.numbers.chunks_exact_mut(out.width);
        for (token, row) in step.batch.tokens.iter().zip(rows) {
            words.row(*token as usize, row);
        }
        Ok(())
    }

    fn normalise(&self, norm: &Norm, rows: &Rows, out: &mut Rows) -> Result<(), String> {
        kernels::normalise(&norm.how(), &rows.numbers, &mut out.numbers);
        Ok(())
    }

    fn products<const N: usize>(
        &self,
        matrices: [&Matrix; N],
        rows: &Rows,
        outs: [&mut Rows; N],
    ) -> Result<(), String> {
        let quantised = matrices.map(|matrix| match matrix {
            Matrix::Quantised(product) => Some(product),
            Matrix::Plain(_) => None,
        });
        if quantised.iter().all(Option::is_some) {
            let mut outs = outs.map(|out| out.numbers.as_mut_slice());
            let products: Vec<&Quantised> = quantised.into_iter().flatten().collect();
            Quantised::apply_several(&products, &rows.numbers, &mut outs);
            return Ok(());
        }
        for (matrix, out) in matrices.into_iter().zip(outs) {
            matrix.apply(&rows.numbers, &mut out.numbers);
        }
        Ok(())
    }

    fn add_product(&self, matrix: &Matrix, rows: &Rows, between: &mut Rows, sums: &mut Rows) -> Result<(), String> {
        matrix.apply(&rows.numbers, &mut between.numbers);
        kernels::add(&mut sums.numbers, &between.numbers);
        Ok(())
    }

    fn keep(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        norms: &HeadNorms<'_, Self>,
        projected: Projected<'_, Self>,
        cache: &mut Vec<f32>,
    ) -> Result<(), String> {
        let Projected { queries, keys, values } = projected;
        let turns = &step.plan;
        turns.apply(
            &mut queries.numbers,
            queries.width,
            norms.queries.map(Norm::how).as_ref(),
        );
        turns.apply(&mut keys.numbers, keys.width, norms.keys.map(Norm::how).as_ref());
        let rows = keys.numbers.chunks_exact(keys.width);
        let rows = rows.zip(values.numbers.chunks_exact(values.width));
        for (place, (key, value)) in step.batch.places.iter().zip(rows) {
            step.layout.put(cache, *place, layer, key, value);
        }
        Ok(())
    }

    fn attend(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        cache: &Vec<f32>,
        queries: &Rows,
        out: &mut Rows,
    ) -> Result<(), String> {
        let attention = Attention {
            numbers: cache,
            layout: step.layout,
            layer,
            visits: &step.batch.visits,
        };
        attention.apply(&queries.numbers, queries.width, &mut out.numbers);
        Ok(())
    }

    fn gate(&self, gates: &mut Rows, numbers: &Rows) -> Result<(), String> {
        kernels::gate(&mut gates.numbers, &numbers.numbers);
        Ok(())
    }

    fn pick(&self, step: &Step<'_, Self>, rows: &Rows, which: Which) -> Result<Rows, String> {
        let which = which.of(step.batch);
        let mut numbers = Vec::with_capacity(which.len() * rows.width);
        for row in which {
            numbers.extend_from_slice(&rows.numbers[row * rows.width..][..rows.width]);
        }
        let width = rows.width;
        Ok(Rows { numbers, width })
    }

    fn numbers(&self, rows: Rows) -> Result<Vec<f32>, String> {
        Ok(rows.numbers)
    }
}
