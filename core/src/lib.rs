//! The vocabulary of Troupe and its pure engine: no IO, no clock, no randomness, no async runtime.
//!
//! Read [`engine`] for what happens in a run, [`ir`] for what a workflow is once compiled,
//! [`port`] for what the outside has to offer, [`view`] for what people are shown.

pub mod artifact;
pub mod citation;
pub mod diagnostic;
pub mod effect;
pub mod engine;
pub mod estimate;
pub mod event;
pub mod expression;
pub mod failure;
pub mod hint;
pub mod id;
pub mod input;
pub mod ir;
pub mod limits;
pub mod message;
pub mod metric;
pub mod port;
pub mod recording;
pub mod sampling;
pub mod secret;
pub mod tokens;
pub mod types;
pub mod view;

/// A JSON value: the only data that workflows, models and tools exchange.
pub type Value = serde_json::Value;
/// A JSON object that keeps the order of its keys.
pub type Object = serde_json::Map<String, Value>;
