//! What a run looked for in its corpora, what it was shown, what it read, and what its answers cite.

use super::Leaves;
use crate::Value;
use crate::citation::{self, Ids, Shapes};
use crate::event::{Event, Work};
use crate::id::{ActorId, ItemIndex, StepIndex, ToolIndex};
use crate::ir::{ToolSource, Verb, Workflow};
use crate::message::{AssistantMessage, Retrieved, ToolOutput};
use crate::port::journal::Entry;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The retrieval of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Retrieval {
    /// Every search and every reading, in order.
    pub searches: Leaves<Search, 64>,
    /// The chunks that anybody saw, in the order in which they were first seen.
    pub chunks: IndexMap<Arc<str>, Chunk>,
    /// What each agent's model asked for last, and which of its calls is at work.
    asked: BTreeMap<ActorId, Asked>,
    /// The arguments of `tool` steps at work.
    items: BTreeMap<(StepIndex, ItemIndex), String>,
}

/// What a model asked for.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    message: Arc<AssistantMessage>,
    position: u32,
    tool: Option<ToolIndex>,
}

/// One call of a retrieval tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Who called.
    pub by: Seeker,
    /// The tool's name as the caller knows it.
    pub tool: String,
    /// Its arguments, as they were written.
    pub arguments: String,
    /// The chunks of which a part was shown.
    pub shown: Vec<Arc<str>>,
    /// The chunks that were read in full.
    pub read: Vec<Arc<str>>,
    /// Tokens that came from the corpus.
    pub tokens: u64,
    /// Milliseconds that it took.
    pub wall_ms: u64,
    /// When it ended, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Why it failed.
    pub failure: Option<String>,
}

/// Who searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeker {
    /// An agent.
    Agent(ActorId),
    /// A `tool` step.
    Item(StepIndex, ItemIndex),
}

/// How often a chunk was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Times that a part of it was shown.
    pub shown: u32,
    /// Times that it was read in full.
    pub read: u32,
    /// Times that an answer cites it.
    pub cited: u32,
}

impl Retrieval {
    /// Takes one more event.
    pub fn fold(&mut self, workflow: &Workflow, entry: &Entry) {
        let at_ms = entry.at_ms;
        match &entry.event {
            Event::ModelReplied { actor, reply, .. } => {
                let asked = Asked {
                    message: reply.message.clone(),
                    position: 0,
                    tool: None,
                };
                self.asked.insert(*actor, asked);
            }
            Event::ToolCalled { actor, position, tool } => {
                if let Some(asked) = self.asked.get_mut(actor) {
                    (asked.position, asked.tool) = (*position, Some(*tool));
                }
            }
            Event::ToolReplied { actor, output, .. } => {
                let call = self.call(*actor);
                self.take(Seeker::Agent(*actor), call, output, at_ms);
            }
            Event::ToolFailed { actor, message, .. } if self.searches(workflow, *actor) => {
                let (tool, arguments) = self.call(*actor);
                let mut search = Search::new(Seeker::Agent(*actor), tool, arguments, at_ms);
                search.failure = Some(message.clone());
                self.searches.push(search);
            }
            Event::ItemStarted {
                step,
                item,
                work: Work::Tool { arguments },
                ..
            } => {
                self.items.insert((*step, *item), arguments.to_string());
            }
            Event::ItemSucceeded {
                step, item, retrieved, ..
            }
            | Event::RoundEnded {
                step, item, retrieved, ..
            } => {
                self.take_item(workflow, (*step, *item), retrieved, at_ms);
            }
            Event::AgentAnswered { actor } => self.cite(*actor),
            Event::AgentFailed { actor, .. } => drop(self.asked.remove(actor)),
            _ => {}
        }
    }

    /// The name and the arguments of an agent's call at work.
    fn call(&self, actor: ActorId) -> (String, String) {
        let asked = self.asked.get(&actor);
        let call = asked.and_then(|asked| asked.message.tool_calls.get(asked.position as usize));
        call.map(|call| (call.name.clone(), call.arguments.clone()))
            .unwrap_or_default()
    }

    /// Whether an agent's call at work is one of a corpus's tools.
    fn searches(&self, workflow: &Workflow, actor: ActorId) -> bool {
        let tool = self.asked.get(&actor).and_then(|asked| asked.tool);
        tool.is_some_and(|tool| matches!(workflow.tool(tool).source, ToolSource::Corpus { .. }))
    }

    fn take(&mut self, by: Seeker, (tool, arguments): (String, String), output: &ToolOutput, at_ms: u64) {
        if output.retrieved.is_empty() {
            return;
        }
        let mut search = Search::new(by, tool, arguments, at_ms);
        search.wall_ms = output.wall_ms;
        self.note(search, &output.retrieved);
    }

    fn take_item(
        &mut self,
        workflow: &Workflow,
        (step, item): (StepIndex, ItemIndex),
        retrieved: &Retrieved,
        at_ms: u64,
    ) {
        let arguments = self.items.remove(&(step, item)).unwrap_or_default();
        let Verb::Tool { tool, .. } = &workflow.step(step).verb else {
            return;
        };
        if !retrieved.is_empty() {
            let tool = workflow.tool(*tool).path.clone();
            self.note(Search::new(Seeker::Item(step, item), tool, arguments, at_ms), retrieved);
        }
    }

    fn note(&mut self, mut search: Search, retrieved: &Retrieved) {
        search.tokens = retrieved.tokens;
        search.shown = retrieved
            .shown
            .iter()
            .map(|id| self.seen(id, |chunk| chunk.shown += 1))
            .collect();
        search.read = retrieved
            .read
            .iter()
            .map(|id| self.seen(id, |chunk| chunk.read += 1))
            .collect();
        self.searches.push(search);
    }

    fn seen(&mut self, id: &str, count: impl Fn(&mut Chunk)) -> Arc<str> {
        if let Some((at, id, _)) = self.chunks.get_full(id) {
            let id = id.clone();
            count(&mut self.chunks[at]);
            return id;
        }
        let (id, mut chunk): (Arc<str>, Chunk) = (id.into(), Chunk::default());
        count(&mut chunk);
        self.chunks.insert(id.clone(), chunk);
        id
    }

    /// Counts what an answer cites of what was seen.
    fn cite(&mut self, actor: ActorId) {
        let Some(Asked { message, .. }) = self.asked.remove(&actor) else {
            return;
        };
        if self.chunks.is_empty() {
            return;
        }
        let text = message.text.trim();
        let answer = match text.starts_with(['{', '[']) {
            true => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
            false => Value::from(text),
        };
        let shapes = Shapes::default();
        let known = |id: &str| self.chunks.contains_key(id);
        let ids = Ids {
            known: &known,
            shapes: &shapes,
        };
        for citation in citation::find(&answer, ids) {
            if let Some(chunk) = self.chunks.get_mut(citation.id.as_str()) {
                chunk.cited += 1;
            }
        }
    }
}

impl Search {
    fn new(by: Seeker, tool: String, arguments: String, at_ms: u64) -> Self {
        Self {
            by,
            tool,
            arguments,
            shown: Vec::new(),
            read: Vec::new(),
            tokens: 0,
            wall_ms: 0,
            at_ms,
            failure: None,
        }
    }
}
