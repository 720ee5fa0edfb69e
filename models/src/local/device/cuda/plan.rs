//! What a device is told of a step: one table of numbers, put into its memory at once.

use super::memory::{Buffer, Memory};
use super::spans::Spans;
use crate::local::decoder::Batch;
use crate::local::kernels::{Layout, Turns};
use std::sync::Arc;

/// Where the parts of the table are in memory, and room for what attention makes.
pub struct Plan {
    _table: Buffer,
    /// The tokens.
    pub tokens: u64,
    /// Of each token the block and the position in it.
    pub places: u64,
    /// Of each token cosines and sines.
    pub turns: u64,
    /// The rows whose logits are wanted.
    pub wanted: u64,
    /// The rows whose vectors are wanted.
    pub tapped: u64,
    /// See [`Spans`].
    pub spans: Parts,
    /// How many spans.
    pub count: usize,
    /// Sums of each span, row and head.
    pub sums: Buffer,
    /// Greatest scores and sums of weights.
    pub scales: Buffer,
}

/// Where the parts of [`Spans`] are.
pub struct Parts {
    /// The spans.
    pub spans: u64,
    /// Their blocks.
    pub blocks: u64,
    /// Their rows.
    pub rows: u64,
    /// What the rows see.
    pub seen: u64,
    /// Where each row's part of `made` begins.
    pub begins: u64,
    /// What spans made of each row.
    pub made: u64,
}

/// Parts of the table begin at multiples of this.
const ALIGNED: usize = 16;

#[derive(Default)]
struct Table {
    bytes: Vec<u8>,
}

impl Table {
    /// Where in the table they are.
    fn put(&mut self, bytes: impl IntoIterator<Item = u8>) -> u64 {
        let begin = self.bytes.len().next_multiple_of(ALIGNED);
        self.bytes.resize(begin, 0);
        self.bytes.extend(bytes);
        begin as u64
    }

    fn integers(&mut self, numbers: impl IntoIterator<Item = i32>) -> u64 {
        self.put(numbers.into_iter().flat_map(i32::to_le_bytes))
    }
}

impl Plan {
    /// Of a batch, for a model with so many heads of queries.
    ///
    /// # Errors
    /// No memory for it, or of the device.
    pub fn new(
        memory: &Arc<Memory>,
        batch: &Batch,
        layout: Layout,
        heads: usize,
        frequencies: &[f64],
    ) -> Result<Self, String> {
        let mut table = Table::default();
        let sharing = heads / layout.heads;
        let spans = Spans::new(&batch.visits, batch.tokens.len(), sharing, layout.heads);
        let (count, made) = (spans.count(), spans.rows.len());
        let turns = Turns::new(frequencies, batch.positions.iter().copied());
        let turns = table.put(turns.numbers().iter().flat_map(|number| number.to_le_bytes()));
        let tokens = table.integers(batch.tokens.iter().map(|token| *token as i32));
        let places = batch.places.iter().flat_map(|(block, slot)| [*block, *slot]);
        let places = table.integers(places.map(|number| number as i32));
        let wanted = table.integers(batch.wanted.iter().map(|row| *row as i32));
        let tapped = table.integers(batch.tapped.iter().map(|row| *row as i32));
        let parts = Parts {
            spans: table.integers(spans.spans),
            blocks: table.integers(spans.blocks),
            rows: table.integers(spans.rows),
            seen: table.put(spans.seen),
            begins: table.integers(spans.begins),
            made: table.integers(spans.made),
        };
        let held = memory.working(table.bytes.len())?;
        memory.launcher.upload(held.address, &table.bytes)?;
        let at = |place: u64| held.address + place;
        Ok(Self {
            tokens: at(tokens),
            places: at(places),
            turns: at(turns),
            wanted: at(wanted),
            tapped: at(tapped),
            spans: Parts {
                spans: at(parts.spans),
                blocks: at(parts.blocks),
                rows: at(parts.rows),
                seen: at(parts.seen),
                begins: at(parts.begins),
                made: at(parts.made),
            },
            count,
            sums: memory.working(4 * made * heads * layout.dimension)?,
            scales: memory.working(8 * made * heads)?,
            _table: held,
        })
    }
}
