//! A workflow once compiled: names resolved, types known, every limit a number.

mod artifacts;
mod corpus;
mod sandbox;

pub use artifacts::{ArtifactPath, Artifacts, FIELD as ARTIFACTS};
pub use corpus::{Corpus, Encoder, Extra, Offer, Results};
pub use sandbox::{PlaceTemplate, Quarters, Sandbox, Share};

use crate::Value;
use crate::expression::{Expression, Template};
use crate::failure::FailureKind;
use crate::id::{AgentIndex, ModelIndex, SandboxIndex, StepIndex, ToolIndex, WorkflowIndex};
use crate::limits::{Limits, RunLimits};
use crate::sampling::Sampling;
use crate::types::Type;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A compiled workflow. Steps are in an order in which every step comes after those that it waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// `name:`, or the file's stem.
    pub name: String,
    /// `description:`, or empty.
    pub description: String,
    /// Declared inputs, in order.
    pub inputs: Vec<Input>,
    /// Names of `env` variables that expressions outside of `models` read.
    pub env: Vec<String>,
    /// Names of the secrets that tools and commands are given.
    pub secrets: Vec<String>,
    /// Declared models.
    pub models: Vec<Model>,
    /// Declared corpora.
    pub corpora: Vec<Corpus>,
    /// Declared sandboxes.
    pub sandboxes: Vec<Sandbox>,
    /// Every tool that an agent or a step can call.
    pub tools: Vec<Tool>,
    /// Declared agents.
    pub agents: Vec<Agent>,
    /// The workflows that steps call, each once; their files are part of this one's fingerprint.
    pub workflows: Vec<Arc<Workflow>>,
    /// Steps in dependency order.
    pub steps: Vec<Step>,
    /// Declared outputs, in order.
    pub outputs: Vec<Output>,
    /// What the run as a whole may use.
    pub limits: RunLimits,
    /// What this version can check and not run, in sentences, of the workflows that it calls too: such a
    /// workflow is refused before it starts.
    pub unavailable: Vec<String>,
    /// A hash of every source byte that can change what a run does.
    pub fingerprint: String,
}

/// A value that the run gives when it has succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: Template,
    /// What the value is, as far as it is certain before the run.
    pub kind: Type,
}

/// An input that the caller gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it must be.
    pub kind: Type,
    /// Used when the caller gives nothing; none makes the input required.
    pub default: Option<Value>,
}

/// A model that agents use, by alias. Templates here may read `env` and `secrets` alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The name in the workflow.
    pub alias: String,
    /// The catalog row, such as `openai` or `builtin`.
    pub provider: String,
    /// The provider's name of the model.
    pub name: String,
    /// `base_url:`.
    pub base_url: Option<Template>,
    /// `api_key:`.
    pub api_key: Option<Template>,
    /// How the tokens of its answers are chosen.
    pub sampling: Sampling,
    /// Seconds until a request is given up.
    pub timeout_seconds: u64,
    /// Attempts at one request, the first included.
    pub attempts: u32,
    /// Requests at once.
    pub parallel: u32,
    /// What its tokens cost, where the file says so.
    pub price: Option<Price>,
}

/// Providers whose models run here and cost nothing.
const FREE: [&str; 2] = ["builtin", "local"];

/// Whether the models of a provider cost nothing.
pub fn is_free(provider: &str) -> bool {
    FREE.contains(&provider)
}

impl Model {
    /// What its tokens cost; none where nobody said.
    pub fn known_price(&self) -> Option<Price> {
        let nothing = Price {
            input: 0.0,
            output: 0.0,
        };
        let free = || is_free(&self.provider).then_some(nothing);
        self.price.or_else(free)
    }
}

/// What a model's tokens cost, in US dollars for a million of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Tokens of prompts.
    pub input: f64,
    /// Tokens of answers.
    pub output: f64,
}

impl Price {
    /// Millionths of a US dollar for so many tokens, rounded up: dollars for a million tokens are
    /// millionths of a dollar for one.
    pub fn micros(&self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        // A float beyond the whole numbers becomes the largest one, and a price below zero nothing.
        (self.input * prompt_tokens as f64 + self.output * completion_tokens as f64).ceil() as u64
    }
}

/// A tool, by the name that models know it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Unique in the workflow: `papers.keyword_search`.
    pub path: String,
    /// What implements it.
    pub source: ToolSource,
    /// Whether a call may be repeated.
    pub class: EffectClass,
}

/// Whether an effect may be repeated when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EffectClass {
    /// It changes nothing outside: repeat freely.
    Pure,
    /// Whoever performs it takes a repetition with the same key for the same.
    Idempotent,
    /// It may have happened: in doubt when it was begun and no answer came.
    Once,
}

impl EffectClass {
    /// The word in YAML and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Idempotent => "idempotent",
            Self::Once => "once",
        }
    }
}

/// What becomes of an effect in doubt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnCrash {
    /// It is repeated with the same key.
    Retry,
    /// The item fails, as in doubt.
    Fail,
    /// A person looks and decides.
    #[default]
    Ask,
}

