//! A graph for the terminal: as a drawing with as much detail as fits, or as a list.

use super::block::{Detail, Style, blocks, folded};
use super::canvas::{self, Charset};
use super::layout::lay_out;
use super::picture::Picture;
use super::{Graph, MAX_BOXES, MIN_COLUMNS, outline};

/// Slots of one drawing; a row that lines pass without a box counts each of them.
const MAX_SLOTS: usize = 10 * MAX_BOXES;

/// Draws, or lists what cannot be drawn in so many columns.
pub(super) fn draw(graph: &Graph, charset: &Charset, columns: usize) -> String {
    let columns = columns.max(MIN_COLUMNS);
    match picture(graph, charset, columns) {
        Some(picture) => canvas::draw(&picture, charset),
        None => outline::lines(graph, charset, columns).join("\n"),
    }
}

/// The drawing with the most detail that fits.
fn picture(graph: &Graph, charset: &Charset, columns: usize) -> Option<Picture> {
    let style = |detail| Style {
        detail,
        ellipsis: charset.ellipsis,
        columns: Some(columns),
        most: MAX_SLOTS,
    };
    let details = [Detail::Full, Detail::Work, Detail::Name];
    if graph.nodes.len() <= MAX_BOXES {
        let drawn = details.into_iter().find_map(|detail| {
            let style = style(detail);
            lay_out(blocks(graph, &style)?, &graph.pairs(), &style)
        });
        if drawn.is_some() {
            return drawn;
        }
    }
    details.into_iter().find_map(|detail| {
        let style = style(detail);
        let folded = folded(graph, &style).filter(|folded| folded.blocks.len() <= MAX_BOXES)?;
        lay_out(folded.blocks, &folded.edges, &style)
    })
}

#[cfg(test)]
mod tests;
