//! `troupe models`: the models on this machine.

#[cfg(feature = "local")]
mod bench;
#[cfg(feature = "local")]
mod info;
#[cfg(feature = "local")]
mod list;
#[cfg(feature = "local")]
mod pull;
#[cfg(feature = "local")]
mod remove;
#[cfg(feature = "local")]
mod verify;

use crate::args::Models;
use crate::exit::Exit;
use crate::settings::Settings;

#[cfg(feature = "local")]
pub fn run(arguments: &Models, settings: &Settings) -> anyhow::Result<Exit> {
    use crate::args::ModelsCommand;
    match &arguments.command {
        ModelsCommand::Pull(arguments) => pull::run(arguments, settings),
        ModelsCommand::Ls => list::run(settings),
        ModelsCommand::Rm { name, yes } => remove::run(name, *yes, settings),
        ModelsCommand::Bench(arguments) => bench::run(arguments, settings),
        ModelsCommand::Info(arguments) => info::run(arguments, settings),
        ModelsCommand::Verify { name } => verify::run(name, settings),
    }
}

#[cfg(not(feature = "local"))]
pub fn run(_: &Models, _: &Settings) -> anyhow::Result<Exit> {
    Err(crate::exit::Usage::error(
        "this program was built without models of its own; build it with `cargo install --path cli --features local`",
    ))
}

/// A bar that counts bytes on a terminal; lines now and then elsewhere, where there is no other sign of life.
#[cfg(feature = "local")]
struct Progress {
    bar: indicatif::ProgressBar,
    name: String,
    total: u64,
    /// When the last line was said.
    said: std::sync::Mutex<Option<std::time::Instant>>,
    lines: bool,
}

#[cfg(feature = "local")]
impl Progress {
    fn new(name: &str, total: u64, settings: &Settings) -> Self {
        let draws = settings.terminal && !settings.quiet;
        let bar = match draws {
            true => indicatif::ProgressBar::new(total),
            false => indicatif::ProgressBar::hidden(),
        };
        let style = "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta}";
        let style = indicatif::ProgressStyle::with_template(style);
        let style = style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(name.to_owned());
        Self {
            bar,
            name: name.to_owned(),
            total,
            said: std::sync::Mutex::new(None),
            lines: !draws && !settings.quiet,
        }
    }

    /// So many bytes are done.
    fn at(&self, done: u64) {
        const BETWEEN_LINES: std::time::Duration = std::time::Duration::from_secs(5);
        self.bar.set_position(done);
        if !self.lines {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = said.is_none_or(|said| said.elapsed() >= BETWEEN_LINES);
        if due {
            *said = Some(std::time::Instant::now());
            let of = match self.total {
                0 => String::new(),
                total => format!(" of {}", crate::report::bytes(total)),
            };
            anstream::eprintln!("{}: {}{of}", self.name, crate::report::bytes(done));
        }
    }

    fn done(&self) {
        self.bar.finish_and_clear();
    }
}
