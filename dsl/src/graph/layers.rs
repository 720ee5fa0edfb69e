//! Rows and their order: every node below those that it waits for, with few crossings
//! (Sugiyama, Tagawa, Toda 1981: longest paths, places where long edges pass, barycentres).

use std::collections::HashMap;

/// Times that the rows are gone through for a better order.
const SWEEPS: usize = 12;

/// What stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A node.
    Node(usize),
    /// The line that leaves a node and passes this row: one for all its targets further down.
    Pass,
}

/// A graph in rows; slots are named by their position in `slots`.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) slots: Vec<Slot>,
    /// The rows from top to bottom, each from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// Of each slot, those of the next row that it leads to.
    pub(super) down: Vec<Vec<usize>>,
    /// Of each slot, those of the row before that lead to it.
    pub(super) up: Vec<Vec<usize>>,
}

/// The row of each node: the length of the longest path to it.
pub(super) fn ranks(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut sorted: Vec<(usize, usize)> = edges.iter().map(|(from, to)| (*to, *from)).collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; nodes];
    for (to, from) in sorted {
        ranks[to] = ranks[to].max(ranks[from] + 1);
    }
    ranks
}

impl Layers {
    /// Lays out nodes whose edges all go from an earlier one to a later one; none when that takes
    /// more than `most` slots.
    pub(super) fn new(nodes: usize, edges: &[(usize, usize)], most: usize) -> Option<Self> {
        if nodes > most {
            return None;
        }
        let ranks = ranks(nodes, edges);
        let height = ranks.iter().max().map_or(0, |last| last + 1);
        let mut layers = Self {
            slots: (0..nodes).map(Slot::Node).collect(),
            rows: vec![Vec::new(); height],
            down: vec![Vec::new(); nodes],
            up: vec![Vec::new(); nodes],
        };
        for (node, rank) in ranks.iter().enumerate() {
            layers.rows[*rank].push(node);
        }
        let mut passes: HashMap<(usize, usize), usize> = HashMap::new();
        for (from, to) in edges {
            let mut above = *from;
            for rank in ranks[*from] + 1..ranks[*to] {
                let next = layers.slots.len();
                let pass = *passes.entry((*from, rank)).or_insert(next);
                if pass == next {
                    if next == most {
                        return None;
                    }
                    layers.add_pass(rank);
                    layers.link(above, pass);
                }
                above = pass;
            }
            layers.link(above, *to);
        }
        layers.order();
        Some(layers)
    }

    fn add_pass(&mut self, rank: usize) {
        self.rows[rank].push(self.slots.len());
        self.slots.push(Slot::Pass);
        self.down.push(Vec::new());
        self.up.push(Vec::new());
    }

    fn link(&mut self, from: usize, to: usize) {
        self.down[from].push(to);
        self.up[to].push(from);
    }

    /// Sorts the rows by the middle of what they are connected with, downwards and upwards in turn,
    /// and keeps the order with the fewest crossings.
    fn order(&mut self) {
        let mut places = vec![0.0; self.slots.len()];
        self.rows.iter().for_each(|row| note_places(row, &mut places));
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            let downwards = sweep % 2 == 0;
            for at in 0..self.rows.len() {
                let at = if downwards { at } else { self.rows.len() - 1 - at };
                self.sort_row(at, downwards, &mut places);
            }
            let crossings = self.crossings();
            if crossings < best.0 || sweep == 0 && crossings == best.0 {
                best = (crossings, self.rows.clone());
            }
            if best.0 == 0 {
                break;
            }
        }
        self.rows = best.1;
    }

    fn sort_row(&mut self, at: usize, downwards: bool, places: &mut [f64]) {
        let neighbours = if downwards { &self.up } else { &self.down };
        let mut keyed: Vec<(f64, bool, usize)> = self.rows[at]
            .iter()
            .map(|slot| {
                let near = &neighbours[*slot];
                let sum: f64 = near.iter().map(|other| places[*other]).sum();
                let key = if near.is_empty() {
                    places[*slot]
                } else {
                    sum / near.len() as f64
                };
                (key, self.slots[*slot] == Slot::Pass, *slot)
            })
            .collect();
        // Lines that pass stand outside of the boxes that they would share a place with.
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.rows[at] = keyed.into_iter().map(|(.., slot)| slot).collect();
        note_places(&self.rows[at], places);
    }

    /// Pairs of edges that cross, in all rows together.
    fn crossings(&self) -> usize {
        let mut position = vec![0; self.slots.len()];
        for row in &self.rows {
            for (at, slot) in row.iter().enumerate() {
                position[*slot] = at;
            }
        }
        self.rows
            .iter()
            .map(|row| {
                let mut ends: Vec<(usize, usize)> = Vec::new();
                for slot in row {
                    ends.extend(self.down[*slot].iter().map(|to| (position[*slot], position[*to])));
                }
                ends.sort_unstable();
                inversions(ends.into_iter().map(|(_, to)| to).collect())
            })
            .sum()
    }
}

/// Where the slots of a row stand between its left end, 0, and its right end, 1.
fn note_places(row: &[usize], places: &mut [f64]) {
    for (at, slot) in row.iter().enumerate() {
        places[*slot] = (at as f64 + 0.5) / row.len() as f64;
    }
}

/// Pairs that stand in the wrong order, counted while they are merged.
fn inversions(mut values: Vec<usize>) -> usize {
    let mut count = 0;
    let mut merged = values.clone();
    let mut size = 1;
    while size < values.len() {
        for start in (0..values.len()).step_by(2 * size) {
            let middle = (start + size).min(values.len());
            let end = (start + 2 * size).min(values.len());
            let (mut left, mut right) = (start, middle);
            for place in &mut merged[start..end] {
                if right == end || left < middle && values[left] <= values[right] {
                    *place = values[left];
                    left += 1;
                } else {
                    *place = values[right];
                    right += 1;
                    count += middle - left;
                }
            }
        }
        std::mem::swap(&mut values, &mut merged);
        size *= 2;
    }
    count
}

#[cfg(test)]
mod tests;
