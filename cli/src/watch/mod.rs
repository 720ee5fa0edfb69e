//! The full screens over a workspace: where their data comes from, and how what people want is done.
//!
//! A worker reads the store, only what is new of it, and folds nothing twice. The screens have a thread of their own
//! and hear of it by a channel. What people decide goes through the commands of the program, each in a process of
//! its own, so that what they start goes on when the screens are closed.

mod acting;
mod building;
mod follow;
mod kept;
mod looking;
mod outside;
mod own;
mod plain;
mod reading;
mod source;
mod tape;
mod web;
mod worker;

pub use own::{Own, Words};
pub use plain::plain;
pub use web::page;

use crate::crew::{Interrupt, interrupt};
use crate::exit::Exit;
use crate::live::speaks_unicode;
use crate::settings::Settings;
use source::Feed;
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_tui::watch::{Keys, Watch, WatchOptions, leave};
use worker::Hears;

/// Shows the screens until somebody closes them.
pub fn screens(state: &Path, run: Option<RunId>, mouse: bool, settings: &Settings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (feed, worker) = source::pair(state, Hears::Models, settings);
    runtime.spawn(worker.work());
    runtime.spawn(async {
        interrupted().await;
        // The screens have nothing that could be lost.
        leave();
        std::process::exit(Exit::Cancelled as i32);
    });
    let shown = show(feed, &options(run, false, settings), mouse);
    // What is being read by then interests nobody any more.
    runtime.shutdown_background();
    shown
}

/// Waits for Ctrl-C or SIGTERM. A pager or an editor that has the terminal has its Ctrl-C too.
pub async fn interrupted() -> Interrupt {
    loop {
        let interrupt = interrupt().await;
        if interrupt == Interrupt::Signal || !outside::is_lent() {
            return interrupt;
        }
    }
}

fn options(run: Option<RunId>, own: bool, settings: &Settings) -> WatchOptions {
    WatchOptions {
        colour: settings.colour,
        unicode: speaks_unicode(),
        run,
        own,
    }
}

fn show(feed: Feed, options: &WatchOptions, mouse: bool) -> anyhow::Result<()> {
    let (keys, stage) = Keys::take(mouse)?;
    let watch = Watch::new(stage, keys, feed, options, || SystemClock.now_ms())?;
    watch.run()?;
    Ok(())
}
