//! The graph as data.

use super::*;
use crate::graph::tests::{PAPERS, release, workflow};
use serde_json::json as data;

#[test]
fn nodes_and_edges() {
    let papers = json(&Graph::of(&workflow(PAPERS), 0));
    assert_eq!(papers["name"], "papers");
    assert_eq!(
        papers["nodes"],
        data!([
            {
                "id": 0, "name": "plan", "verb": "agent", "agent": "lead", "model": "openai/gpt-5-mini",
                "team": { "agents": ["seeker"], "parallel": 4 },
            },
            { "id": 1, "name": "find", "verb": "tool", "tool": "papers.keyword_search" },
            { "id": 2, "name": "count", "verb": "run" },
            {
                "id": 3, "name": "check", "verb": "agent", "agent": "seeker", "model": "builtin/reader",
                "for_each": { "as": "row", "parallel": 16 },
            },
            {
                "id": 4, "name": "report", "verb": "agent", "agent": "lead", "model": "openai/gpt-5-mini",
                "team": { "agents": ["seeker"], "parallel": 4 }, "when": "steps.check.outputs.exists(r, r.ok)",
            },
            { "id": 5, "name": "outputs", "outputs": ["report", "count"] },
        ])
    );
    assert_eq!(papers["edges"][0], data!({ "from": 0, "to": 3 }));
    assert_eq!(papers["edges"].as_array().map(Vec::len), Some(7));
}

#[test]
fn a_called_workflow_is_a_graph_in_its_node() {
    let closed = json(&Graph::of(&release(), 0));
    assert_eq!(
        closed["nodes"][2],
        data!({ "id": 2, "name": "call", "verb": "workflow", "workflow": "papers" })
    );
    assert_eq!(
        closed["nodes"][3],
        data!({ "id": 3, "name": "debate", "verb": "discuss", "max_rounds": 3 })
    );
    let open = json(&Graph::of(&release(), 1));
    assert_eq!(open["nodes"][2]["graph"], json(&Graph::of(&workflow(PAPERS), 0)));
}
