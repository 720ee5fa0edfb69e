//! Idempotency keys: the name of an effect by its place and attempt, the same for every repetition of it.
//!
//! ```text
//! check[7]/a2/r1               the work of an item: its second attempt in the first round
//! check[7]/a2/r1/t3            its agent's third model call
//! check[7]/a2/r1/t3/0          the first tool call that the answer asks for
//! check[7]/a2/r1/t3/0/m4/t1    the first model call of the fifth subagent that this call starts
//! ```
//! Attempts count on when a run is reopened, so that whatever is begun anew has a new key. An item goes
//! by its position, which no text of a `key` can imitate.

use super::open::Call;
use super::state::{AgentPhase, Parent, State};
use crate::id::{ActorId, ItemIndex, StepIndex};
use crate::ir::Workflow;
use std::fmt::Write as _;

/// Bytes that most keys fit into.
const LENGTH: usize = 48;

/// The key of an open effect, without the run's name.
pub(super) fn of(workflow: &Workflow, state: &State, call: Call) -> String {
    let mut key = Key {
        workflow,
        state,
        text: String::with_capacity(LENGTH),
    };
    match call {
        Call::Model(actor) => {
            key.agent(actor);
            key.number("/t", state.agent(actor).turns + 1);
            if state.agent(actor).forced.is_some() {
                key.text.push_str("/forced");
            }
        }
        Call::AgentTool(actor) => key.tool_call(actor),
        Call::ItemTool(step, item)
        | Call::Process(step, item)
        | Call::Workflow(step, item)
        | Call::Approval(step, item) => key.item(step, item),
        Call::Doubt(step, item) => {
            key.item(step, item);
            key.number("/doubt", state.item(step, item).doubts);
        }
        Call::Clock(actor) => {
            key.agent(actor);
            key.text.push_str("/clock");
        }
        Call::Timeout(step, item) => {
            key.item(step, item);
            key.number("/timeout", state.item(step, item).doubts);
        }
        Call::Deadline(step, item) => {
            key.item(step, item);
            key.text.push_str("/deadline");
        }
        Call::Pause(step, item) => {
            key.item(step, item);
            key.text.push_str("/pause");
        }
    }
    key.text
}

struct Key<'a> {
    workflow: &'a Workflow,
    state: &'a State,
    text: String,
}

impl Key<'_> {
    /// Most numbers are small, and formatting is most of what a key costs.
    fn number(&mut self, before: &str, number: u32) {
        const DIGITS: &str = "0123456789";
        self.text.push_str(before);
        if let Some(digit) = DIGITS.get(number as usize..=number as usize) {
            self.text.push_str(digit);
        } else {
            let _ = write!(self.text, "{number}");
        }
    }

    fn item(&mut self, step: StepIndex, item: ItemIndex) {
        let definition = self.workflow.step(step);
        self.text.push_str(&definition.name);
        if definition.fan_out.is_some() {
            self.number("[", item.0);
            self.text.push(']');
        }
        let item = self.state.item(step, item);
        self.number("/a", item.begun);
        self.number("/r", item.rounds + 1);
    }

    fn agent(&mut self, actor: ActorId) {
        match self.state.agent(actor).parent {
            Parent::Item(step, item) => self.item(step, item),
            Parent::Lead(lead, member) => {
                self.tool_call(lead);
                self.number("/m", member);
            }
        }
        let returns = self.state.agent(actor).returns;
        if returns > 0 {
            self.number("/again", returns);
        }
    }

    /// The tool call that the agent is at, a request for subagents included.
    fn tool_call(&mut self, actor: ActorId) {
        self.agent(actor);
        let agent = self.state.agent(actor);
        self.number("/t", agent.turns);
        if let AgentPhase::Acting { position, .. } = &agent.phase {
            self.number("/", *position);
        }
    }
}
