//! What a run would do: its steps in order, what they need, and what they cost at most.

mod needs;
mod text;

use needs::Needs;
use serde::Serialize;
use troupe_core::estimate::{StepEstimate, Worst, estimate};
use troupe_core::expression::{Segment, Template, as_text};
use troupe_core::ir::{Agent, OnError, Step, Verb, Workflow};
use troupe_core::limits::{Limits, RunLimits};
use troupe_core::{Object, Value};

/// What is known besides the workflow.
pub struct Circumstances<'a> {
    /// Inputs that were given or have a default.
    pub inputs: &'a Object,
    /// Inputs that a run would still need.
    pub missing: &'a [String],
    /// Whether an environment variable is set.
    pub is_set: &'a dyn Fn(&str) -> bool,
    /// Whether `--allow-host-commands` was given.
    pub allows_commands: bool,
}

/// The plan of a run.
#[derive(Debug, Serialize)]
pub struct Plan {
    workflow: String,
    description: String,
    inputs: Vec<PlannedInput>,
    steps: Vec<PlannedStep>,
    outputs: Vec<PlannedOutput>,
    needs: Needs,
    /// Why a run would be refused whatever it is given.
    unavailable: Vec<String>,
    limits: RunLimits,
    worst_case: Worst,
}

#[derive(Debug, Serialize)]
struct PlannedInput {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// None while it is missing.
    value: Option<Value>,
    missing: bool,
}

#[derive(Debug, Serialize)]
struct PlannedOutput {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Serialize)]
struct PlannedStep {
    name: String,
    #[serde(flatten)]
    action: Action,
    after: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_each: Option<PlannedFanOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<PlannedRepeat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<PlannedRetry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    goes_on_after_failures: bool,
    output: String,
    #[serde(flatten)]
    estimate: StepEstimate,
}

/// What a step does, by its verb.
#[derive(Debug, Serialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
enum Action {
    Agent {
        agent: String,
        model: String,
        tools: Vec<String>,
        team: Vec<Member>,
        limits: Limits,
    },
    Tool {
        tool: String,
        with: Value,
    },
    Run {
        command: Vec<String>,
    },
    Workflow {
        workflow: String,
        with: Value,
    },
    Approve {
        message: String,
        choices: Vec<String>,
        deadline_ms: Option<u64>,
        on_deadline: Option<String>,
    },
    Unavailable {
        word: &'static str,
    },
}

/// An agent that a lead may start.
#[derive(Debug, Serialize)]
struct Member {
    agent: String,
    model: String,
    tools: Vec<String>,
    at_once: u32,
    in_one_wave: u32,
}

#[derive(Debug, Serialize)]
struct PlannedFanOut {
    items: String,
    #[serde(rename = "as")]
    variable: String,
    parallel: u32,
    key: Option<String>,
}

#[derive(Debug, Serialize)]
struct PlannedRepeat {
    until: String,
    max: u32,
}

#[derive(Debug, Serialize)]
struct PlannedRetry {
    attempts: u32,
    backoff_ms: u64,
    errors: Vec<&'static str>,
}

impl Plan {
    /// The plan of a workflow.
    pub fn of(workflow: &Workflow, circumstances: &Circumstances<'_>) -> Self {
        let estimate = estimate(workflow, circumstances.inputs);
        let inputs = workflow.inputs.iter().map(|input| PlannedInput {
            name: input.name.clone(),
            kind: input.kind.to_string(),
            value: circumstances.inputs.get(&input.name).cloned(),
            missing: circumstances.missing.contains(&input.name),
        });
        let outputs = workflow.outputs.iter().map(|output| PlannedOutput {
            name: output.name.clone(),
            kind: output.kind.to_string(),
        });
        let steps = workflow.steps.iter().zip(estimate.steps);
        Self {
            workflow: workflow.name.clone(),
            description: workflow.description.clone(),
            inputs: inputs.collect(),
            steps: steps.map(|(one, estimate)| step(workflow, one, estimate)).collect(),
            outputs: outputs.collect(),
            needs: Needs::of(workflow, circumstances),
            unavailable: workflow.unavailable.clone(),
            limits: workflow.limits,
            worst_case: estimate.total,
        }
    }
}

