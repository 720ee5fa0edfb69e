//! What reaches a run from outside: the only way in.

use crate::artifact::Given;
use crate::failure::Failure;
use crate::id::{ActorId, CallId, ItemIndex, StepIndex};
use crate::limits::{Allowance, Amount, LimitHit};
use crate::message::{Reply, ToolOutput, Usage};
use crate::port::approver::Answer;
use crate::{Object, Value};

/// Something that arrived. It may be refused; only the [`crate::event::Event`]s that follow from it are facts.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin the run.
    Start {
        /// The inputs by name, checked against the workflow's types.
        inputs: Object,
        /// The environment variables that expressions read.
        env: Object,
        /// What another run that starts this one leaves to it; none for a run that a person starts.
        allowance: Option<Allowance>,
    },
    /// Go on with a run that was cancelled or failed.
    Reopen,
    /// Go on with a past as if it had come to other outputs; with none, just go on, be the run over or not.
    Edit(Vec<Edit>),
    /// The same, of a run that another one started, which may have more to leave by now.
    ReopenWithin {
        /// What it may use in all, from its first start.
        allowance: Allowance,
    },
    /// Let a run that a person started use more than its file says, whether it is over or not.
    Raise {
        /// Of what.
        limit: LimitHit,
        /// So much in all, in the units in which [`crate::limits::Reached`] counts. Less than what it may use anyway
        /// changes nothing.
        most: u64,
    },
    /// The process that drove the run is gone, and another has folded its journal: effects that must
    /// not be repeated blindly are in doubt.
    Recover,
    /// Stop everything.
    Cancel,
    /// Stop a part; what else there is goes on as after any failure. A part that is not at work is left as it is.
    Stop {
        /// Which part.
        part: Part,
        /// Who wants that.
        by: String,
    },
    /// A model answered.
    ModelReplied {
        /// To which call.
        call: CallId,
        /// With what.
        reply: Reply,
    },
    /// A tool answered.
    ToolReplied {
        /// To which call.
        call: CallId,
        /// With what.
        output: ToolOutput,
    },
    /// A process ended.
    ProcessExited {
        /// Of which call.
        call: CallId,
        /// How.
        exit: Exit,
    },
    /// The run of another workflow came to its end.
    WorkflowEnded {
        /// Of which call.
        call: CallId,
        /// Its outputs, or why it failed.
        outputs: Result<Object, Failure>,
        /// What it used, runs that it started included.
        used: Used,
        /// Ids of chunks that it read in full, runs that it started included.
        read: Vec<String>,
    },
    /// A person decided.
    Decided {
        /// Which call.
        call: CallId,
        /// How.
        answer: Answer,
    },
    /// A model, tool or process failed for good; whoever performs effects has already retried what
    /// only needed patience.
    CallFailed {
        /// Which call.
        call: CallId,
        /// Why.
        failure: Failure,
    },
    /// A timer ran down.
    TimerFired {
        /// Which.
        call: CallId,
    },
}

impl Input {
    /// The effect that it answers; none where it comes by itself.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::ModelReplied { call, .. }
            | Self::ToolReplied { call, .. }
            | Self::ProcessExited { call, .. }
            | Self::WorkflowEnded { call, .. }
            | Self::Decided { call, .. }
            | Self::CallFailed { call, .. }
            | Self::TimerFired { call } => Some(*call),
            Self::Start { .. }
            | Self::Reopen
            | Self::ReopenWithin { .. }
            | Self::Edit(_)
            | Self::Recover
            | Self::Cancel
            | Self::Stop { .. }
            | Self::Raise { .. } => None,
        }
    }
}

/// A part of a run that can be stopped by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All items of a step that are not over.
    Step(StepIndex),
    /// One item.
    Item(StepIndex, ItemIndex),
    /// An agent with all that works for it: a subagent alone, an item's own agent with its item.
    Agent(ActorId),
}

/// An output in the place of a run's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Of which step.
    pub step: StepIndex,
    /// Of which item; none for the whole step.
    pub item: Option<ItemIndex>,
    /// The output; checked against the step's type.
    pub output: Value,
}

/// What a run that another one started has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Used {
    /// Agents started, subagents included.
    pub agents: u32,
    /// Tool calls ended.
    pub tool_calls: u32,
    /// Model usage.
    pub usage: Usage,
    /// Model calls.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turns: u64,
    /// Millionths of a US dollar for model calls.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_micros: u64,
    /// Milliseconds of model and tool calls, without waiting for places and rate limits.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub working_ms: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Used {
    /// What of it limits count.
    pub fn amount(&self) -> Amount {
        Amount {
            turns: self.turns,
            tokens: self.usage.total(),
            cost_micros: self.cost_micros,
            working_ms: self.working_ms,
            gpu_ms: self.usage.gpu_ms,
        }
    }

    /// Whether it is nothing at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Used {
    /// What was used after `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let usage = Usage {
            prompt_tokens: self.usage.prompt_tokens.saturating_sub(before.usage.prompt_tokens),
            cached_tokens: self.usage.cached_tokens.saturating_sub(before.usage.cached_tokens),
            completion_tokens: self
                .usage
                .completion_tokens
                .saturating_sub(before.usage.completion_tokens),
            gpu_ms: self.usage.gpu_ms.saturating_sub(before.usage.gpu_ms),
        };
        Self {
            agents: self.agents.saturating_sub(before.agents),
            tool_calls: self.tool_calls.saturating_sub(before.tool_calls),
            usage,
            turns: self.turns.saturating_sub(before.turns),
            cost_micros: self.cost_micros.saturating_sub(before.cost_micros),
            working_ms: self.working_ms.saturating_sub(before.working_ms),
        }
    }
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        self.agents += other.agents;
        self.tool_calls += other.tool_calls;
        self.usage += other.usage;
        self.turns += other.turns;
        self.cost_micros += other.cost_micros;
        self.working_ms += other.working_ms;
    }
}

/// How a process ended.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Exit {
    /// The exit code; -1 when a signal ended the process.
    pub code: i32,
    /// What it wrote to stdout, cut at the output limit.
    pub stdout: String,
    /// What it wrote to stderr, cut at the output limit.
    pub stderr: String,
    /// The files that it gave; none where it was asked for none, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Given>,
}

impl Exit {
    /// The record that expressions see, files aside.
    pub fn to_value(&self) -> Value {
        serde_json::json!({ "exit_code": self.code, "stdout": self.stdout, "stderr": self.stderr })
    }
}
