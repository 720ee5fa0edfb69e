//! What Graphviz is given.

use crate::graph::tests::{graph, release};
use crate::graph::{Format, Graph, draw};

#[test]
fn a_workflow_inside_another() {
    insta::assert_snapshot!(draw(&Graph::of(&release(), 1), Format::Dot, 80), @r#"
    digraph "release" {
      compound=true;
      node [shape=box, fontname="monospace"];
      graph [fontname="monospace"];
      n0 [label="build\nrun"];
      n1 [label="ask\napprove\napprove | reject", peripheries=2];
      subgraph cluster_n2 {
        label="call\nworkflow papers";
        n2_0 [label="plan\nagent lead\nopenai/gpt-5-mini\nleads seeker, 4 at once"];
        n2_1 [label="find\ntool papers.keyword_search"];
        n2_2 [label="count\nrun"];
        n2_3 [label="check\nagent seeker\nbuiltin/reader\nfor each row, 16 at once", shape=box3d];
        n2_4 [label="report\nagent lead\nopenai/gpt-5-mini\nleads seeker, 4 at once\nwhen steps.check.outputs.exists(r, r.ok)", style=dashed];
        n2_5 [label="outputs\nreport, count", style=rounded];
      }
      n3 [label="debate\ndiscuss\nat most 3 rounds"];
      n0 -> n1;
      n1 -> n2_0 [lhead=cluster_n2];
      n2_5 -> n3 [ltail=cluster_n2];
      n2_0 -> n2_3;
      n2_0 -> n2_4;
      n2_1 -> n2_2;
      n2_2 -> n2_4;
      n2_2 -> n2_5;
      n2_3 -> n2_4;
      n2_4 -> n2_5;
    }
    "#);
}

#[test]
fn names_that_would_like_to_be_more_than_names() {
    let mut names = graph(&[
        ("a\"]; b", &[]),
        ("back\\slash\\", &[]),
        ("\\N \\l", &[]),
        ("&lt; <b>\n}", &[]),
    ]);
    names.name = "the \"best\" \\".into();
    insta::assert_snapshot!(draw(&names, Format::Dot, 80), @r#"
    digraph "the \"best\" \\" {
      compound=true;
      node [shape=box, fontname="monospace"];
      graph [fontname="monospace"];
      n0 [label="a\"]; b\nrun"];
      n1 [label="back\\slash\\\nrun"];
      n2 [label="\\N \\l\nrun"];
      n3 [label="&amp;lt; <b> }\nrun"];
    }
    "#);
}