fn step(workflow: &Workflow, step: &Step, estimate: StepEstimate) -> PlannedStep {
    let after = step.after.iter().map(|index| workflow.step(*index).name.clone());
    let for_each = step.fan_out.as_ref().map(|each| PlannedFanOut {
        items: each.items.source().to_owned(),
        variable: each.variable.clone(),
        parallel: each.parallel,
        key: each.key.as_ref().map(|key| key.source().to_owned()),
    });
    let repeat = step.repeat.as_ref().map(|repeat| PlannedRepeat {
        until: repeat.until.source().to_owned(),
        max: repeat.max,
    });
    let retry = (step.retry.attempts > 1).then(|| PlannedRetry {
        attempts: step.retry.attempts,
        backoff_ms: step.retry.backoff_ms,
        errors: step.retry.errors.iter().map(|kind| kind.word()).collect(),
    });
    PlannedStep {
        name: step.name.clone(),
        action: action(workflow, &step.verb),
        after: after.collect(),
        when: step.when.as_ref().map(|when| when.source().to_owned()),
        for_each,
        repeat,
        retry,
        timeout_ms: step.timeout_ms,
        goes_on_after_failures: step.on_error == OnError::Continue,
        output: step.output.to_string(),
        estimate,
    }
}

fn action(workflow: &Workflow, verb: &Verb) -> Action {
    match verb {
        Verb::Agent { agent, limits, .. } => {
            let definition = workflow.agent(*agent);
            let team = definition.team.iter().flat_map(|team| {
                team.agents.iter().map(|index| {
                    let member = workflow.agent(*index);
                    Member {
                        agent: member.name.clone(),
                        model: model(workflow, member),
                        tools: tools(member),
                        at_once: team.parallel,
                        in_one_wave: team.per_wave,
                    }
                })
            });
            Action::Agent {
                agent: definition.name.clone(),
                model: model(workflow, definition),
                tools: tools(definition),
                team: team.collect(),
                limits: *limits,
            }
        }
        Verb::Tool { tool, arguments } => Action::Tool {
            tool: workflow.tool(*tool).path.clone(),
            with: written(arguments),
        },
        Verb::Run { command, .. } => Action::Run {
            command: command.arguments.iter().map(|one| as_text(&written(one))).collect(),
        },
        Verb::Workflow {
            workflow: called,
            inputs,
        } => Action::Workflow {
            workflow: workflow.workflow(*called).name.clone(),
            with: written(inputs),
        },
        Verb::Approve(approve) => Action::Approve {
            message: as_text(&written(&approve.message)),
            choices: approve.choices.clone(),
            deadline_ms: approve.deadline_ms,
            on_deadline: approve.on_deadline.clone(),
        },
        Verb::Unavailable { verb } => Action::Unavailable { word: verb },
    }
}

fn model(workflow: &Workflow, agent: &Agent) -> String {
    let model = workflow.model(agent.model);
    format!("{}/{}", model.provider, model.name)
}

fn tools(agent: &Agent) -> Vec<String> {
    agent.tools.iter().map(|(name, _)| name.clone()).collect()
}

/// A template as it stands in the file.
fn written(template: &Template) -> Value {
    match template {
        Template::Literal(value) => value.clone(),
        Template::Expression(expression) => Value::from(format!("${{{{ {} }}}}", expression.source())),
        Template::Text(segments) => {
            let piece = |segment: &Segment| match segment {
                Segment::Text(text) => text.clone(),
                Segment::Expression(expression) => format!("${{{{ {} }}}}", expression.source()),
            };
            Value::from(segments.iter().map(piece).collect::<String>())
        }
        Template::List(items) => items.iter().map(written).collect(),
        Template::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), written(field)));
            Value::Object(fields.collect())
        }
    }
}

#[cfg(test)]
mod tests;
