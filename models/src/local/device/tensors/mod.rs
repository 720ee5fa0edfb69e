//! Apple's devices: the operations as candle's tensors on Metal.
//!
//! Nothing in here knows Metal but the tensors' device, so tests run the same on candle's processor. Weights are the
//! blocks of their file or bfloat16, keys and values bfloat16; sums between the products are f32. Where a device has no
//! bfloat16, that is f32 too.

mod matrix;
#[cfg(feature = "metal")]
mod metal;
mod plan;

#[cfg(feature = "metal")]
pub use metal::{metal, metal_memory};

use super::{Device, HeadNorms, Projected, Step, Weights, Which};
use crate::local::decoder::Batch;
use crate::local::kernels::{BLOCK, Layout};
use candle_core::{DType, Tensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::rope;
use matrix::Matrix;
use plan::{Plan, Tile};

/// A device of candle's.
pub struct Tensors {
    device: candle_core::Device,
    /// How plain weights, keys and values are kept.
    kind: DType,
}

/// See [`Device::Norm`].
pub struct Norm {
    gain: Tensor,
    epsilon: f32,
}

/// Rows in one tensor, count × width; none where nothing is computed yet.
pub struct Rows(Option<Tensor>);

/// Keys and values of each layer, a row for every position of every block, heads side by side.
pub struct Cache {
    layers: Vec<[Tensor; 2]>,
}

impl Rows {
    fn tensor(&self) -> candle_core::Result<&Tensor> {
        let missing = || candle_core::Error::Msg("rows that nothing was computed for".to_owned());
        self.0.as_ref().ok_or_else(missing)
    }
}

impl Norm {
    fn apply(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        rms_norm(rows, &self.gain, self.epsilon)
    }
}

impl Tensors {
    /// Over a device of candle's.
    pub fn new(device: candle_core::Device) -> Self {
        let kind = device.bf16_default_to_f32();
        Self { device, kind }
    }

    /// Heads, each normalised where the family does so, turned by their positions.
    fn turned(&self, plan: &Plan, rows: &Tensor, norm: Option<&Norm>) -> candle_core::Result<Tensor> {
        let (count, width) = rows.dims2()?;
        let dimension = plan.dimension;
        let mut heads = rows.reshape((count, width / dimension, 1, dimension))?;
        if let Some(norm) = norm {
            heads = norm.apply(&heads)?;
        }
        rope(&heads, &plan.cosines, &plan.sines)?.reshape((count, width))
    }

    fn keep_rows(
        &self,
        plan: &Plan,
        norms: &HeadNorms<'_, Self>,
        projected: Projected<'_, Self>,
        [keys, values]: &[Tensor; 2],
    ) -> candle_core::Result<()> {
        let turned = self.turned(plan, projected.queries.tensor()?, norms.queries)?;
        projected.queries.0 = Some(turned.to_dtype(self.kind)?);
        let turned = self.turned(plan, projected.keys.tensor()?, norms.keys)?;
        keys.scatter_set(&plan.places, &turned.to_dtype(self.kind)?, 0)?;
        values.scatter_set(&plan.places, &projected.values.tensor()?.to_dtype(self.kind)?, 0)
    }

    /// Softmax of queries times keys over the root of the dimension, times values (Vaswani et al. 2017).
    fn attended(
        &self,
        tile: &Tile,
        queries: &Tensor,
        layout: Layout,
        kept: &[Tensor; 2],
    ) -> candle_core::Result<Tensor> {
        let Layout { heads, dimension, .. } = layout;
        let (_, width) = queries.dims2()?;
        let sharing = width / (heads * dimension);
        let Tile {
            sequences,
            rows,
            length,
            ..
        } = *tile;
        let [keys, values] = kept;
        let gathered = |kept: &Tensor| {
            let kept = kept.index_select(&tile.positions, 0)?;
            kept.reshape((sequences, length, heads, dimension))?
                .transpose(1, 2)?
                .contiguous()
        };
        let queries = queries.index_select(&tile.tokens, 0)?;
        let queries = queries.reshape((sequences, rows, heads, sharing, dimension))?;
        let queries = queries.permute((0, 2, 3, 1, 4))?.contiguous()?;
        let queries = queries.reshape((sequences, heads, sharing * rows, dimension))?;
        let scores = queries
            .matmul(&gathered(keys)?.transpose(2, 3)?.contiguous()?)?
            .to_dtype(DType::F32)?;
        let scores = (scores * (dimension as f64).sqrt().recip())?;
        let scores = scores
            .reshape((sequences, heads * sharing, rows, length))?
            .broadcast_add(&tile.unseen)?;
        let weights = softmax_last_dim(&scores)?.to_dtype(self.kind)?;
        let weights = weights.reshape((sequences, heads, sharing * rows, length))?;
        let mixed = weights.matmul(&gathered(values)?)?;
        let mixed = mixed.reshape((sequences, heads, sharing, rows, dimension))?;
        let mixed = mixed.permute((0, 3, 1, 2, 4))?.contiguous()?;
        mixed.reshape((sequences * rows, width))?.to_dtype(DType::F32)
    }

    fn attend_rows(
        &self,
        plan: &Plan,
        queries: &Tensor,
        layout: Layout,
        kept: &[Tensor; 2],
    ) -> candle_core::Result<Tensor> {
        let parts = plan.tiles.iter().map(|tile| self.attended(tile, queries, layout, kept));
        let parts: Vec<Tensor> = parts.collect::<candle_core::Result<_>>()?;
        Tensor::cat(&parts, 0)?.index_select(&plan.order, 0)
    }
}

fn told(error: candle_core::Error) -> String {
    error.to_string()
}

impl Device for Tensors {
    type Rows = Rows;
    type Matrix = Matrix;
    type Norm = Norm;
    type Cache = Cache;
    type Plan = Plan;
    const NAME: &'static str = "metal";

    fn matrix(&self, weights: Weights<'_>, bias: Option<Vec<f32>>) -> Result<Matrix, String> {
        Matrix::new(&self.device, self.kind, weights, bias).map_err(told)
    }

    fn norm(&self, gain: Vec<f32>, epsilon: f32) -> Result<Norm, String> {
        let gain = Tensor::new(gain, &self.device).map_err(told)?;
        Ok(Norm { gain, epsilon })
    }

    fn cache(&self, layout: Layout, blocks: usize) -> Result<Cache, String> {
        let shape = (blocks * BLOCK, layout.heads * layout.dimension);
        let zeros = || Tensor::zeros(shape, self.kind, &self.device);
        let layers = (0..layout.layers).map(|_| Ok([zeros()?, zeros()?]));
        let layers = layers.collect::<candle_core::Result<_>>().map_err(told)?;
        Ok(Cache { layers })
    }

    fn copy(&self, _: Layout, cache: &mut Cache, from: usize, to: usize) -> Result<(), String> {
        for kept in cache.layers.iter().flatten() {
            // A copy of its own: a tensor is not written over with what it holds itself.
            let block = kept.narrow(0, from * BLOCK, BLOCK).and_then(|block| block.copy());
            block
                .and_then(|block| kept.slice_set(&block, 0, to * BLOCK))
                .map_err(told)?;
        }
        Ok(())
    }

    fn plan(&self, batch: &Batch, layout: Layout, heads: usize, frequencies: &[f64]) -> Result<Plan, String> {
        Plan::new(&self.device, batch, layout, heads, frequencies).map_err(told)
    }

    fn rows(&self, _: usize, _: usize) -> Result<Rows, String> {
        Ok(Rows(None))
    }

    fn embed(&self, step: &Step<'_, Self>, words: &Matrix, out: &mut Rows) -> Result<(), String> {
        out.0 = Some(words.rows(&self.device, &step.batch.tokens).map_err(told)?);
        Ok(())
    }

    fn normalise(&self, norm: &Norm, rows: &Rows, out: &mut Rows) -> Result<(), String> {
        let normal = rows.tensor().and_then(|rows| norm.apply(rows));
        out.0 = Some(normal.map_err(told)?);
        Ok(())
    }

    fn products<const N: usize>(
        &self,
        matrices: [&Matrix; N],
        rows: &Rows,
        outs: [&mut Rows; N],
    ) -> Result<(), String> {
        for (matrix, out) in matrices.into_iter().zip(outs) {
            let product = rows.tensor().and_then(|rows| matrix.apply(rows));
            out.0 = Some(product.map_err(told)?);
        }
        Ok(())
    }

    fn add_product(&self, matrix: &Matrix, rows: &Rows, _: &mut Rows, sums: &mut Rows) -> Result<(), String> {
        let product = rows.tensor().and_then(|rows| matrix.apply(rows));
        let sum = product.and_then(|product| sums.tensor()?.add(&product));
        sums.0 = Some(sum.map_err(told)?);
        Ok(())
    }

    fn keep(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        norms: &HeadNorms<'_, Self>,
        projected: Projected<'_, Self>,
        cache: &mut Cache,
    ) -> Result<(), String> {
        self.keep_rows(&step.plan, norms, projected, &cache.layers[layer])
            .map_err(told)
    }

    fn attend(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        cache: &Cache,
        queries: &Rows,
        out: &mut Rows,
    ) -> Result<(), String> {
        let kept = &cache.layers[layer];
        let mixed = queries
            .tensor()
            .and_then(|queries| self.attend_rows(&step.plan, queries, step.layout, kept));
        out.0 = Some(mixed.map_err(told)?);
        Ok(())
    }

    fn gate(&self, gates: &mut Rows, numbers: &Rows) -> Result<(), String> {
        let gated = gates.tensor().and_then(|gates| gates.silu()?.mul(numbers.tensor()?));
        gates.0 = Some(gated.map_err(told)?);
        Ok(())
    }

    fn pick(&self, step: &Step<'_, Self>, rows: &Rows, which: Which) -> Result<Rows, String> {
        let which: Vec<u32> = which.of(step.batch).iter().map(|row| *row as u32).collect();
        if which.is_empty() {
            return Ok(Rows(None));
        }
        let which = Tensor::new(which, &self.device);
        let picked = which.and_then(|which| rows.tensor()?.index_select(&which, 0));
        picked.map(|picked| Rows(Some(picked))).map_err(told)
    }

    fn numbers(&self, rows: Rows) -> Result<Vec<f32>, String> {
        let Some(rows) = rows.0 else {
            return Ok(Vec::new());
        };
        rows.flatten_all().and_then(|rows| rows.to_vec1()).map_err(told)
    }
}

#[cfg(test)]
mod tests;
