//! Which sandboxes go of those that are kept for runs, and why the others stay.

use crate::report;
use std::time::Duration;
use troupe_sandbox::docker::Kept;

/// What is kept of runs that failed or were cancelled: the newest, within all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long, from the end of the run on.
    pub age: Duration,
    /// Bytes that their files take together. The newest run's stay whatever they take.
    pub bytes: u64,
    /// How many sandboxes.
    pub count: usize,
}

impl Default for Bounds {
    /// A week, what a disk of a developer's machine has to spare, and no more containers than an engine lists at once.
    fn default() -> Self {
        Self {
            age: Duration::from_secs(7 * 24 * 60 * 60),
            bytes: 10_000_000_000,
            count: 50,
        }
    }
}

impl Bounds {
    /// How long, in words.
    pub fn days(&self) -> String {
        report::plural(self.age.as_secs() / (24 * 60 * 60), "day")
    }
}

/// Where the run stands that a sandbox is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// A process works on it.
    AtWork,
    /// It waits, or was interrupted.
    Open,
    /// It failed or was cancelled at this time, in milliseconds since the Unix epoch.
    Over(u64),
    /// Nobody goes on with it: it succeeded, or there is no such run any more.
    Done,
    /// Another workspace knows.
    Elsewhere,
}

/// A sandbox with the run that a person started and that it is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The sandbox.
    pub kept: Kept,
    /// Where its run stands.
    pub stands: Stands,
}

impl Judged {
    /// The run that a person started.
    pub fn root(&self) -> &str {
        self.kept.run.split('.').next().unwrap_or_default()
    }
}

/// What of these goes and what stays. A run's sandboxes go together.
pub fn plan(mut judged: Vec<Judged>, bounds: &Bounds, now_ms: u64) -> (Vec<Judged>, Vec<Judged>) {
    let (mut goes, mut stays) = (Vec::new(), Vec::new());
    let ended_ms = |judged: &Judged| match judged.stands {
        Stands::Over(ended_ms) => ended_ms,
        _ => u64::MAX,
    };
    judged.sort_by(|a, b| (ended_ms(b), &b.kept.name).cmp(&(ended_ms(a), &a.kept.name)));
    let (mut bytes, mut count) = (0, 0);
    for of_run in judged.chunk_by(|a, b| a.stands == b.stands && a.root() == b.root()) {
        let fits = match of_run[0].stands {
            Stands::Done => false,
            Stands::AtWork | Stands::Open | Stands::Elsewhere => true,
            Stands::Over(ended_ms) => {
                let is_newest = count == 0;
                let all = bytes + of_run.iter().map(|judged| judged.kept.bytes).sum::<u64>();
                let fits = is_newest || (all <= bounds.bytes && count + of_run.len() <= bounds.count);
                let fits = fits && until_ms(ended_ms, bounds) > now_ms;
                if fits {
                    (bytes, count) = (all, count + of_run.len());
                }
                fits
            }
        };
        if fits { &mut stays } else { &mut goes }.extend(of_run.iter().cloned());
    }
    (goes, stays)
}

/// Until when a run's sandboxes are kept that ended at this time, both in milliseconds since the Unix epoch.
pub fn until_ms(ended_ms: u64, bounds: &Bounds) -> u64 {
    ended_ms.saturating_add(u64::try_from(bounds.age.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
