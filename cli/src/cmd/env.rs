//! `troupe env`: images in which the tests of repositories run.

mod build;
mod export;
mod gc;
mod list;
mod options;
mod show;
mod sizes;
mod verify;
mod workshop;

use crate::args::{Env, EnvCommand};
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use troupe_core::port::pool::Environment;

pub fn run(arguments: &Env, settings: &Settings) -> anyhow::Result<Exit> {
    match &arguments.command {
        EnvCommand::Build(arguments) => build::run(arguments, settings),
        EnvCommand::Ls { repository } => list::run(repository.as_deref(), settings),
        EnvCommand::Show { name } => show::run(name, settings),
        EnvCommand::Verify(arguments) => verify::run(arguments, settings),
        EnvCommand::Export { names, out, image } => export::run(names, out, *image, settings),
        EnvCommand::Gc(arguments) => gc::run(arguments, settings),
    }
}

/// The environment of an image, or the newest of an instance, in a list that has the newest first.
fn named(environments: &[Environment], name: &str) -> Option<Environment> {
    let found = environments.iter().find(|it| it.image == name || it.instance == name);
    found.cloned()
}

/// Its language, where anything told it.
fn language(environment: &Environment) -> &str {
    match environment.language.as_str() {
        "" => "unknown",
        language => language,
    }
}

fn unknown(name: &str) -> anyhow::Error {
    Usage::error(format!("there is no environment `{name}`; `troupe env ls` lists them"))
}
