//! The lines between two rows: where they enter boxes, and the track on which each runs sideways.
//!
//! Slots of the upper row that lead to exactly the same slots of the lower row share a net: all of
//! them lead to all of those, so nothing is lost. Lines of two nets meet at right angles only: a
//! line enters a slot at a column at which no line of another net leaves the row above.

use super::layers::{Layers, Slot};
use std::collections::{HashMap, HashSet};

/// Nets between two rows whose tracks are ordered for few crossings; with more they stay as they are.
const MAX_ORDERED: usize = 64;

/// Slots that lead, all of them, to the same slots of the next row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) from: Vec<usize>,
    pub(super) to: Vec<usize>,
}

/// A net with its columns.
#[derive(Debug)]
pub(super) struct Routed {
    /// Slots and the columns at which their lines leave.
    pub(super) from: Vec<(usize, i64)>,
    /// Slots and the columns at which lines enter them.
    pub(super) to: Vec<(usize, i64)>,
    /// The track from the top, or none for a line straight down.
    pub(super) track: Option<usize>,
}

/// The nets below a row, in the order of the row.
pub(super) fn nets(layers: &Layers, row: usize) -> Vec<Net> {
    let mut nets: Vec<Net> = Vec::new();
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    for slot in &layers.rows[row] {
        let mut to = layers.down[*slot].clone();
        if to.is_empty() {
            continue;
        }
        to.sort_unstable();
        let next = nets.len();
        let net = *known.entry(to.clone()).or_insert(next);
        if net == next {
            nets.push(Net { from: Vec::new(), to });
        }
        nets[net].from.push(*slot);
    }
    nets
}

/// Lines that enter each slot.
pub(super) fn entries(layers: &Layers) -> Vec<usize> {
    let mut entries = vec![0; layers.slots.len()];
    for row in 0..layers.rows.len() {
        for net in nets(layers, row) {
            net.to.iter().for_each(|slot| entries[*slot] += 1);
        }
    }
    entries
}

/// Routes the nets between two rows. `columns` are the slots' own: lines leave there, and lines
/// that pass the lower row move to where theirs enters. `ranges` gives the columns at which each slot
/// can be entered. Also gives the number of tracks.
pub(super) fn route(layers: &Layers, nets: &[Net], columns: &mut [i64], ranges: &[(i64, i64)]) -> (Vec<Routed>, usize) {
    let mut routed: Vec<Routed> = nets
        .iter()
        .map(|net| Routed {
            from: net.from.iter().map(|slot| (*slot, columns[*slot])).collect(),
            to: Vec::new(),
            track: None,
        })
        .collect();
    let mut leaving: HashMap<i64, usize> = HashMap::new();
    let mut entering: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (at, net) in nets.iter().enumerate() {
        leaving.extend(net.from.iter().map(|slot| (columns[*slot], at)));
        for slot in &net.to {
            let next = entering.len();
            let place = *places.entry(*slot).or_insert(next);
            if place == next {
                entering.push((*slot, Vec::new()));
            }
            entering[place].1.push(at);
        }
    }
    for (slot, mut above) in entering {
        let is_pass = layers.slots[slot] == Slot::Pass;
        above.sort_by_key(|net| middle(&routed[*net].from));
        let mut taken = HashSet::new();
        let mut last = i64::MIN;
        for (place, net) in above.iter().enumerate() {
            let wish = wish(&routed[*net], columns[slot], ranges[slot], (place, above.len()));
            let others =
                |column: i64| taken.contains(&column) || leaving.get(&column).is_some_and(|other| other != net);
            let column = entrance(wish, ranges[slot], last, &others);
            taken.insert(column);
            last = last.max(column);
            routed[*net].to.push((slot, column));
            if is_pass {
                columns[slot] = column;
            }
        }
    }
    let tracks = assign_tracks(&mut routed);
    (routed, tracks)
}

