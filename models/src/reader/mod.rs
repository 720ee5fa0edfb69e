//! `builtin/reader`: a deterministic policy behind the model port, and no language model.
//!
//! It reads what it is given and copies what it finds: as a lead it cuts a compound request into
//! subtasks (`lead`); as a searcher it looks for the question's words, then for its meaning, reads
//! the best chunks and answers with their best sentences (`searcher`); a declared output is filled
//! from the same evidence (`fill`). It understands nothing: not negation, not arithmetic, not
//! references across sentences. The same request always gives the same answer.

mod evidence;
mod fill;
mod keywords;
mod lead;
mod numbers;
mod scoring;
mod searcher;
mod sentences;
mod subtasks;
mod transcript;
mod words;

use async_trait::async_trait;
use transcript::Transcript;
use troupe_core::message::{AssistantMessage, Finish, Usage};
use troupe_core::port::Error;
use troupe_core::port::model::{Calling, Delta, DeltaStream, Model, ModelRequest};
use troupe_core::port::tool::ToolSpec;
use troupe_core::tokens::estimate;

/// Bytes of text in one delta, so that watching the reader looks like watching a model.
const PIECE_BYTES: usize = 256;

/// The policy as a model. It has no settings and keeps nothing between requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reader;

#[async_trait]
impl Model for Reader {
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error> {
        if request.calling != Calling::default() {
            return Err(self.cannot("be told which tools to call"));
        }
        let message = respond(&request);
        let usage = usage(&request, &message);
        let deltas = pieces(message).chain([Delta::Usage(usage), Delta::Finish(Finish::Stop)]);
        Ok(Box::pin(futures_util::stream::iter(deltas.map(Ok).collect::<Vec<_>>())))
    }

    fn label(&self) -> String {
        "builtin/reader (no language model)".into()
    }
}

/// The next message of the conversation: a pure function of the request.
pub fn respond(request: &ModelRequest) -> AssistantMessage {
    let transcript = Transcript::read(request);
    if transcript.is_lead() {
        lead::respond(request, &transcript)
    } else {
        searcher::respond(request, &transcript)
    }
}

/// An answer in text.
fn says(text: impl Into<String>) -> AssistantMessage {
    AssistantMessage {
        text: text.into(),
        ..AssistantMessage::default()
    }
}

fn pieces(message: AssistantMessage) -> impl Iterator<Item = Delta> {
    let mut texts = Vec::new();
    let mut rest = message.text.as_str();
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES.min(rest.len())));
        texts.push(Delta::Text(piece.to_owned()));
        rest = tail;
    }
    let calls = message
        .tool_calls
        .into_iter()
        .enumerate()
        .map(|(position, call)| Delta::ToolCall {
            position,
            id: Some(call.id),
            name: Some(call.name),
            arguments: call.arguments,
        });
    texts.into_iter().chain(calls)
}

/// What a model of the same prompt and answer would have been charged for, by the estimate of
/// [`troupe_core::tokens`]; so limits can be tried out without a model.
fn usage(request: &ModelRequest, message: &AssistantMessage) -> Usage {
    let tool =
        |spec: &ToolSpec| estimate(&spec.name) + estimate(&spec.description) + estimate(&spec.parameters.to_string());
    let messages: u64 = request.messages.iter().map(|message| message.estimated_tokens()).sum();
    let tools: u64 = request.tools.iter().map(tool).sum();
    let calls = message
        .tool_calls
        .iter()
        .map(|call| estimate(&call.name) + estimate(&call.arguments));
    Usage {
        prompt_tokens: estimate(&request.system) + messages + tools,
        completion_tokens: estimate(&message.text) + calls.sum::<u64>(),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests;
