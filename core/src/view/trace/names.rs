//! The names that spans, events and metrics go by, in one place.
//!
//! `gen_ai.*` and `error.type` are those of the OpenTelemetry semantic conventions 1.41.0 (generative AI, in
//! development there); `troupe.*` are ours.

/// The conventions that the names follow.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.41.0";

/// What is done: one of the operations below.
pub const OPERATION: &str = "gen_ai.operation.name";
/// A model's answer.
pub const CHAT: &str = "chat";
/// A tool call.
pub const EXECUTE_TOOL: &str = "execute_tool";
/// An agent's work.
pub const INVOKE_AGENT: &str = "invoke_agent";
/// A run.
pub const INVOKE_WORKFLOW: &str = "invoke_workflow";

/// The name of the workflow that a run is of.
pub const WORKFLOW: &str = "gen_ai.workflow.name";
/// The run that a person started: what groups everything that belongs together.
pub const CONVERSATION: &str = "gen_ai.conversation.id";
/// The agent's name in the workflow.
pub const AGENT: &str = "gen_ai.agent.name";
/// Who serves the model.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model that is asked.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// Sampling temperature.
pub const TEMPERATURE: &str = "gen_ai.request.temperature";
/// Most tokens of an answer.
pub const MAX_TOKENS: &str = "gen_ai.request.max_tokens";
/// `text` or `json`.
pub const OUTPUT_TYPE: &str = "gen_ai.output.type";
/// Tokens of the prompt, those from a cache included.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens of the prompt that came from the provider's cache.
pub const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
/// Tokens of the answer.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Why the model stopped, one for each answer.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// The tool as models know it.
pub const TOOL: &str = "gen_ai.tool.name";
/// The id that the model gave the call.
pub const TOOL_CALL: &str = "gen_ai.tool.call.id";
/// `function`, `datastore` or `extension`.
pub const TOOL_TYPE: &str = "gen_ai.tool.type";
/// The kind of a failure, as `retry: { errors: [...] }` names it.
pub const ERROR_TYPE: &str = "error.type";

/// What the model was sent since its last answer.
pub const INPUT_MESSAGES: &str = "gen_ai.input.messages";
/// What the model wrote.
pub const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
/// What a tool was given.
pub const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
/// What a tool gave back.
pub const TOOL_RESULT: &str = "gen_ai.tool.call.result";

/// The run's name.
pub const RUN: &str = "troupe.run.id";
/// Where the run stood in the end.
pub const RUN_STATUS: &str = "troupe.run.status";
/// How often the run was opened, from 1.
pub const RUN_OPENING: &str = "troupe.run.opening";
/// A step's name.
pub const STEP: &str = "troupe.step.name";
/// A step's verb.
pub const VERB: &str = "troupe.step.verb";
/// How many items a step has.
pub const ITEMS: &str = "troupe.step.items";
/// An item's name: `check[paper-12]`.
pub const ITEM: &str = "troupe.item.name";
/// Which attempt, from 1.
pub const ATTEMPT: &str = "troupe.item.attempt";
/// Which round, from 1.
pub const ROUND: &str = "troupe.item.round";
/// Model turns that ended.
pub const TURNS: &str = "troupe.agent.turns";
/// Which turn of its agent a model call is, from 1.
pub const TURN: &str = "troupe.agent.turn";
/// Milliseconds that a model call waited for its turn.
pub const QUEUE_MS: &str = "troupe.queue_ms";
/// Who decided.
pub const DECIDED_BY: &str = "troupe.decided_by";
/// A limit's word.
pub const LIMIT: &str = "troupe.limit";
/// Milliseconds until the next attempt.
pub const AFTER_MS: &str = "troupe.after_ms";
/// Why an answer was rejected; only with contents.
pub const REASON: &str = "troupe.reason";
/// Subagents that were asked for and not started.
pub const DROPPED: &str = "troupe.agent.dropped";

/// Event: a limit made the next answer the last one.
pub const FORCED: &str = "troupe.answer.forced";
/// Event: an answer did not fit, and the agent was told.
pub const REJECTED: &str = "troupe.answer.rejected";
/// Event: an attempt failed and there is another one.
pub const RETRIED: &str = "troupe.retry";
/// Event: a limit ended the work.
pub const LIMIT_REACHED: &str = "troupe.limit.reached";
/// Event: nobody knows whether an effect happened.
pub const IN_DOUBT: &str = "troupe.in_doubt";
/// An interrupted effect is performed again.
pub const REPEATED: &str = "troupe.effect.repeated";
/// Event: a tool call was refused before it was made.
pub const REFUSED: &str = "troupe.tool.refused";
/// Event: the run ended, or its limit was reached, while this was open.
pub const INTERRUPTED: &str = "troupe.interrupted";
