//! A workflow as a graph of its steps, and as pictures of it: what runs, in which order, by whom.
//!
//! `Graph` is the model; `mermaid`, `dot` and `json` write it down as it is. For the terminal and
//! for SVG it is laid out: `layers` (which step stands in which row, and in which order), `place`
//! (columns), `route` (lines between two rows), `layout` (all of it, as a `picture` in character
//! cells). `canvas` and `svg` draw the picture; `outline` lists what does not fit.

mod block;
mod canvas;
mod dot;
mod json;
mod label;
mod layers;
mod layout;
mod mermaid;
mod outline;
mod picture;
mod place;
mod route;
mod svg;
mod terminal;

pub use json::json;

use std::collections::HashMap;
use troupe_core::ir::{self, Verb, Workflow};

/// Columns that a drawing in the terminal has at least, however few are asked for.
pub const MIN_COLUMNS: usize = 24;

/// Boxes that the terminal is given at most. Of more steps those that wait for the same and are
/// waited for by the same are folded into one box; what is still more is listed, not drawn.
pub const MAX_BOXES: usize = 200;

/// Boxes, and places in rows that lines pass, that an SVG has at most; what is more is listed.
pub const MAX_PLACES: usize = 10_000;

/// Nodes of one graph, those of the workflows inside it included. Beyond, workflows are not opened.
pub const MAX_NODES: usize = 20_000;

/// The graph of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The workflow's name.
    pub name: String,
    /// The steps in the order of the IR, and the outputs, where there are any, as the last node.
    pub nodes: Vec<Node>,
    /// Who waits for whom; every edge goes from an earlier node to a later one.
    pub edges: Vec<Edge>,
}

/// From a node to one that waits for it: positions in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The node that is waited for.
    pub from: usize,
    /// The node that waits.
    pub to: usize,
}

/// A step, or the workflow's outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The step's key; `outputs` for the outputs.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// Once per item of a list.
    pub fan_out: Option<FanOut>,
    /// The condition without which it is skipped, as written.
    pub when: Option<String>,
    /// Rounds that an item may take, where it is repeated.
    pub rounds: Option<u32>,
}

/// A repetition over a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOut {
    /// The variable that holds the item.
    pub variable: String,
    /// Items at once.
    pub parallel: u32,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// An agent works.
    Agent {
        /// Its name.
        name: String,
        /// `provider/name` of its model.
        model: String,
        /// The agents that it may start.
        team: Option<Team>,
    },
    /// A tool is called.
    Tool {
        /// Its path.
        name: String,
    },
    /// A command runs.
    Run,
    /// Another workflow runs.
    Workflow {
        /// Its name.
        name: String,
        /// Its graph, where the depth asked for reaches it.
        inside: Option<Graph>,
    },
    /// A person decides.
    Approve {
        /// Between these.
        choices: Vec<String>,
    },
    /// A verb that can be checked and not run.
    Unavailable {
        /// Its word.
        verb: &'static str,
    },
    /// The workflow's outputs are put together.
    Outputs {
        /// Their names.
        names: Vec<String>,
    },
}

/// The subagents of a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Their names.
    pub members: Vec<String>,
    /// Subagents at once.
    pub parallel: u32,
}

/// How a graph is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Boxes and arrows in Unicode box drawing.
    Terminal,
    /// Boxes and arrows in ASCII.
    Ascii,
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz.
    Dot,
    /// A picture that needs nothing else.
    Svg,
}

/// Draws a graph. `columns` is the width of the terminal, at least [`MIN_COLUMNS`], and of no
/// meaning for the other formats. Ends without a line break.
pub fn draw(graph: &Graph, format: Format, columns: usize) -> String {
    match format {
        Format::Terminal => terminal::draw(graph, &canvas::UNICODE, columns),
        Format::Ascii => terminal::draw(graph, &canvas::ASCII, columns),
        Format::Mermaid => mermaid::draw(graph),
        Format::Dot => dot::draw(graph),
        Format::Svg => svg::draw(graph),
    }
}

impl Graph {
    /// The graph of a workflow, with the graphs of the workflows that it calls down to `depth`.
    pub fn of(workflow: &Workflow, depth: usize) -> Self {
        let mut left = MAX_NODES;
        Self::within(workflow, depth, &mut left)
    }

