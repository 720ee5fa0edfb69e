//! Owns the training of the table's rows: Adam on mini-batches, gradients by hand. The vector
//! of a text is linear in the rows, so each token of a text receives the same gradient.

use std::time::Instant;

use super::initial::mean_rows;
use super::matrix::{Matrix, dot, normalise};

/// Decay of Adam's first and second moments.
const MOMENTUM: f32 = 0.9;
const SECOND_MOMENTUM: f32 = 0.999;

/// How to train.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Passes over the texts.
    pub epochs: usize,
    /// Texts in a mini-batch.
    pub batch: usize,
    /// First step length of Adam; falls to a twentieth over the epochs.
    pub rate: f32,
    /// Weight of the similarity-matrix loss against the cosine loss.
    pub similarity: f32,
    /// Share of a text's tokens left out at random in each pass.
    pub dropout: f32,
}

/// The table in training.
pub struct Fit {
    /// One row a token.
    pub table: Matrix,
    settings: Settings,
    first: Matrix,
    second: Matrix,
    /// Steps that each row has taken: rows step only when a batch holds their token.
    steps: Vec<i32>,
    random: Random,
    gradient: SparseRows,
}

/// Rows of a gradient for the few tokens of a batch.
struct SparseRows {
    /// Position of each token's row in `values`, or `u32::MAX`.
    slots: Vec<u32>,
    ids: Vec<u32>,
    values: Vec<f32>,
    dimension: usize,
}

impl Fit {
    /// Training from `table` on.
    pub fn new(table: Matrix, settings: Settings) -> Self {
        let (rows, dimension) = (table.rows, table.columns);
        Self {
            first: Matrix::zeros(rows, dimension),
            second: Matrix::zeros(rows, dimension),
            steps: vec![0; rows],
            random: Random(0x1234_5678_9ABC_DEF1),
            gradient: SparseRows {
                slots: vec![u32::MAX; rows],
                ids: Vec::new(),
                values: Vec::new(),
                dimension,
            },
            table,
            settings,
        }
    }

    /// All epochs over `texts` towards the unit vectors `targets`; `report` sees the table
    /// after each.
    pub fn run(&mut self, texts: &[Vec<u32>], targets: &Matrix, mut report: impl FnMut(usize, &Matrix)) {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        let batches = texts.len().div_ceil(self.settings.batch) * self.settings.epochs;
        let mut batch_number = 0;
        for epoch in 0..self.settings.epochs {
            let begun = Instant::now();
            self.random.shuffle(&mut order);
            let mut loss = 0.0;
            for batch in order.chunks(self.settings.batch) {
                let progress = batch_number as f32 / batches as f32;
                let rate = self.settings.rate * (1.0 - 0.95 * progress);
                loss += self.step(batch, texts, targets, rate);
                batch_number += 1;
            }
            let seconds = begun.elapsed().as_secs_f32();
            println!(
                "epoch {}: 1 - cosine {:.4}, {seconds:.1} s",
                epoch + 1,
                loss / order.len() as f32
            );
            report(epoch + 1, &self.table);
        }
    }

    /// One step of Adam; returns the sum of 1 - cosine over the batch before it.
    fn step(&mut self, batch: &[usize], texts: &[Vec<u32>], targets: &Matrix, rate: f32) -> f32 {
        let dimension = self.table.columns;
        let kept: Vec<Vec<u32>> = batch.iter().map(|&at| self.thinned(&texts[at])).collect();
        let mut vectors = Matrix::zeros(batch.len(), dimension);
        let mut wanted = Matrix::zeros(batch.len(), dimension);
        let mut lengths = Vec::with_capacity(batch.len());
        for (row, &at) in batch.iter().enumerate() {
            mean_rows(&self.table, &kept[row], vectors.row_mut(row));
            lengths.push(normalise(vectors.row_mut(row)).max(1e-6));
            wanted.row_mut(row).copy_from_slice(targets.row(at));
        }
        let mut loss = 0.0;
        let upstream = self.loss_gradient(&vectors, &wanted);
        for (row, text) in kept.iter().enumerate() {
            let vector = vectors.row(row);
            loss += 1.0 - dot(vector, wanted.row(row));
            // Through the normalisation: only what is orthogonal to the vector counts.
            let along = dot(upstream.row(row), vector);
            let factor = (lengths[row] * text.len().max(1) as f32).recip();
            let gradient: Vec<f32> = upstream
                .row(row)
                .iter()
                .zip(vector)
                .map(|(slope, value)| (slope - along * value) * factor)
                .collect();
            text.iter().for_each(|&id| self.gradient.add(id, &gradient));
        }
        self.adam(rate);
        loss
    }

    /// Slope of the loss at each unit vector: -target from the cosines, and
    /// 4 w (S - T) V / batch from the squared differences of the similarity matrices S and T.
    fn loss_gradient(&self, vectors: &Matrix, wanted: &Matrix) -> Matrix {
        let mut difference = vectors.times_transposed(vectors);
        let similarities = wanted.times_transposed(wanted);
        let weight = 4.0 * self.settings.similarity / vectors.rows as f32;
        for (value, target) in difference.values.iter_mut().zip(&similarities.values) {
            *value = weight * (*value - target);
        }
        let mut slope = difference.times(vectors);
        for (value, target) in slope.values.iter_mut().zip(&wanted.values) {
            *value -= target;
        }
        slope
    }

    fn adam(&mut self, rate: f32) {
        let dimension = self.table.columns;
        for (slot, &id) in self.gradient.ids.iter().enumerate() {
            let gradient = &self.gradient.values[slot * dimension..][..dimension];
            let id = id as usize;
            self.steps[id] += 1;
            let rate =
                rate * (1.0 - SECOND_MOMENTUM.powi(self.steps[id])).sqrt() / (1.0 - MOMENTUM.powi(self.steps[id]));
            let moments = self.first.row_mut(id).iter_mut().zip(self.second.row_mut(id));
            let row = self.table.row_mut(id).iter_mut();
            for ((value, (first, second)), slope) in row.zip(moments).zip(gradient) {
                *first += (1.0 - MOMENTUM) * (slope - *first);
                *second += (1.0 - SECOND_MOMENTUM) * (slope * slope - *second);
                *value -= rate * *first / (second.sqrt() + 1e-9);
            }
        }
        self.gradient.clear();
    }

    /// The tokens of a text without the ones that chance leaves out; never without all.
    fn thinned(&mut self, text: &[u32]) -> Vec<u32> {
        let dropout = self.settings.dropout;
        let kept: Vec<u32> = text.iter().copied().filter(|_| self.random.unit() >= dropout).collect();
        if kept.is_empty() { text.to_vec() } else { kept }
    }
}

impl SparseRows {
    fn add(&mut self, id: u32, gradient: &[f32]) {
        let mut slot = self.slots[id as usize];
        if slot == u32::MAX {
            slot = self.ids.len() as u32;
            self.slots[id as usize] = slot;
            self.ids.push(id);
            self.values.resize(self.values.len() + self.dimension, 0.0);
        }
        let row = &mut self.values[slot as usize * self.dimension..][..self.dimension];
        for (sum, value) in row.iter_mut().zip(gradient) {
            *sum += value;
        }
    }

    fn clear(&mut self) {
        for &id in &self.ids {
            self.slots[id as usize] = u32::MAX;
        }
        self.ids.clear();
        self.values.clear();
    }
}

/// xorshift64*, so that a fit can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 up to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            order.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}
