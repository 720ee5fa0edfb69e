//! Graphs for tests, and how a workflow becomes one.

use super::*;
use crate::{FileError, Files, compile};
use proptest::prelude::*;
use troupe_core::Value;
use troupe_core::diagnostic::{SourceId, Span};
use troupe_core::expression::{Expression, Template};
use troupe_core::id::WorkflowIndex;

/// A graph of commands, each named with those that it waits for.
pub(super) fn graph(steps: &[(&str, &[&str])]) -> Graph {
    let at = |name: &str| {
        steps
            .iter()
            .position(|(other, _)| *other == name)
            .expect("named before")
    };
    let edges = steps.iter().enumerate().flat_map(|(to, (_, before))| {
        let mut edges: Vec<Edge> = before.iter().map(|from| Edge { from: at(from), to }).collect();
        edges.sort_unstable();
        edges
    });
    Graph {
        name: "test".into(),
        nodes: steps.iter().map(|(name, _)| command(name)).collect(),
        edges: edges.collect(),
    }
}

/// A step that runs a command.
pub(super) fn command(name: &str) -> Node {
    Node {
        name: name.into(),
        work: Work::Run,
        fan_out: None,
        when: None,
        rounds: None,
    }
}

struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
    fn any_match(&self, _: &str) -> Result<bool, FileError> {
        Ok(true)
    }
}

