//! What is asked of an engine, and what it tells of it.

use super::sampler::Sampler;
use crate::local::chat::Constraint;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use troupe_core::message::Finish;
use troupe_core::port::branch::Branch;
use troupe_core::recording::Written;

/// A sequence, and what is wanted of it.
pub struct Job {
    /// The tokens that are given; at least one.
    pub prompt: Vec<u32>,
    /// What is wanted.
    pub work: Work,
    /// The agent that asks. Those who began earlier go first, and are the last to give up their memory.
    pub branch: Option<Arc<Branch>>,
}

/// What is wanted of a sequence.
pub enum Work {
    /// What comes next, once or several times.
    Write(Vec<Writer>),
    /// How likely each token is from the given one on, which is not the first.
    Score(usize, UnboundedSender<Event>),
    /// The mean vector of the tokens at a layer: 0 is the table of words, the last one is normalised.
    Hidden(usize, UnboundedSender<Event>),
    /// Nothing: its keys and values are kept until whoever asked drops the other end.
    Hold(UnboundedSender<Event>),
}

/// One continuation.
pub struct Writer {
    /// What chooses its tokens.
    pub sampler: Sampler,
    /// What it must be like.
    pub constraint: Option<Constraint>,
    /// Tokens that end it; they are not told.
    pub ends: Vec<u32>,
    /// Most tokens of it.
    pub most: usize,
    /// Whom it is told.
    pub listener: UnboundedSender<Event>,
}

/// What becomes of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The prompt is read: so many of its tokens were there already.
    Read {
        /// Tokens of the prompt.
        prompt: usize,
        /// Those that were not computed for this job.
        reused: usize,
    },
    /// The next token.
    Token(Written),
    /// There will be no further one.
    End(Finish),
    /// Log-probabilities of a [`Work::Score`].
    Scores(Vec<f32>),
    /// The vector of a [`Work::Hidden`].
    Hidden(Vec<f32>),
    /// It cannot be done.
    Failed(String),
}
