//! Where every box and every line stands, in character cells: what the terminal and SVG both draw.

use super::block::{Block, Style};
use super::label;
use super::layers::{Layers, Slot};
use super::place::{Sizes, centres};
use super::route::{self, Routed};

/// Empty columns between parts that no line connects.
const PART_GAP: i64 = 4;

/// A graph laid out. Cells are counted from the left and from the top.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) boxes: Vec<Placed>,
    pub(super) wires: Vec<Wire>,
}

/// A box in its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) left: i64,
    pub(super) top: i64,
    /// Columns of the box itself; the second edge of a stacked one takes another.
    pub(super) width: i64,
    /// Rows, likewise.
    pub(super) height: i64,
    pub(super) block: Block,
    /// The column at which its line leaves, if one does.
    pub(super) exit: Option<i64>,
}

/// Lines from some boxes to some others: all that begin lead to all that end.
#[derive(Debug)]
pub(super) struct Wire {
    /// The first cell of each line.
    pub(super) from: Vec<Tip>,
    /// The row in which they meet.
    pub(super) row: i64,
    /// The last cell of each line.
    pub(super) to: Vec<Tip>,
}

/// The first or the last cell of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tip {
    pub(super) column: i64,
    pub(super) row: i64,
    /// Whether it meets a box there; otherwise the line goes on.
    pub(super) at_box: bool,
}

impl Picture {
    fn shift(&mut self, columns: i64, rows: i64) {
        for placed in &mut self.boxes {
            placed.left += columns;
            placed.top += rows;
            placed.exit = placed.exit.map(|exit| exit + columns);
        }
        for wire in &mut self.wires {
            wire.row += rows;
            for tip in wire.from.iter_mut().chain(&mut wire.to) {
                tip.column += columns;
                tip.row += rows;
            }
        }
    }
}

impl Placed {
    /// Where the picture inside begins.
    pub(super) fn inside_at(&self, picture: &Picture) -> (i64, i64) {
        let left = self.left + (self.width - picture.width) / 2;
        (left, self.top + self.height - 1 - picture.height)
    }
}

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

/// Parts side by side, as many as there is room for, then below.
fn packed(pictures: Vec<Picture>, columns: Option<i64>) -> Picture {
    // Without a limit, so many that the whole is wider than high.
    let most = columns.unwrap_or(160);
    let mut whole = Picture::default();
    let (mut left, mut top) = (0, 0);
    for mut picture in pictures {
        if left > 0 && left + picture.width > most {
            left = 0;
            top = whole.height + 1;
        }
        picture.shift(left, top);
        left += picture.width;
        whole.width = whole.width.max(left);
        whole.height = whole.height.max(top + picture.height);
        whole.boxes.append(&mut picture.boxes);
        whole.wires.append(&mut picture.wires);
        left += PART_GAP;
    }
    whole
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
    let ranges = entrances(&layers, &sizes, &blocks, &middles);
    let mut gaps: Vec<(Vec<Routed>, usize)> = Vec::new();
    for row in 0..layers.rows.len() {
        let nets = route::nets(&layers, row);
        gaps.push(route::route(&layers, &nets, &mut middles, &ranges));
    }
    let width = width(&middles);
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
                    let Some(block) = blocks[node].take() else { continue };
                    below[*slot] = top + heights[node];
                    let edge = i64::from(block.stacked);
                    picture.boxes.push(Placed {
                        left: middles[*slot] - sizes.left[*slot],
                        top,
                        width: sizes.left[*slot] + 1 + sizes.right[*slot] - edge,
                        height: heights[node] - edge,
                        block,
                        exit: (!layers.down[*slot].is_empty()).then_some(middles[*slot]),
                    });
                }
                Slot::Pass => {
                    below[*slot] = bottom;
                    let tip = |row| Tip {
                        column: middles[*slot],
                        row,
                        at_box: false,
                    };
                    picture.wires.push(Wire {
                        from: vec![tip(top)],
                        row: top,
                        to: vec![tip(bottom - 1)],
                    });
                }
            }
        }
        let next_top = bottom + *tracks as i64 + 1;
        let tip = |slot: usize, column: i64, row: i64| Tip {
            column,
            row,
            at_box: layers.slots[slot] != Slot::Pass,
        };
        for net in nets {
            let from = net.from.iter().map(|(slot, column)| tip(*slot, *column, below[*slot]));
            let to = net.to.iter().map(|(slot, column)| tip(*slot, *column, next_top - 1));
            picture.wires.push(Wire {
                from: from.collect(),
                row: bottom + net.track.unwrap_or(0) as i64,
                to: to.collect(),
            });
        }
        picture.height = bottom;
        top = next_top;
    }
    picture
}

#[cfg(test)]
mod tests;
