//! A graph in the language of Graphviz.

use super::block::{Border, border};
use super::{Edge, Graph, Node, label};
use std::fmt::Write as _;

pub(super) fn draw(graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&label::clean(&graph.name)));
    text.push_str("  compound=true;\n  node [shape=box, fontname=\"monospace\"];\n  graph [fontname=\"monospace\"];\n");
    nodes(graph, "n", 1, &mut text);
    edges(graph, "n", &mut text);
    text.push('}');
    text
}

fn nodes(graph: &Graph, prefix: &str, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for (at, node) in graph.nodes.iter().enumerate() {
        let id = format!("{prefix}{at}");
        let label = label(node);
        match opened(node) {
            Some(inside) => {
                let _ = writeln!(text, "{indent}subgraph cluster_{id} {{\n{indent}  label={label};");
                nodes(inside, &format!("{id}_"), depth + 1, text);
                let _ = writeln!(text, "{indent}}}");
            }
            None => {
                let _ = writeln!(text, "{indent}{id} [label={label}{}];", look(node));
            }
        }
    }
}

/// The graph inside a node, where it has something to draw.
fn opened(node: &Node) -> Option<&Graph> {
    node.inside().filter(|inside| !inside.nodes.is_empty())
}

fn look(node: &Node) -> &'static str {
    match (border(node), node.fan_out.is_some()) {
        (Border::Round, _) => ", style=rounded",
        (Border::Double, _) => ", peripheries=2",
        (Border::Dashed, true) => ", style=dashed, shape=box3d",
        (Border::Dashed, false) => ", style=dashed",
        (Border::Plain, true) => ", shape=box3d",
        (Border::Plain, false) => "",
    }
}

fn edges(graph: &Graph, prefix: &str, text: &mut String) {
    for edge in &graph.edges {
        text.push_str(&arrow(graph, prefix, *edge));
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        if let Some(inside) = opened(node) {
            edges(inside, &format!("{prefix}{at}_"), text);
        }
    }
}

/// Edges join nodes only: one that means a cluster joins a node in it, and is cut at its border.
fn arrow(graph: &Graph, prefix: &str, edge: Edge) -> String {
    let (from, to) = (format!("{prefix}{}", edge.from), format!("{prefix}{}", edge.to));
    let mut cuts = Vec::new();
    if opened(&graph.nodes[edge.from]).is_some() {
        cuts.push(format!("ltail=cluster_{from}"));
    }
    if opened(&graph.nodes[edge.to]).is_some() {
        cuts.push(format!("lhead=cluster_{to}"));
    }
    let tail = from + &inner(&graph.nodes[edge.from], |inside| inside.nodes.len() - 1);
    let head = to + &inner(&graph.nodes[edge.to], |_| 0);
    match cuts.as_slice() {
        [] => format!("  {tail} -> {head};\n"),
        cuts => format!("  {tail} -> {head} [{}];\n", cuts.join(", ")),
    }
}

/// The rest of the name of a node that stands for a cluster.
fn inner(node: &Node, pick: fn(&Graph) -> usize) -> String {
    match opened(node) {
        Some(inside) => {
            let at = pick(inside);
            format!("_{at}{}", inner(&inside.nodes[at], pick))
        }
        None => String::new(),
    }
}

fn label(node: &Node) -> String {
    let mut lines = vec![label::name(node)];
    lines.extend(label::work(node));
    lines.extend(label::notes(node));
    let escaped: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    format!("\"{}\"", escaped.join("\\n"))
}

/// A quoted text. Graphviz reads escapes that begin with a backslash and HTML's entities in it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}

/// A quoted name, in which only quotes and backslashes mean something.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