/// A step's use of answers that earlier calls got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheUse {
    /// Milliseconds that an answer is good for; none for ever.
    pub fresh_ms: Option<u64>,
}

/// Where a tool comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolSource {
    /// One of the retrieval tools over a corpus.
    Corpus {
        /// The corpus's name.
        corpus: String,
        /// `keyword_search`, `semantic_search` or `read_chunk`.
        tool: String,
    },
    /// One of the tools in a sandbox.
    Sandbox {
        /// Which sandbox.
        sandbox: SandboxIndex,
        /// Its name in the workflow.
        name: String,
        /// `shell`, `read_file`, `write_file` or `apply_patch`.
        tool: String,
    },
    /// What builds and verifies environments: behind steps with the verb of that name.
    Environment,
    /// A tool of a server that speaks the Model Context Protocol.
    Mcp {
        /// The server's name in the workflow.
        server: String,
        /// The tool's name there.
        tool: String,
    },
}

impl ToolSource {
    /// The corpus, the sandbox or the server that brings the tool.
    pub fn group(&self) -> &str {
        match self {
            Self::Corpus { corpus, .. } => corpus,
            Self::Sandbox { name, .. } => name,
            Self::Environment => ENVIRONMENT,
            Self::Mcp { server, .. } => server,
        }
    }

    /// The tool's own name there.
    pub fn tool(&self) -> &str {
        match self {
            Self::Corpus { tool, .. } | Self::Sandbox { tool, .. } | Self::Mcp { tool, .. } => tool,
            Self::Environment => ENVIRONMENT,
        }
    }
}

/// An agent definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// The name in the workflow.
    pub name: String,
    /// Its model.
    pub model: ModelIndex,
    /// The system prompt; may read `inputs` and `env`.
    pub system: Template,
    /// The tools that it may call, each with the name that the model sees.
    pub tools: Vec<(String, ToolIndex)>,
    /// Its subagents; an agent with a team is a lead.
    pub team: Option<Team>,
    /// What it may use.
    pub limits: Limits,
}

/// The subagents of a lead, and how many at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    /// The agents it may start; the first is the default.
    pub agents: Vec<AgentIndex>,
    /// Subagents that work at the same time.
    pub parallel: u32,
    /// Subagents of one request; more are dropped, and the lead is told.
    pub per_wave: u32,
}

/// The name of what builds and verifies environments.
pub const ENVIRONMENT: &str = "environment";

/// The name of the tool by which a lead starts subagents (WideSeek-R1).
pub const CREATE_SUB_AGENTS: &str = "create_sub_agents";

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its key under `steps`.
    pub name: String,
    /// What it does.
    pub verb: Verb,
    /// Skipped when this is false.
    pub when: Option<Expression>,
    /// The steps that must have ended first: those it refers to, and `needs`.
    pub after: Vec<StepIndex>,
    /// Once per item of a list.
    pub fan_out: Option<FanOut>,
    /// Again and again until a condition holds.
    pub repeat: Option<Repeat>,
    /// What to do after a failure.
    pub retry: Retry,
    /// Milliseconds that one attempt may take.
    pub timeout_ms: Option<u64>,
    /// What a failure that is not retried means for the run.
    pub on_error: OnError,
    /// What one item gives when it succeeds.
    pub output: Type,
    /// Whether the tool call or the process of the step may be repeated; nothing to agents, runs and people.
    pub effect: EffectClass,
    /// What becomes of it when it is in doubt.
    pub on_crash: OnCrash,
    /// Whether its model and tool calls may be answered from the cache; none asks anew.
    pub cache: Option<CacheUse>,
}

/// What a failure that is not retried means for the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// The step fails, and the run with it.
    #[default]
    Fail,
    /// The item's output is null, and the failure stands in `steps.NAME.errors`.
    Continue,
}

/// An item's repetition: a round is one successful attempt at the verb.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// Looked at after every round; sees `output` (of this round), `round` (from 1) and `carry`.
    pub until: Expression,
    /// Rounds after which the item fails unless `until` holds.
    pub max: u32,
    /// What the next round sees as `carry`; sees the same as `until`. In the first round `carry` is null.
    pub carry: Option<Template>,
}

/// A step's repetition over a list.
#[derive(Debug, Clone, PartialEq)]
pub struct FanOut {
    /// The list.
    pub items: Expression,
    /// The variable that holds the item.
    pub variable: String,
    /// Items at once.
    pub parallel: u32,
    /// A text that names each item, unlike all others: what people and resumed runs know it by.
    pub key: Option<Expression>,
}

/// What to do after a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Attempts in all; 1 means no retry.
    pub attempts: u32,
    /// Milliseconds before the second attempt; doubled before each further one.
    pub backoff_ms: u64,
    /// The kinds that are retried; empty means all that a repetition can mend.
    pub errors: Vec<FailureKind>,
}

impl Retry {
    /// No retry.
    pub const NONE: Retry = Retry {
        attempts: 1,
        backoff_ms: 1_000,
        errors: Vec::new(),
    };
}

