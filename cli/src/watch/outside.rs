//! Pagers and editors, which need the terminal for themselves.

use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use troupe_core::id::RunId;
use troupe_tui::sanitise;
use troupe_tui::watch::{Errand, News};

/// Runs an errand to its end.
pub(super) fn run(errand: Errand, file: Option<(RunId, PathBuf)>) -> anyhow::Result<Option<News>> {
    match errand {
        Errand::Page { title, text } => {
            let kept = Kept::new("txt", &shown(&title, &text))?;
            start(&chosen(&["PAGER"], "less"), &kept.0)?;
            Ok(None)
        }
        Errand::File { run } => {
            let path = file.filter(|(known, _)| *known == run.root()).map(|(_, path)| path);
            let path = path.with_context(|| format!("the file of run {run} is not known yet"))?;
            start(&editor(), &path)?;
            Ok(None)
        }
        Errand::Edit(opened) => {
            let kept = Kept::new("json", &opened.text)?;
            start(&editor(), &kept.0)?;
            let text = std::fs::read_to_string(&kept.0).context("what was edited cannot be read")?;
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

/// A file that is there for as long as it is needed, and for nobody else to read.
struct Kept(PathBuf);

impl Kept {
    fn new(extension: &str, text: &str) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("troupe-{}", std::process::id()));
        std::fs::create_dir_all(&folder).context("there is no place for a file")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        }
        let path = folder.join(format!("text.{extension}"));
        std::fs::write(&path, text).context("the text cannot be written to a file")?;
        Ok(Self(path))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // A file that stays is in a folder that is emptied anyway.
        let _ = std::fs::remove_file(&self.0);
        if let Some(folder) = self.0.parent() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}
