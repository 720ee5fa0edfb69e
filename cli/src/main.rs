//! The binary: arguments → settings → wiring. The only place that knows every crate.

mod archive;
mod args;
mod artifacts;
mod cmd;
mod crew;
mod environments;
mod eval;
mod exit;
mod live;
mod load;
mod lsp;
mod past;
mod person;
mod places;
mod redact;
mod report;
mod rewrite;
mod rooms;
mod settings;
mod stream;
mod telemetry;
mod values;
mod watch;
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
    #[cfg(feature = "local")]
    troupe_models::local::device::choose(arguments.global.device);
    redact::guard_panics();
    let done = redact::listen().and_then(|()| cmd::dispatch(arguments.command, &settings));
    let exit = done.unwrap_or_else(|error| {
        let told = redact::text(&report::error_text(&error));
        anstream::eprintln!("{}{told}", settings.error_mark());
        if error.is::<Usage>() { Exit::Usage } else { Exit::Failed }
    });
    exit.into()
}
