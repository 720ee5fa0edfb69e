//! A graph as an SVG that needs nothing else: light and dark by the reader's own setting.

use super::block::{Border, Detail, Style, blocks};
use super::layout::lay_out;
use super::picture::{Picture, Placed, Tip, Wire};
use super::{Graph, MAX_PLACES, Node, canvas, label, outline};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Pixels of a character cell, wide and high; text of 13 pixels has room in it.
const CELL: (i64, i64) = (9, 18);
/// Pixels around the picture.
const MARGIN: i64 = 10;
/// Pixels of the radius where a line turns.
const TURN: i64 = 7;
/// Columns of a list.
const LIST_COLUMNS: usize = 100;
/// Steps that the description names.
const MAX_DESCRIBED: usize = 100;

const STYLE: &str = "\
.troupe-graph{--ink:#1f2328;--soft:#59636e;--line:#6e7781;--box:#ffffff;--edge:#8c959f;--gate:#9a6700;--end:#0969da}
@media (prefers-color-scheme:dark){.troupe-graph{--ink:#f0f6fc;--soft:#9198a1;--line:#8b949e;--box:#151b23;\
--edge:#656c76;--gate:#d29922;--end:#4493f8}}
.troupe-graph text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--soft);\
text-anchor:middle;dominant-baseline:central}
.troupe-graph .list{text-anchor:start;white-space:pre}
.troupe-graph .name{fill:var(--ink);font-weight:600}
.troupe-graph rect{fill:var(--box);stroke:var(--edge);stroke-width:1.3}
.troupe-graph .conditional{stroke-dasharray:5 3}
.troupe-graph .gate{stroke:var(--gate);stroke-width:3}
.troupe-graph .end{stroke:var(--end)}
.troupe-graph .line{fill:none;stroke:var(--line);stroke-width:1.3}
.troupe-graph .head{fill:var(--line)}
";

pub(super) fn draw(graph: &Graph) -> String {
    let style = Style {
        detail: Detail::Full,
        ellipsis: canvas::UNICODE.ellipsis,
        columns: None,
        most: MAX_PLACES,
    };
    match blocks(graph, &style).and_then(|blocks| lay_out(blocks, &graph.pairs(), &style)) {
        Some(picture) => {
            let mut body = String::new();
            put_picture(&mut body, graph, &picture, (0, 0));
            document(graph, picture.width * CELL.0, picture.height * CELL.1, &body)
        }
        None => list(graph),
    }
}

fn document(graph: &Graph, width: i64, height: i64, body: &str) -> String {
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let name = escape(&label::clean(&graph.name));
    let description = escape(&describe(graph));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"troupe-graph\" role=\"img\" \
         aria-labelledby=\"troupe-graph-title troupe-graph-description\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"{} {} {width} {height}\">\n<title id=\"troupe-graph-title\">The steps of {name}</title>\n\
         <desc id=\"troupe-graph-description\">{description}</desc>\n<style>\n{STYLE}</style>\n{body}</svg>",
        -MARGIN, -MARGIN,
    )
}

/// The graph in sentences, for those who cannot see it.
fn describe(graph: &Graph) -> String {
    let mut before = vec![Vec::new(); graph.nodes.len()];
    for edge in graph.edges.iter().filter(|edge| edge.to < MAX_DESCRIBED) {
        before[edge.to].push(label::name(&graph.nodes[edge.from]));
    }
    let mut sentences: Vec<String> = Vec::new();
    for (node, before) in graph.nodes.iter().zip(before).take(MAX_DESCRIBED) {
        let work = label::work(node).map(|work| format!(" ({work})")).unwrap_or_default();
        let after = if before.is_empty() {
            String::new()
        } else {
            format!(" after {}", before.join(", "))
        };
        sentences.push(format!("{}{work}{after}.", label::name(node)));
    }
    if graph.nodes.len() > MAX_DESCRIBED {
        sentences.push(format!("And {} more.", graph.nodes.len() - MAX_DESCRIBED));
    }
    sentences.join(" ")
}

fn put_picture(body: &mut String, graph: &Graph, picture: &Picture, at: (i64, i64)) {
    for wire in &picture.wires {
        put_wire(body, wire, at);
    }
    for placed in &picture.boxes {
        put_box(body, &graph.nodes[placed.block.node], placed, at);
    }
}

/// The middle of a column, in pixels.
fn x(column: i64) -> i64 {
    column * CELL.0 + CELL.0 / 2
}

/// The middle of a row, in pixels.
fn y(row: i64) -> i64 {
    row * CELL.1 + CELL.1 / 2
}

