//! What a chat completion asks for, in the words of the port: a pure function of the request's body.

mod messages;
mod tools;

use super::refusal::Refusal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use troupe_core::port::model::{Calling, ModelRequest};
use troupe_core::recording::LIKELIEST;
use troupe_core::sampling::Sampling;
use troupe_core::types::{Schema, Type};

/// A request that can be followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Which model.
    pub model: String,
    /// What it is given.
    pub request: ModelRequest,
    /// How many answers.
    pub choices: u32,
    /// Whether they come in pieces.
    pub stream: bool,
    /// Whether the last piece tells the usage.
    pub usage: bool,
    /// Whether each token is told with how likely it was, and beside how many others.
    pub likely: Option<usize>,
}

/// The most answers to one request, as OpenAI has it.
const CHOICES_MAX: u32 = 128;
/// Texts that may end an answer.
const STOPS_MAX: usize = 16;
/// Parameters that say nothing about the answer.
const PASSED_OVER: [&str; 7] = [
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
];
/// Values that ask for what happens anyhow.
fn is_usual(name: &str, value: &Value) -> bool {
    match name {
        "modalities" => *value == json!(["text"]),
        "logit_bias" => *value == json!({}),
        _ => false,
    }
}

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<messages::Entry>,
    #[serde(default)]
    tools: Option<Vec<tools::Tool>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    logprobs: Option<bool>,
    top_logprobs: Option<usize>,
    response_format: Option<ResponseFormat>,
    n: Option<u32>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    seed: Option<i64>,
    stop: Option<Stop>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    /// Beyond OpenAI, as vLLM and llama.cpp have them.
    top_k: Option<i64>,
    min_p: Option<f64>,
    repetition_penalty: Option<f64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: NamedSchema },
}

#[derive(Deserialize)]
struct NamedSchema {
    #[serde(default)]
    schema: Option<Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

/// Reads a request's body.
///
/// # Errors
/// What cannot be read or followed, by the parameter's name. Nothing is left out in silence.
pub fn read(body: &[u8]) -> Result<Asked, Refusal> {
    let body: Body = serde_json::from_slice(body).map_err(Refusal::body)?;
    let refused = body
        .others
        .iter()
        .find(|(name, value)| !value.is_null() && !PASSED_OVER.contains(&name.as_str()) && !is_usual(name, value));
    if let Some((name, _)) = refused {
        return Err(Refusal::parameter(name, "is not supported here; leave it out"));
    }
    let sampling = sampling(&body)?;
    let choices = body.n.unwrap_or(1);
    if !(1..=CHOICES_MAX).contains(&choices) {
        return Err(Refusal::parameter(
            "n",
            format!("is {choices}; 1 to {CHOICES_MAX} answers can be had"),
        ));
    }
    let (system, messages) = messages::read(body.messages)?;
    let likely = likely(body.logprobs.unwrap_or(false), body.top_logprobs.unwrap_or(0))?;
    let single = body.parallel_tool_calls == Some(false);
    let (tools, choice) = tools::read(body.tools.unwrap_or_default(), body.tool_choice.as_ref())?;
    Ok(Asked {
        model: body.model,
        request: ModelRequest {
            system: system.into(),
            messages,
            tools,
            calling: Calling { choice, single },
            output: output(body.response_format)?,
            sampling,
            forced: false,
            branch: None,
        },
        choices,
        likely,
        stream: body.stream.unwrap_or(false),
        usage: body
            .stream_options
            .and_then(|options| options.include_usage)
            .unwrap_or(false),
    })
}

fn sampling(body: &Body) -> Result<Sampling, Refusal> {
    let within = |name: &str, value: Option<f64>, least: f64, most: f64| match value {
        Some(value) if !(least..=most).contains(&value) => Err(Refusal::parameter(
            name,
            format!("is {value}; it goes from {least} to {most}"),
        )),
        value => Ok(value),
    };
    let stop = match &body.stop {
        None => Vec::new(),
        Some(Stop::One(text)) => vec![text.clone()],
        Some(Stop::Several(texts)) => texts.clone(),
    };
    if stop.len() > STOPS_MAX || stop.iter().any(String::is_empty) {
        return Err(Refusal::parameter(
            "stop",
            format!("takes up to {STOPS_MAX} texts, none of them empty"),
        ));
    }
    let max_tokens = body.max_completion_tokens.or(body.max_tokens);
    if max_tokens == Some(0) {
        return Err(Refusal::parameter(
            "max_completion_tokens",
            "is 0; an answer has at least one token",
        ));
    }
    Ok(Sampling {
        temperature: within("temperature", body.temperature, 0.0, 2.0)?,
        top_p: within("top_p", body.top_p, 0.0, 1.0)?,
        // vLLM writes -1, and llama.cpp 0, for all of them.
        top_k: body.top_k.and_then(|k| u32::try_from(k).ok()).filter(|k| *k > 0),
        min_p: within("min_p", body.min_p, 0.0, 1.0)?,
        repetition_penalty: within("repetition_penalty", body.repetition_penalty, 0.01, 10.0)?,
        frequency_penalty: within("frequency_penalty", body.frequency_penalty, -2.0, 2.0)?,
        presence_penalty: within("presence_penalty", body.presence_penalty, -2.0, 2.0)?,
        seed: body.seed.map(i64::cast_unsigned),
        stop,
        max_tokens,
    })
}

/// How many alternatives of each token are told; none where no token is.
fn likely(told: bool, most: usize) -> Result<Option<usize>, Refusal> {
    let trouble = match (told, most) {
        (false, 1..) => "needs `logprobs: true`".to_owned(),
        (true, most) if most > LIKELIEST => format!("is {most}; {LIKELIEST} are kept of each token"),
        _ => return Ok(told.then_some(most)),
    };
    Err(Refusal::parameter("top_logprobs", trouble))
}

fn output(format: Option<ResponseFormat>) -> Result<Type, Refusal> {
    let place = "response_format.json_schema.schema";
    let schema = match format {
        None | Some(ResponseFormat::Text) => return Ok(Type::String),
        Some(ResponseFormat::JsonObject) => json!({ "type": "object" }),
        Some(ResponseFormat::JsonSchema { json_schema }) => json_schema
            .schema
            .ok_or_else(|| Refusal::parameter(place, "is absent"))?,
    };
    let parsed = Schema::parse(schema).map_err(|errors| {
        let told: Vec<String> = errors
            .into_iter()
            .map(|error| format!("{}{}", path(&error.path), error.reason))
            .collect();
        Refusal::parameter(place, told.join("; "))
    })?;
    Ok(Type::Schema(Arc::new(parsed)))
}

fn path(path: &[String]) -> String {
    match path {
        [] => String::new(),
        path => format!("{}: ", path.join(".")),
    }
}

#[cfg(test)]
mod tests;
