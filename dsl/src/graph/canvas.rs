//! A picture in character cells.

use super::block::Border;
use super::label;
use super::picture::{Picture, Placed, Wire};
use std::collections::BTreeMap;

const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;

/// The characters that drawings are made of.
#[derive(Debug)]
pub(super) struct Charset {
    /// Lines by the sides of the cell that they reach: the sum of up 1, right 2, down 4, left 8.
    lines: [char; 16],
    arrow: char,
    plain: Frame,
    dashed: Frame,
    double: Frame,
    round: Frame,
    /// Stands for what is cut off.
    pub(super) ellipsis: &'static str,
    /// Between two facts on one line.
    pub(super) dot: &'static str,
}

/// The border of a box.
#[derive(Debug)]
struct Frame {
    /// From the top left, clockwise.
    corners: [char; 4],
    across: char,
    along: char,
    /// Where a line leaves.
    exit: char,
}

/// Unicode box drawing.
pub(super) const UNICODE: Charset = Charset {
    lines: [
        ' ', '│', '─', '╰', '│', '│', '╭', '├', '─', '╯', '─', '┴', '╮', '┤', '┬', '┼',
    ],
    arrow: '▼',
    plain: Frame {
        corners: ['┌', '┐', '┘', '└'],
        across: '─',
        along: '│',
        exit: '┬',
    },
    dashed: Frame {
        corners: ['┌', '┐', '┘', '└'],
        across: '╌',
        along: '╎',
        exit: '┬',
    },
    double: Frame {
        corners: ['╔', '╗', '╝', '╚'],
        across: '═',
        along: '║',
        exit: '╤',
    },
    round: Frame {
        corners: ['╭', '╮', '╯', '╰'],
        across: '─',
        along: '│',
        exit: '┬',
    },
    ellipsis: "…",
    dot: "·",
};

/// Characters that every terminal and every log has.
pub(super) const ASCII: Charset = Charset {
    lines: [
        ' ', '|', '-', '+', '|', '|', '+', '+', '-', '+', '-', '+', '+', '+', '+', '+',
    ],
    arrow: 'v',
    plain: Frame {
        corners: ['+', '+', '+', '+'],
        across: '-',
        along: '|',
        exit: '+',
    },
    dashed: Frame {
        corners: ['+', '+', '+', '+'],
        across: '.',
        along: ':',
        exit: '+',
    },
    double: Frame {
        corners: ['#', '#', '#', '#'],
        across: '=',
        along: '#',
        exit: '+',
    },
    round: Frame {
        corners: ['.', '.', '\'', '\''],
        across: '-',
        along: '|',
        exit: '+',
    },
    ellipsis: "...",
    dot: "-",
};

impl Charset {
    fn frame(&self, border: Border) -> &Frame {
        match border {
            Border::Plain => &self.plain,
            Border::Dashed => &self.dashed,
            Border::Double => &self.double,
            Border::Round => &self.round,
        }
    }
}

#[derive(Debug, Clone)]
enum Cell {
    Glyph(char),
    /// A line, by the sides that it reaches.
    Line(u8),
    /// A text that begins here and covers as many cells as it is wide.
    Text(String),
}

/// Rows of cells, of which only those that hold something are kept.
struct Canvas<'a> {
    rows: Vec<BTreeMap<i64, Cell>>,
    charset: &'a Charset,
}

/// Draws a picture; no line of it ends with a space.
pub(super) fn draw(picture: &Picture, charset: &Charset) -> String {
    let rows = usize::try_from(picture.height).unwrap_or(0);
    let mut canvas = Canvas {
        rows: vec![BTreeMap::new(); rows],
        charset,
    };
    canvas.picture(picture, 0, 0);
    let lines: Vec<String> = canvas.rows.iter().map(|row| line(row, charset)).collect();
    lines.join("\n")
}

fn line(row: &BTreeMap<i64, Cell>, charset: &Charset) -> String {
    let mut text = String::new();
    let mut at = 0;
    for (column, cell) in row {
        let missing = usize::try_from(column - at).unwrap_or(0);
        text.extend(std::iter::repeat_n(' ', missing));
        at = column + 1;
        match cell {
            Cell::Glyph(glyph) => text.push(*glyph),
            Cell::Line(sides) => text.push(charset.lines[usize::from(*sides)]),
            Cell::Text(content) => {
                text.push_str(content);
                at = column + label::width(content) as i64;
            }
        }
    }
    text.truncate(text.trim_end().len());
    text
}

