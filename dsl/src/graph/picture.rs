//! Boxes and lines in character cells: what the terminal and SVG both draw.

use super::block::Block;

/// Empty columns between parts that no line connects.
const PART_GAP: i64 = 4;

/// Columns of a picture that has as many as it likes: then its parts go below each other.
const WIDE: i64 = 160;

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

/// Parts side by side, as many as there is room for, then below.
pub(super) fn packed(pictures: Vec<Picture>, columns: Option<i64>) -> Picture {
    let most = columns.unwrap_or(WIDE);
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
