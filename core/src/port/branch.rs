//! Requests that go on from one another: an agent at work.

use std::sync::atomic::{AtomicBool, Ordering};

/// An agent whose next request begins as its last one ended. Whoever runs agents keeps it for as long as there may be a
/// further one: a model that computes here keeps what it computed until then, and where memory is short gives up first
/// what will be asked for last (KVFlow, Pan et al. 2025).
#[derive(Debug, Default)]
pub struct Branch {
    rank: u32,
    waits: AtomicBool,
}

impl Branch {
    /// Of an agent that began as the `rank`th one. Those who began earlier go first: others wait for what they make,
    /// and what they hold becomes free when they end.
    pub fn new(rank: u32) -> Self {
        Self {
            rank,
            waits: AtomicBool::new(false),
        }
    }

    /// Lower ones go first.
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Whether its next request comes only after those of others, as a lead's does that waits for its subagents.
    pub fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// Says whether it waits for others.
    pub fn wait(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }
}

/// Two are the same to whoever compares requests when they have the same rank.
impl PartialEq for Branch {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}
