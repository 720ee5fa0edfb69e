//! A language model: tokens of many sequences in, what each makes likely out.
//!
//! One definition for all families and all devices; a step takes any mix of whole prompts, parts of them and single
//! tokens.

mod architecture;
mod batch;
mod load;
mod session;

pub use architecture::Architecture;
pub use batch::{Batch, Piece};
pub use load::{Source, load};
pub use session::{Model, Session};

use super::device::{Device, HeadNorms, Processor, Projected, Step, Which};
use super::kernels::Layout;

/// A model, its weights in the memory of a device.
pub struct Decoder<D: Device = Processor> {
    /// Its numbers.
    pub architecture: Architecture,
    /// Tokens that it knows.
    pub vocabulary: usize,
    device: D,
    /// A vector for each token, a row of the matrix.
    words: D::Matrix,
    layers: Vec<Layer<D>>,
    norm: D::Norm,
    /// What makes logits of a vector; the table of words where there is none.
    head: Option<D::Matrix>,
}

struct Layer<D: Device> {
    before_attention: D::Norm,
    queries: D::Matrix,
    keys: D::Matrix,
    values: D::Matrix,
    query_norm: Option<D::Norm>,
    key_norm: Option<D::Norm>,
    mixed: D::Matrix,
    before_products: D::Norm,
    gate: D::Matrix,
    up: D::Matrix,
    down: D::Matrix,
}

/// What a step makes.
#[derive(Debug, Default)]
pub struct Made {
    /// For each wanted row, a logit for each token of the vocabulary.
    pub logits: Vec<f32>,
    /// For each tapped row, its vector.
    pub hidden: Vec<f32>,
}

/// Rows between the products, kept from layer to layer.
struct Workspace<D: Device> {
    states: D::Rows,
    normal: D::Rows,
    queries: D::Rows,
    keys: D::Rows,
    values: D::Rows,
    mixed: D::Rows,
    gate: D::Rows,
    up: D::Rows,
}

impl<D: Device> Workspace<D> {
    fn new(device: &D, shape: &Architecture, rows: usize) -> Result<Self, String> {
        let (queries, shared) = (shape.heads * shape.dimension, shape.shared_heads * shape.dimension);
        Ok(Self {
            states: device.rows(rows, shape.width)?,
            normal: device.rows(rows, shape.width)?,
            queries: device.rows(rows, queries)?,
            keys: device.rows(rows, shared)?,
            values: device.rows(rows, shared)?,
            mixed: device.rows(rows, queries)?,
            gate: device.rows(rows, shape.inner)?,
            up: device.rows(rows, shape.inner)?,
        })
    }
}

impl<D: Device> Decoder<D> {
    /// How its keys and values are kept.
    pub fn layout(&self) -> Layout {
        Layout {
            layers: self.architecture.layers,
            heads: self.architecture.shared_heads,
            dimension: self.architecture.dimension,
        }
    }

    /// Memory for so many blocks of keys and values.
    ///
    /// # Errors
    /// When the device has not as much.
    pub fn cache(&self, blocks: usize) -> Result<D::Cache, String> {
        self.device.cache(self.layout(), blocks)
    }

    /// One step: every token of `batch` goes through all layers, its keys and values into `cache`.
    ///
    /// # Errors
    /// A trouble of the device; what is in the cache is not said then.
    pub fn step(&self, cache: &mut D::Cache, batch: &Batch) -> Result<Made, String> {
        let (shape, layout) = (&self.architecture, self.layout());
        for (from, to) in &batch.copies {
            self.device.copy(layout, cache, *from, *to)?;
        }
        let step = Step {
            batch,
            layout,
            plan: self.device.plan(batch, layout, shape.heads, &shape.frequencies)?,
        };
        let mut made = Made::default();
        let mut work = Workspace::new(&self.device, shape, batch.tokens.len())?;
        self.device.embed(&step, &self.words, &mut work.states)?;
        for (at, layer) in self.layers.iter().enumerate() {
            self.tap(&step, at, &work.states, &mut made)?;
            self.attend(at, layer, &step, cache, &mut work)?;
            self.feed_forward(layer, &mut work)?;
        }
        self.finish(&step, work, &mut made)?;
        Ok(made)
    }

    fn attend(
        &self,
        at: usize,
        layer: &Layer<D>,
        step: &Step<'_, D>,
        cache: &mut D::Cache,
        work: &mut Workspace<D>,
    ) -> Result<(), String> {
        let device = &self.device;
        device.normalise(&layer.before_attention, &work.states, &mut work.normal)?;
        device.products(
            [&layer.queries, &layer.keys, &layer.values],
            &work.normal,
            [&mut work.queries, &mut work.keys, &mut work.values],
        )?;
        let norms = HeadNorms {
            queries: layer.query_norm.as_ref(),
            keys: layer.key_norm.as_ref(),
        };
        let projected = Projected {
            queries: &mut work.queries,
            keys: &mut work.keys,
            values: &work.values,
        };
        device.keep(step, at, &norms, projected, cache)?;
        device.attend(step, at, cache, &work.queries, &mut work.mixed)?;
        device.add_product(&layer.mixed, &work.mixed, &mut work.normal, &mut work.states)
    }

    fn feed_forward(&self, layer: &Layer<D>, work: &mut Workspace<D>) -> Result<(), String> {
        let device = &self.device;
        device.normalise(&layer.before_products, &work.states, &mut work.normal)?;
        let outs = [&mut work.gate, &mut work.up];
        device.products([&layer.gate, &layer.up], &work.normal, outs)?;
        device.gate(&mut work.gate, &work.up)?;
        device.add_product(&layer.down, &work.gate, &mut work.normal, &mut work.states)
    }

    /// The logits of the wanted rows, and the last layer's vectors.
    fn finish(&self, step: &Step<'_, D>, work: Workspace<D>, made: &mut Made) -> Result<(), String> {
        let (device, batch) = (&self.device, step.batch);
        if batch.tap == Some(self.architecture.layers) {
            let mut normal = work.normal;
            device.normalise(&self.norm, &work.states, &mut normal)?;
            self.tap(step, self.architecture.layers, &normal, made)?;
        }
        if batch.wanted.is_empty() {
            return Ok(());
        }
        let wanted = device.pick(step, &work.states, Which::Wanted)?;
        let mut normal = device.rows(batch.wanted.len(), self.architecture.width)?;
        device.normalise(&self.norm, &wanted, &mut normal)?;
        let mut logits = device.rows(batch.wanted.len(), self.vocabulary)?;
        let head = self.head.as_ref().unwrap_or(&self.words);
        device.products([head], &normal, [&mut logits])?;
        made.logits = device.numbers(logits)?;
        Ok(())
    }

    fn tap(&self, step: &Step<'_, D>, layer: usize, states: &D::Rows, made: &mut Made) -> Result<(), String> {
        if step.batch.tap == Some(layer) {
            made.hidden = self.device.numbers(self.device.pick(step, states, Which::Tapped)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub mod tests;
