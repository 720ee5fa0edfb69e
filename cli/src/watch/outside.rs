//! Pagers and editors, which need the terminal for themselves.

use super::kept::Kept;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use troupe_core::id::RunId;
use troupe_tui::sanitise;
use troupe_tui::watch::{Errand, News};

/// Whether the terminal is another program's, which Ctrl-C is meant for.
static IS_LENT: AtomicBool = AtomicBool::new(false);

/// Whether a pager or an editor has the terminal.
pub(super) fn is_lent() -> bool {
    IS_LENT.load(Ordering::SeqCst)
}

/// Runs an errand to its end.
pub(super) fn run(errand: Errand, file: Option<(RunId, PathBuf)>) -> anyhow::Result<Option<News>> {
    IS_LENT.store(true, Ordering::SeqCst);
    let news = perform(errand, file);
    IS_LENT.store(false, Ordering::SeqCst);
    news
}

fn perform(errand: Errand, file: Option<(RunId, PathBuf)>) -> anyhow::Result<Option<News>> {
    match errand {
        Errand::Page { title, text } => {
            let kept = Kept::new("text.txt", &shown(&title, &text))?;
            start(&chosen(&["PAGER"], "less"), kept.path())?;
            Ok(None)
        }
        Errand::File { run } => {
            let path = file.filter(|(known, _)| *known == run.root()).map(|(_, path)| path);
            let path = path.with_context(|| format!("the file of run {run} is not known yet"))?;
            start(&editor(), &path)?;
            Ok(None)
        }
        Errand::Edit(opened) => {
            let kept = Kept::new("output.json", &opened.text)?;
            start(&editor(), kept.path())?;
            let text = kept.read().context("what was edited cannot be read")?;
            Ok(Some(News::Edited(opened, text)))
        }
    }
}

/// A text as a pager may have it: some of them obey what a terminal obeys.
fn shown(title: &str, text: &str) -> String {
    let lines = text.lines().map(|line| sanitise(line).into_owned() + "\n");
    let lines: String = lines.collect();
    format!("{}\n\n{lines}", sanitise(title))
}

fn editor() -> String {
    chosen(&["VISUAL", "EDITOR"], "vi")
}

fn chosen(names: &[&str], usual: &str) -> String {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    names.iter().find_map(set).unwrap_or_else(|| usual.to_owned())
}

/// Starts a program that people name with its arguments, as their shell would.
fn start(program: &str, path: &Path) -> anyhow::Result<()> {
    let script = format!("{program} \"$1\"");
    let status = Command::new("sh").arg("-c").arg(script).arg("sh").arg(path).status();
    let status = status.with_context(|| format!("`{program}` cannot be started"))?;
    anyhow::ensure!(status.success(), "`{program}` ended with {status}");
    Ok(())
}