/// What a step does: exactly one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// One agent works on a prompt.
    Agent {
        /// Who.
        agent: AgentIndex,
        /// On what.
        prompt: Template,
        /// The agent's limits, narrowed by the step's.
        limits: Limits,
    },
    /// One tool call.
    Tool {
        /// Which.
        tool: ToolIndex,
        /// `with:`.
        arguments: Template,
    },
    /// A process, in a sandbox or on the machine itself.
    Run {
        /// What is started.
        command: CommandTemplate,
        /// Whether stdout is the output as JSON (`output:` was declared) or a part of the record
        /// `{exit_code, stdout, stderr}`. Files that the command gives are a field `artifacts` of either.
        json: bool,
    },
    /// A workflow as a run of its own.
    Workflow {
        /// Which.
        workflow: WorkflowIndex,
        /// Its inputs: an object.
        inputs: Template,
    },
    /// A person decides.
    Approve(Approve),
    /// A verb that this version can check and not run; such a workflow never starts.
    Unavailable {
        /// The verb's word.
        verb: &'static str,
    },
}

impl Verb {
    /// The word in YAML and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Agent { .. } => "agent",
            Self::Tool { .. } => "tool",
            Self::Run { .. } => "run",
            Self::Workflow { .. } => "workflow",
            Self::Approve(_) => "approve",
            Self::Unavailable { verb } => verb,
        }
    }
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Approve {
    /// What the person reads.
    pub message: Template,
    /// What the person may choose; at least one.
    pub choices: Vec<String>,
    /// Milliseconds after which nobody is waited for.
    pub deadline_ms: Option<u64>,
    /// The choice that is taken then; without one the item fails.
    pub on_deadline: Option<String>,
}

/// A command before its expressions are evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandTemplate {
    /// Program and arguments; `run: text` becomes `sh -c text`.
    pub arguments: Vec<Template>,
    /// Environment variables added to the process's own.
    pub env: Vec<(String, Template)>,
    /// What the process reads.
    pub stdin: Option<Template>,
    /// Where it runs; on the machine itself where there is none.
    pub sandbox: Option<Quarters>,
    /// The files that it gives.
    pub artifacts: Option<Artifacts>,
}

impl Workflow {
    /// The definition behind an index.
    pub fn agent(&self, index: AgentIndex) -> &Agent {
        &self.agents[index.at()]
    }

    /// The word for what a step does, as its file has it.
    pub fn verb(&self, step: &Step) -> &'static str {
        match &step.verb {
            Verb::Tool { tool, .. } if self.tool(*tool).source == ToolSource::Environment => ENVIRONMENT,
            verb => verb.word(),
        }
    }

    /// The step behind an index.
    pub fn step(&self, index: StepIndex) -> &Step {
        &self.steps[index.at()]
    }

    /// Whether it declares sandboxes, or a workflow that it calls does.
    pub fn has_sandboxes(&self) -> bool {
        !self.sandboxes.is_empty() || self.workflows.iter().any(|called| called.has_sandboxes())
    }

    /// The model behind an index.
    pub fn model(&self, index: ModelIndex) -> &Model {
        &self.models[index.at()]
    }

    /// The called workflow behind an index.
    pub fn workflow(&self, index: WorkflowIndex) -> &Arc<Workflow> {
        &self.workflows[index.at()]
    }

    /// The tool behind an index.
    pub fn tool(&self, index: ToolIndex) -> &Tool {
        &self.tools[index.at()]
    }

    /// Names of `env` variables that its expressions read, and those of the workflows that it calls.
    pub fn environment(&self) -> BTreeSet<&str> {
        let own = self.env.iter().map(String::as_str);
        own.chain(self.workflows.iter().flat_map(|called| called.environment()))
            .collect()
    }

    /// Names of the secrets that it is given, and those of the workflows that it calls.
    pub fn all_secrets(&self) -> BTreeSet<&str> {
        let own = self.secrets.iter().map(String::as_str);
        own.chain(self.workflows.iter().flat_map(|called| called.all_secrets()))
            .collect()
    }

    /// The steps that come after `step`, those that wait for it through others included.
    pub fn followers(&self, step: StepIndex) -> Vec<StepIndex> {
        let mut comes_after = vec![false; self.steps.len()];
        comes_after[step.at()] = true;
        // Every step stands behind those that it waits for, so one pass finds them all.
        for at in step.at() + 1..self.steps.len() {
            comes_after[at] = self.steps[at].after.iter().any(|before| comes_after[before.at()]);
        }
        let steps = (0..).map(StepIndex).zip(comes_after);
        steps
            .filter(|(at, follows)| *follows && *at != step)
            .map(|(at, _)| at)
            .collect()
    }

    /// The step of a name.
    pub fn step_named(&self, name: &str) -> Option<StepIndex> {
        let at = self.steps.iter().position(|step| step.name == name)?;
        u32::try_from(at).ok().map(StepIndex)
    }
}
