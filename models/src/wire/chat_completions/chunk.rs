//! Answers on the wire: chunks in, deltas out.

use super::names::WireNames;
use super::thinking::ThinkingMarks;
use serde::Deserialize;
use troupe_core::Value;
use troupe_core::message::{Finish, Usage};
use troupe_core::port::model::Delta;

/// One chunk of a stream, or a whole answer of a server that does not stream.
#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    delta: Option<Piece>,
    /// In an answer that is not streamed.
    #[serde(default)]
    message: Option<Piece>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Piece {
    #[serde(default)]
    content: Option<String>,
    /// DeepSeek, vLLM, llama.cpp.
    #[serde(default)]
    reasoning_content: Option<String>,
    /// OpenRouter, newer vLLM.
    #[serde(default)]
    reasoning: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Debug, Deserialize)]
struct CallPiece {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionPiece>,
}

#[derive(Debug, Deserialize)]
struct FunctionPiece {
    #[serde(default)]
    name: Option<String>,
    /// Text by the book, an object from servers that do not stream arguments.
    #[serde(default)]
    arguments: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    /// DeepSeek's name for the cached part.
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

/// Why a chunk could not be taken.
#[derive(Debug)]
pub enum ChunkError {
    /// It is no JSON of the dialect.
    Malformed(serde_json::Error),
    /// It is the server's own error object.
    Reported(Value),
}

/// A tool call of which pieces have come.
#[derive(Debug)]
struct OpenCall {
    index: Option<u64>,
    id: Option<String>,
    named: bool,
}

/// The state of one answer.
#[derive(Debug)]
pub struct Decoder {
    names: WireNames,
    marks: ThinkingMarks,
    calls: Vec<OpenCall>,
    finish: Option<Finish>,
    usage: bool,
    done: bool,
}

impl Decoder {
    /// For an answer to a request that used `names`.
    pub fn new(names: WireNames) -> Self {
        Self {
            names,
            marks: ThinkingMarks::default(),
            calls: Vec::new(),
            finish: None,
            usage: false,
            done: false,
        }
    }

    /// Whether the server said that nothing more comes.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the reason why the model stopped was seen, after which only usage may follow.
    pub fn has_reason(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether usage was reported.
    pub fn has_usage(&self) -> bool {
        self.usage
    }

    /// Takes an event's data and adds what it says to `deltas`.
    pub fn push(&mut self, data: &str, deltas: &mut Vec<Delta>) -> Result<(), ChunkError> {
        let data = data.trim();
        if data.is_empty() || self.done {
            return Ok(());
        }
        if data == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(ChunkError::Malformed)?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(ChunkError::Reported(error));
        }
        // Only one answer is asked for; further choices would be mixed into it.
        let choices = chunk.choices.unwrap_or_default().into_iter();
        for choice in choices.filter(|choice| choice.index.unwrap_or(0) == 0) {
            if let Some(piece) = choice.delta.or(choice.message) {
                self.take(piece, deltas);
            }
            if let Some(reason) = choice.finish_reason {
                self.finish = Some(finish_of(&reason));
            }
        }
        if let Some(usage) = chunk.usage {
            self.usage = true;
            deltas.push(Delta::Usage(usage.into()));
        }
        Ok(())
    }

    /// The stream ended. Whether the answer is whole: a reason or `[DONE]` was seen.
    pub fn finish(&mut self, deltas: &mut Vec<Delta>) -> bool {
        self.marks.finish(deltas);
        let finish = self.finish.or(self.done.then_some(Finish::Stop));
        deltas.extend(finish.map(Delta::Finish));
        finish.is_some()
    }

    fn take(&mut self, piece: Piece, deltas: &mut Vec<Delta>) {
        let thinking = piece
            .reasoning_content
            .or(piece.reasoning)
            .filter(|text| !text.is_empty());
        deltas.extend(thinking.map(Delta::Thinking));
        for text in [piece.content, piece.refusal].into_iter().flatten() {
            self.marks.push(&text, deltas);
        }
        for call in piece.tool_calls.unwrap_or_default() {
            self.take_call(call, deltas);
        }
    }

    fn take_call(&mut self, piece: CallPiece, deltas: &mut Vec<Delta>) {
        let id = piece.id.filter(|id| !id.is_empty());
        let position = self.position(piece.index, id.as_deref());
        let (name, arguments) = piece.function.map_or((None, None), |f| (f.name, f.arguments));
        let call = &mut self.calls[position];
        // Some servers repeat id and name on every piece; the fold would add the names up.
        let name = name.filter(|name| !name.is_empty() && !call.named);
        call.named |= name.is_some();
        let id = id.filter(|_| call.id.is_none());
        if id.is_some() {
            call.id.clone_from(&id);
        }
        let arguments = match arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
        };
        if id.is_none() && name.is_none() && arguments.is_empty() {
            return;
        }
        deltas.push(Delta::ToolCall {
            position,
            id,
            name: name.map(|name| self.names.own_name(&name).to_owned()),
            arguments,
        });
    }

    /// The place of a piece's call among the answer's calls. Indices may start anywhere; where they
    /// are missing, a new id begins a new call and everything else continues the last one.
    fn position(&mut self, index: Option<u64>, id: Option<&str>) -> usize {
        let known = match (index, id) {
            (Some(index), _) => self.calls.iter().position(|call| call.index == Some(index)),
            (None, Some(id)) => self.calls.iter().position(|call| call.id.as_deref() == Some(id)),
            (None, None) => self.calls.len().checked_sub(1),
        };
        known.unwrap_or_else(|| {
            self.calls.push(OpenCall {
                index,
                id: None,
                named: false,
            });
            self.calls.len() - 1
        })
    }
}

fn finish_of(reason: &str) -> Finish {
    match reason {
        "length" | "max_tokens" => Finish::Length,
        "content_filter" => Finish::Filtered,
        _ => Finish::Stop,
    }
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        let details = usage.prompt_tokens_details.and_then(|details| details.cached_tokens);
        Self {
            prompt_tokens: usage.prompt_tokens.unwrap_or(0),
            cached_tokens: details.or(usage.prompt_cache_hit_tokens).unwrap_or(0),
            completion_tokens: usage.completion_tokens.unwrap_or(0),
            gpu_ms: 0,
        }
    }
}
