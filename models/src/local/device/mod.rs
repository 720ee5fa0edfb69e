//! What computes: the operations that a decoder is made of, on the processor or on a device with memory of its own.
//!
//! The decoder calls them in the order of its layers; how numbers lie and how they are computed is the device's.

mod choice;
#[cfg(test)]
mod conformance;
#[cfg(feature = "cuda")]
pub mod cuda;
mod processor;
#[cfg(any(test, feature = "metal"))]
pub mod tensors;

pub use choice::{Choice, choose, chosen};
pub use processor::Processor;

use super::decoder::Batch;
use super::kernels::Layout;
use super::stored::Bytes;

/// Weights as a file has them: outputs × inputs.
pub enum Weights<'a> {
    /// As numbers, row after row of `inputs`.
    Numbers(&'a [f32], usize),
    /// As the bytes of a GGUF file.
    Bytes(Bytes),
}

/// A step, and what the device keeps of it from layer to layer.
pub struct Step<'a, D: Device> {
    /// The tokens.
    pub batch: &'a Batch,
    /// How keys and values lie.
    pub layout: Layout,
    /// What the device made of the batch.
    pub plan: D::Plan,
}

/// The norms of the heads of queries and keys, where a family has them.
pub struct HeadNorms<'a, D: Device> {
    /// Of queries.
    pub queries: Option<&'a D::Norm>,
    /// Of keys.
    pub keys: Option<&'a D::Norm>,
}

/// Queries, keys and values of the tokens of a step, heads side by side.
pub struct Projected<'a, D: Device> {
    /// Queries.
    pub queries: &'a mut D::Rows,
    /// Keys.
    pub keys: &'a mut D::Rows,
    /// Values.
    pub values: &'a D::Rows,
}

/// Rows of a step that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those whose logits are wanted.
    Wanted,
    /// Those whose vectors are wanted.
    Tapped,
}

impl Which {
    /// The rows.
    pub fn of(self, batch: &Batch) -> &[usize] {
        match self {
            Self::Wanted => &batch.wanted,
            Self::Tapped => &batch.tapped,
        }
    }
}

/// The operations. An error is a trouble of the device, told in words; after one, what was being computed is lost.
pub trait Device: Send + Sync + 'static {
    /// Rows of numbers.
    type Rows;
    /// A matrix of weights with its bias.
    type Matrix: Send + Sync;
    /// A gain for each number of a row, and what is added to the mean square before its root is taken.
    type Norm: Send + Sync;
    /// The blocks of keys and values.
    type Cache: Send;
    /// What it makes of a batch before the first layer.
    type Plan;
    /// What it is called in settings.
    const NAME: &'static str;

    /// Takes a matrix.
    ///
    /// # Errors
    /// A kind of weights that it does not follow, or no memory for them.
    fn matrix(&self, weights: Weights<'_>, bias: Option<Vec<f32>>) -> Result<Self::Matrix, String>;
    /// Takes a norm.
    ///
    /// # Errors
    /// No memory for it.
    fn norm(&self, gain: Vec<f32>, epsilon: f32) -> Result<Self::Norm, String>;
    /// Memory for so many blocks.
    ///
    /// # Errors
    /// When there is not as much.
    fn cache(&self, layout: Layout, blocks: usize) -> Result<Self::Cache, String>;
    /// Copies a block over another one.
    ///
    /// # Errors
    /// Of the device.
    fn copy(&self, layout: Layout, cache: &mut Self::Cache, from: usize, to: usize) -> Result<(), String>;
    /// Looks at a batch; `frequencies` are the angles of one position.
    ///
    /// # Errors
    /// Of the device.
    fn plan(&self, batch: &Batch, layout: Layout, heads: usize, frequencies: &[f64]) -> Result<Self::Plan, String>;
    /// Rows to work in; what they hold is not said.
    ///
    /// # Errors
    /// No memory for them.
    fn rows(&self, count: usize, width: usize) -> Result<Self::Rows, String>;
    /// The vectors of the step's tokens.
    ///
    /// # Errors
    /// Of the device.
    fn embed(&self, step: &Step<'_, Self>, words: &Self::Matrix, out: &mut Self::Rows) -> Result<(), String>
    where
        Self: Sized;
    /// Divides every row by its root mean square and multiplies by the gain.
    ///
    /// # Errors
    /// Of the device.
    fn normalise(&self, norm: &Self::Norm, rows: &Self::Rows, out: &mut Self::Rows) -> Result<(), String>;
    /// The same rows times several matrices.
    ///
    /// # Errors
    /// Of the device.
    fn products<const N: usize>(
        &self,
        matrices: [&Self::Matrix; N],
        rows: &Self::Rows,
        outs: [&mut Self::Rows; N],
    ) -> Result<(), String>;
    /// Adds rows times a matrix to `sums`; `between` may be written over.
    ///
    /// # Errors
    /// Of the device.
    fn add_product(
        &self,
        matrix: &Self::Matrix,
        rows: &Self::Rows,
        between: &mut Self::Rows,
        sums: &mut Self::Rows,
    ) -> Result<(), String>;
    /// Turns queries and keys by their positions, normalised before where the family does so, and puts keys and values
    /// into their places in the cache.
    ///
    /// # Errors
    /// Of the device.
    fn keep(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        norms: &HeadNorms<'_, Self>,
        projected: Projected<'_, Self>,
        cache: &mut Self::Cache,
    ) -> Result<(), String>
    where
        Self: Sized;
    /// Attention of turned queries to the cache.
    ///
    /// # Errors
    /// Of the device.
    fn attend(
        &self,
        step: &Step<'_, Self>,
        layer: usize,
        cache: &Self::Cache,
        queries: &Self::Rows,
        out: &mut Self::Rows,
    ) -> Result<(), String>
    where
        Self: Sized;
    /// `gates` become silu(gates) × `numbers`.
    ///
    /// # Errors
    /// Of the device.
    fn gate(&self, gates: &mut Self::Rows, numbers: &Self::Rows) -> Result<(), String>;
    /// Some of the rows.
    ///
    /// # Errors
    /// Of the device.
    fn pick(&self, step: &Step<'_, Self>, rows: &Self::Rows, which: Which) -> Result<Self::Rows, String>
    where
        Self: Sized;
    /// Bytes a second that its memory reads and writes, measured; none where nothing is known of it.
    ///
    /// # Errors
    /// Of the device.
    fn bandwidth(&self) -> Result<Option<f64>, String> {
        Ok(None)
    }
    /// The numbers of rows, once they are computed.
    ///
    /// # Errors
    /// Of the device: of anything that went before, too.
    fn numbers(&self, rows: Self::Rows) -> Result<Vec<f32>, String>;
}
