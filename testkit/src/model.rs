//! A model that follows a script, and counts what it is asked.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use troupe_core::message::{Finish, Message, Usage};
use troupe_core::port::Error;
use troupe_core::port::model::{Delta, DeltaStream, Held, Model, ModelRequest};

/// What a scripted model says.
#[derive(Debug)]
pub enum Line {
    /// An answer.
    Say(String),
    /// Tool calls: names and arguments.
    Call(Vec<(&'static str, String)>),
    /// A failure.
    Fail(Error),
    /// Nothing, ever.
    Hang,
    /// A panic.
    Panic,
}

/// A model whose every answer is a function of the request.
pub struct Scripted<F> {
    script: F,
    /// Requests so far.
    pub asked: AtomicUsize,
    /// Times that it was asked to keep something ready.
    pub holds: AtomicUsize,
    /// What it keeps ready now.
    pub held: Arc<AtomicUsize>,
}

/// What is kept ready as long as this is there.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F: Fn(&ModelRequest) -> Line + Send + Sync> Scripted<F> {
    /// A model that follows `script`.
    pub fn new(script: F) -> Self {
        Self {
            script,
            asked: AtomicUsize::new(0),
            holds: AtomicUsize::new(0),
            held: Arc::default(),
        }
    }
}

#[async_trait]
impl<F: Fn(&ModelRequest) -> Line + Send + Sync> Model for Scripted<F> {
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut deltas = match (self.script)(&request) {
            Line::Say(text) => vec![Ok(Delta::Text(text))],
            Line::Call(calls) => calls
                .into_iter()
                .enumerate()
                .map(|(position, (name, arguments))| {
                    Ok(Delta::ToolCall {
                        position,
                        id: Some(format!("call_{position}")),
                        name: Some(name.into()),
                        arguments,
                    })
                })
                .collect(),
            Line::Fail(error) => return Err(error),
            Line::Hang => return Ok(Box::pin(futures_util::stream::pending())),
            Line::Panic => panic!("the script says so"),
        };
        let prompt: u64 = request.messages.iter().map(|message| message.estimated_tokens()).sum();
        deltas.push(Ok(Delta::Usage(Usage {
            prompt_tokens: prompt,
            completion_tokens: 5,
            ..Usage::default()
        })));
        deltas.push(Ok(Delta::Finish(Finish::Stop)));
        Ok(Box::pin(futures_util::stream::iter(deltas)))
    }

    fn label(&self) -> String {
        "scripted".into()
    }

    async fn hold(&self, _: &ModelRequest) -> Option<Held> {
        self.holds.fetch_add(1, Ordering::Relaxed);
        self.held.fetch_add(1, Ordering::Relaxed);
        Some(Box::new(Guard(Arc::clone(&self.held))))
    }
}

/// Tool messages in a request: how far its agent is.
pub fn tool_messages(request: &ModelRequest) -> usize {
    request
        .messages
        .iter()
        .filter(|message| matches!(***message, Message::Tool { .. }))
        .count()
}

/// The text of the last message.
pub fn last_text(request: &ModelRequest) -> String {
    match request.messages.last().map(|message| (**message).clone()) {
        Some(Message::User { text } | Message::Tool { text, .. }) => text,
        Some(Message::Assistant(message)) => message.text.clone(),
        None => String::new(),
    }
}
