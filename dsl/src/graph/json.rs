//! A graph as data, for programs.

use super::{Graph, Node, Work};
use troupe_core::{Object, Value};

/// `{name, nodes, edges}`: nodes are numbered in the order of the list, and edges name them by number.
/// What does not apply to a node is not there.
pub fn json(graph: &Graph) -> Value {
    let nodes = graph.nodes.iter().enumerate().map(|(at, node)| of_node(at, node));
    let edges = graph
        .edges
        .iter()
        .map(|edge| object([("from", Value::from(edge.from)), ("to", Value::from(edge.to))]));
    object([
        ("name", Value::from(graph.name.as_str())),
        ("nodes", Value::Array(nodes.collect())),
        ("edges", Value::Array(edges.collect())),
    ])
}

fn of_node(at: usize, node: &Node) -> Value {
    let mut fields = vec![("id", Value::from(at)), ("name", Value::from(node.name.as_str()))];
    fields.extend(of_work(&node.work));
    if let Some(fan_out) = &node.fan_out {
        let fan_out = [
            ("as", Value::from(fan_out.variable.as_str())),
            ("parallel", Value::from(fan_out.parallel)),
        ];
        fields.push(("for_each", object(fan_out)));
    }
    if let Some(when) = &node.when {
        fields.push(("when", Value::from(when.as_str())));
    }
    if let Some(rounds) = node.rounds {
        fields.push(("max_rounds", Value::from(rounds)));
    }
    object(fields)
}

fn of_work(work: &Work) -> Vec<(&'static str, Value)> {
    let verb = |verb: &str| ("verb", Value::from(verb));
    match work {
        Work::Agent { name, model, team } => {
            let mut fields = vec![
                verb("agent"),
                ("agent", Value::from(name.as_str())),
                ("model", Value::from(model.as_str())),
            ];
            if let Some(team) = team {
                let members = Value::from(team.members.clone());
                fields.push((
                    "team",
                    object([("agents", members), ("parallel", Value::from(team.parallel))]),
                ));
            }
            fields
        }
        Work::Tool { name } => vec![verb("tool"), ("tool", Value::from(name.as_str()))],
        Work::Run => vec![verb("run")],
        Work::Workflow { name, inside } => {
            let mut fields = vec![verb("workflow"), ("workflow", Value::from(name.as_str()))];
            fields.extend(inside.as_ref().map(|inside| ("graph", json(inside))));
            fields
        }
        Work::Approve { choices } => vec![verb("approve"), ("choices", Value::from(choices.clone()))],
        Work::Unavailable { verb: word } => vec![verb(word)],
        Work::Outputs { names } => vec![("outputs", Value::from(names.clone()))],
    }
}

fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let fields: Object = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Value::Object(fields)
}

#[cfg(test)]
mod tests;
