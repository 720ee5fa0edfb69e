//! Rows of numbers in a device's memory.

use super::memory::{Buffer, Memory};
use std::sync::Arc;

/// Rows one after the other, twice: operations write the one that is read next.
pub struct Rows {
    /// As f32: what is summed up, normalised and turned.
    pub wide: Buffer,
    /// As bfloat16: what products and attention read.
    pub narrow: Buffer,
    /// How many.
    pub count: usize,
    /// Numbers in each.
    pub width: usize,
}

impl Rows {
    /// So many rows.
    ///
    /// # Errors
    /// No memory for them.
    pub fn new(memory: &Arc<Memory>, count: usize, width: usize) -> Result<Self, String> {
        Ok(Self {
            wide: memory.working(4 * count * width)?,
            narrow: memory.working(2 * count * width)?,
            count,
            width,
        })
    }
}
