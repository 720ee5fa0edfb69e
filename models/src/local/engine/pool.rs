//! The blocks of keys and values: who holds them, and which are free. Their numbers are in the memory of the device.

/// All blocks of a model. A block that several sequences hold is not written to.
pub struct Pool {
    /// Holders of each block.
    holders: Vec<u32>,
    free: Vec<usize>,
    /// Which are to be copied over which before the next step, in order.
    copies: Vec<(usize, usize)>,
}

impl Pool {
    /// Of `blocks` blocks.
    pub fn new(blocks: usize) -> Self {
        Self {
            holders: vec![0; blocks],
            // The first ones are taken first: memory that is never needed is never touched.
            free: (0..blocks).rev().collect(),
            copies: Vec::new(),
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

    /// A block of one's own that has the numbers of another in the next step.
    pub fn copy(&mut self, block: usize) -> Option<usize> {
        let own = self.take()?;
        self.copies.push((block, own));
        Some(own)
    }

    /// What is to be copied: nothing was written since it was asked for, since only steps write.
    pub fn copies(&mut self) -> Vec<(usize, usize)> {
        std::mem::take(&mut self.copies)
    }
}