/// The best column that no line of another net has, looked for on both sides of the wish.
fn entrance(wish: i64, reach: (i64, i64), last: i64, others: &dyn Fn(i64) -> bool) -> i64 {
    let mut best: Option<(i64, i64)> = None;
    for distance in 0..=wish.abs_diff(reach.0).max(wish.abs_diff(reach.1)) as i64 {
        for column in [wish - distance, wish + distance] {
            if !(reach.0..=reach.1).contains(&column) || others(column) {
                continue;
            }
            // Lines side by side are hard to tell apart, and lines that change sides cross.
            let crowded = others(column - 1) || others(column + 1);
            let cost = distance + 3 * i64::from(crowded) + 2 * i64::from(column <= last);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, column));
            }
        }
        if best.is_some_and(|(cost, _)| cost <= distance) {
            break;
        }
    }
    best.map_or(wish, |(_, column)| column)
}

/// Twice the mean of the columns, as a whole number.
fn middle(ends: &[(usize, i64)]) -> i64 {
    let sum: i64 = ends.iter().map(|(_, column)| column).sum();
    2 * sum / (ends.len() as i64).max(1)
}

/// Where a net would enter a slot best: straight from above where that is near, else at the place
/// of the middle that is its own among the slot's nets.
fn wish(net: &Routed, centre: i64, reach: (i64, i64), (place, count): (usize, usize)) -> i64 {
    let apart = ((reach.1 - reach.0) / count as i64).clamp(1, 4);
    let own = centre + (2 * place as i64 - (count as i64 - 1)) * apart / 2;
    let near = if net.from.len() == 1 { i64::MAX } else { 2 };
    let straight = net.from.iter().map(|(_, column)| *column);
    straight
        .filter(|column| (reach.0..=reach.1).contains(column) && (column - own).abs() <= near)
        .min_by_key(|column| (column - own).abs())
        .unwrap_or(own)
}

/// The columns that a net's track covers.
fn span(net: &Routed) -> (i64, i64) {
    let columns = || net.from.iter().chain(&net.to).map(|(_, column)| *column);
    (columns().min().unwrap_or(0), columns().max().unwrap_or(0))
}

/// Gives every net that is not straight a track: nets that overlap never share one.
fn assign_tracks(nets: &mut [Routed]) -> usize {
    let spans: Vec<(i64, i64)> = nets.iter().map(span).collect();
    let bent = (0..nets.len()).filter(|net| spans[*net].0 < spans[*net].1);
    let mut order: Vec<usize> = Vec::new();
    let ordered = nets.len() <= MAX_ORDERED;
    for net in bent {
        let at = if ordered {
            best_place(nets, &spans, &order, net)
        } else {
            order.len()
        };
        order.insert(at, net);
    }
    let mut tracks = 0;
    for at in 0..order.len() {
        let (left, right) = spans[order[at]];
        let above = order[..at]
            .iter()
            .filter(|other| spans[**other].0 <= right + 1 && left <= spans[**other].1 + 1)
            .filter_map(|other| nets[*other].track)
            .max();
        let track = above.map_or(0, |above| above + 1);
        nets[order[at]].track = Some(track);
        tracks = tracks.max(track + 1);
    }
    tracks
}

/// The place among the ordered nets at which one more gives the fewest crossings, the lowest of them.
fn best_place(nets: &[Routed], spans: &[(i64, i64)], order: &[usize], net: usize) -> usize {
    let mut cost: i64 = order.iter().map(|other| crossings(nets, spans, net, *other)).sum();
    let mut best = (cost, 0);
    for (at, other) in order.iter().enumerate() {
        cost += crossings(nets, spans, *other, net) - crossings(nets, spans, net, *other);
        if cost <= best.0 {
            best = (cost, at + 1);
        }
    }
    best.1
}

/// Crossings of two nets when one runs above the other.
fn crossings(nets: &[Routed], spans: &[(i64, i64)], above: usize, below: usize) -> i64 {
    let within = |ends: &[(usize, i64)], (left, right): (i64, i64)| {
        ends.iter()
            .filter(|(_, column)| left < *column && *column < right)
            .count() as i64
    };
    within(&nets[below].from, spans[above]) + within(&nets[above].to, spans[below])
}

#[cfg(test)]
mod tests;
