//! One model for all who ask it: a thread of its own takes their sequences through the decoder together.

mod job;
mod pool;
mod prefixes;
mod sampler;
mod scheduler;
mod sequence;

pub use job::{Event, Job, Work, Writer};
pub use sampler::Sampler;

use super::decoder::Model;
pub(super) use scheduler::Scheduler;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, SendError, Sender, channel};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How an engine is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Tokens that all sequences together may have in memory.
    pub cache_tokens: usize,
    /// Most tokens of one sequence.
    pub context: usize,
    /// Most sequences at once.
    pub sequences: usize,
    /// Most tokens of one step.
    pub step_tokens: usize,
    /// Threads that compute.
    pub threads: usize,
}

/// A running model. Dropping it, and all that it holds, ends its thread.
pub struct Engine {
    words: Sender<Word>,
}

/// What the thread is woken for.
enum Word {
    /// Something is asked for.
    Job(Job),
    /// Whoever had something held has gone.
    Gone,
}

/// Keys and values that are kept until this is dropped.
pub struct Held {
    events: UnboundedReceiver<Event>,
    words: Sender<Word>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.events.close();
        // A thread that has ended holds nothing.
        let _ = self.words.send(Word::Gone);
    }
}

impl Engine {
    /// Starts a thread for the model.
    ///
    /// # Errors
    /// When the system gives no thread, or the device no memory.
    pub fn start(model: Arc<dyn Model>, settings: Settings) -> std::io::Result<Self> {
        let (words, incoming) = channel();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(settings.threads.max(1))
            .thread_name(|at| format!("local-model-{at}"))
            .build()
            .map_err(std::io::Error::other)?;
        let mut scheduler = Scheduler::new(model, settings).map_err(std::io::Error::other)?;
        std::thread::Builder::new()
            .name("local-model".to_owned())
            .spawn(move || {
                pool.install(move || serve(&mut scheduler, &incoming));
            })?;
        Ok(Self { words })
    }

    /// Asks for something. A listener that is dropped takes its sequence with it.
    pub fn submit(&self, job: Job) {
        if let Err(SendError(Word::Job(job))) = self.words.send(Word::Job(job)) {
            sequence::Sequence::new(job).tell(&Event::Failed(GONE.to_owned()));
        }
    }

    /// Computes a prompt, and keeps that.
    pub fn hold(&self, prompt: Vec<u32>) -> Held {
        let (listener, events) = unbounded_channel();
        self.submit(Job {
            prompt,
            work: Work::Hold(listener),
            branch: None,
        });
        Held {
            events,
            words: self.words.clone(),
        }
    }
}

const GONE: &str = "the model's thread has ended after a fault of its own; start again";

/// The thread. It sleeps while there is nothing to compute: all that changes that is a word.
fn serve(scheduler: &mut Scheduler, incoming: &Receiver<Word>) {
    loop {
        if scheduler.is_idle() {
            match incoming.recv() {
                Ok(word) => hear(scheduler, word),
                Err(RecvError) => return,
            }
        }
        for word in incoming.try_iter() {
            hear(scheduler, word);
        }
        // A fault while computing must not take the process down: whoever waits is told.
        if catch_unwind(AssertUnwindSafe(|| scheduler.step())).is_err() {
            return;
        }
    }
}

fn hear(scheduler: &mut Scheduler, word: Word) {
    match word {
        Word::Job(job) => scheduler.submit(job),
        // The next step looks who is left.
        Word::Gone => {}
    }
}
