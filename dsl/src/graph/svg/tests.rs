//! What a browser is given.

use super::*;
use crate::graph::tests::{any_graph, command, graph, is_well_formed, release};
use crate::graph::{Edge, Format};
use proptest::prelude::*;

/// The drawing without what is the same in all of them.
fn body(graph: &Graph) -> String {
    let svg = crate::graph::draw(graph, Format::Svg, 0);
    assert!(is_well_formed(&svg), "{svg}");
    let (head, rest) = svg.split_once("<style>").expect("a style");
    let (_, body) = rest.split_once("</style>\n").expect("the end of the style");
    format!("{head}{body}")
}

#[test]
fn a_fork() {
    let fork = graph(&[("plan", &[]), ("a<b", &["plan"]), ("\"c\" & d", &["plan"])]);
    insta::assert_snapshot!(body(&fork), @r#"
    <svg xmlns="http://www.w3.org/2000/svg" class="troupe-graph" role="img" aria-labelledby="troupe-graph-title troupe-graph-description" width="209" height="200" viewBox="-10 -10 209 200">
    <title id="troupe-graph-title">The steps of test</title>
    <desc id="troupe-graph-description">plan (run). a&lt;b (run) after plan. &quot;c&quot; &amp; d (run) after plan.</desc>
    <path class="line" d="M85 45V81M38 81H132M38 81Q31 81 31 88V112M132 81Q139 81 139 88V112"/>
    <path class="head" d="M27 108h8L31 117zM135 108h8L139 117z"/>
    <rect class="step" x="58" y="9" width="63" height="54" rx="4"/>
    <g><title>plan; run</title>
    <text class="name" x="89" y="27">plan</text>
    <text x="89" y="45">run</text>
    </g>
    <rect class="step" x="4" y="117" width="54" height="54" rx="4"/>
    <g><title>a&lt;b; run</title>
    <text class="name" x="31" y="135">a&lt;b</text>
    <text x="31" y="153">run</text>
    </g>
    <rect class="step" x="94" y="117" width="90" height="54" rx="4"/>
    <g><title>&quot;c&quot; &amp; d; run</title>
    <text class="name" x="139" y="135">&quot;c&quot; &amp; d</text>
    <text x="139" y="153">run</text>
    </g>
    </svg>
    "#);
}

#[test]
fn a_workflow_inside_another_has_its_own_boxes() {
    let svg = body(&Graph::of(&release(), 1));
    // Four steps, five steps and outputs inside, and the second edge of the fan-out.
    assert_eq!(svg.matches("<rect").count(), 4 + 6 + 1);
    assert_eq!(svg.matches("class=\"gate\"").count(), 1);
    assert_eq!(svg.matches("class=\"step conditional\"").count(), 1);
    assert_eq!(svg.matches("class=\"end\"").count(), 1);
    let condition = "when steps.check.outputs.exists(r, r.ok)</title>";
    assert!(svg.contains(condition), "the tip has the whole condition: {svg}");
}

#[test]
fn what_is_too_much_to_draw_is_listed() {
    let mut dense = graph(&[]);
    dense.nodes = (0..400).map(|at| command(&format!("s{at}"))).collect();
    // A chain in which each step reads the hundred before it.
    let to = |from: usize| from + 1..400.min(from + 100);
    dense.edges = (0..400)
        .flat_map(|from| to(from).map(move |to| Edge { from, to }))
        .collect();
    let svg = body(&dense);
    assert_eq!(svg.matches("<rect").count(), 0);
    assert!(svg.contains(">layer 400 of 400</text>"), "{svg}");
}

proptest! {
    #[test]
    fn every_graph_is_xml(graph in any_graph()) {
        prop_assert!(is_well_formed(&draw(&graph)));
    }
}
