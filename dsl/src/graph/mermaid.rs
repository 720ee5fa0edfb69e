//! A graph as a Mermaid flowchart.

use super::block::{Border, border};
use super::{Graph, Node, label};
use std::fmt::Write as _;

pub(super) fn draw(graph: &Graph) -> String {
    let mut text = String::from("flowchart TD\n");
    let mut skipped = Vec::new();
    nodes(graph, "n", 1, &mut text, &mut skipped);
    edges(graph, "n", &mut text);
    if !skipped.is_empty() {
        text.push_str("  classDef conditional stroke-dasharray: 4 3\n");
        let _ = writeln!(text, "  class {} conditional", skipped.join(","));
    }
    text.truncate(text.trim_end().len());
    text
}

fn nodes(graph: &Graph, prefix: &str, depth: usize, text: &mut String, skipped: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    for (at, node) in graph.nodes.iter().enumerate() {
        let id = format!("{prefix}{at}");
        let label = label(node);
        if border(node) == Border::Dashed {
            skipped.push(id.clone());
        }
        match node.inside().filter(|inside| !inside.nodes.is_empty()) {
            Some(inside) => {
                let _ = writeln!(text, "{indent}subgraph {id}[\"{label}\"]");
                nodes(inside, &format!("{id}_"), depth + 1, text, skipped);
                let _ = writeln!(text, "{indent}end");
            }
            None => {
                let (open, close) = shape(node);
                let _ = writeln!(text, "{indent}{id}{open}\"{label}\"{close}");
            }
        }
    }
}

fn edges(graph: &Graph, prefix: &str, text: &mut String) {
    for edge in &graph.edges {
        let _ = writeln!(text, "  {prefix}{} --> {prefix}{}", edge.from, edge.to);
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        if let Some(inside) = node.inside() {
            edges(inside, &format!("{prefix}{at}_"), text);
        }
    }
}

/// The brackets of the node's shape.
fn shape(node: &Node) -> (&'static str, &'static str) {
    match border(node) {
        Border::Round => ("([", "])"),
        Border::Double => ("{{", "}}"),
        _ if node.fan_out.is_some() => ("[[", "]]"),
        Border::Plain | Border::Dashed => ("[", "]"),
    }
}

fn label(node: &Node) -> String {
    let mut lines = vec![label::name(node)];
    lines.extend(label::work(node));
    lines.extend(label::notes(node));
    let escaped: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    escaped.join("<br/>")
}

/// Text inside quotes: whatever could mean something to Mermaid, Markdown or HTML as an entity.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if !character.is_ascii() || character.is_ascii_alphanumeric() || " _-./,()".contains(character) {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
