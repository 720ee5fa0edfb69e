//! Whatever the graph is: its lines say exactly its edges, and meet nothing but each other.

use super::*;
use crate::graph::block::{Detail, blocks};
use crate::graph::tests::{any_graph, graph};
use crate::graph::{Edge, Graph};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};

fn style(detail: Detail, columns: Option<usize>) -> Style {
    Style {
        detail,
        ellipsis: "…",
        columns,
        most: 10_000,
    }
}

fn picture(graph: &Graph, style: &Style) -> Option<Picture> {
    lay_out(blocks(graph, style)?, &graph.pairs(), style)
}

/// The edges that one finds by following the lines of a drawing from each box.
fn followed(picture: &Picture) -> Vec<Edge> {
    let mut entered: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    for (at, wire) in picture.wires.iter().enumerate() {
        wire.from
            .iter()
            .for_each(|tip| entered.entry((tip.column, tip.row)).or_default().push(at));
    }
    let mut edges = Vec::new();
    for placed in &picture.boxes {
        let below = placed.top + placed.height + i64::from(placed.block.stacked);
        let mut open: Vec<(i64, i64)> = placed.exit.map(|exit| (exit, below)).into_iter().collect();
        while let Some(cell) = open.pop() {
            for wire in entered.get(&cell).into_iter().flatten() {
                for tip in &picture.wires[*wire].to {
                    match box_at(picture, tip.column, tip.row + 1) {
                        Some(to) if tip.at_box => edges.push(Edge {
                            from: placed.block.node,
                            to,
                        }),
                        _ => open.push((tip.column, tip.row + 1)),
                    }
                }
            }
        }
    }
    edges.sort_unstable();
    edges
}

/// The box whose upper border has the cell, corners left out.
fn box_at(picture: &Picture, column: i64, row: i64) -> Option<usize> {
    let hit = picture
        .boxes
        .iter()
        .find(|placed| placed.top == row && placed.left < column && column < placed.left + placed.width - 1);
    hit.map(|placed| placed.block.node)
}

type Cells = Vec<(i64, i64)>;

/// The cells of a wire: those in which it is upright alone, and those of the row in which it turns.
fn cells(wire: &Wire) -> (Cells, Cells) {
    let tips = || wire.from.iter().chain(&wire.to).map(|tip| tip.column);
    let (first, last) = (tips().min().unwrap_or(0), tips().max().unwrap_or(0));
    let mut upright = Vec::new();
    for tip in &wire.from {
        upright.extend((tip.row..wire.row).map(|row| (tip.column, row)));
    }
    for tip in &wire.to {
        upright.extend((wire.row + 1..=tip.row).map(|row| (tip.column, row)));
    }
    if first == last {
        upright.push((first, wire.row));
        return (upright, Vec::new());
    }
    (upright, (first..=last).map(|column| (column, wire.row)).collect())
}

/// Columns of a wire's row where something goes up or down.
fn joints(wire: &Wire) -> HashSet<i64> {
    wire.from.iter().chain(&wire.to).map(|tip| tip.column).collect()
}

fn check_lines(picture: &Picture) -> Result<(), TestCaseError> {
    let mut boxes: HashSet<(i64, i64)> = HashSet::new();
    for placed in &picture.boxes {
        let edge = i64::from(placed.block.stacked);
        for row in placed.top..placed.top + placed.height + edge {
            for column in placed.left..placed.left + placed.width + edge {
                prop_assert!(boxes.insert((column, row)), "two boxes at {column}, {row}");
            }
        }
        prop_assert!(placed.left >= 0 && placed.left + placed.width + edge <= picture.width);
    }
    let (mut upright, mut across, mut turning) = (HashSet::new(), HashSet::new(), BTreeSet::new());
    for wire in &picture.wires {
        let (up, along) = cells(wire);
        for cell in up {
            prop_assert!(!boxes.contains(&cell), "a line in a box at {cell:?}");
            prop_assert!(upright.insert(cell), "two lines along each other at {cell:?}");
        }
        let joints = joints(wire);
        for cell in along {
            prop_assert!(!boxes.contains(&cell), "a line in a box at {cell:?}");
            prop_assert!(across.insert(cell), "two lines along each other at {cell:?}");
            if joints.contains(&cell.0) {
                turning.insert(cell);
            }
        }
    }
    // A line may pass another at a right angle, and nowhere else.
    let touching: Vec<_> = turning.iter().filter(|cell| upright.contains(cell)).collect();
    prop_assert!(touching.is_empty(), "lines of two nets touch at {touching:?}");
    Ok(())
}

proptest! {
    #[test]
    fn lines_lead_where_edges_do(graph in any_graph(), columns in 40..300_usize) {
        for detail in [Detail::Full, Detail::Work, Detail::Name] {
            for columns in [None, Some(columns)] {
                let Some(picture) = picture(&graph, &style(detail, columns)) else { continue };
                prop_assert_eq!(followed(&picture), graph.edges.clone());
                prop_assert_eq!(picture.boxes.len(), graph.nodes.len());
                prop_assert!(columns.is_none_or(|columns| picture.width <= columns as i64));
                check_lines(&picture)?;
            }
        }
    }
}

#[test]
fn a_drawing_without_a_limit_is_always_there() {
    let graph = graph(&[("a", &[]), ("b", &["a"])]);
    assert!(picture(&graph, &style(Detail::Full, None)).is_some());
    assert!(picture(&graph, &style(Detail::Full, Some(6))).is_none());
}

#[test]
fn too_many_places_are_not_laid_out() {
    let graph = graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &["a", "c"])]);
    let most = |most| {
        picture(
            &graph,
            &Style {
                most,
                ..style(Detail::Full, None)
            },
        )
        .is_some()
    };
    // Four boxes, and two rows that the line from `a` to `d` passes.
    assert_eq!((most(5), most(6)), (false, true));
}
