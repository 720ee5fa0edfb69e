//! Answers of earlier calls: what a question is, when its answer is good, and what is kept.
//!
//! A question is the hash of everything that decides the answer, and of nothing else: not of the run, nor
//! of names that the workflow gives. Only answers of calls that succeeded are kept, and never the value of
//! a secret. A cache that does not work is told once, and everything is asked anew.

use crate::ports::Ports;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use troupe_core::effect::Origin;
use troupe_core::ir::Step;
use troupe_core::message::{Finish, Message, Reply, ToolOutput, Usage};
use troupe_core::port::blob::Digest;
use troupe_core::port::cache::Cache;
use troupe_core::port::model::{Calling, ModelRequest};
use troupe_core::port::tool::Invocation;
use troupe_core::sampling::Sampling;
use troupe_core::{Object, Value};

/// Raised whenever the same question would be spelled differently, or its answer read wrongly.
const VERSION: u32 = 1;

/// The cache of one run.
#[derive(Default)]
pub(crate) struct Answers {
    warned: AtomicBool,
}

/// What is asked, of a cache that may know.
pub(crate) struct Question<'a> {
    cache: &'a dyn Cache,
    digest: Digest,
    /// Until when an answer is too old, in milliseconds since the Unix epoch; none when it is asked anew.
    not_before_ms: Option<u64>,
}

/// What decides a model's answer.
#[derive(Serialize)]
struct ModelQuestion<'a> {
    version: u32,
    model: &'a str,
    sampling: &'a Sampling,
    forced: bool,
    system: &'a str,
    messages: &'a [Arc<Message>],
    tools: Vec<(&'a str, &'a str, Value)>,
    /// Absent where it is as usual, as it was before there was a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    calling: Option<&'a Calling>,
    output: Value,
    round: u32,
}

/// What decides a tool's answer.
#[derive(Serialize)]
struct ToolQuestion<'a> {
    version: u32,
    tool: &'a str,
    arguments: Value,
    read: &'a BTreeSet<String>,
    round: u32,
}

impl<'a> Question<'a> {
    /// What a model is asked; none where the step uses no cache.
    pub(crate) fn to_model(
        ports: &'a Ports,
        step: &Step,
        origin: Origin,
        model: &str,
        request: &ModelRequest,
    ) -> Option<Self> {
        Self::of(ports, step, origin, || {
            let tools = request.tools.iter();
            let tools = tools.map(|tool| (tool.name.as_str(), tool.description.as_str(), sorted(&tool.parameters)));
            digest(&ModelQuestion {
                version: VERSION,
                model,
                sampling: &request.sampling,
                forced: request.forced,
                system: &request.system,
                messages: &request.messages,
                tools: tools.collect(),
                calling: Some(&request.calling).filter(|calling| **calling != Calling::default()),
                output: sorted(&request.output.json_schema()),
                round: origin.round,
            })
        })
    }

    /// What a tool is asked, by arguments in which markers stand for secrets; none where the step uses no
    /// cache, and for a tool that cannot say what decides its answers.
    pub(crate) fn to_tool(
        ports: &'a Ports,
        step: &Step,
        origin: Origin,
        tool: Option<&str>,
        invocation: &Invocation,
    ) -> Option<Self> {
        let tool = tool?;
        Self::of(ports, step, origin, || {
            digest(&ToolQuestion {
                version: VERSION,
                tool,
                arguments: sorted(&invocation.arguments),
                read: &invocation.read,
                round: origin.round,
            })
        })
    }

    fn of(ports: &'a Ports, step: &Step, origin: Origin, digest: impl FnOnce() -> Option<Digest>) -> Option<Self> {
        let (cache, used) = (ports.cache.as_deref()?, step.cache?);
        let now_ms = ports.clock.now_ms();
        let not_before_ms = used.fresh_ms.map_or(0, |fresh_ms| now_ms.saturating_sub(fresh_ms));
        Some(Self {
            cache,
            digest: digest()?,
            // What a failed attempt was told may be why it failed.
            not_before_ms: (origin.attempt == 1).then_some(not_before_ms),
        })
    }
}

impl Answers {
    /// The reply that was kept for an equal call.
    pub(crate) async fn reply(&self, ports: &Ports, question: Option<&Question<'_>>) -> Option<Reply> {
        let mut reply: Reply = self.recall(ports, question?).await?;
        reply.saved = std::mem::take(&mut reply.usage);
        reply.cached = true;
        Some(reply)
    }

    /// The output that was kept for an equal call.
    pub(crate) async fn output(&self, ports: &Ports, question: Option<&Question<'_>>) -> Option<ToolOutput> {
        let output: ToolOutput = self.recall(ports, question?).await?;
        Some(ToolOutput { cached: true, ..output })
    }

    async fn recall<T: DeserializeOwned>(&self, ports: &Ports, question: &Question<'_>) -> Option<T> {
        let recalled = question.cache.recall(&question.digest, question.not_before_ms?).await;
        let read = match recalled {
            Ok(kept) => kept.map(|kept| serde_json::from_slice(&kept)).transpose(),
            Err(error) => return self.warn(ports, &error),
        };
        read.unwrap_or_else(|error| self.warn(ports, &error))
    }

    /// Keeps a reply that an equal call may be given: one that its model ended by itself.
    pub(crate) async fn keep_reply(&self, ports: &Ports, question: Option<&Question<'_>>, reply: &Reply) {
        let message = &reply.message;
        let says_something = !message.text.is_empty() || !message.tool_calls.is_empty();
        let Some(question) = question.filter(|_| reply.finish == Finish::Stop && says_something) else {
            return;
        };
        let reply = Reply {
            wall_ms: 0,
            queue_ms: 0,
            saved: Usage::default(),
            ..ports.secrets.conceal_reply(reply.clone())
        };
        self.keep(ports, question, &reply).await;
    }

    /// Keeps an output that an equal call may be given.
    pub(crate) async fn keep_output(&self, ports: &Ports, question: Option<&Question<'_>>, output: &ToolOutput) {
        if let Some(question) = question {
            let output = ports.secrets.conceal_output(output.clone());
            self.keep(ports, question, &output).await;
        }
    }

    async fn keep(&self, ports: &Ports, question: &Question<'_>, answer: &impl Serialize) {
        let Ok(bytes) = serde_json::to_vec(answer) else { return };
        let kept = question
            .cache
            .keep(&question.digest, ports.clock.now_ms(), &bytes)
            .await;
        if let Err(error) = kept {
            self.warn::<()>(ports, &error);
        }
    }

    fn warn<T>(&self, ports: &Ports, error: &dyn std::fmt::Display) -> Option<T> {
        if !self.warned.swap(true, Ordering::Relaxed) {
            let message = format!("the cache does not work, so calls are made anew: {error}");
            ports.observer.warn(&message);
        }
        None
    }
}

/// The hash of a question, spelled as JSON.
fn digest(question: &impl Serialize) -> Option<Digest> {
    let mut hasher = blake3::Hasher::new();
    serde_json::to_writer(&mut hasher, question).ok()?;
    Some(Digest(*hasher.finalize().as_bytes()))
}

/// The value with its fields in the order of their names, so that equal values are spelled the same.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields.into_iter().map(|(name, value)| (name.clone(), sorted(value)));
            Value::Object(fields.collect::<Object>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
