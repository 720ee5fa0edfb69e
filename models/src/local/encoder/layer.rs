//! One layer: attention, then a feed-forward network, each added to what came in.

use super::parts::{Linear, Norm};
use crate::local::kernels::{Activate, Attend, Mask, Rotate, Rotation};
use candle_core::{Result, Tensor, bail};
use std::sync::Arc;

/// Where rows are normalised.
pub enum Norms {
    /// After each addition (Vaswani et al. 2017).
    After { attention: Norm, feed: Norm },
    /// Before each part (Xiong et al. 2020); a first layer may have none before its attention.
    Before { attention: Option<Norm>, feed: Norm },
}

/// See the module.
pub struct Layer {
    pub attention: Attention,
    pub feed: Feed,
    pub norms: Norms,
}

impl Layer {
    pub fn apply(&self, states: &Tensor, lengths: &[usize]) -> Result<Tensor> {
        match &self.norms {
            Norms::After { attention, feed } => {
                let states = attention.apply(&(states + self.attention.apply(states, lengths)?)?)?;
                feed.apply(&(&states + self.feed.apply(&states)?)?)
            }
            Norms::Before { attention, feed } => {
                let scaled = attention.as_ref().map(|norm| norm.apply(states)).transpose()?;
                let attended = self.attention.apply(scaled.as_ref().unwrap_or(states), lengths)?;
                let states = (states + attended)?;
                let fed = self.feed.apply(&feed.apply(&states)?)?;
                states + fed
            }
        }
    }
}

/// What tokens take from each other.
pub struct Attention {
    /// Queries, keys and values side by side.
    pub inputs: Linear,
    pub output: Linear,
    pub heads: usize,
    /// Heads of keys and of values.
    pub shared_heads: usize,
    /// Numbers in a head.
    pub dimension: usize,
    pub mask: Mask,
    /// How positions are put in, where they are not learned.
    pub rotation: Option<Arc<Rotation>>,
    /// What each head of queries, and of keys, is scaled by first.
    pub head_norms: Option<(Norm, Norm)>,
}

impl Attention {
    fn apply(&self, states: &Tensor, lengths: &[usize]) -> Result<Tensor> {
        let inputs = self.inputs.apply(states)?;
        let (width, shared) = (self.heads * self.dimension, self.shared_heads * self.dimension);
        if self.inputs.outputs() != width + 2 * shared {
            bail!(
                "{} numbers where {} heads and 2 × {} of {} are made",
                self.inputs.outputs(),
                self.heads,
                self.shared_heads,
                self.dimension
            );
        }
        let queries = self.placed(inputs.narrow(1, 0, width)?, lengths, |(queries, _)| queries)?;
        let keys = self.placed(inputs.narrow(1, width, shared)?, lengths, |(_, keys)| keys)?;
        let values = inputs.narrow(1, width + shared, shared)?;
        let attend = Attend {
            lengths,
            dimension: self.dimension,
            mask: self.mask,
        };
        self.output.apply(&queries.apply_op3_no_bwd(&keys, &values, &attend)?)
    }

    /// Queries or keys that know their positions.
    fn placed(&self, rows: Tensor, lengths: &[usize], norm: impl Fn(&(Norm, Norm)) -> &Norm) -> Result<Tensor> {
        let Some(rotation) = &self.rotation else {
            return Ok(rows);
        };
        rows.apply_op1_no_bwd(&Rotate {
            rotation,
            lengths,
            normalise: self.head_norms.as_ref().map(|norms| norm(norms).operation()),
        })
    }
}

/// What a token makes of itself.
pub struct Feed {
    pub widen: Linear,
    pub activate: Activate,
    pub narrow: Linear,
}

impl Feed {
    fn apply(&self, states: &Tensor) -> Result<Tensor> {
        self.narrow
            .apply(&self.widen.apply(states)?.apply_op1_no_bwd(&self.activate)?)
    }
}
