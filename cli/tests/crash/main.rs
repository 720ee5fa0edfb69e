//! Runs that are killed with `kill -9` and resumed until they end: the same outputs as a calm run, no
//! acknowledged effect repeated, every effect in doubt reported.
//!
//! `cargo xtask crash --seeds 1000`; without arguments, as a test, a few of them. A seed chooses where the
//! run dies. Most seeds kill a process that drives the run on the real store and stops at an exact append;
//! one in [`program::ONE_IN`] kills the `troupe` program itself, at some moment. `--from` repeats one seed:
//! `--from 417 --seeds 1`.

#![allow(clippy::unwrap_used, reason = "a harness that cannot go on should say where")]

mod death;
mod exact;
mod journals;
mod ledger;
mod life;
mod place;
mod program;
mod tally;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use tally::Tally;

/// Seeds that the test takes: about each append of the run once, and the program a few times.
const SEEDS: u64 = 60;
/// Seeds at the same time.
const PARALLEL: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("life") => life::main(&arguments[1..]),
        // What `cargo test` asks of its own tests.
        Some("--list") => ExitCode::SUCCESS,
        _ => harness(
            number(&arguments, "--seeds").unwrap_or(SEEDS),
            number(&arguments, "--from").unwrap_or(0),
        ),
    }
}

fn number(arguments: &[String], name: &str) -> Option<u64> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn harness(seeds: u64, from: u64) -> ExitCode {
    ledger::prove();
    let calm = exact::calm();
    let calm_program = program::calm();
    println!(
        "a calm run has {} appends and takes the program {} ms",
        calm.appends,
        calm_program.length.as_millis()
    );
    let (next, tally) = (AtomicU64::new(from), Tally::new(seeds));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    let survived = if seed % program::ONE_IN == program::ONE_IN - 1 {
                        program::survive(seed, &calm_program)
                    } else {
                        exact::survive(seed, &calm)
                    };
                    tally.take(seed, survived);
                }
            });
        }
    });
    tally.finish()
}
