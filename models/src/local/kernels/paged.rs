//! Attention of new tokens to keys and values that are kept in blocks, many sequences at once.
//!
//! A block is read once for all tokens that attend to it, however many sequences share it. What comes out for a
//! token does not depend on which others are computed with it.

use super::{ARCH, math};
use pulp::NullaryFnOnce;
use rayon::prelude::*;

/// Positions in a block: two of the widest registers of scores.
pub const BLOCK: usize = 32;

/// One block, and the new tokens that attend to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Which block.
    pub block: usize,
    /// For each token, its row and how many of the block's positions it sees. A row's visits come in the order of
    /// its sequence.
    pub tokens: Vec<(u32, u32)>,
}

/// How the numbers of keys and values lie.
///
/// A block holds for each layer, and in it for each head, [`BLOCK`] keys and then as many values; keys lie number by
/// number, so that scores are made side by side, values token by token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Layers of the model.
    pub layers: usize,
    /// Heads of keys and values.
    pub heads: usize,
    /// Numbers in a head.
    pub dimension: usize,
}

impl Layout {
    /// Numbers in a block.
    pub fn block(&self) -> usize {
        self.layers * self.layer()
    }

    fn layer(&self) -> usize {
        self.heads * self.head()
    }

    fn head(&self) -> usize {
        2 * BLOCK * self.dimension
    }

    /// Where the keys of one head begin.
    fn at(&self, block: usize, layer: usize, head: usize) -> usize {
        block * self.block() + layer * self.layer() + head * self.head()
    }

    /// Puts the key and the value of one token, all heads side by side, into `slot` of `block`.
    pub fn put(&self, numbers: &mut [f32], (block, slot): (usize, usize), layer: usize, key: &[f32], value: &[f32]) {
        let heads = key.chunks_exact(self.dimension).zip(value.chunks_exact(self.dimension));
        for (head, (key, value)) in heads.enumerate() {
            let place = &mut numbers[self.at(block, layer, head)..][..self.head()];
            let (keys, values) = place.split_at_mut(BLOCK * self.dimension);
            for (keys, number) in keys.chunks_exact_mut(BLOCK).zip(key) {
                keys[slot] = *number;
            }
            values[slot * self.dimension..][..self.dimension].copy_from_slice(value);
        }
    }
}

/// Attention in one layer.
pub struct Attention<'a> {
    /// Keys and values.
    pub numbers: &'a [f32],
    /// How they lie.
    pub layout: Layout,
    /// The layer.
    pub layer: usize,
    /// What is attended to by whom.
    pub visits: &'a [Visit],
}

impl Attention<'_> {
    /// Softmax of queries times keys over the square root of the dimension, times values (Vaswani et al. 2017), a row
    /// a token. Rows are heads side by side; several of them share a head of keys where there are fewer of those.
    pub fn apply(&self, queries: &[f32], width: usize, out: &mut [f32]) {
        let group = width / self.layout.heads;
        let tokens = queries.len() / width.max(1);
        let one = |head: usize| {
            let mut mixed = vec![0.0; tokens * group];
            ARCH.dispatch(Head {
                how: self,
                head,
                queries,
                width,
                group,
                mixed: &mut mixed,
            });
            mixed
        };
        let heads: Vec<Vec<f32>> = if rayon::current_num_threads() > 1 {
            (0..self.layout.heads).into_par_iter().map(one).collect()
        } else {
            (0..self.layout.heads).map(one).collect()
        };
        for (at, out) in out.chunks_exact_mut(group).enumerate() {
            let (token, head) = (at / self.layout.heads, at % self.layout.heads);
            out.copy_from_slice(&heads[head][token * group..][..group]);
        }
    }
}

/// One head of keys and values with all queries that go to it.
struct Head<'a> {
    how: &'a Attention<'a>,
    head: usize,
    queries: &'a [f32],
    /// Numbers in a row of queries.
    width: usize,
    /// Numbers of a row that belong to this head.
    group: usize,
    mixed: &'a mut [f32],
}

/// What is known of a query so far: the greatest score, and the sum of the weights.
#[derive(Clone, Copy)]
struct Seen {
    greatest: f32,
    sum: f32,
}