    fn within(workflow: &Workflow, depth: usize, left: &mut usize) -> Self {
        *left = left.saturating_sub(workflow.steps.len() + 1);
        let mut nodes: Vec<Node> = workflow
            .steps
            .iter()
            .map(|step| Node::of(workflow, step, depth, left))
            .collect();
        let mut edges: Vec<Edge> = Vec::new();
        for (to, step) in workflow.steps.iter().enumerate() {
            // The IR's steps stand in the order in which they can run.
            let before = step.after.iter().map(|from| from.at()).filter(|from| *from < to);
            edges.extend(before.map(|from| Edge { from, to }));
        }
        if !workflow.outputs.is_empty() {
            let to = nodes.len();
            nodes.push(outputs(workflow));
            edges.extend(read_by_outputs(workflow).into_iter().map(|from| Edge { from, to }));
        }
        edges.sort_unstable();
        edges.dedup();
        Self {
            name: workflow.name.clone(),
            nodes,
            edges,
        }
    }

    /// The edges as pairs, for layouts.
    fn pairs(&self) -> Vec<(usize, usize)> {
        self.edges.iter().map(|edge| (edge.from, edge.to)).collect()
    }
}

impl Node {
    fn of(workflow: &Workflow, step: &ir::Step, depth: usize, left: &mut usize) -> Self {
        Self {
            name: step.name.clone(),
            work: work(workflow, &step.verb, depth, left),
            fan_out: step.fan_out.as_ref().map(|fan_out| FanOut {
                variable: fan_out.variable.clone(),
                parallel: fan_out.parallel,
            }),
            when: step.when.as_ref().map(|when| when.source().to_owned()),
            rounds: step.repeat.as_ref().map(|repeat| repeat.max),
        }
    }

    /// The graph of the workflow that it calls, where it is opened.
    fn inside(&self) -> Option<&Graph> {
        match &self.work {
            Work::Workflow { inside, .. } => inside.as_ref(),
            _ => None,
        }
    }
}

fn work(workflow: &Workflow, verb: &Verb, depth: usize, left: &mut usize) -> Work {
    match verb {
        Verb::Agent { agent, .. } => {
            let agent = workflow.agent(*agent);
            let model = workflow.model(agent.model);
            Work::Agent {
                name: agent.name.clone(),
                model: format!("{}/{}", model.provider, model.name),
                team: agent.team.as_ref().map(|team| Team {
                    members: team.agents.iter().map(|at| workflow.agent(*at).name.clone()).collect(),
                    parallel: team.parallel,
                }),
            }
        }
        Verb::Tool { tool, .. } => Work::Tool {
            name: workflow.tool(*tool).path.clone(),
        },
        Verb::Run { .. } => Work::Run,
        Verb::Workflow { workflow: called, .. } => {
            let called = workflow.workflow(*called);
            let opened = depth > 0 && called.steps.len() < *left;
            Work::Workflow {
                name: called.name.clone(),
                inside: opened.then(|| Graph::within(called, depth - 1, left)),
            }
        }
        Verb::Approve(approve) => Work::Approve {
            choices: approve.choices.clone(),
        },
        Verb::Unavailable { verb } => Work::Unavailable { verb },
    }
}

fn outputs(workflow: &Workflow) -> Node {
    Node {
        name: "outputs".into(),
        work: Work::Outputs {
            names: workflow.outputs.iter().map(|output| output.name.clone()).collect(),
        },
        fan_out: None,
        when: None,
        rounds: None,
    }
}

/// Positions of the steps whose results the outputs read.
fn read_by_outputs(workflow: &Workflow) -> Vec<usize> {
    let places: HashMap<&str, usize> = workflow
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| (step.name.as_str(), at))
        .collect();
    let mut read = Vec::new();
    for output in &workflow.outputs {
        output.value.each_expression(&mut |expression| {
            let steps = expression.roots().iter().filter(|(root, _)| root == "steps");
            for (_, fields) in steps {
                match fields {
                    Some(names) => read.extend(names.iter().filter_map(|name| places.get(name.as_str()))),
                    None => read.extend(0..workflow.steps.len()),
                }
            }
        });
    }
    read
}

#[cfg(test)]
mod tests;
