//! The commands: one file and one line each.

mod approve;
mod call;
mod cancel;
mod check;
mod citations;
mod corpus;
mod diff;
mod doctor;
mod env;
mod eval;
mod explain;
mod export;
mod fork;
mod format;
mod gc;
mod graph;
mod import;
mod list;
mod migrate;
mod models;
mod new;
mod raise;
mod replay;
mod resume;
mod run;
mod sandbox;
mod schema;
mod serve;
mod show;
mod trace;
mod watch;

pub use citations::declare;
pub use resume::Suspended;
pub use run::{Begin, Choices, Wired, header};

use crate::args::Command;
use crate::exit::Exit;
use crate::settings::Settings;
use anyhow::Context as _;

/// Does what the command line asks.
pub fn dispatch(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        Command::Check(arguments) => check::run(&arguments, settings),
        Command::Fmt(arguments) => format::run(&arguments, settings),
        Command::Migrate(arguments) => migrate::run(&arguments, settings),
        Command::Run(arguments) => run::run(&arguments, settings),
        Command::Resume(arguments) => resume::run(&arguments, settings),
        Command::Fork(arguments) => fork::run(&arguments, settings),
        Command::Approve(arguments) => approve::run(&arguments, settings),
        Command::Cancel(arguments) => cancel::run(&arguments, settings),
        Command::Raise(arguments) => raise::run(&arguments, settings),
        Command::Serve(arguments) => serve::run(&arguments, settings),
        Command::Ls(arguments) => list::run(&arguments, settings),
        Command::Show(arguments) => show::run(&arguments, settings),
        Command::Watch(arguments) => watch::run(&arguments, settings),
        Command::Diff(arguments) => diff::run(&arguments, settings),
        Command::Replay(arguments) => replay::run(&arguments, settings),
        Command::Gc(arguments) => gc::run(&arguments, settings),
        Command::Doctor => doctor::run(settings),
        Command::Eval(arguments) => eval::run(&arguments, settings),
        Command::Trace(arguments) => trace::run(&arguments, settings),
        Command::Export(arguments) => export::run(&arguments, settings),
        Command::Import(arguments) => import::run(&arguments, settings),
        Command::Citations(arguments) => citations::run(&arguments, settings),
        Command::Call(arguments) => call::run(&arguments, settings),
        Command::Corpus(arguments) => corpus::run(&arguments, settings),
        Command::Env(arguments) => env::run(&arguments, settings),
        Command::Sandbox(arguments) => sandbox::run(&arguments, settings),
        Command::Models(arguments) => models::run(&arguments, settings),
        Command::Graph(arguments) => graph::run(&arguments, settings),
        Command::Explain(arguments) => explain::run(&arguments, settings),
        Command::New(arguments) => new::run(&arguments, settings),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Lsp => crate::lsp::run(),
    }
}

/// Runs a command's asynchronous part.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?
        .block_on(work)
}