fn put_box(body: &mut String, node: &Node, placed: &Placed, (left_in, top_in): (i64, i64)) {
    let (left, top) = (placed.left + left_in, placed.top + top_in);
    let (width, height) = ((placed.width - 1) * CELL.0, (placed.height - 1) * CELL.1);
    let class = match placed.block.border {
        Border::Plain => "step",
        Border::Dashed => "step conditional",
        Border::Double => "gate",
        Border::Round => "end",
    };
    let radius = if placed.block.border == Border::Round { 14 } else { 4 };
    let mut rectangle = |offset: i64, class: &str| {
        let (x, y) = (x(left) + offset, y(top) + offset);
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>"
        );
    };
    if placed.block.stacked {
        rectangle(5, "step");
    }
    rectangle(0, class);
    let middle = x(left) + width / 2;
    let tip = [
        vec![label::name(node)],
        label::work(node).into_iter().collect(),
        label::notes(node),
    ]
    .concat();
    let _ = writeln!(body, "<g><title>{}</title>", escape(&tip.join("; ")));
    for (at, line) in placed.block.lines.iter().enumerate() {
        let class = if at == 0 { " class=\"name\"" } else { "" };
        let row = y(top + 1 + at as i64);
        let _ = writeln!(body, "<text{class} x=\"{middle}\" y=\"{row}\">{}</text>", escape(line));
    }
    body.push_str("</g>\n");
    if let (Some(inside), Some(graph)) = (&placed.block.inside, node.inside()) {
        let (left, top) = placed.inside_at(inside);
        put_picture(body, graph, inside, (left + left_in, top + top_in));
    }
}

fn put_wire(body: &mut String, wire: &Wire, (left, top): (i64, i64)) {
    let columns = |tips: &[Tip]| tips.iter().map(|tip| tip.column).collect::<BTreeSet<i64>>();
    let (starts, stops) = (columns(&wire.from), columns(&wire.to));
    let all: BTreeSet<i64> = starts.union(&stops).copied().collect();
    let (Some(first), Some(last)) = (all.first().copied(), all.last().copied()) else {
        return;
    };
    let level = y(wire.row + top);
    // A line turns at an end of the track where nothing goes straight on.
    let radius = TURN.min((last - first) * CELL.0 / 2);
    let turn = |column: i64| match (starts.contains(&column) && stops.contains(&column), column) {
        (false, column) if column == first => radius,
        (false, column) if column == last => -radius,
        _ => 0,
    };
    let (mut path, mut heads) = (String::new(), String::new());
    for tip in &wire.from {
        // Lines begin under the boxes that they leave, which are drawn over them.
        let begin = (tip.row + top) * CELL.1 - if tip.at_box { CELL.1 * 3 / 2 } else { 0 };
        let (at, turn) = (x(tip.column + left), turn(tip.column));
        let _ = write!(path, "M{at} {begin}V{}", level - turn.abs());
        if turn != 0 {
            let _ = write!(path, "Q{at} {level} {} {level}", at + turn);
        }
    }
    if first < last {
        let (first_turn, last_turn) = (turn(first), turn(last));
        let _ = write!(
            path,
            "M{} {level}H{}",
            x(first + left) + first_turn,
            x(last + left) + last_turn
        );
    }
    for tip in &wire.to {
        let (at, turn) = (x(tip.column + left), turn(tip.column));
        let _ = match turn {
            0 => write!(path, "M{at} {level}"),
            turn => write!(path, "M{} {level}Q{at} {level} {at} {}", at + turn, level + turn.abs()),
        };
        if tip.at_box {
            let bottom = y(tip.row + top + 1);
            let _ = write!(path, "V{}", bottom - 5);
            let _ = write!(heads, "M{} {}h8L{at} {bottom}z", at - 4, bottom - 9);
        } else {
            let _ = write!(path, "V{}", (tip.row + top + 1) * CELL.1);
        }
        // Where lines of one wire cross they are joined, which lines of two are not.
        if first < tip.column && tip.column < last && starts.contains(&tip.column) {
            let _ = write!(heads, "M{} {level}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", at - 3);
        }
    }
    let _ = writeln!(body, "<path class=\"line\" d=\"{path}\"/>");
    if !heads.is_empty() {
        let _ = writeln!(body, "<path class=\"head\" d=\"{heads}\"/>");
    }
}

/// What is too much to be drawn.
fn list(graph: &Graph) -> String {
    let mut body = String::new();
    let lines = outline::lines(graph, &canvas::UNICODE, LIST_COLUMNS);
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let (x, y) = (indent as i64 * CELL.0, y(at as i64));
        let _ = writeln!(
            body,
            "<text class=\"list\" x=\"{x}\" y=\"{y}\">{}</text>",
            escape(line.trim_start())
        );
    }
    document(graph, LIST_COLUMNS as i64 * CELL.0, lines.len() as i64 * CELL.1, &body)
}

/// Text in XML; what XML cannot hold was left out when the text was cleaned.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
