//! What a language model does in a second: of one thread's processor time, or of the clock where a device computes.

mod once;

pub use once::Loading;

use super::decoder::{Architecture, Batch, Made, Model, Session};
use super::engine::{Job, Sampler, Scheduler, Settings, Work, Writer};
use super::failed;
use super::kernels::BLOCK;
use super::language::{Alone, decoder};
use super::shape::Shape;
use super::shelf::Files;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::mpsc::unbounded_channel;
use troupe_core::port::Error;
use troupe_core::sampling::Sampling;

/// A model that is measured, and the one thread that computes.
pub struct Bench {
    label: String,
    decoder: Arc<dyn Model>,
    shape: Shape,
    /// Most tokens of a step, as where it is used.
    step_tokens: usize,
    thread: rayon::ThreadPool,
}

/// A model whose steps are timed by the clock.
struct Timed<T> {
    of: T,
    nanoseconds: Arc<AtomicU64>,
}

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
    /// Seconds of the clock within these steps: what the device takes, the way of the logits included, and not what
    /// choosing tokens takes.
    pub stepping: f64,
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
        let Alone {
            model,
            shape,
            step_tokens,
        } = decoder(&label, files)?;
        Ok(Self {
            decoder: model,
            step_tokens,
            shape,
            thread: thread.map_err(|error| failed(&label, error))?,
            label,
        })
    }

    /// What computes, as it is called in settings.
    pub fn device(&self) -> &'static str {
        self.decoder.device()
    }

    /// Bytes a second that the memory of the device reads and writes, measured; none for the processor.
    ///
    /// # Errors
    /// Of the device.
    pub fn bandwidth(&self) -> Result<Option<f64>, Error> {
        self.decoder.bandwidth().map_err(|error| failed(&self.label, error))
    }

    /// Bytes that a step of a run must read at least, in the middle of writing: the weights, and the keys and values of
    /// each distinct token. Numbers have two bytes, or those of the file.
    pub fn least_bytes(&self, asked: Asked) -> f64 {
        let shape = &self.shape;
        let share = asked.prompt * if asked.is_shared { 1 } else { asked.sequences };
        let tokens = share + asked.sequences * asked.tokens / 2;
        let token = 4 * shape.layers * shape.kv_heads * shape.head_dimension;
        // A table of words that is no head is looked up, not read.
        let words = if shape.tied { 0 } else { shape.vocabulary * shape.width };
        let read = 1.0 - words as f64 / shape.parameters.max(1) as f64;
        let weights = match shape.format.as_str() {
            "F32" | "F16" | "BF16" => 2 * shape.parameters,
            _ => shape.weights,
        };
        weights as f64 * read + (tokens * token) as f64
    }

    /// One run, in a fresh cache.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn run(&self, asked: Asked) -> Result<Run, Error> {
        let run = self.thread.install(|| self.measured(asked));
        run.map_err(|error| failed(&self.label, error))
    }

    fn measured(&self, asked: Asked) -> Result<Run, String> {
        // Those who begin first go on writing until the last one begins.
        let prompts = if asked.is_shared { 1 } else { asked.sequences };
        let most = asked.tokens + asked.prompt * prompts / self.step_tokens + asked.sequences;
        // Each answer has blocks of its own behind its prompt: the last one of that, too.
        let own = most + 2 * BLOCK;
        let room = asked.prompt + own;
        let settings = Settings {
            cache_tokens: prompts * asked.prompt + asked.sequences * own + room,
            context: room,
            sequences: asked.sequences,
            step_tokens: self.step_tokens,
            threads: 1,
        };
        let nanoseconds = Arc::new(AtomicU64::new(0));
        let timed = Timed {
            of: Arc::clone(&self.decoder),
            nanoseconds: Arc::clone(&nanoseconds),
        };
        let seconds = if self.device() == "cpu" {
            processor_seconds
        } else {
            clock_seconds
        };
        let mut scheduler = Scheduler::new(Arc::new(timed), settings)?;
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
        for at in 0..prompts {
            let prompt = self.noise(at, asked.prompt);
            let writers = (0..asked.sequences / prompts).map(|_| writer(&prompt)).collect();
            scheduler.submit(Job {
                prompt,
                work: Work::Write(writers),
                branch: None,
            });
        }
        let begun = seconds();
        while !scheduler.is_idle() && scheduler.writing() < asked.sequences {
            scheduler.step();
        }
        let (between, read) = (seconds(), scheduler.counts());
        let before = nanoseconds.load(Ordering::Relaxed);
        for _ in 0..asked.tokens {
            scheduler.step();
        }
        let (end, all) = (seconds(), scheduler.counts());
        Ok(Run {
            asked,
            read: read.computed,
            reading: between - begun,
            written: all.computed - read.computed,
            writing: end - between,
            steps: all.steps - read.steps,
            stepping: (nanoseconds.load(Ordering::Relaxed) - before) as f64 / 1e9,
        })
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

impl Model for Timed<Arc<dyn Model>> {
    fn vocabulary(&self) -> usize {
        self.of.vocabulary()
    }

    fn architecture(&self) -> &Architecture {
        self.of.architecture()
    }

    fn device(&self) -> &'static str {
        self.of.device()
    }

    fn bandwidth(&self) -> Result<Option<f64>, String> {
        self.of.bandwidth()
    }

    fn session(self: Arc<Self>, blocks: usize) -> Result<Box<dyn Session>, String> {
        Ok(Box::new(Timed {
            of: Arc::clone(&self.of).session(blocks)?,
            nanoseconds: Arc::clone(&self.nanoseconds),
        }))
    }
}

impl Session for Timed<Box<dyn Session>> {
    fn vocabulary(&self) -> usize {
        self.of.vocabulary()
    }

    fn architecture(&self) -> &Architecture {
        self.of.architecture()
    }

    fn step(&mut self, batch: &Batch) -> Result<Made, String> {
        let begun = Instant::now();
        let made = self.of.step(batch);
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        made
    }
}

/// Seconds that this thread has had a processor; of the clock where the system does not say.
fn processor_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(clock_seconds, |nanoseconds| nanoseconds / 1e9)
}

fn clock_seconds() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
