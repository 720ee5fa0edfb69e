//! Graphs for tests, and how a workflow becomes one.

use super::*;
use crate::{FileError, Files, compile};

/// A graph of commands, each named with those that it waits for.
pub(super) fn graph(steps: &[(&str, &[&str])]) -> Graph {
    let at = |name: &str| steps.iter().position(|(other, _)| *other == name).expect("named before");
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

#[test]
fn scratch() {
    let show = |g: &Graph, c: usize| println!("{}\n", draw(g, Format::Terminal, c));
    show(&graph(&[("a", &[])]), 80);
    show(&graph(&[("plan", &[]), ("research", &["plan"]), ("write", &["research"])]), 80);
    show(&graph(&[("plan", &[]), ("left", &["plan"]), ("right", &["plan"]), ("join", &["left", "right"])]), 80);
    show(&graph(&[("plan", &[]), ("b", &["plan"]), ("c", &["plan", "b"]), ("d", &["c", "plan"]), ("e", &["b", "d"])]), 80);
    show(&graph(&[("a", &[]), ("b", &[]), ("c", &["a"]), ("d", &["b"])]), 80);
    show(&graph(&[("a", &[]), ("b", &[]), ("c", &["a", "b"]), ("d", &["b", "a"]), ("e", &["a", "c", "d"])]), 80);
    let names: Vec<String> = (0..12).map(|n| format!("search_{n}")).collect();
    let mut wide = vec![("plan", vec![])];
    wide.extend(names.iter().map(|n| (n.as_str(), vec!["plan"])));
    wide.push(("report", names.iter().map(String::as_str).collect()));
    let wide: Vec<(&str, &[&str])> = wide.iter().map(|(a, b)| (*a, b.as_slice())).collect();
    let wide = graph(&wide);
    show(&wide, 80);
    show(&wide, 160);
    show(&wide, 200);
    show(&wide, 24);
    let text = r#"
troupe: 1
inputs: { question: string, rows: [{ paper: string }] }
corpora: { papers: corpus/**/*.md }
agents:
  seeker: { model: builtin/reader, tools: [papers] }
  lead: { model: openai/gpt-5-mini, team: { agents: [seeker], parallel: 4 } }
steps:
  find: { tool: papers.keyword_search, with: { keywords: ["a"] } }
  plan: { agent: lead, prompt: "${{ inputs.question }}" }
  check:
    for_each: inputs.rows
    as: row
    parallel: 16
    agent: seeker
    prompt: "${{ row.paper }} ${{ steps.plan.output }}"
    output: { ok: boolean }
  count: { run: "wc", stdin: "${{ steps.find.output.chunks }}" }
  report:
    agent: lead
    when: steps.check.outputs.exists(r, r.ok)
    prompt: "${{ steps.check.outputs }} ${{ steps.plan.output }} ${{ steps.count.output.stdout }}"
outputs: { report: "${{ steps.report.output }}", count: "${{ steps.count.output.stdout }}" }
"#;
    struct Nothing;
    impl Files for Nothing {
        fn read(&self, _: &str) -> Result<Vec<u8>, FileError> { Err(FileError::NotFound) }
        fn any_match(&self, _: &str) -> Result<bool, FileError> { Ok(true) }
    }
    let compiled = compile("a.yaml", text.as_bytes(), &Nothing);
    println!("{:?}", compiled.diagnostics);
    let g = Graph::of(&compiled.workflow.unwrap(), 1);
    show(&g, 100);
    show(&g, 60);
    show(&g, 30);
    println!("{}", draw(&g, Format::Ascii, 100));
    println!("{}", draw(&g, Format::Mermaid, 100));
    println!("{}", draw(&g, Format::Dot, 100));
    std::fs::write("/tmp/graph.svg", draw(&g, Format::Svg, 100)).unwrap();
    let mut seed = 7u64;
    let mut next = |n: usize| { seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (seed >> 33) as usize % n };
    let names: Vec<String> = (0..16).map(|n| format!("s{n}")).collect();
    let deps: Vec<Vec<&str>> = (0..16).map(|n| if n == 0 { vec![] } else { let mut d: Vec<&str> = (0..1 + next(2)).map(|_| names[next(n)].as_str()).collect(); d.sort(); d.dedup(); d }).collect();
    let r: Vec<(&str, &[&str])> = names.iter().zip(&deps).map(|(n, d)| (n.as_str(), d.as_slice())).collect();
    let g = graph(&r);
    for (n, d) in &r { print!("{n}<{d:?} "); }
    println!();
    show(&g, 160);
    std::fs::write("/tmp/graph2.svg", draw(&g, Format::Svg, 100)).unwrap();
}
