//! How the seeds fared, as they come in and at the end.

use crate::death::{Death, Moment};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

/// Seeds between two lines of progress.
const STRIDE: u64 = 100;

/// A run that ended as it should have.
pub struct Survived {
    /// Where its first process was killed; none where the program itself was.
    pub first: Option<Death>,
    /// Processes that were killed.
    pub deaths: u64,
    /// Effects that had begun when their process was killed, and whose answers were not on the disk.
    pub doubts: usize,
}

/// The counts.
pub struct Tally {
    seeds: u64,
    begun: Instant,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    done: u64,
    /// Runs, deaths and doubts by where a run was killed first.
    survived: BTreeMap<&'static str, (u64, u64, usize)>,
    /// Writes at which a first process was killed.
    writes: BTreeSet<u64>,
    failed: Vec<u64>,
}

impl Tally {
    pub fn new(seeds: u64) -> Self {
        Self {
            seeds,
            begun: Instant::now(),
            counts: Mutex::default(),
        }
    }

    /// Counts one seed.
    pub fn take(&self, seed: u64, survived: Result<Survived, String>) {
        let mut counts = self.counts.lock().unwrap();
        counts.done += 1;
        match survived {
            Ok(survived) => {
                let kind = kind(&survived);
                counts.writes.extend(survived.first.map(|death| death.write));
                let (runs, deaths, doubts) = counts.survived.entry(kind).or_default();
                (*runs, *deaths, *doubts) = (*runs + 1, *deaths + survived.deaths, *doubts + survived.doubts);
            }
            Err(mistake) => {
                println!("seed {seed}: {mistake}");
                counts.failed.push(seed);
            }
        }
        if counts.done.is_multiple_of(STRIDE) {
            let (done, failed) = (counts.done, counts.failed.len());
            println!(
                "{done} of {} seeds, {failed} failed, {} s",
                self.seeds,
                self.begun.elapsed().as_secs()
            );
        }
    }

    /// The summary.
    pub fn finish(self) -> ExitCode {
        let counts = self.counts.into_inner().unwrap();
        println!(
            "\n{:30} {:>6} {:>7} {:>9}",
            "first killed", "runs", "deaths", "in doubt"
        );
        for (kind, (runs, deaths, doubts)) in &counts.survived {
            println!("{kind:30} {runs:>6} {deaths:>7} {doubts:>9}");
        }
        let seconds = self.begun.elapsed().as_secs();
        println!("{} seeds, {} failed, {seconds} s", counts.done, counts.failed.len());
        println!(
            "a first process was killed at {} different appends",
            counts.writes.len()
        );
        let Some(seed) = counts.failed.first() else {
            return ExitCode::SUCCESS;
        };
        println!("`cargo xtask crash --from {seed} --seeds 1` repeats the first that failed");
        ExitCode::FAILURE
    }
}

fn kind(survived: &Survived) -> &'static str {
    match (survived.first.map(|death| death.moment), survived.deaths) {
        (_, 0) => "not at all: it was over before",
        (None, _) => "the program, at some moment",
        (Some(Moment::Before), _) => "before an append",
        (Some(Moment::During), _) => "during an append",
        (Some(Moment::After), _) => "after an append",
    }
}
