//! What attends to what in a step, as tensors that the layers share.

use crate::local::decoder::Batch;
use crate::local::kernels::{BLOCK, Layout};
use candle_core::{Device, Result, Tensor};
use std::ops::Range;

/// What a device makes of a batch.
pub struct Plan {
    /// Numbers in a head.
    pub dimension: usize,
    /// Of each token's angles: tokens × 1 × half a head.
    pub cosines: Tensor,
    /// The same.
    pub sines: Tensor,
    /// Where each token's keys and values are put, once for each of their numbers.
    pub places: Tensor,
    /// What is attended to at once.
    pub tiles: Vec<Tile>,
    /// Where each token stands in what the tiles make.
    pub order: Tensor,
}

/// Equally many new tokens of some sequences, and what they attend to, filled up to the longest.
pub struct Tile {
    /// Sequences.
    pub sequences: usize,
    /// New tokens of each.
    pub rows: usize,
    /// Positions of the longest one.
    pub length: usize,
    /// The tokens' rows in the step.
    pub tokens: Tensor,
    /// Rows of the cache, sequence after sequence.
    pub positions: Tensor,
    /// What is added to scores: sequences × 1 × rows × length, minus infinity for what a token does not see.
    pub unseen: Tensor,
}

/// New tokens of one sequence, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    rows: Range<usize>,
    /// Positions that the last one sees.
    length: usize,
}

/// Most scores of a tile, of all heads: 256 MiB as f32. Tiles of tests are small.
const SCORES: usize = if cfg!(test) { 4_096 } else { 64 << 20 };

impl Plan {
    /// Looks at a batch.
    pub fn new(device: &Device, batch: &Batch, layout: Layout, heads: usize, frequencies: &[f64]) -> Result<Self> {
        let count = batch.tokens.len();
        let angles = || {
            let positions = batch.positions.iter();
            positions.flat_map(|position| frequencies.iter().map(move |frequency| *position as f64 * frequency))
        };
        let turns = |numbers: Vec<f32>| Tensor::from_vec(numbers, (count, 1, frequencies.len()), device);
        let places: Vec<u32> = batch
            .places
            .iter()
            .map(|(block, slot)| (block * BLOCK + slot) as u32)
            .collect();
        let places = Tensor::from_vec(places, (count, 1), device)?;
        let blocks = blocks(batch);
        let tiles = tiles(pieces(batch, &blocks, heads), heads);
        let mut order = vec![0; count];
        let tokens = tiles.iter().flatten().flat_map(|piece| piece.rows.clone());
        for (at, token) in tokens.enumerate() {
            order[token] = at as u32;
        }
        let tile = |pieces: &Vec<Piece>| Tile::new(device, batch, &blocks, pieces);
        Ok(Self {
            dimension: layout.dimension,
            cosines: turns(angles().map(|angle| angle.cos() as f32).collect())?,
            sines: turns(angles().map(|angle| angle.sin() as f32).collect())?,
            places: places
                .broadcast_as((count, layout.heads * layout.dimension))?
                .contiguous()?,
            tiles: tiles.iter().map(tile).collect::<Result<_>>()?,
            order: Tensor::new(order, device)?,
        })
    }
}

impl Tile {
    /// Of pieces with equally many rows.
    fn new(device: &Device, batch: &Batch, blocks: &[Vec<usize>], pieces: &[Piece]) -> Result<Self> {
        let (sequences, rows) = (pieces.len(), pieces.first().map_or(0, |piece| piece.rows.len()));
        let length = pieces.iter().map(|piece| piece.length).max().unwrap_or(0);
        let tokens = pieces.iter().flat_map(|piece| piece.rows.clone().map(|row| row as u32));
        let positions = pieces.iter().flat_map(|piece| {
            let blocks = &blocks[piece.rows.end - 1];
            // What fills up is never seen: any position will do.
            (0..length).map(move |at| match blocks.get(at / BLOCK) {
                Some(block) => (block * BLOCK + at % BLOCK) as u32,
                None => 0,
            })
        });
        let rows_of = pieces.iter().flat_map(|piece| piece.rows.clone());
        let unseen = rows_of.flat_map(|row| {
            let seen = batch.positions[row] + 1;
            (0..length).map(move |at| if at < seen { 0.0 } else { f32::NEG_INFINITY })
        });
        Ok(Self {
            sequences,
            rows,
            length,
            tokens: Tensor::new(tokens.collect::<Vec<u32>>(), device)?,
            positions: Tensor::new(positions.collect::<Vec<u32>>(), device)?,
            unseen: Tensor::from_vec(unseen.collect::<Vec<f32>>(), (sequences, 1, rows, length), device)?,
        })
    }
}

/// The blocks that each token attends to, in the order of its sequence.
fn blocks(batch: &Batch) -> Vec<Vec<usize>> {
    let mut blocks = vec![Vec::new(); batch.tokens.len()];
    for visit in &batch.visits {
        for (row, _) in &visit.tokens {
            blocks[*row as usize].push(visit.block);
        }
    }
    blocks
}

/// Tokens that follow one another in one sequence, so many that their scores fit a tile.
fn pieces(batch: &Batch, blocks: &[Vec<usize>], heads: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for row in 0..batch.tokens.len() {
        let length = batch.positions[row] + 1;
        match pieces.last_mut() {
            Some(piece)
                if length == piece.length + 1
                    && blocks[row].starts_with(&blocks[row - 1])
                    && heads * length * (piece.rows.len() + 1) <= SCORES =>
            {
                piece.rows.end += 1;
                piece.length = length;
            }
            _ => pieces.push(Piece {
                rows: row..row + 1,
                length,
            }),
        }
    }
    pieces
}

/// Pieces with equally many rows together, those of like length, so many that their scores fit.
fn tiles(mut pieces: Vec<Piece>, heads: usize) -> Vec<Vec<Piece>> {
    pieces.sort_by_key(|piece| (piece.rows.len(), piece.length));
    let mut tiles: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        match tiles.last_mut() {
            Some(tile)
                if tile[0].rows.len() == piece.rows.len()
                    && heads * piece.length * piece.rows.len() * (tile.len() + 1) <= SCORES =>
            {
                tile.push(piece);
            }
            _ => tiles.push(vec![piece]),
        }
    }
    tiles
}
