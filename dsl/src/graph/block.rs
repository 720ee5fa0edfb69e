//! Nodes as boxes with lines of text, in as much detail as there is room for.

use super::layout::lay_out;
use super::picture::Picture;
use super::{Graph, Node, Work, label};
use std::collections::BTreeMap;

/// Columns of a line of a box beyond which it is cut; a name is never cut.
const MAX_NOTE: usize = 34;

/// How much is said about each node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything.
    Full,
    /// The name and what it does.
    Work,
    /// The name.
    Name,
}

/// How the border of a box is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Border {
    /// A step.
    Plain,
    /// A step that may be skipped.
    Dashed,
    /// A person decides.
    Double,
    /// The outputs.
    Round,
}

/// The content and the look of a box.
#[derive(Debug)]
pub(super) struct Block {
    /// The node that it stands for; of several the first.
    pub(super) node: usize,
    /// Lines of text; the first is the name.
    pub(super) lines: Vec<String>,
    /// What is drawn below the lines.
    pub(super) inside: Option<Picture>,
    pub(super) border: Border,
    /// Whether it stands for many: drawn with a second edge behind it.
    pub(super) stacked: bool,
}

/// What a drawing is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) detail: Detail,
    /// Stands for what is cut off.
    pub(super) ellipsis: &'static str,
    /// Columns that there are, or none for as many as it takes.
    pub(super) columns: Option<usize>,
    /// Slots that one layout may have.
    pub(super) most: usize,
}

/// The boxes of all nodes of a graph, or none where a workflow inside does not fit.
pub(super) fn blocks(graph: &Graph, style: &Style) -> Option<Vec<Block>> {
    (0..graph.nodes.len()).map(|at| block(graph, at, style)).collect()
}

fn block(graph: &Graph, at: usize, style: &Style) -> Option<Block> {
    let node = &graph.nodes[at];
    let inside = match node.inside() {
        Some(graph) => {
            // The border and a space on either side, and the second edge.
            let columns = style.columns.map(|columns| columns.saturating_sub(6));
            let style = Style { columns, ..*style };
            Some(lay_out(blocks(graph, &style)?, &graph.pairs(), &style)?)
        }
        None => None,
    };
    let mut lines = vec![label::name(node)];
    if style.detail != Detail::Name {
        lines.extend(label::work(node));
    }
    if style.detail == Detail::Full {
        lines.extend(label::notes(node));
    }
    for line in &mut lines[1..] {
        *line = label::shorten(line, MAX_NOTE, style.ellipsis);
    }
    Some(Block {
        node: at,
        lines,
        inside,
        border: border(node),
        stacked: node.fan_out.is_some(),
    })
}

/// The border that shows what kind of node it is.
pub(super) fn border(node: &Node) -> Border {
    match &node.work {
        Work::Outputs { .. } => Border::Round,
        Work::Approve { .. } => Border::Double,
        _ if node.when.is_some() => Border::Dashed,
        _ => Border::Plain,
    }
}

/// A graph in which a box may stand for several steps.
pub(super) struct Folded {
    pub(super) blocks: Vec<Block>,
    /// From box to box.
    pub(super) edges: Vec<(usize, usize)>,
}

/// The graph with those steps folded into one box that wait for the same steps and are waited for
/// by the same.
pub(super) fn folded(graph: &Graph, style: &Style) -> Option<Folded> {
    let count = graph.nodes.len();
    let (mut up, mut down) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (from, to) in graph.pairs() {
        down[from].push(to);
        up[to].push(from);
    }
    let mut alike: BTreeMap<(&[usize], &[usize]), usize> = BTreeMap::new();
    let mut folds: Vec<Vec<usize>> = Vec::new();
    let mut places = Vec::with_capacity(count);
    for (at, node) in graph.nodes.iter().enumerate() {
        let next = folds.len();
        let foldable = node.inside().is_none() && !matches!(node.work, Work::Outputs { .. });
        let fold = if foldable {
            *alike.entry((&up[at], &down[at])).or_insert(next)
        } else {
            next
        };
        if fold == next {
            folds.push(Vec::new());
        }
        folds[fold].push(at);
        places.push(fold);
    }
    let mut edges: Vec<(usize, usize)> = graph
        .pairs()
        .iter()
        .map(|(from, to)| (places[*from], places[*to]))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let blocks = folds
        .iter()
        .map(|fold| match fold.as_slice() {
            [only] => block(graph, *only, style),
            many => Some(list(graph, many, style)),
        })
        .collect::<Option<Vec<Block>>>()?;
    Some(Folded { blocks, edges })
}

/// One box that names several steps.
fn list(graph: &Graph, steps: &[usize], style: &Style) -> Block {
    let names: Vec<String> = steps.iter().map(|at| label::name(&graph.nodes[*at])).collect();
    // A paragraph that looks about three times as wide as it is high.
    let area: usize = names.iter().map(|name| label::width(name) + 2).sum();
    let wide = (area * 9)
        .isqrt()
        .clamp(16, 60)
        .min(style.columns.unwrap_or(60).saturating_sub(6));
    let mut lines = vec![format!("{} steps", steps.len())];
    let works: Vec<Option<String>> = steps.iter().map(|at| label::work(&graph.nodes[*at])).collect();
    if style.detail != Detail::Name && works.iter().all(|work| *work == works[0]) {
        lines.extend(
            works[0]
                .as_ref()
                .map(|work| label::shorten(work, MAX_NOTE, style.ellipsis)),
        );
    }
    let listed = label::wrap(&names.join(", "), wide);
    // Lines of one width begin at one column, though lines of boxes are centred.
    let wide = listed.iter().map(|line| label::width(line)).max().unwrap_or(0);
    lines.extend(listed.into_iter().map(|line| {
        let missing = wide - label::width(&line);
        line + &" ".repeat(missing)
    }));
    Block {
        node: steps[0],
        lines,
        inside: None,
        border: Border::Plain,
        stacked: true,
    }
}
