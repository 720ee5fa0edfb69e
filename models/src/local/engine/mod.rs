//! One model for all who ask it: a thread of its own takes their sequences through the decoder together.

mod job;
mod pool;
mod prefixes;
mod sampler;
mod scheduler;
mod sequence;

pub use job::{Event, Job, Work, Writer};
pub use sampler::Sampler;
pub use scheduler::Counts;

use super::decoder::Model;
pub(super) use scheduler::Scheduler;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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

/// A running model. Dropping it ends its thread.
pub struct Engine {
    jobs: Sender<Job>,
    counts: Arc<Mutex<Counts>>,
}

/// How often an idle engine looks whether someone has gone who had something held.
const ROUND: Duration = Duration::from_millis(200);

impl Engine {
    /// Starts a thread for the model.
    ///
    /// # Errors
    /// When the system gives no thread, or the device no memory.
    pub fn start(model: Arc<dyn Model>, settings: Settings) -> std::io::Result<Self> {
        let (jobs, incoming) = channel();
        let counts = Arc::new(Mutex::new(Counts::default()));
        let told = Arc::clone(&counts);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(settings.threads.max(1))
            .thread_name(|at| format!("local-model-{at}"))
            .build()
            .map_err(std::io::Error::other)?;
        let mut scheduler = Scheduler::new(model, settings).map_err(std::io::Error::other)?;
        std::thread::Builder::new()
            .name("local-model".to_owned())
            .spawn(move || {
                pool.install(move || serve(&mut scheduler, &incoming, &told));
            })?;
        Ok(Self { jobs, counts })
    }

    /// Asks for something. A listener that is dropped takes its sequence with it.
    pub fn submit(&self, job: Job) {
        if let Err(unsent) = self.jobs.send(job) {
            sequence::Sequence::new(unsent.0).tell(&Event::Failed(GONE.to_owned()));
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const GONE: &str = "the model's thread has ended after a fault of its own; start again";

fn serve(scheduler: &mut Scheduler, incoming: &Receiver<Job>, told: &Mutex<Counts>) {
    loop {
        if scheduler.is_idle() {
            match incoming.recv_timeout(ROUND) {
                Ok(job) => scheduler.submit(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        for job in incoming.try_iter() {
            scheduler.submit(job);
        }
        // A fault while computing must not take the process down: whoever waits is told.
        if catch_unwind(AssertUnwindSafe(|| scheduler.step())).is_err() {
            return;
        }
        *told.lock().unwrap_or_else(PoisonError::into_inner) = scheduler.counts();
    }
}
