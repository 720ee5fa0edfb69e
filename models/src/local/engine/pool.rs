//! The blocks of keys and values: who holds them, and which are free.

use crate::local::kernels::Layout;

/// All blocks of a model. A block that several sequences hold is not written to.
pub struct Pool {
    numbers: Vec<f32>,
    /// Holders of each block.
    holders: Vec<u32>,
    free: Vec<usize>,
    size: usize,
}

impl Pool {
    /// Of `blocks` blocks.
    pub fn new(layout: Layout, blocks: usize) -> Self {
        Self {
            numbers: vec![0.0; blocks * layout.block()],
            holders: vec![0; blocks],
            // The first ones are taken first: memory that is never needed is never touched.
            free: (0..blocks).rev().collect(),
            size: layout.block(),
        }
    }

    /// Blocks that nobody holds.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Blocks there are.
    pub fn blocks(&self) -> usize {
        self.holders.len()
    }

    /// The numbers of all blocks.
    pub fn numbers(&mut self) -> &mut [f32] {
        &mut self.numbers
    }

    /// A block of one's own; none when all are held.
    pub fn take(&mut self) -> Option<usize> {
        let block = self.free.pop()?;
        self.holders[block] = 1;
        Some(block)
    }

    /// One more holder.
    pub fn share(&mut self, block: usize) {
        self.holders[block] += 1;
    }

    /// Whether more than one holds it.
    pub fn is_shared(&self, block: usize) -> bool {
        self.holders[block] > 1
    }

    /// One holder less.
    pub fn release(&mut self, block: usize) {
        self.holders[block] -= 1;
        if self.holders[block] == 0 {
            self.free.push(block);
        }
    }

    /// A block of one's own with the numbers of another.
    pub fn copy(&mut self, block: usize) -> Option<usize> {
        let own = self.take()?;
        let from = block * self.size;
        self.numbers.copy_within(from..from + self.size, own * self.size);
        Some(own)
    }
}
