//! `cargo xtask crash`: kills runs and resumes them, as often as is asked for.
//!
//! The harness is a test of the package `troupe` (`cli/tests/crash`), since it drives runs on the real store
//! and kills the real program: `cargo test` runs a few seeds of it.

use crate::repository::Repository;
use std::process::ExitCode;

/// What it is and what it takes.
pub const USAGE: &str = "  crash         kills runs and resumes them: --seeds N (1000), --from SEED (0)\n";

/// Builds the harness and the program, and passes `arguments` on.
pub fn main(arguments: &[String], repository: &Repository) -> ExitCode {
    let mut options = [("--seeds", "1000"), ("--from", "0")];
    for pair in arguments.chunks(2) {
        let known = options.iter_mut().find(|(name, _)| *name == pair[0]);
        match (known, pair) {
            (Some(option), [_, number]) if number.parse::<u64>().is_ok() => option.1 = number,
            _ => {
                eprintln!("cargo xtask crash [--seeds N] [--from SEED]: not `{}`", pair.join(" "));
                return ExitCode::from(2);
            }
        }
    }
    let mut words = vec!["test", "--quiet", "--package", "troupe", "--test", "crash", "--"];
    words.extend(options.iter().flat_map(|(name, number)| [*name, *number]));
    match repository.cargo_command(&words).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
