//! `troupe env`: images in which the tests of repositories run.

mod build;
mod gc;
mod list;
mod show;

use crate::args::{Env, EnvCommand};
use crate::exit::Exit;
use crate::settings::Settings;

pub fn run(arguments: &Env, settings: &Settings) -> anyhow::Result<Exit> {
    match &arguments.command {
        EnvCommand::Build(arguments) => build::run(arguments, settings),
        EnvCommand::Ls { repository } => list::run(repository.as_deref(), settings),
        EnvCommand::Show { name } => show::run(name, settings),
        EnvCommand::Gc { keep, dry_run } => gc::run(*keep, *dry_run, settings),
    }
}
