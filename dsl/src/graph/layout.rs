//! Where every box and every line stands.

use super::block::{Block, Style};
use super::label;
use super::layers::{Layers, Slot};
use super::picture::{Picture, Placed, Tip, Wire, packed};
use super::place::{Sizes, centres};
use super::route::{self, Routed};

impl Block {
    /// Columns and rows of the box with its second edge, at least.
    fn size(&self) -> (i64, i64) {
        let text = self.lines.iter().map(|line| label::width(line)).max().unwrap_or(0) as i64;
        let (inner_width, inner_height) = self
            .inside
            .as_ref()
            .map_or((0, 0), |inside| (inside.width, inside.height));
        let edge = i64::from(self.stacked);
        (
            text.max(inner_width) + 4 + edge,
            self.lines.len() as i64 + inner_height + 2 + edge,
        )
    }
}

/// Lays out boxes and the edges between them, or gives none where they take too many columns or slots.
pub(super) fn lay_out(blocks: Vec<Block>, edges: &[(usize, usize)], style: &Style) -> Option<Picture> {
    let columns = style.columns.map(|columns| columns as i64);
    if blocks.len() > style.most || columns.is_some_and(|columns| blocks.iter().any(|block| block.size().0 > columns)) {
        return None;
    }
    let parts = parts(blocks.len(), edges);
    let mut place_in_part = vec![0; blocks.len()];
    let mut part_of = vec![0; blocks.len()];
    for (number, part) in parts.iter().enumerate() {
        for (place, node) in part.iter().enumerate() {
            place_in_part[*node] = place;
            part_of[*node] = number;
        }
    }
    let mut edges_of = vec![Vec::new(); parts.len()];
    for (from, to) in edges {
        edges_of[part_of[*from]].push((place_in_part[*from], place_in_part[*to]));
    }
    let mut left: Vec<Option<Block>> = blocks.into_iter().map(Some).collect();
    let mut pictures = Vec::with_capacity(parts.len());
    for (part, edges) in parts.iter().zip(&edges_of) {
        let blocks = part.iter().filter_map(|node| left[*node].take()).collect();
        pictures.push(part_picture(blocks, edges, style, columns)?);
    }
    Some(packed(pictures, columns))
}

