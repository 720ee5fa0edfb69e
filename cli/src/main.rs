//! The binary: arguments → settings → wiring. The only place that knows every crate.

mod args;
mod cmd;
mod crew;
mod exit;
mod live;
mod load;
mod lsp;
mod past;
mod person;
mod report;
mod rewrite;
mod settings;
mod values;
mod wire;
mod word;
mod workspace;

use clap::Parser;
use exit::{Exit, Usage};
use std::process::ExitCode;

/// A check of a large file, and an editor's every keystroke in it, are mostly allocations: this one
/// halves them (docs/bench/compile.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    let settings = settings::resolve(&arguments.global);
    let exit = cmd::dispatch(arguments.command, &settings).unwrap_or_else(|error| {
        anstream::eprintln!("{}{}", settings.error_mark(), report::error_text(&error));
        if error.is::<Usage>() { Exit::Usage } else { Exit::Failed }
    });
    exit.into()
}
