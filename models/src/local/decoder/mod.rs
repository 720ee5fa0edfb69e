//! A language model: tokens of many sequences in, what each makes likely out.
//!
//! One definition for all families; a step takes any mix of whole prompts, parts of them and single tokens.

mod architecture;
mod batch;
mod load;
mod matrix;

pub use architecture::Architecture;
pub use batch::{Batch, Piece};
pub use load::{Bytes, Source, load};

use super::kernels::{self, Attention, Layout, Normalise, Scale, Turns};
use matrix::Matrix;

/// A model, its weights in memory.
pub struct Decoder {
    /// Its numbers.
    pub architecture: Architecture,
    /// A vector for each token, a row of the matrix.
    words: Matrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    /// What makes logits of a vector; the table of words where there is none.
    head: Option<Matrix>,
}

struct Layer {
    before_attention: Vec<f32>,
    queries: Matrix,
    keys: Matrix,
    values: Matrix,
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    mixed: Matrix,
    before_products: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
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
#[derive(Default)]
struct Workspace {
    states: Vec<f32>,
    normal: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    mixed: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
}

impl Decoder {
    /// Tokens that it knows.
    pub fn vocabulary(&self) -> usize {
        self.words.outputs()
    }

    /// How its keys and values are kept.
    pub fn layout(&self) -> Layout {
        Layout {
            layers: self.architecture.layers,
            heads: self.architecture.shared_heads,
            dimension: self.architecture.dimension,
        }
    }

    /// One step: every token of `batch` goes through all layers, its keys and values into `cache` (blocks of
    /// [`Layout::block`] numbers).
    pub fn step(&self, cache: &mut [f32], batch: &Batch) -> Made {
        let shape = &self.architecture;
        let rows = batch.tokens.len();
        let turns = Turns::new(&shape.frequencies, batch.positions.iter().copied());
        let mut made = Made::default();
        let mut work = Workspace {
            states: vec![0.0; rows * shape.width],
            normal: vec![0.0; rows * shape.width],
            queries: vec![0.0; rows * shape.heads * shape.dimension],
            keys: vec![0.0; rows * shape.shared_heads * shape.dimension],
            values: vec![0.0; rows * shape.shared_heads * shape.dimension],
            mixed: vec![0.0; rows * shape.heads * shape.dimension],
            gate: vec![0.0; rows * shape.inner],
            up: vec![0.0; rows * shape.inner],
        };
        for (token, state) in batch.tokens.iter().zip(work.states.chunks_exact_mut(shape.width)) {
            self.words.row(*token as usize, state);
        }
        for (at, layer) in self.layers.iter().enumerate() {
            self.tap(batch, at, &work.states, &mut made);
            self.attend(at, layer, &turns, cache, batch, &mut work);
            self.feed_forward(layer, &mut work);
        }
        self.finish(batch, &work, &mut made);
        made
    }

    fn attend(&self, at: usize, layer: &Layer, turns: &Turns, cache: &mut [f32], batch: &Batch, work: &mut Workspace) {
        let shape = &self.architecture;
        let (width, shared) = (shape.heads * shape.dimension, shape.shared_heads * shape.dimension);
        kernels::normalise(&self.scale(&layer.before_attention), &work.states, &mut work.normal);
        Matrix::apply_all(
            [&layer.queries, &layer.keys, &layer.values],
            &work.normal,
            [&mut work.queries, &mut work.keys, &mut work.values],
        );
        let norm = |gain| self.scale(gain);
        turns.apply(&mut work.queries, width, layer.query_norm.as_deref().map(norm).as_ref());
        turns.apply(&mut work.keys, shared, layer.key_norm.as_deref().map(norm).as_ref());
        let layout = self.layout();
        let rows = work.keys.chunks_exact(shared).zip(work.values.chunks_exact(shared));
        for (place, (key, value)) in batch.places.iter().zip(rows) {
            layout.put(cache, *place, at, key, value);
        }
        let attention = Attention {
            numbers: cache,
            layout,
            layer: at,
            visits: &batch.visits,
        };
        attention.apply(&work.queries, width, &mut work.mixed);
        layer.mixed.apply(&work.mixed, &mut work.normal);
        kernels::add(&mut work.states, &work.normal);
    }

    fn feed_forward(&self, layer: &Layer, work: &mut Workspace) {
        kernels::normalise(&self.scale(&layer.before_products), &work.states, &mut work.normal);
        Matrix::apply_all([&layer.gate, &layer.up], &work.normal, [&mut work.gate, &mut work.up]);
        kernels::gate(&mut work.gate, &work.up);
        layer.down.apply(&work.gate, &mut work.normal);
        kernels::add(&mut work.states, &work.normal);
    }

    /// The logits of the wanted rows, and the last layer's vectors.
    fn finish(&self, batch: &Batch, work: &Workspace, made: &mut Made) {
        let width = self.architecture.width;
        let norm = self.scale(&self.norm);
        if batch.tap == Some(self.architecture.layers) {
            let mut normal = vec![0.0; work.states.len()];
            kernels::normalise(&norm, &work.states, &mut normal);
            self.tap(batch, self.architecture.layers, &normal, made);
        }
        let mut wanted = Vec::with_capacity(batch.wanted.len() * width);
        for row in &batch.wanted {
            wanted.extend_from_slice(&work.states[row * width..][..width]);
        }
        let mut normal = vec![0.0; wanted.len()];
        kernels::normalise(&norm, &wanted, &mut normal);
        let head = self.head.as_ref().unwrap_or(&self.words);
        made.logits = vec![0.0; batch.wanted.len() * head.outputs()];
        head.apply(&normal, &mut made.logits);
    }

    fn tap(&self, batch: &Batch, layer: usize, states: &[f32], made: &mut Made) {
        if batch.tap == Some(layer) {
            for row in &batch.tapped {
                let state = &states[row * self.architecture.width..][..self.architecture.width];
                made.hidden.extend_from_slice(state);
            }
        }
    }

    fn scale<'a>(&self, gain: &'a [f32]) -> Normalise<'a> {
        Normalise {
            scale: Scale::MeanSquare,
            gain,
            shift: None,
            epsilon: self.architecture.epsilon,
        }
    }
}

#[cfg(test)]
pub mod tests;
