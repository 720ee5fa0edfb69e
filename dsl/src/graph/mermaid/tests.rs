//! What Mermaid is given.

use crate::graph::tests::{graph, release};
use crate::graph::{Format, Graph, draw};

#[test]
fn a_workflow_inside_another() {
    insta::assert_snapshot!(draw(&Graph::of(&release(), 1), Format::Mermaid, 80), @r#"
    flowchart TD
      n0["build<br/>run"]
      n1{{"ask<br/>approve<br/>approve #124; reject"}}
      subgraph n2["call<br/>workflow papers"]
        n2_0["plan<br/>agent lead<br/>openai/gpt-5-mini<br/>leads seeker, 4 at once"]
        n2_1["find<br/>tool papers.keyword_search"]
        n2_2["count<br/>run"]
        n2_3[["check<br/>agent seeker<br/>builtin/reader<br/>for each row, 16 at once"]]
        n2_4["report<br/>agent lead<br/>openai/gpt-5-mini<br/>leads seeker, 4 at once<br/>when steps.check.outputs.exists(r, r.ok)"]
        n2_5(["outputs<br/>report, count"])
      end
      n3["debate<br/>discuss<br/>at most 3 rounds"]
      n0 --> n1
      n1 --> n2
      n2 --> n3
      n2_0 --> n2_3
      n2_0 --> n2_4
      n2_1 --> n2_2
      n2_2 --> n2_4
      n2_2 --> n2_5
      n2_3 --> n2_4
      n2_4 --> n2_5
      classDef conditional stroke-dasharray: 4 3
      class n2_4 conditional
    "#);
}

#[test]
fn names_that_would_like_to_be_more_than_names() {
    let names = graph(&[
        ("a\"] --> b", &[]),
        ("%%{init: {}}%%", &[]),
        ("end", &[]),
        ("`*b*` <i>#35;&amp;\n;", &[]),
    ]);
    insta::assert_snapshot!(draw(&names, Format::Mermaid, 80), @r##"
    flowchart TD
      n0["a#34;#93; --#62; b<br/>run"]
      n1["#37;#37;#123;init#58; #123;#125;#125;#37;#37;<br/>run"]
      n2["end<br/>run"]
      n3["#96;#42;b#42;#96; #60;i#62;#35;35#59;#38;amp#59; #59;<br/>run"]
    "##);
}
