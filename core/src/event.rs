//! What happened, in the past tense: the journal's vocabulary, and the only thing that changes state.
//!
//! Events are their own wire format: short tags and fields, defaults for whatever a later version
//! adds, pinned by a snapshot test (`event/tests.rs`). Large text inside is moved to blobs by the store.

use crate::artifact::Given;
use crate::effect::Command;
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, CallId, ItemIndex, StepIndex, ToolIndex};
use crate::input::Used;
use crate::limits::{Allowance, LimitHit, Reached};
use crate::message::{Reply, Retrieved, ToolOutput};
use crate::port::approver::Answer;
use crate::{Object, Value};
use serde::{Deserialize, Serialize};

/// A fact of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    RunStarted {
        /// The inputs by name.
        inputs: Object,
        /// The environment variables that expressions read.
        #[serde(default, skip_serializing_if = "Object::is_empty")]
        env: Object,
        /// What the run that started this one left to it; none when a person started it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowance: Option<Allowance>,
    },
    /// A run that was over went on.
    RunReopened,
    /// A person put an output in the place of the run's own; the steps that come after it are due again.
    OutputEdited {
        /// Of which step.
        step: StepIndex,
        /// Of which item; none for the whole step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemIndex>,
        /// The output, which fits the step's type.
        output: Value,
    },
    /// The run above left another sum to this one before it was reopened.
    AllowanceGiven {
        /// What it may use in all, from its first start.
        allowance: Allowance,
    },
    /// A person let the run use more than its file says.
    LimitRaised {
        /// Of what.
        limit: LimitHit,
        /// So much in all, in the units in which [`Reached`] counts.
        most: u64,
    },
    /// The run was cancelled.
    RunCancelled,
    /// Every step ended and the outputs were computed.
    RunSucceeded {
        /// The outputs by name.
        outputs: Object,
    },
    /// The run failed.
    RunFailed {
        /// The step at fault; none when an output could not be computed.
        step: Option<StepIndex>,
        /// The item at fault; none where the step could not begin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemIndex>,
        /// Why.
        failure: Failure,
    },
    /// A step's `when` was false.
    StepSkipped {
        /// Which.
        step: StepIndex,
    },
    /// A step's turn came.
    StepStarted {
        /// Which.
        step: StepIndex,
        /// The list of its fan-out; none for a step without `for_each`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Vec<Value>>,
        /// The items' names by `key`; none where the step has no `key`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
    },
    /// A step could not begin: its `when`, `for_each` or `key` failed.
    StepFailed {
        /// Which.
        step: StepIndex,
        /// Why.
        failure: Failure,
    },
    /// An item of a step began an attempt.
    ItemStarted {
        /// Of which step.
        step: StepIndex,
        /// Which item.
        item: ItemIndex,
        /// The attempt, from 1; each round of a `repeat` counts its own.
        attempt: u32,
        /// The round of its `repeat`, from 1.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        round: u32,
        /// What it does, with every expression evaluated.
        work: Work,
    },
    /// An item has its output.
    ItemSucceeded {
        /// Of which step.
        step: StepIndex,
        /// Which item.
        item: ItemIndex,
        /// The output, which fits the step's type; absent when it is the answer of the item's agent,
        /// which is in the journal already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Value>,
        /// What a retrieval tool showed and read.
        #[serde(default, skip_serializing_if = "Retrieved::is_empty")]
        retrieved: Retrieved,
        /// What a run that it started used.
        #[serde(default, skip_serializing_if = "Used::is_nothing")]
        used: Used,
        /// Who decided, where the item asked a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Whether its tool's answer is that of an earlier equal call.
        #[serde(default, skip_serializing_if = "is_false")]
        cached: bool,
        /// The files that its command gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifacts: Option<Given>,
    },
    /// An item has the output of a round, and its `until` asks for another one.
    RoundEnded {
        /// Of which step.
        step: StepIndex,
        /// Which item.
        item: ItemIndex,
        /// The round's output, as in [`Event::ItemSucceeded`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Value>,
        /// What the next round sees as `carry`.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        carry: Value,
        /// What a retrieval tool showed and read.
        #[serde(default, skip_serializing_if = "Retrieved::is_empty")]
        retrieved: Retrieved,
        /// What a run that it started used.
        #[serde(default, skip_serializing_if = "Used::is_nothing")]
        used: Used,
        /// Who decided, where the item asked a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Whether its tool's answer is that of an earlier equal call.
        #[serde(default, skip_serializing_if = "is_false")]
        cached: bool,
        /// The files that its command gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifacts: Option<Given>,
    },
    /// An attempt of an item failed.
    ItemFailed {
        /// Of which step.
        step: StepIndex,
        /// Which item.
        item: ItemIndex,
        /// Why.
        failure: Failure,
        /// Milliseconds until the next attempt; none when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// What a run that it started used.
        #[serde(default, skip_serializing_if = "Used::is_nothing")]
        used: Used,
    },
    /// An item's effect may have happened or not, and a person is asked.
    EffectDoubted {
        /// Of which step.
        step: StepIndex,
        /// Which item.
        item: ItemIndex,
        /// The person's last answer, which could not be used; none when the effect has just been interrupted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Refused>,
    },
    /// An item's effect that was in doubt is performed again, as the same attempt.
    EffectRepeated {
        /// Of which step.
        step: StepIndex,
        /// Which item.
        item: ItemIndex,
        /// Who decided so; none when the step's `on_crash` did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// An agent asked its model for the next message.
    TurnStarted {
        /// Whose turn.
        actor: ActorId,
        /// The limit that makes this the last answer, without tools.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forced: Option<Reached>,
    },
    /// A limit would have ended work, and nothing was stopped: the run is audited. Told once for each limit.
    LimitPassed {
        /// The agent that it bounds; none where it bounds the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<ActorId>,
        /// Which limit, and by how much.
        limit: Reached,
    },
    /// A model answered an agent.
    ModelReplied {
        /// The agent.
        actor: ActorId,
        /// The call.
        call: CallId,
        /// The answer.
        reply: Reply,
    },
    /// An agent's tool call began.
    ToolCalled {
        /// Whose.
        actor: ActorId,
        /// Position among the turn's tool calls.
        position: u32,
        /// The tool.
        tool: ToolIndex,
    },
    /// An agent's tool call ended without being made: unknown tool, unreadable arguments.
    ToolRefused {
        /// Whose.
        actor: ActorId,
        /// Position among the turn's tool calls.
        position: u32,
        /// What the model is told.
        message: String,
    },
    /// A tool answered an agent.
    ToolReplied {
        /// The agent.
        actor: ActorId,
        /// The call.
        call: CallId,
        /// The answer.
        output: ToolOutput,
    },
    /// An agent's tool call failed, and the agent was told.
    ToolFailed {
        /// The agent.
        actor: ActorId,
        /// The call.
        call: CallId,
        /// What the model is told.
        message: String,
    },
    /// A lead asked for subagents.
    WaveStarted {
        /// The lead.
        actor: ActorId,
        /// Position of the request among the turn's tool calls.
        position: u32,
        /// The subagents, in request order.
        members: Vec<Member>,
        /// Requested subagents beyond `per_wave`, which are not started.
        #[serde(default, skip_serializing_if = "is_zero")]
        dropped: u32,
        /// Requested entries that were not usable.
        #[serde(default, skip_serializing_if = "is_zero")]
        invalid: u32,
    },
    /// A subagent began.
    MemberStarted {
        /// Its lead.
        actor: ActorId,
        /// Its position in the wave.
        member: u32,
    },
    /// Every subagent of a wave ended, and the lead was told.
    WaveEnded {
        /// The lead.
        actor: ActorId,
    },
    /// An answer did not fit the declared output, and the agent was told.
    AnswerRejected {
        /// Which agent.
        actor: ActorId,
        /// Why.
        reason: String,
    },
    /// An agent ended with its last message as the answer.
    AgentAnswered {
        /// Which agent.
        actor: ActorId,
    },
    /// An agent ended without an answer.
    AgentFailed {
        /// Which agent.
        actor: ActorId,
        /// Why.
        failure: Failure,
    },
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn first() -> u32 {
    1
}

fn is_first(n: &u32) -> bool {
    *n == 1
}

/// An answer that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What the person said.
    pub answer: Answer,
    /// Why that could not be.
    pub reason: String,
}

/// What an item does, with every expression evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Work {
    /// An agent works on a prompt.
    Agent {
        /// The prompt.
        prompt: String,
    },
    /// A tool is called.
    Tool {
        /// With these arguments.
        arguments: Value,
    },
    /// A process runs.
    Process {
        /// This one.
        command: Command,
    },
    /// A workflow runs, as a run of its own.
    Workflow {
        /// Its inputs.
        inputs: Object,
        /// What it may use of this run's limits.
        allowance: Allowance,
    },
    /// A person decides.
    Approve {
        /// What the person reads.
        message: String,
    },
}

/// A requested subagent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Which agent.
    pub agent: AgentIndex,
    /// Its subtask.
    pub prompt: String,
}

#[cfg(test)]
mod tests;
