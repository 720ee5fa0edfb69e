//! The tokens of one step, of many sequences, packed.

use crate::local::kernels::{BLOCK, Visit};
use std::collections::BTreeMap;
use std::ops::Range;

/// New tokens of one sequence.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// The tokens.
    pub tokens: &'a [u32],
    /// The position of the first one: so many of the sequence are in the cache.
    pub begin: usize,
    /// The sequence's blocks, with room for the new tokens.
    pub blocks: &'a [usize],
    /// Whose logits are wanted, counted from the first new token.
    pub wanted: Range<usize>,
    /// Whether the vectors of its tokens are wanted.
    pub tapped: bool,
}

/// What goes through the layers at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Blocks that are copied over others before anything else, one after the other.
    pub copies: Vec<(usize, usize)>,
    /// The tokens, a row each.
    pub tokens: Vec<u32>,
    /// Where each stands in its sequence.
    pub positions: Vec<usize>,
    /// Where the keys and values of each are put: the block, and the place in it.
    pub places: Vec<(usize, usize)>,
    /// Who attends to what.
    pub visits: Vec<Visit>,
    /// Rows whose logits are wanted.
    pub wanted: Vec<usize>,
    /// The layer whose vectors are wanted: 0 is the table of words, the last one is normalised.
    pub tap: Option<usize>,
    /// Rows whose vectors are wanted.
    pub tapped: Vec<usize>,
}

impl Batch {
    /// Packs the pieces.
    pub fn new<'a>(pieces: impl IntoIterator<Item = Piece<'a>>, tap: Option<usize>) -> Self {
        let mut batch = Self { tap, ..Self::default() };
        // By place in the sequence first: what a row has seen of its sequence grows from its beginning.
        let mut visits: BTreeMap<(usize, usize), Vec<(u32, u32)>> = BTreeMap::new();
        for piece in pieces {
            let first = batch.tokens.len();
            batch.wanted.extend(piece.wanted.clone().map(|at| first + at));
            for (at, token) in piece.tokens.iter().enumerate() {
                let (row, position) = (first + at, piece.begin + at);
                batch.tokens.push(*token);
                batch.positions.push(position);
                batch.places.push((piece.blocks[position / BLOCK], position % BLOCK));
                if piece.tapped {
                    batch.tapped.push(row);
                }
                for (index, block) in piece.blocks.iter().enumerate().take(position / BLOCK + 1) {
                    let seen = (position + 1 - index * BLOCK).min(BLOCK);
                    visits
                        .entry((index, *block))
                        .or_default()
                        .push((row as u32, seen as u32));
                }
            }
        }
        let visit = |((_, block), tokens)| Visit { block, tokens };
        batch.visits = visits.into_iter().map(visit).collect();
        batch
    }
}
