//! A graph as a list: layer by layer, each step with what it waits for.

use super::canvas::Charset;
use super::{Graph, MIN_COLUMNS, Node, label, layers};

/// The lines of the list, none wider than `columns`, which are at least [`MIN_COLUMNS`].
pub(super) fn lines(graph: &Graph, charset: &Charset, columns: usize) -> Vec<String> {
    layers_of(graph, "", charset, columns)
}

/// `place` says, before a layer's number, which graph it belongs to.
fn layers_of(graph: &Graph, place: &str, charset: &Charset, columns: usize) -> Vec<String> {
    let ranks = layers::ranks(graph.nodes.len(), &graph.pairs());
    let mut before = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        before[edge.to].push(label::name(&graph.nodes[edge.from]));
    }
    let mut rows = vec![Vec::new(); ranks.iter().max().map_or(0, |last| last + 1)];
    for (node, rank) in ranks.iter().enumerate() {
        rows[*rank].push(node);
    }
    let mut lines = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        lines.extend(indented(
            &format!("{place}layer {} of {}", number + 1, rows.len()),
            0,
            columns,
        ));
        for at in row {
            let node = &graph.nodes[*at];
            lines.extend(indented(&facts(node, charset), 2, columns));
            if !before[*at].is_empty() {
                lines.extend(indented(&format!("after {}", before[*at].join(", ")), 4, columns));
            }
            if let Some(inside) = node.inside() {
                let room = columns.saturating_sub(4).max(MIN_COLUMNS);
                let indent = " ".repeat(columns - room);
                let inner = layers_of(inside, &format!("{}: ", label::name(node)), charset, room);
                lines.extend(inner.iter().map(|line| format!("{indent}{line}")));
            }
        }
    }
    lines
}

fn facts(node: &Node, charset: &Charset) -> String {
    let mut facts = vec![label::name(node)];
    facts.extend(label::work(node));
    facts.extend(label::notes(node));
    facts.join(&format!(" {} ", charset.dot))
}

/// The text in lines that begin with `indent` spaces, and those after the first with two more.
fn indented(text: &str, indent: usize, columns: usize) -> Vec<String> {
    let wrapped = label::wrap(text, columns.saturating_sub(indent + 2).max(2));
    let lines = wrapped.into_iter().enumerate().map(|(at, line)| {
        let indent = if at == 0 { indent } else { indent + 2 };
        format!("{}{line}", " ".repeat(indent))
    });
    lines.collect()
}
