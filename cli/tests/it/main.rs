//! The binary as people and scripts use it: arguments in, stdout, stderr and exit code out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod artifacts;
mod bad_input;
mod cache;
mod citations;
mod commands;
mod contracts;
mod corpus;
mod crash;
mod environments;
mod evaluation;
mod examples;
mod export;
mod families;
mod fixture;
mod growth;
mod judged;
mod language;
#[cfg(feature = "local")]
mod listed_hosts;
mod local_models;
mod lsp;
#[cfg(feature = "local")]
mod models;
mod other_languages;
mod reports;
mod sandboxed;
mod secrets;
mod serve;
#[cfg(feature = "local")]
mod served_models;
mod server;
mod suspended;
mod trace;
mod travel;
mod watch;