/// The connected parts of a graph, each with its nodes in order.
fn parts(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut near = vec![Vec::new(); nodes];
    for (from, to) in edges {
        near[*from].push(*to);
        near[*to].push(*from);
    }
    let mut seen = vec![false; nodes];
    let mut parts = Vec::new();
    for start in 0..nodes {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut part = vec![start];
        let mut next = 0;
        while let Some(node) = part.get(next).copied() {
            next += 1;
            for other in &near[node] {
                if !std::mem::replace(&mut seen[*other], true) {
                    part.push(*other);
                }
            }
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

/// A connected graph in rows.
fn part_picture(blocks: Vec<Block>, edges: &[(usize, usize)], style: &Style, columns: Option<i64>) -> Option<Picture> {
    let layers = Layers::new(blocks.len(), edges, style.most)?;
    let sizes = sizes(&layers, &blocks);
    if columns.is_some_and(|columns| layers.rows.iter().any(|row| sizes.row_width(&layers, row) > columns)) {
        return None;
    }
    let width = |centres: &[i64]| {
        (0..centres.len())
            .map(|slot| centres[slot] + sizes.right[slot] + 1)
            .max()
            .unwrap_or(0)
    };
    let mut middles = centres(&layers, &sizes, None);
    if columns.is_some_and(|columns| width(&middles) > columns) {
        middles = centres(&layers, &sizes, columns);
    }
    // Lines that pass move within the columns of their own slots when they are routed: the width stays.
    let width = width(&middles);
    let ranges = entrances(&layers, &sizes, &blocks, &middles);
    let mut gaps: Vec<(Vec<Routed>, usize)> = Vec::new();
    for row in 0..layers.rows.len() {
        let nets = route::nets(&layers, row);
        gaps.push(route::route(&layers, &nets, &mut middles, &ranges));
    }
    Some(assemble(&layers, &sizes, blocks, &middles, &gaps, width))
}

/// The columns at which each slot can be entered.
fn entrances(layers: &Layers, sizes: &Sizes, blocks: &[Block], middles: &[i64]) -> Vec<(i64, i64)> {
    let range = |(slot, middle): (usize, &i64)| {
        let stacked = matches!(layers.slots[slot], Slot::Node(node) if blocks[node].stacked);
        match layers.slots[slot] {
            Slot::Pass => (middle - 1, middle + 1),
            Slot::Node(_) => {
                let right = sizes.right[slot] - 1 - i64::from(stacked);
                (middle - sizes.left[slot] + 1, middle + right)
            }
        }
    };
    middles.iter().enumerate().map(range).collect()
}

/// Boxes have room for the lines that enter: twice as many columns as can be taken by these and by
/// those that leave above, and some to choose from.
fn sizes(layers: &Layers, blocks: &[Block]) -> Sizes {
    let entries = route::entries(layers);
    let sides = layers.slots.iter().zip(&entries).map(|(slot, entries)| match slot {
        Slot::Node(node) => {
            let edge = i64::from(blocks[*node].stacked);
            let room = if *entries > 1 { 2 * *entries as i64 + 5 } else { 5 };
            let width = blocks[*node].size().0.max(room + edge);
            let left = (width - edge - 1) / 2;
            (left, width - 1 - left)
        }
        Slot::Pass => (1, 1),
    });
    let (left, right) = sides.unzip();
    let wide = blocks.iter().any(|block| block.lines.len() > 1);
    Sizes {
        left,
        right,
        gap: if wide { 3 } else { 2 },
    }
}

/// Rows get their heights and their places, boxes and lines their cells.
fn assemble(
    layers: &Layers,
    sizes: &Sizes,
    blocks: Vec<Block>,
    middles: &[i64],
    gaps: &[(Vec<Routed>, usize)],
    width: i64,
) -> Picture {
    let mut picture = Picture {
        width,
        ..Picture::default()
    };
    let heights: Vec<i64> = blocks.iter().map(|block| block.size().1).collect();
    let mut blocks: Vec<Option<Block>> = blocks.into_iter().map(Some).collect();
    // Where the lines of a row's slots go on below.
    let mut below = vec![0; layers.slots.len()];
    let mut top = 0;
    for (row, (nets, tracks)) in layers.rows.iter().zip(gaps) {
        let height = |slot: &usize| match layers.slots[*slot] {
            Slot::Node(node) => heights[node],
            Slot::Pass => 1,
        };
        let bottom = top + row.iter().map(height).max().unwrap_or(0);
        for slot in row {
            match layers.slots[*slot] {
                Slot::Node(node) => {
                    below[*slot] = top + heights[node];
                    let placed = blocks[node]
                        .take()
                        .map(|block| place(layers, sizes, *slot, middles[*slot], top, block));
                    picture.boxes.extend(placed);
                }
                Slot::Pass => {
                    below[*slot] = bottom;
                    picture.wires.push(pass(middles[*slot], top, bottom));
                }
            }
        }
        let next_top = bottom + *tracks as i64 + 1;
        picture
            .wires
            .extend(nets.iter().map(|net| wire(layers, net, &below, bottom, next_top)));
        picture.height = bottom;
        top = next_top;
    }
    picture
}

fn place(layers: &Layers, sizes: &Sizes, slot: usize, middle: i64, top: i64, block: Block) -> Placed {
    let edge = i64::from(block.stacked);
    Placed {
        left: middle - sizes.left[slot],
        top,
        width: sizes.left[slot] + 1 + sizes.right[slot] - edge,
        height: block.size().1 - edge,
        block,
        exit: (!layers.down[slot].is_empty()).then_some(middle),
    }
}

/// A line that goes through a row from its top to below its bottom.
fn pass(column: i64, top: i64, bottom: i64) -> Wire {
    let tip = |row| Tip {
        column,
        row,
        at_box: false,
    };
    Wire {
        from: vec![tip(top)],
        row: top,
        to: vec![tip(bottom - 1)],
    }
}

/// The lines of a net, from below the slots of one row to the top of the next.
fn wire(layers: &Layers, net: &Routed, below: &[i64], bottom: i64, next_top: i64) -> Wire {
    let tip = |slot: usize, column: i64, row: i64| Tip {
        column,
        row,
        at_box: layers.slots[slot] != Slot::Pass,
    };
    let from = net.from.iter().map(|(slot, column)| tip(*slot, *column, below[*slot]));
    let to = net.to.iter().map(|(slot, column)| tip(*slot, *column, next_top - 1));
    Wire {
        from: from.collect(),
        row: bottom + net.track.unwrap_or(0) as i64,
        to: to.collect(),
    }
}

#[cfg(test)]
mod tests;
