//! What a language model does in a second of one thread's processor time.

use super::decoder::Decoder;
use super::engine::{Job, Sampler, Scheduler, Settings, Work, Writer};
use super::failed;
use super::language::decoder;
use super::shelf::Files;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;
use troupe_core::port::Error;
use troupe_core::sampling::Sampling;

/// A model that is measured, and the one thread that computes.
pub struct Bench {
    decoder: Arc<Decoder>,
    thread: rayon::ThreadPool,
}

/// Most tokens of a step.
const STEP_TOKENS: usize = 256;

/// What a run is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Tokens of each prompt.
    pub prompt: usize,
    /// Answers.
    pub sequences: usize,
    /// Whether they answer one prompt, or each one of its own.
    pub is_shared: bool,
    /// Tokens of each answer.
    pub tokens: usize,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Run {
    /// What it was asked for.
    pub asked: Asked,
    /// Tokens of prompts that went through the model.
    pub read: u64,
    /// Seconds of processor time until the prompts were read.
    pub reading: f64,
    /// Tokens that were written behind the first of each answer.
    pub written: u64,
    /// Seconds of processor time that took.
    pub writing: f64,
    /// Steps that took.
    pub steps: u64,
}

impl Run {
    /// Tokens of prompts a second.
    pub fn reading_speed(&self) -> f64 {
        self.read as f64 / self.reading
    }

    /// Tokens of answers a second.
    pub fn writing_speed(&self) -> f64 {
        self.written as f64 / self.writing
    }
}

impl Bench {
    /// Loads a model.
    ///
    /// # Errors
    /// As of any use of it.
    pub fn open(files: &Files) -> Result<Self, Error> {
        let label = files.path().display().to_string();
        let thread = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        Ok(Self {
            decoder: Arc::new(decoder(&label, files)?),
            thread: thread.map_err(|error| failed(&label, error))?,
        })
    }

    /// One run, in a fresh cache.
    pub fn run(&self, asked: Asked) -> Run {
        self.thread.install(|| self.measured(asked))
    }

    fn measured(&self, asked: Asked) -> Run {
        // Those who begin first go on writing until the last one begins.
        let most = asked.tokens + asked.prompt * asked.sequences / STEP_TOKENS + asked.sequences;
        let room = asked.prompt + most + 32;
        let settings = Settings {
            cache_tokens: room * (asked.sequences + 1),
            context: room,
            sequences: asked.sequences,
            step_tokens: STEP_TOKENS,
            threads: 1,
        };
        let mut scheduler = Scheduler::new(Arc::clone(&self.decoder), settings);
        let mut listeners = Vec::new();
        let mut writer = |prompt: &[u32]| {
            let (listener, events) = unbounded_channel();
            listeners.push(events);
            Writer {
                sampler: Sampler::new(Sampling::default().forced(), prompt, 0),
                constraint: None,
                ends: Vec::new(),
                most,
                listener,
            }
        };
        let prompts = if asked.is_shared { 1 } else { asked.sequences };
        for at in 0..prompts {
            let prompt = self.noise(at, asked.prompt);
            let writers = (0..asked.sequences / prompts).map(|_| writer(&prompt)).collect();
            scheduler.submit(Job {
                prompt,
                work: Work::Write(writers),
                branch: None,
            });
        }
        let begun = processor_seconds();
        while !scheduler.is_idle() && scheduler.writing() < asked.sequences {
            scheduler.step();
        }
        let (between, read) = (processor_seconds(), scheduler.counts());
        for _ in 0..asked.tokens {
            scheduler.step();
        }
        let (end, all) = (processor_seconds(), scheduler.counts());
        Run {
            asked,
            read: read.computed,
            reading: between - begun,
            written: all.computed - read.computed,
            writing: end - between,
            steps: all.steps - read.steps,
        }
    }

    /// Tokens without a pattern, the same for each number.
    fn noise(&self, number: usize, tokens: usize) -> Vec<u32> {
        let vocabulary = self.decoder.vocabulary() as u64;
        let mut state = number as u64 + 1;
        let next = move || {
            // Knuth's multiplier for 64 bits.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % vocabulary) as u32
        };
        std::iter::repeat_with(next).take(tokens).collect()
    }
}

/// Seconds that this thread has had a processor; of the clock where the system does not say.
fn processor_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(
        || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0.0, |since| since.as_secs_f64())
        },
        |nanoseconds| nanoseconds / 1e9,
    )
}