impl NullaryFnOnce for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Attention {
            numbers,
            layout,
            layer,
            visits,
        } = *self.how;
        let dimension = layout.dimension;
        let sharing = self.group / dimension;
        let tokens = self.queries.len() / self.width;
        let nothing = Seen {
            greatest: f32::MIN,
            sum: 0.0,
        };
        let mut seen = vec![nothing; tokens * sharing];
        let mut asked: Vec<(usize, usize)> = Vec::new();
        for visit in visits {
            let place = &numbers[layout.at(visit.block, layer, self.head)..][..layout.head()];
            let (keys, values) = place.split_at(BLOCK * dimension);
            asked.clear();
            for &(token, count) in &visit.tokens {
                for query in 0..sharing {
                    asked.push((token as usize * sharing + query, count as usize));
                }
            }
            let mut tile = Tile {
                queries: self.queries,
                from: self.head * self.group,
                width: self.width,
                sharing,
                dimension,
                keys,
                values,
                seen: &mut seen,
                mixed: self.mixed,
            };
            let (fours, rest) = asked.as_chunks::<4>();
            for four in fours {
                tile.attend(four);
            }
            let (twos, rest) = rest.as_chunks::<2>();
            for two in twos {
                tile.attend(two);
            }
            for one in rest {
                tile.attend(&[*one]);
            }
        }
        for (mixed, seen) in self.mixed.chunks_exact_mut(dimension).zip(&seen) {
            let factor = 1.0 / seen.sum;
            for number in mixed {
                *number *= factor;
            }
        }
    }
}

/// A block and a few queries that are computed together, so that what is read of it is read once.
struct Tile<'a> {
    queries: &'a [f32],
    from: usize,
    width: usize,
    sharing: usize,
    dimension: usize,
    keys: &'a [f32],
    values: &'a [f32],
    seen: &'a mut [Seen],
    mixed: &'a mut [f32],
}

impl Tile<'_> {
    #[inline(always)]
    fn query(&self, at: usize) -> &[f32] {
        let (token, query) = (at / self.sharing, at % self.sharing);
        &self.queries[token * self.width + self.from + query * self.dimension..][..self.dimension]
    }

    /// Online softmax (Milakov, Gimelshein 2018).
    #[inline(always)]
    fn attend<const N: usize>(&mut self, asked: &[(usize, usize); N]) {
        let mut weights = self.scores(asked);
        let scale = 1.0 / (self.dimension as f32).sqrt();
        let mut most = 0;
        for at in 0..N {
            let (query, count) = asked[at];
            most = if count > most { count } else { most };
            let weights = &mut weights[at];
            let seen = &mut self.seen[query];
            let greatest = math::greatest(&weights[..count]).max(seen.greatest);
            if greatest > seen.greatest {
                // e^x is not exactly nothing for the first block, and there is nothing to bring to scale.
                if seen.sum > 0.0 {
                    let factor = math::exp((seen.greatest - greatest) * scale);
                    seen.sum *= factor;
                    for number in &mut self.mixed[query * self.dimension..][..self.dimension] {
                        *number *= factor;
                    }
                }
                seen.greatest = greatest;
            }
            for (at, weight) in weights.iter_mut().enumerate() {
                let value = math::exp((*weight - greatest) * scale);
                *weight = if at < count { value } else { 0.0 };
            }
            seen.sum += math::sum(weights.as_slice());
        }
        self.mix(asked, &weights, most);
    }

    #[inline(always)]
    fn scores<const N: usize>(&self, asked: &[(usize, usize); N]) -> [[f32; BLOCK]; N] {
        let mut scores = [[0.0f32; BLOCK]; N];
        let mut queries: [&[f32]; N] = [&[]; N];
        for at in 0..N {
            queries[at] = self.query(asked[at].0);
        }
        for (number, keys) in self.keys.as_chunks::<BLOCK>().0.iter().enumerate() {
            for at in 0..N {
                let query = queries[at][number];
                for lane in 0..BLOCK {
                    scores[at][lane] = query.mul_add(keys[lane], scores[at][lane]);
                }
            }
        }
        scores
    }

    #[inline(always)]
    fn mix<const N: usize>(&mut self, asked: &[(usize, usize); N], weights: &[[f32; BLOCK]; N], most: usize) {
        let whole = self.dimension / BLOCK * BLOCK;
        for begin in (0..whole).step_by(BLOCK) {
            let mut sums = [[0.0f32; BLOCK]; N];
            for at in 0..N {
                sums[at].copy_from_slice(&self.mixed[asked[at].0 * self.dimension + begin..][..BLOCK]);
            }
            for (slot, values) in self.values.chunks_exact(self.dimension).take(most).enumerate() {
                let values: &[f32] = &values[begin..][..BLOCK];
                for at in 0..N {
                    let weight = weights[at][slot];
                    for lane in 0..BLOCK {
                        sums[at][lane] = weight.mul_add(values[lane], sums[at][lane]);
                    }
                }
            }
            for at in 0..N {
                self.mixed[asked[at].0 * self.dimension + begin..][..BLOCK].copy_from_slice(&sums[at]);
            }
        }
        for at in 0..N {
            for number in whole..self.dimension {
                let mixed = &mut self.mixed[asked[at].0 * self.dimension + number];
                for (weight, values) in weights[at][..most].iter().zip(self.values.chunks_exact(self.dimension)) {
                    *mixed = weight.mul_add(values[number], *mixed);
                }
            }
        }
    }
}
