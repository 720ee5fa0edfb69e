//! Requests on the wire. Unknown to everything outside: the port's types go in, JSON comes out.

use super::Shared;
use super::names::WireNames;
use crate::catalog::LengthParameter;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::json;
use troupe_core::Value;
use troupe_core::message::{AssistantMessage, Message};
use troupe_core::port::model::{ModelRequest, ToolChoice};
use troupe_core::sampling::Sampling;
use troupe_core::types::Type;

/// Optional parameters that a server has refused; they are left out from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refused(u8);

impl Refused {
    /// `temperature`: reasoning models take none.
    pub const TEMPERATURE: Refused = Refused(1);
    /// `response_format`: not every server can constrain an answer.
    pub const RESPONSE_FORMAT: Refused = Refused(2);
    /// `stream_options`: without it usage is estimated.
    pub const STREAM_OPTIONS: Refused = Refused(4);
    /// The length parameter under its usual name; the other name is used instead.
    pub const LENGTH_PARAMETER: Refused = Refused(8);

    /// From [`Refused::bits`].
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// As a number that atomics can hold.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether every parameter of `other` was refused.
    pub fn contains(self, other: Refused) -> bool {
        self.0 & other.0 == other.0
    }

    /// The parameter behind a name in a server's complaint.
    pub fn named(parameter: &str) -> Option<Refused> {
        match parameter.split(['.', '[']).next().unwrap_or_default() {
            "temperature" => Some(Self::TEMPERATURE),
            "response_format" => Some(Self::RESPONSE_FORMAT),
            "stream_options" => Some(Self::STREAM_OPTIONS),
            "max_tokens" | "max_completion_tokens" => Some(Self::LENGTH_PARAMETER),
            _ => None,
        }
    }
}

/// The body of a request.
#[derive(Debug, Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    /// Its names are the dialect's, and those that compatible servers share.
    #[serde(flatten)]
    sampling: Sampling,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Entry<'a> {
    System {
        content: &'a str,
    },
    User {
        content: &'a str,
    },
    Assistant {
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: String,
    arguments: &'a str,
}

#[derive(Debug, Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: String,
    description: &'a str,
    parameters: &'a Value,
}

#[derive(Debug, Serialize)]
struct ResponseFormat {
    r#type: &'static str,
    json_schema: NamedSchema,
}

#[derive(Debug, Serialize)]
struct NamedSchema {
    name: &'static str,
    strict: bool,
    schema: Value,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// Writes a request's body, leaving out what the server has `refused`.
pub fn encode(shared: &Shared, request: &ModelRequest, names: &WireNames, refused: Refused) -> Vec<u8> {
    let sampling = &request.sampling;
    let usual = shared.quirks.length_parameter == LengthParameter::MaxTokens;
    let older_name = usual != refused.contains(Refused::LENGTH_PARAMETER);
    let body = Body {
        model: &shared.name,
        messages: entries(request, names),
        tools: request.tools.iter().map(|spec| tool(spec, names)).collect(),
        tool_choice: (!request.tools.is_empty()).then(|| tool_choice(request, names)),
        parallel_tool_calls: (request.calling.single && !request.tools.is_empty()).then_some(false),
        response_format: response_format(shared, request).filter(|_| !refused.contains(Refused::RESPONSE_FORMAT)),
        stream: true,
        stream_options: (!refused.contains(Refused::STREAM_OPTIONS)).then_some(StreamOptions { include_usage: true }),
        sampling: Sampling {
            temperature: sampling.temperature.filter(|_| !refused.contains(Refused::TEMPERATURE)),
            max_tokens: sampling.max_tokens.filter(|_| older_name),
            ..sampling.clone()
        },
        max_completion_tokens: sampling.max_tokens.filter(|_| !older_name),
    };
    serde_json::to_vec(&body).expect("strings, numbers and values always serialise")
}

fn tool_choice(request: &ModelRequest, names: &WireNames) -> Value {
    match &request.calling.choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": names.to_wire(name) } }),
    }
}

fn entries<'a>(request: &'a ModelRequest, names: &WireNames) -> Vec<Entry<'a>> {
    let system = (!request.system.is_empty()).then_some(Entry::System {
        content: &request.system,
    });
    let messages = request.messages.iter().map(|message| match &**message {
        Message::User { text } => Entry::User { content: text },
        Message::Assistant(message) => assistant(message, names),
        Message::Tool { id, text, .. } => Entry::Tool {
            tool_call_id: id,
            content: text,
        },
    });
    system.into_iter().chain(messages).collect()
}

/// Thinking is not sent back: the dialect has no place for it, and it belongs to the turn it came from.
fn assistant<'a>(message: &'a AssistantMessage, names: &WireNames) -> Entry<'a> {
    let calls = message.tool_calls.iter().map(|call| Call {
        id: &call.id,
        r#type: "function",
        function: CalledFunction {
            name: names.to_wire(&call.name),
            arguments: object_or_empty(&call.arguments),
        },
    });
    Entry::Assistant {
        content: (!message.text.is_empty() || message.tool_calls.is_empty()).then_some(&message.text),
        tool_calls: calls.collect(),
    }
}

/// Servers with chat templates parse the arguments of earlier calls and fail the whole request when
/// a model once wrote something that is no JSON object.
fn object_or_empty(arguments: &str) -> &str {
    let is_json = serde_json::from_str::<IgnoredAny>(arguments).is_ok();
    if is_json && arguments.trim_start().starts_with('{') {
        arguments
    } else {
        "{}"
    }
}

fn tool<'a>(spec: &'a troupe_core::port::tool::ToolSpec, names: &WireNames) -> Tool<'a> {
    Tool {
        r#type: "function",
        function: Function {
            name: names.to_wire(&spec.name),
            description: &spec.description,
            parameters: &spec.parameters,
        },
    }
}

/// The schema of the answer, where the server can hold an answer to it: the dialect takes objects
/// only at the root. Everything else is asked for in the prompt and checked by the engine alike.
fn response_format(shared: &Shared, request: &ModelRequest) -> Option<ResponseFormat> {
    let applies = matches!(request.output.shape(), Type::Object(_))
        && (request.tools.is_empty() || shared.quirks.schema_beside_tools);
    applies.then(|| ResponseFormat {
        r#type: "json_schema",
        json_schema: NamedSchema {
            name: "answer",
            strict: is_closed(&request.output),
            schema: request.output.json_schema(),
        },
    })
}

/// Whether every part of the type says what it is: strict schemas allow no `any`.
fn is_closed(output: &Type) -> bool {
    match output {
        // A schema of the author's own may use words that strict mode refuses.
        Type::Any | Type::Absent | Type::Schema(_) => false,
        Type::List(item) => is_closed(item),
        Type::Object(fields) => fields.values().all(is_closed),
        Type::Union(parts) => parts.iter().all(is_closed),
        _ => true,
    }
}
