//! How long drawing takes: wide and deep graphs of a thousand and of ten thousand steps.

use divan::{Bencher, black_box};
use troupe_dsl::graph::{Edge, Format, Graph, Node, Work, draw};

/// Rows of `wide` steps, of which each waits for two of the row above and some for one far above.
fn graph(steps: usize, wide: usize) -> Graph {
    let node = |at: usize| Node {
        name: format!("step_{at}"),
        work: Work::Run,
        fan_out: None,
        when: None,
        rounds: None,
    };
    let mut edges = Vec::new();
    for to in wide..steps {
        edges.push(Edge { from: to - wide, to });
        edges.push(Edge {
            from: to - to % wide - wide + (to * 7) % wide,
            to,
        });
        if to % 10 == 0 && to >= 5 * wide {
            edges.push(Edge {
                from: to - 5 * wide,
                to,
            });
        }
    }
    edges.sort_unstable();
    edges.dedup();
    Graph {
        name: "bench".into(),
        nodes: (0..steps).map(node).collect(),
        edges,
    }
}

const FORMATS: [Format; 5] = [
    Format::Terminal,
    Format::Ascii,
    Format::Mermaid,
    Format::Dot,
    Format::Svg,
];

#[divan::bench(args = FORMATS)]
fn thousand_steps(bencher: Bencher, format: Format) {
    let graph = graph(1_000, 10);
    bencher.bench(|| draw(black_box(&graph), format, 120));
}

#[divan::bench(args = FORMATS)]
fn ten_thousand_steps(bencher: Bencher, format: Format) {
    let graph = graph(10_000, 10);
    bencher.bench(|| draw(black_box(&graph), format, 120));
}

#[divan::bench(args = FORMATS)]
fn drawn_in_the_terminal(bencher: Bencher, format: Format) {
    let graph = graph(200, 5);
    bencher.bench(|| draw(black_box(&graph), format, 200));
}

fn main() {
    divan::main();
}
