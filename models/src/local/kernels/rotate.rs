//! Positions put into queries and keys by turning them (Su et al. 2021).

use super::{EachRow, Normalise, Rows};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};

/// Cosines and sines of the angles of every position.
#[derive(Debug)]
pub struct Rotation {
    /// For a position, `half` cosines and then as many sines.
    turns: Vec<f32>,
    half: usize,
}

impl Rotation {
    /// Of heads of `dimension` numbers at the positions below `positions`; `theta` is the base of the wavelengths.
    pub fn new(dimension: usize, positions: usize, theta: f64) -> Self {
        let half = dimension / 2;
        let mut turns = Vec::with_capacity(positions * dimension);
        for position in 0..positions {
            let angle = |at: usize| position as f64 / theta.powf(2.0 * at as f64 / dimension as f64);
            turns.extend((0..half).map(|at| angle(at).cos() as f32));
            turns.extend((0..half).map(|at| angle(at).sin() as f32));
        }
        Self { turns, half }
    }

    /// Positions that it knows.
    pub fn positions(&self) -> usize {
        self.turns.len() / (2 * self.half).max(1)
    }
}

/// Turns each head of every row by its position in its text; before that, each head is normalised where the family
/// does so.
pub struct Rotate<'a> {
    /// The angles.
    pub rotation: &'a Rotation,
    /// Tokens of each text; texts lie one after the other.
    pub lengths: &'a [usize],
    /// What happens to a head first.
    pub normalise: Option<Normalise<'a>>,
}

impl CustomOp1 for Rotate<'_> {
    fn name(&self) -> &'static str {
        "rotate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let longest = self.lengths.iter().max().copied().unwrap_or_default();
        if longest > self.rotation.positions() {
            candle_core::bail!("{longest} tokens where {} have a position", self.rotation.positions());
        }
        let head = 2 * self.rotation.half;
        let norm = self.normalise.as_ref().map_or(head, |normalise| normalise.gain.len());
        if head == 0 || width % head != 0 || norm != head {
            candle_core::bail!("rows of {width} numbers are no heads of {head}, normalised by {norm} factors");
        }
        self.filled(storage, layout)
    }
}

impl EachRow for Rotate<'_> {
    #[inline(always)]
    fn fill(&self, rows: Rows<'_>, out: &mut [f32]) {
        let half = self.rotation.half;
        let positions = self.lengths.iter().flat_map(|length| 0..*length);
        let mut head_in = vec![0.0; 2 * half];
        for ((position, row), out) in positions.zip(0..).zip(out.chunks_exact_mut(rows.width)) {
            let (cosines, sines) = self.rotation.turns[position * 2 * half..][..2 * half].split_at(half);
            let heads = rows.row(row).chunks_exact(2 * half);
            for (head, out) in heads.zip(out.chunks_exact_mut(2 * half)) {
                let head = match &self.normalise {
                    Some(normalise) => {
                        normalise.row(head, &mut head_in);
                        &head_in
                    }
                    None => head,
                };
                let ((low, high), (low_out, high_out)) = (head.split_at(half), out.split_at_mut(half));
                for at in 0..half {
                    low_out[at] = low[at] * cosines[at] - high[at] * sines[at];
                    high_out[at] = high[at] * cosines[at] + low[at] * sines[at];
                }
            }
        }
    }
}