/// A workflow without mistakes.
pub(super) fn workflow(text: &str) -> Workflow {
    let compiled = compile("test.yaml", text.as_bytes(), &Nothing);
    compiled
        .workflow
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// Two agents, a tool, a command, a condition, a fan-out and outputs that read two steps.
pub(super) const PAPERS: &str = r#"
troupe: 1
name: papers
inputs: { question: string, rows: [{ paper: string }] }
corpora: { papers: corpus/*.md }
agents:
  seeker: { model: builtin/reader, tools: [papers] }
  lead: { model: openai/gpt-5-mini, team: { agents: [seeker], parallel: 4 } }
steps:
  plan: { agent: lead, prompt: "${{ inputs.question }}" }
  find: { tool: papers.keyword_search, with: { keywords: [code] } }
  count: { run: wc, stdin: "${{ steps.find.output.chunks }}" }
  check:
    for_each: inputs.rows
    as: row
    parallel: 16
    agent: seeker
    prompt: "${{ row.paper }} ${{ steps.plan.output }}"
    output: { ok: boolean }
  report:
    agent: lead
    needs: [count]
    when: steps.check.outputs.exists(r, r.ok)
    prompt: "${{ steps.check.outputs }} ${{ steps.plan.output }}"
outputs:
  report: "${{ steps.report.output }}"
  count: "${{ steps.count.output.stdout }}"
"#;

/// The workflow with the other verbs: it calls `PAPERS`, asks a person, and repeats what cannot run yet.
pub(super) fn release() -> Workflow {
    let mut workflow = workflow(
        "troupe: 1
name: release
steps:
  build: { run: make }
  ask: { run: a, needs: [build] }
  call: { run: b, needs: [ask] }
  debate: { run: c, needs: [call] }
",
    );
    workflow.workflows.push(std::sync::Arc::new(self::workflow(PAPERS)));
    workflow.steps[1].verb = Verb::Approve(ir::Approve {
        message: Template::Literal("Shall we?".into()),
        choices: vec!["approve".into(), "reject".into()],
        deadline_ms: None,
        on_deadline: None,
    });
    workflow.steps[2].verb = Verb::Workflow {
        workflow: WorkflowIndex(0),
        inputs: Template::Literal(Value::Null),
    };
    workflow.steps[3].verb = Verb::Unavailable { verb: "discuss" };
    workflow.steps[3].repeat = Some(ir::Repeat {
        until: Expression::parse("true", Span::new(SourceId(0), 0, 4)).expect("an expression"),
        max: 3,
        carry: None,
    });
    workflow
}

/// The edges by the names of their ends.
fn edges(graph: &Graph) -> Vec<String> {
    let name = |at: usize| graph.nodes[at].name.as_str();
    graph
        .edges
        .iter()
        .map(|edge| format!("{} > {}", name(edge.from), name(edge.to)))
        .collect()
}

#[test]
fn nodes_wait_for_what_they_read_and_outputs_for_what_they_give() {
    let graph = Graph::of(&workflow(PAPERS), 0);
    assert_eq!(
        edges(&graph),
        [
            "plan > check",
            "plan > report",
            "find > count",
            "count > report",
            "count > outputs",
            "check > report",
            "report > outputs"
        ]
    );
}

#[test]
fn a_workflow_without_outputs_has_no_node_for_them() {
    let graph = Graph::of(&workflow("troupe: 1\nsteps: { a: { run: x }, b: { run: z } }"), 0);
    let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!((names, graph.edges), (vec!["a", "b"], vec![]));
}

#[test]
fn a_called_workflow_is_opened_as_deep_as_asked() {
    let mut outer = workflow("troupe: 1\nsteps: { outer: { run: x } }");
    outer.workflows.push(std::sync::Arc::new(release()));
    outer.steps[0].verb = Verb::Workflow {
        workflow: WorkflowIndex(0),
        inputs: Template::Literal(Value::Null),
    };
    let depth =
        |graph: &Graph| std::iter::successors(Some(graph), |graph| graph.nodes.iter().find_map(Node::inside)).count();
    let depths: Vec<usize> = (0..4).map(|asked| depth(&Graph::of(&outer, asked))).collect();
    assert_eq!(depths, [1, 2, 3, 3]);
}

#[test]
fn workflows_are_opened_until_there_are_too_many_nodes() {
    let call = |inner: Workflow| {
        let steps: Vec<String> = (0..100).map(|at| format!("s{at}: {{ run: x }}")).collect();
        let mut outer = workflow(&format!("troupe: 1\nsteps: {{ {} }}", steps.join(", ")));
        outer.workflows.push(std::sync::Arc::new(inner));
        for step in &mut outer.steps {
            step.verb = Verb::Workflow {
                workflow: WorkflowIndex(0),
                inputs: Template::Literal(Value::Null),
            };
        }
        outer
    };
    fn count(graph: &Graph) -> usize {
        graph.nodes.iter().map(|node| 1 + node.inside().map_or(0, count)).sum()
    }
    // A hundred steps that call a hundred steps that call a hundred steps: a million in all.
    let nodes = count(&Graph::of(&call(call(call(workflow(PAPERS)))), 9));
    assert!((MAX_NODES - 200..=MAX_NODES).contains(&nodes), "{nodes}");
}

/// Any graph of up to 60 steps whose names are as long as real ones.
pub(super) fn any_graph() -> impl Strategy<Value = Graph> {
    (1_usize..60).prop_flat_map(|steps| {
        let edges = proptest::collection::vec((0..steps, 0..steps), 0..2 * steps);
        let kinds = proptest::collection::vec(0..8_u8, steps);
        (edges, kinds).prop_map(|(edges, kinds)| {
            let mut edges: Vec<Edge> = edges
                .into_iter()
                .filter(|(one, other)| one != other)
                .map(|(one, other)| Edge {
                    from: one.min(other),
                    to: one.max(other),
                })
                .collect();
            edges.sort_unstable();
            edges.dedup();
            let nodes = kinds.iter().enumerate().map(|(at, kind)| any_node(at, *kind));
            Graph {
                name: "any".into(),
                nodes: nodes.collect(),
                edges,
            }
        })
    })
}

fn any_node(at: usize, kind: u8) -> Node {
    let mut node = command(&format!("step_{at:02}_{}", "x".repeat(usize::from(kind))));
    match kind {
        1 => node.when = Some("steps.step_00.output.ok && inputs.rows.size() > 12".into()),
        2 => {
            node.fan_out = Some(FanOut {
                variable: "row".into(),
                parallel: 8,
            });
        }
        3 => {
            node.work = Work::Approve {
                choices: vec!["yes".into(), "no".into()],
            }
        }
        4 => {
            node.work = Work::Workflow {
                name: "inner".into(),
                inside: Some(graph(&[("inner_a", &[]), ("inner_b", &["inner_a"])])),
            };
        }
        5 => {
            node.work = Work::Outputs {
                names: vec!["rows".into()],
            }
        }
        _ => {}
    }
    node
}

/// Whether tags are balanced, attributes quoted, and nothing else is left of XML's own characters.
pub(super) fn is_well_formed(xml: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        let Some((tag, after)) = tag[1..].split_once('>') else {
            return false;
        };
        let entities = ["amp;", "lt;", "gt;", "quot;"];
        let is_text = |text: &str| {
            text.split('&')
                .skip(1)
                .all(|part| entities.iter().any(|entity| part.starts_with(entity)))
        };
        if !is_text(text) || !is_text(tag) || tag.contains('<') || tag.matches('"').count() % 2 != 0 {
            return false;
        }
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = after;
    }
    open.is_empty() && rest.is_empty() && !xml.chars().any(|c| c.is_control() && c != '\n')
}

#[test]
fn what_is_not_xml_is_seen() {
    assert!(is_well_formed("<a b=\"c\"><d/>x &amp; y</a>"));
    for wrong in ["<a>", "<a></b>", "<a>&</a>", "<a b=\"></a>", "<a/>x", "<a>\u{1}</a>"] {
        assert!(!is_well_formed(wrong), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn every_step_is_named_in_every_format(graph in any_graph(), columns in 1..300_usize) {
        for format in [Format::Terminal, Format::Ascii, Format::Mermaid, Format::Dot, Format::Svg] {
            let text = draw(&graph, format, columns);
            for node in &graph.nodes {
                prop_assert!(text.contains(&node.name), "{} is missing in\n{text}", node.name);
            }
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal(graph in any_graph(), columns in 1..300_usize) {
        for format in [Format::Terminal, Format::Ascii] {
            let text = draw(&graph, format, columns);
            for line in text.lines() {
                prop_assert!(label::width(line) <= columns.max(MIN_COLUMNS), "{line:?} in {columns} columns");
                prop_assert!(format == Format::Terminal || line.is_ascii(), "{line:?}");
            }
        }
    }

    #[test]
    fn every_edge_is_written_down_once(mut graph in any_graph()) {
        // Graphviz draws the edges of an opened workflow from a step inside.
        for node in &mut graph.nodes {
            if node.inside().is_some() {
                node.work = Work::Run;
            }
        }
        for (format, arrow) in [(Format::Mermaid, "-->"), (Format::Dot, "->")] {
            let text = draw(&graph, format, 80);
            let written = text.lines().filter_map(|line| {
                let (from, to) = line.trim().trim_end_matches(';').split_once(&format!(" {arrow} "))?;
                Some(Edge { from: from[1..].parse().ok()?, to: to[1..].parse().ok()? })
            });
            prop_assert_eq!(written.collect::<Vec<Edge>>(), graph.edges.clone());
        }
    }

    #[test]
    fn no_name_breaks_a_format(names in proptest::collection::vec(any::<String>(), 1..6), columns in 1..120_usize) {
        let names: Vec<String> = names.into_iter().enumerate().map(|(at, name)| format!("{name}{at}")).collect();
        let mut graph = graph(&names.iter().map(|name| (name.as_str(), &[] as &[&str])).collect::<Vec<_>>());
        graph.name = names.concat();
        for format in [Format::Terminal, Format::Ascii] {
            let text = draw(&graph, format, columns);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            prop_assert!(text.lines().all(|line| label::width(line) <= columns.max(MIN_COLUMNS)), "{text}");
        }
        prop_assert!(is_well_formed(&draw(&graph, Format::Svg, columns)));
        // One line for each node, and those around them.
        prop_assert_eq!(draw(&graph, Format::Mermaid, columns).lines().count(), 1 + names.len());
        prop_assert_eq!(draw(&graph, Format::Dot, columns).lines().count(), 5 + names.len());
    }
}
