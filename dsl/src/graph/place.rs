//! Columns: each slot as near as it can be to the middle of what it is connected with.

use super::layers::{Layers, Slot};

/// Times that the rows are gone through, downwards and upwards each.
const SWEEPS: usize = 8;

/// How much a passing line holds its column against the boxes beside it, which would rather have
/// it move than move themselves.
const PASS_WEIGHT: f64 = 4.0;

/// How much a slot holds a place that nothing of its own kind asks for.
const WEAK_WEIGHT: f64 = 0.25;

/// The size of slots, in columns.
pub(super) struct Sizes {
    /// Columns on the left of each slot's middle.
    pub(super) left: Vec<i64>,
    /// Columns on the right of it.
    pub(super) right: Vec<i64>,
    /// Empty columns between two boxes.
    pub(super) gap: i64,
}

impl Sizes {
    /// Columns from the middle of a slot to that of its right neighbour, at least.
    fn apart(&self, layers: &Layers, left: usize, right: usize) -> i64 {
        let pass = |slot: usize| layers.slots[slot] == Slot::Pass;
        let gap = match (pass(left), pass(right)) {
            (false, false) => self.gap,
            (true, true) => 1,
            _ => 2.min(self.gap),
        };
        self.right[left] + self.left[right] + 1 + gap
    }

    /// Columns that a row takes when it is packed.
    pub(super) fn row_width(&self, layers: &Layers, row: &[usize]) -> i64 {
        let inner: i64 = row.windows(2).map(|pair| self.apart(layers, pair[0], pair[1])).sum();
        match (row.first(), row.last()) {
            (Some(first), Some(last)) => self.left[*first] + inner + self.right[*last] + 1,
            _ => 0,
        }
    }
}

/// Which rows a slot looks at for its place.
#[derive(Clone, Copy)]
enum Look {
    Up,
    Down,
    Both,
}

/// The middle column of each slot, the leftmost box at column 0. With `columns`, nothing stands
/// beyond them, provided that each row packed has room there.
pub(super) fn centres(layers: &Layers, sizes: &Sizes, columns: Option<i64>) -> Vec<i64> {
    let mut middles = vec![0.0; layers.slots.len()];
    for row in &layers.rows {
        let mut at = -(sizes.row_width(layers, row) as f64) / 2.0;
        for (place, slot) in row.iter().enumerate() {
            at += if place == 0 {
                sizes.left[*slot] as f64
            } else {
                sizes.apart(layers, row[place - 1], *slot) as f64
            };
            middles[*slot] = at;
        }
    }
    for _ in 0..SWEEPS {
        sweep(layers, sizes, columns, Look::Up, &mut middles);
        sweep(layers, sizes, columns, Look::Down, &mut middles);
    }
    for _ in 0..SWEEPS / 2 {
        sweep(layers, sizes, columns, Look::Both, &mut middles);
    }
    whole(layers, sizes, columns, &middles)
}

fn sweep(layers: &Layers, sizes: &Sizes, columns: Option<i64>, look: Look, middles: &mut [f64]) {
    let count = layers.rows.len();
    for at in 0..count {
        let at = if matches!(look, Look::Down) { count - 1 - at } else { at };
        let row = &layers.rows[at];
        let wishes: Vec<(f64, f64)> = row.iter().map(|slot| wish(layers, look, *slot, middles)).collect();
        for (slot, middle) in row.iter().zip(settle(layers, sizes, columns, row, &wishes)) {
            middles[*slot] = middle;
        }
    }
}

/// Where a slot would like to be, and how much. Boxes look at boxes, lines at lines, as long as
/// there are any: so that chains are straight and lines go round them.
fn wish(layers: &Layers, look: Look, slot: usize, middles: &[f64]) -> (f64, f64) {
    let none: &[usize] = &[];
    let (up, down) = match look {
        Look::Up => (layers.up[slot].as_slice(), none),
        Look::Down => (none, layers.down[slot].as_slice()),
        Look::Both => (layers.up[slot].as_slice(), layers.down[slot].as_slice()),
    };
    let is_pass = |slot: usize| layers.slots[slot] == Slot::Pass;
    let mean = |alike: bool| {
        let (mut sum, mut count) = (0.0, 0);
        for other in up
            .iter()
            .chain(down)
            .filter(|other| (is_pass(**other) == is_pass(slot)) == alike)
        {
            sum += middles[*other];
            count += 1;
        }
        (count > 0).then(|| (sum / f64::from(count), f64::from(count)))
    };
    match (mean(true), mean(false)) {
        (Some((middle, _)), _) if is_pass(slot) => (middle, PASS_WEIGHT),
        (Some(found), _) => found,
        (None, Some((middle, _))) => (middle, WEAK_WEIGHT),
        (None, None) => (middles[slot], WEAK_WEIGHT),
    }
}

/// The middles nearest to the wishes, in the sense of least squares, at which no two slots of the
/// row overlap: pooled neighbours (Ayer et al. 1955) of the wishes less the slots' own offsets.
fn settle(layers: &Layers, sizes: &Sizes, columns: Option<i64>, row: &[usize], wishes: &[(f64, f64)]) -> Vec<f64> {
    let offsets = offsets(layers, sizes, row);
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (offset, (middle, weight)) in offsets.iter().zip(wishes) {
        let mut pool = (middle - *offset as f64, *weight, 1);
        while let Some(before) = pools.last().copied().filter(|before| before.0 >= pool.0) {
            pools.pop();
            let weight = before.1 + pool.1;
            pool = (
                (before.0 * before.1 + pool.0 * pool.1) / weight,
                weight,
                before.2 + pool.2,
            );
        }
        pools.push(pool);
    }
    let free = columns.map(|columns| (columns - sizes.row_width(layers, row)).max(0) as f64);
    let values = pools
        .iter()
        .flat_map(|(value, _, size)| std::iter::repeat_n(*value, *size));
    values
        .zip(&offsets)
        .map(|(value, offset)| free.map_or(value, |free| value.clamp(0.0, free)) + *offset as f64)
        .collect()
}

/// The middles of a row's slots when it is packed from column 0.
fn offsets(layers: &Layers, sizes: &Sizes, row: &[usize]) -> Vec<i64> {
    let mut at = row.first().map_or(0, |first| sizes.left[*first]);
    let mut offsets = Vec::with_capacity(row.len());
    for (place, slot) in row.iter().enumerate() {
        if place > 0 {
            at += sizes.apart(layers, row[place - 1], *slot);
        }
        offsets.push(at);
    }
    offsets
}

/// Whole columns, moved so that the leftmost slot touches column 0.
fn whole(layers: &Layers, sizes: &Sizes, columns: Option<i64>, middles: &[f64]) -> Vec<i64> {
    let mut centres = vec![0; middles.len()];
    for row in &layers.rows {
        // Rounding what is left without the offsets keeps slots that just touch apart.
        for (slot, offset) in row.iter().zip(offsets(layers, sizes, row)) {
            centres[*slot] = (middles[*slot] - offset as f64 + 1e-6).round() as i64 + offset;
        }
    }
    debug_assert!(columns.is_none() || centres.iter().all(|centre| *centre >= 0));
    let left = (0..centres.len())
        .map(|slot| centres[slot] - sizes.left[slot])
        .min()
        .unwrap_or(0);
    centres.iter().map(|centre| centre - left).collect()
}

#[cfg(test)]
mod tests;
