//! Operations of a decoder's layer on rows of numbers, in place or from one slice to another.

use super::{ARCH, Normalise, math};
use pulp::NullaryFnOnce;

/// `out` becomes the normalised `rows`; both as wide as the gain.
pub fn normalise(how: &Normalise<'_>, rows: &[f32], out: &mut [f32]) {
    ARCH.dispatch(Each { how, rows, out });
}

struct Each<'a> {
    how: &'a Normalise<'a>,
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for Each<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.how.gain.len();
        for (row, out) in self.rows.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            self.how.row(row, out);
        }
    }
}

/// `gates` become silu(gates) × `numbers` (Shazeer 2020).
pub fn gate(gates: &mut [f32], numbers: &[f32]) {
    ARCH.dispatch(Gate { gates, numbers });
}

struct Gate<'a> {
    gates: &'a mut [f32],
    numbers: &'a [f32],
}

impl NullaryFnOnce for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (gate, number) in self.gates.iter_mut().zip(self.numbers) {
            *gate = math::silu(*gate) * number;
        }
    }
}

/// Adds numbers to `sums`.
pub fn add(sums: &mut [f32], numbers: &[f32]) {
    ARCH.dispatch(Add { sums, numbers });
}

struct Add<'a> {
    sums: &'a mut [f32],
    numbers: &'a [f32],
}

impl NullaryFnOnce for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (sum, number) in self.sums.iter_mut().zip(self.numbers) {
            *sum += number;
        }
    }
}

/// Cosines and sines for each row of a step.
#[derive(Debug, Default)]
pub struct Turns {
    /// For a row, half as many cosines as a head has numbers, and then as many sines.
    numbers: Vec<f32>,
    half: usize,
}

impl Turns {
    /// Of rows at `positions`; `frequencies` are the angles of one position.
    pub fn new(frequencies: &[f64], positions: impl Iterator<Item = usize>) -> Self {
        let mut numbers = Vec::new();
        for position in positions {
            let angles = frequencies.iter().map(|frequency| position as f64 * frequency);
            numbers.extend(angles.clone().map(|angle| angle.cos() as f32));
            numbers.extend(angles.map(|angle| angle.sin() as f32));
        }
        Self {
            numbers,
            half: frequencies.len(),
        }
    }

    /// For each row half as many cosines as a head has numbers, and then as many sines.
    #[cfg(feature = "cuda")]
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// Turns every head of every row (Su et al. 2021), normalised before where the family does so.
    pub fn apply(&self, rows: &mut [f32], width: usize, normalise: Option<&Normalise<'_>>) {
        ARCH.dispatch(Turn {
            turns: self,
            rows,
            width,
            normalise,
        });
    }
}

struct Turn<'a> {
    turns: &'a Turns,
    rows: &'a mut [f32],
    width: usize,
    normalise: Option<&'a Normalise<'a>>,
}

impl NullaryFnOnce for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let half = self.turns.half;
        let mut before = vec![0.0; 2 * half];
        let turns = self.turns.numbers.chunks_exact(2 * half);
        for (row, turns) in self.rows.chunks_exact_mut(self.width).zip(turns) {
            let (cosines, sines) = turns.split_at(half);
            for head in row.chunks_exact_mut(2 * half) {
                match self.normalise {
                    Some(normalise) => normalise.row(head, &mut before),
                    None => before.copy_from_slice(head),
                }
                let (low, high) = before.split_at(half);
                let (low_out, high_out) = head.split_at_mut(half);
                for at in 0..half {
                    low_out[at] = low[at] * cosines[at] - high[at] * sines[at];
                    high_out[at] = high[at] * cosines[at] + low[at] * sines[at];
                }
            }
        }
    }
}
