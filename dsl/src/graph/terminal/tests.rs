//! How graphs look.

use crate::graph::tests::{PAPERS, command, graph, release, workflow};
use crate::graph::{Edge, Format, Graph, MAX_BOXES, draw};

fn drawn(graph: &Graph, columns: usize) -> String {
    draw(graph, Format::Terminal, columns)
}

/// A step, `count` that wait for it, and one that waits for them.
fn fan(count: usize) -> Graph {
    let mut nodes = vec![command("plan")];
    nodes.extend((0..count).map(|at| command(&format!("search_{at}"))));
    nodes.push(command("report"));
    let last = count + 1;
    let to = (1..last).map(|to| Edge { from: 0, to });
    let mut edges: Vec<Edge> = to.chain((1..last).map(|from| Edge { from, to: last })).collect();
    edges.sort_unstable();
    Graph {
        name: "fan".into(),
        nodes,
        edges,
    }
}

#[test]
fn one_step() {
    insta::assert_snapshot!(drawn(&graph(&[("research", &[])]), 80), @r"
    ┌──────────┐
    │ research │
    │   run    │
    └──────────┘
    ");
}

#[test]
fn a_chain() {
    let chain = graph(&[("plan", &[]), ("research", &["plan"]), ("write", &["research"])]);
    insta::assert_snapshot!(drawn(&chain, 80), @r"
      ┌──────┐
      │ plan │
      │ run  │
      └──┬───┘
         ▼
    ┌──────────┐
    │ research │
    │   run    │
    └────┬─────┘
         ▼
     ┌───────┐
     │ write │
     │  run  │
     └───────┘
    ");
}

#[test]
fn a_diamond() {
    let diamond = graph(&[
        ("plan", &[]),
        ("left", &["plan"]),
        ("right", &["plan"]),
        ("join", &["left", "right"]),
    ]);
    insta::assert_snapshot!(drawn(&diamond, 80), @r"
          ┌──────┐
          │ plan │
          │ run  │
          └──┬───┘
       ╭─────┴─────╮
       ▼           ▼
    ┌──────┐   ┌───────┐
    │ left │   │ right │
    │ run  │   │  run  │
    └──┬───┘   └───┬───┘
       ╰─────┬─────╯
             ▼
          ┌──────┐
          │ join │
          │ run  │
          └──────┘
    ");
}

#[test]
fn edges_that_skip_layers() {
    let skips = graph(&[
        ("plan", &[]),
        ("b", &["plan"]),
        ("c", &["plan", "b"]),
        ("d", &["c", "plan"]),
        ("e", &["b", "d"]),
    ]);
    insta::assert_snapshot!(drawn(&skips, 80), @r"
         ┌──────┐
         │ plan │
         │ run  │
         └──┬───┘
            ├───────╮
            ▼       │
         ┌─────┐    │
         │  b  │    │
         │ run │    │
         └──┬──┘    │
    ╭───────┤ ╭─────┤
    │       ▼ ▼     │
    │   ┌───────┐   │
    │   │   c   │   │
    │   │  run  │   │
    │   └───┬───┘   │
    │       ├───────╯
    │       ▼
    │    ┌─────┐
    │    │  d  │
    │    │ run │
    │    └──┬──┘
    ╰───────┤
            ▼
         ┌─────┐
         │  e  │
         │ run │
         └─────┘
    ");
}

#[test]
fn lines_that_cross() {
    let crossing = graph(&[
        ("a", &[]),
        ("b", &[]),
        ("c", &["a", "b"]),
        ("d", &["a", "b"]),
        ("e", &["a", "c", "d"]),
    ]);
    insta::assert_snapshot!(drawn(&crossing, 80), @r"
          ┌─────┐   ┌─────┐
          │  a  │   │  b  │
          │ run │   │ run │
          └──┬──┘   └──┬──┘
    ╭────────┼───────╮ │
    │        │ ╭─────│─┤
    │        ▼ ▼     ▼ ▼
    │   ┌───────┐   ┌───────┐
    │   │   c   │   │   d   │
    │   │  run  │   │  run  │
    │   └───┬───┘   └───┬───┘
    ╰───────┴─────┬─────╯
                  ▼
               ┌─────┐
               │  e  │
               │ run │
               └─────┘
    ");
}

#[test]
fn parts_without_a_connection() {
    let parts = graph(&[("a", &[]), ("b", &[]), ("c", &["a"]), ("alone", &[])]);
    insta::assert_snapshot!(drawn(&parts, 80), @r"
    ┌─────┐    ┌─────┐    ┌───────┐
    │  a  │    │  b  │    │ alone │
    │ run │    │ run │    │  run  │
    └──┬──┘    └─────┘    └───────┘
       ▼
    ┌─────┐
    │  c  │
    │ run │
    └─────┘
    ");
    insta::assert_snapshot!(drawn(&parts, 24), @r"
    ┌─────┐    ┌─────┐
    │  a  │    │  b  │
    │ run │    │ run │
    └──┬──┘    └─────┘
       ▼
    ┌─────┐
    │  c  │
    │ run │
    └─────┘

    ┌───────┐
    │ alone │
    │  run  │
    └───────┘
    ");
}

#[test]
fn a_wide_fan_is_drawn_whole_where_there_is_room_and_folded_where_there_is_not() {
    insta::assert_snapshot!(drawn(&fan(5), 80), @r"
                                    ┌──────┐
                                    │ plan │
                                    │ run  │
                                    └──┬───┘
         ╭──────────────┬──────────────┼──────────────┬──────────────╮
         ▼              ▼              ▼              ▼              ▼
    ┌──────────┐   ┌──────────┐   ┌──────────┐   ┌──────────┐   ┌──────────┐
    │ search_0 │   │ search_1 │   │ search_2 │   │ search_3 │   │ search_4 │
    │   run    │   │   run    │   │   run    │   │   run    │   │   run    │
    └────┬─────┘   └────┬─────┘   └────┬─────┘   └────┬─────┘   └────┬─────┘
         ╰──────────────┴──────────────┼──────────────┴──────────────╯
                                       ▼
                                   ┌────────┐
                                   │ report │
                                   │  run   │
                                   └────────┘
    ");
    insta::assert_snapshot!(drawn(&fan(12), 80), @r"
                 ┌──────┐
                 │ plan │
                 │ run  │
                 └──┬───┘
                    ▼
    ┌────────────────────────────────┐┐
    │            12 steps            ││
    │              run               ││
    │ search_0, search_1, search_2,  ││
    │ search_3, search_4, search_5,  ││
    │ search_6, search_7, search_8,  ││
    │ search_9, search_10, search_11 ││
    └────────────────────────────────┘│
     └──────────────┬─────────────────┘
                    ▼
                ┌────────┐
                │ report │
                │  run   │
                └────────┘
    ");
}

#[test]
fn names_that_are_long_or_wide() {
    let names = graph(&[
        ("计划", &[]),
        ("数据收集", &["计划"]),
        ("a_name_that_says_everything_at_once", &["计划"]),
    ]);
    insta::assert_snapshot!(drawn(&names, 80), @r"
                    ┌──────┐
                    │ 计划 │
                    │ run  │
                    └──┬───┘
         ╭─────────────┤
         ▼             ▼
    ┌──────────┐   ┌─────────────────────────────────────┐
    │ 数据收集 │   │ a_name_that_says_everything_at_once │
    │   run    │   │                 run                 │
    └──────────┘   └─────────────────────────────────────┘
    ");
    insta::assert_snapshot!(drawn(&names, 30), @r"
            ┌──────┐
            │ 计划 │
            │ run  │
            └──┬───┘
               ▼
    ┌──────────────────────┐┐
    │       2 steps        ││
    │         run          ││
    │ 数据收集,            ││
    │ a_name_that_says_eve ││
    │ rything_at_once      ││
    └──────────────────────┘│
     └──────────────────────┘
    ");
}

#[test]
fn names_that_would_like_to_be_more_than_names() {
    let names = graph(&[
        ("\u{1b}[31m", &[]),
        ("two\nlines\u{7}", &["\u{1b}[31m"]),
        ("\u{202e}back", &[]),
    ]);
    insta::assert_snapshot!(drawn(&names, 80), @r"
       ┌──────┐      ┌──────┐
       │ [31m │      │ back │
       │ run  │      │ run  │
       └──┬───┘      └──────┘
          ▼
    ┌───────────┐
    │ two lines │
    │    run    │
    └───────────┘
    ");
}

#[test]
fn what_steps_do() {
    let papers = Graph::of(&workflow(PAPERS), 0);
    insta::assert_snapshot!(drawn(&papers, 80), @r"
    ┌─────────────────────────┐   ┌────────────────────────────┐
    │          plan           │   │            find            │
    │       agent lead        │   │ tool papers.keyword_search │
    │    openai/gpt-5-mini    │   └─────────────┬──────────────┘
    │ leads seeker, 4 at once │                 │
    └────────────┬────────────┘                 │
                 ├───────────────────╮          │
                 ▼                   │          ▼
     ┌──────────────────────────┐┐   │   ┌───────┐
     │          check           ││   │   │ count │
     │       agent seeker       ││   │   │  run  │
     │      builtin/reader      ││   │   └───┬───┘
     │ for each row, 16 at once ││   │       │
     └──────────────────────────┘│   │       │
      └───────────┬──────────────┘   │       │
                  ╰─────────┬────────╯       ├───────╮
                            ▼                ▼       │
            ┌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐   │
            ╎               report               ╎   │
            ╎             agent lead             ╎   │
            ╎         openai/gpt-5-mini          ╎   │
            ╎      leads seeker, 4 at once       ╎   │
            ╎ when steps.check.outputs.exists(r… ╎   │
            └╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┬╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘   │
                              ├──────────────────────╯
                              ▼
                      ╭───────────────╮
                      │    outputs    │
                      │ report, count │
                      ╰───────────────╯
    ");
    insta::assert_snapshot!(drawn(&papers, 48), @r"
    ┌────────────┐   ┌────────────────────────────┐
    │    plan    │   │            find            │
    │ agent lead │   │ tool papers.keyword_search │
    └─────┬──────┘   └─────────────┬──────────────┘
          ├─────────────╮          │
          ▼             │          ▼
    ┌──────────────┐┐   │   ┌───────┐
    │    check     ││   │   │ count │
    │ agent seeker ││   │   │  run  │
    └──────────────┘│   │   └───┬───┘
     └─────┬────────┘   │       │
           ╰────────┬───╯       │
                    │ ╭─────────┤
                    ▼ ▼         │
                ┌╌╌╌╌╌╌╌╌╌╌╌╌┐  │
                ╎   report   ╎  │
                ╎ agent lead ╎  │
                └╌╌╌╌╌┬╌╌╌╌╌╌┘  │
                      ├─────────╯
                      ▼
                 ╭─────────╮
                 │ outputs │
                 ╰─────────╯
    ");
    insta::assert_snapshot!(drawn(&papers, 28), @r"
     ┌──────┐         ┌──────┐
     │ plan │         │ find │
     └──┬───┘         └──┬───┘
        ├────────╮       │
        ▼        │       ▼
    ┌───────┐┐   │   ┌───────┐
    │ check ││   │   │ count │
    └───────┘│   │   └───┬───┘
     └──┬────┘   │       │
        ╰────────┤ ╭─────┤
                 ▼ ▼     │
            ┌╌╌╌╌╌╌╌╌┐   │
            ╎ report ╎   │
            └╌╌╌┬╌╌╌╌┘   │
                ├────────╯
                ▼
           ╭─────────╮
           │ outputs │
           ╰─────────╯
    ");
    insta::assert_snapshot!(draw(&papers, Format::Ascii, 80), @r"
    +-------------------------+   +----------------------------+
    |          plan           |   |            find            |
    |       agent lead        |   | tool papers.keyword_search |
    |    openai/gpt-5-mini    |   +-------------+--------------+
    | leads seeker, 4 at once |                 |
    +------------+------------+                 |
                 +-------------------+          |
                 v                   |          v
     +--------------------------++   |   +-------+
     |          check           ||   |   | count |
     |       agent seeker       ||   |   |  run  |
     |      builtin/reader      ||   |   +---+---+
     | for each row, 16 at once ||   |       |
     +--------------------------+|   |       |
      +-----------+--------------+   |       |
                  +---------+--------+       +-------+
                            v                v       |
            +....................................+   |
            :               report               :   |
            :             agent lead             :   |
            :         openai/gpt-5-mini          :   |
            :      leads seeker, 4 at once       :   |
            : when steps.check.outputs.exists... :   |
            +.................+..................+   |
                              +----------------------+
                              v
                      .---------------.
                      |    outputs    |
                      | report, count |
                      '---------------'
    ");
}

#[test]
fn a_called_workflow_is_drawn_inside_its_step() {
    insta::assert_snapshot!(drawn(&Graph::of(&release(), 0), 80), @r"
         ┌───────┐
         │ build │
         │  run  │
         └───┬───┘
             ▼
    ╔══════════════════╗
    ║       ask        ║
    ║     approve      ║
    ║ approve | reject ║
    ╚════════╤═════════╝
             ▼
    ┌─────────────────┐
    │      call       │
    │ workflow papers │
    └────────┬────────┘
             ▼
    ┌──────────────────┐
    │      debate      │
    │     discuss      │
    │ at most 3 rounds │
    └──────────────────┘
    ");
    insta::assert_snapshot!(drawn(&Graph::of(&release(), 1), 60), @r"
                         ┌───────┐
                         │ build │
                         │  run  │
                         └───┬───┘
                             ▼
                        ╔═════════╗
                        ║   ask   ║
                        ║ approve ║
                        ╚════╤════╝
                             ▼
    ┌─────────────────────────────────────────────────┐
    │                      call                       │
    │                 workflow papers                 │
    │ ┌────────────┐   ┌────────────────────────────┐ │
    │ │    plan    │   │            find            │ │
    │ │ agent lead │   │ tool papers.keyword_search │ │
    │ └─────┬──────┘   └─────────────┬──────────────┘ │
    │       ├─────────────╮          │                │
    │       ▼             │          ▼                │
    │ ┌──────────────┐┐   │   ┌───────┐               │
    │ │    check     ││   │   │ count │               │
    │ │ agent seeker ││   │   │  run  │               │
    │ └──────────────┘│   │   └───┬───┘               │
    │  └─────┬────────┘   │       │                   │
    │        ╰────────┬───╯       │                   │
    │                 │ ╭─────────┤                   │
    │                 ▼ ▼         │                   │
    │             ┌╌╌╌╌╌╌╌╌╌╌╌╌┐  │                   │
    │             ╎   report   ╎  │                   │
    │             ╎ agent lead ╎  │                   │
    │             └╌╌╌╌╌┬╌╌╌╌╌╌┘  │                   │
    │                   ├─────────╯                   │
    │                   ▼                             │
    │              ╭─────────╮                        │
    │              │ outputs │                        │
    │              ╰─────────╯                        │
    └────────────────────────┬────────────────────────┘
                             ▼
                        ┌─────────┐
                        │ debate  │
                        │ discuss │
                        └─────────┘
    ");
    insta::assert_snapshot!(drawn(&Graph::of(&release(), 1), 30), @r"
    layer 1 of 4
      build · run
    layer 2 of 4
      ask · approve · approve |
        reject
        after build
    layer 3 of 4
      call · workflow papers
        after ask
        call: layer 1 of 4
          plan · agent lead ·
            openai/gpt-5-mini ·
            leads seeker, 4 at
            once
          find · tool
            papers.keyword_search
        call: layer 2 of 4
          count · run
            after find
          check · agent seeker ·
            builtin/reader · for
            each row, 16 at once
            after plan
        call: layer 3 of 4
          report · agent lead ·
            openai/gpt-5-mini ·
            leads seeker, 4 at
            once · when
            steps.check.outputs.ex
            ists(r, r.ok)
            after plan, count,
              check
        call: layer 4 of 4
          outputs · report,
            count
            after count, report
    layer 4 of 4
      debate · discuss · at most
        3 rounds
        after call
    ");
}

#[test]
fn many_steps_are_folded_and_what_is_still_too_much_is_listed() {
    let folded = drawn(&fan(MAX_BOXES), 80);
    assert!(folded.contains("200 steps") && folded.lines().count() < 60, "{folded}");
    let names: Vec<String> = (0..=MAX_BOXES).map(|at| format!("s{at}")).collect();
    let mut chain = fan(MAX_BOXES);
    chain.nodes = names.iter().map(|name| command(name)).collect();
    chain.edges = (1..names.len()).map(|to| Edge { from: to - 1, to }).collect();
    let listed = drawn(&chain, 80);
    assert!(
        listed.starts_with("layer 1 of 201\n  s0 · run\nlayer 2 of 201\n  s1 · run\n    after s0\n"),
        "{listed}"
    );
}

#[test]
fn nothing_is_drawn_as_nothing() {
    let empty = graph(&[]);
    assert_eq!(drawn(&empty, 80), "");
}