impl Canvas<'_> {
    fn picture(&mut self, picture: &Picture, left: i64, top: i64) {
        for wire in &picture.wires {
            self.wire(wire, left, top);
        }
        for placed in &picture.boxes {
            self.placed(placed, left, top);
        }
    }

    fn put(&mut self, column: i64, row: i64, cell: Cell) {
        let row = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row));
        if let Some(row) = row {
            row.insert(column, cell);
        }
    }

    /// Where lines that have nothing to do with each other cross, the upright one is whole.
    fn line(&mut self, column: i64, row: i64, sides: u8) {
        const UPRIGHT: u8 = UP | DOWN;
        let there = usize::try_from(row)
            .ok()
            .and_then(|row| self.rows.get(row))
            .and_then(|row| row.get(&column));
        if !matches!(there, Some(Cell::Line(UPRIGHT))) {
            self.put(column, row, Cell::Line(sides));
        }
    }

    fn wire(&mut self, wire: &Wire, left: i64, top: i64) {
        for tip in &wire.from {
            for row in tip.row..wire.row {
                self.line(left + tip.column, top + row, UP | DOWN);
            }
        }
        for tip in &wire.to {
            for row in wire.row + 1..=tip.row {
                self.line(left + tip.column, top + row, UP | DOWN);
            }
        }
        for (column, sides) in bar(wire) {
            self.line(left + column, top + wire.row, sides);
        }
        for tip in wire.to.iter().filter(|tip| tip.at_box) {
            self.put(left + tip.column, top + tip.row, Cell::Glyph(self.charset.arrow));
        }
    }

    fn placed(&mut self, placed: &Placed, left: i64, top: i64) {
        let frame = self.charset.frame(placed.block.border);
        let (left_in, top_in) = (left, top);
        let (left, top) = (left + placed.left, top + placed.top);
        let (right, bottom) = (left + placed.width - 1, top + placed.height - 1);
        if placed.block.stacked {
            self.second_edge(left, right, top, bottom);
        }
        for column in left + 1..right {
            self.put(column, top, Cell::Glyph(frame.across));
            self.put(column, bottom, Cell::Glyph(frame.across));
        }
        for row in top + 1..bottom {
            self.put(left, row, Cell::Glyph(frame.along));
            self.put(right, row, Cell::Glyph(frame.along));
        }
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        for ((column, row), corner) in corners.into_iter().zip(frame.corners) {
            self.put(column, row, Cell::Glyph(corner));
        }
        if let Some(exit) = placed.exit {
            let edge = i64::from(placed.block.stacked);
            let exits = if placed.block.stacked {
                self.charset.plain.exit
            } else {
                frame.exit
            };
            self.put(left_in + exit, bottom + edge, Cell::Glyph(exits));
        }
        for (at, text) in placed.block.lines.iter().enumerate() {
            let free = placed.width - label::width(text) as i64;
            self.put(left + free / 2, top + 1 + at as i64, Cell::Text(text.clone()));
        }
        if let Some(inside) = &placed.block.inside {
            let (left, top) = placed.inside_at(inside);
            self.picture(inside, left_in + left, top_in + top);
        }
    }

    /// The edge of what stands behind a box.
    fn second_edge(&mut self, left: i64, right: i64, top: i64, bottom: i64) {
        let frame = &self.charset.plain;
        self.put(right + 1, top, Cell::Glyph(frame.corners[1]));
        self.put(left + 1, bottom + 1, Cell::Glyph(frame.corners[3]));
        self.put(right + 1, bottom + 1, Cell::Glyph(frame.corners[2]));
        for row in top + 1..=bottom {
            self.put(right + 1, row, Cell::Glyph(frame.along));
        }
        for column in left + 2..=right {
            self.put(column, bottom + 1, Cell::Glyph(frame.across));
        }
    }
}

/// The row in which a wire's lines meet: its columns and the sides that the line reaches in each.
fn bar(wire: &Wire) -> Vec<(i64, u8)> {
    let mut sides: BTreeMap<i64, u8> = BTreeMap::new();
    for tip in &wire.from {
        *sides.entry(tip.column).or_default() |= UP;
    }
    for tip in &wire.to {
        *sides.entry(tip.column).or_default() |= DOWN;
    }
    let (Some(first), Some(last)) = (sides.keys().next().copied(), sides.keys().last().copied()) else {
        return Vec::new();
    };
    let across = |column: i64| (u8::from(column < last) * RIGHT) | (u8::from(column > first) * LEFT);
    let upright = |column: i64| match sides.get(&column) {
        // A wire that neither turns nor forks is one upright line.
        Some(_) if first == last => UP | DOWN,
        Some(sides) => *sides,
        None => 0,
    };
    (first..=last)
        .map(|column| (column, across(column) | upright(column)))
        .collect()
}
