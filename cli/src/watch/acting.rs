//! What people do to runs: the program's own commands, each in a process that outlives the screens.

use super::kept::Kept;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::process::{Child, Command};
use troupe_tui::sanitise;
use troupe_tui::watch::{Act, News};

/// How long a command is waited for before it is said to be at work: most say no at once, or go on for long.
const PATIENCE: Duration = Duration::from_secs(3);
/// Lines of what a command said that fit on a screen.
const WORDS_MAX: usize = 3;

/// Does it, and says what came of it.
pub(super) async fn act(act: Act, state: PathBuf, say: Sender<News>) {
    let news = match begin(&act, &state).await {
        Ok(news) => news,
        Err(error) => News::Refused(format!("{error:#}")),
    };
    // The screens may be closed by now.
    let _ = say.send(news);
}

async fn begin(act: &Act, state: &Path) -> anyhow::Result<News> {
    let told = Told(Kept::new("said.log", "")?);
    let mut child = start(act, state, &told.0)?;
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Err(_) => {
            let said = told.words(1);
            tokio::spawn(reap(child, told));
            Ok(News::Done(if said.is_empty() { word(act).to_owned() } else { said }))
        }
        Ok(status) => {
            let status = status.context("the command was lost")?;
            // 3: the run waits for a person, 130: it was cancelled, 1: it failed; all of that its journal tells.
            let is_done = matches!(status.code(), Some(0 | 3 | 130)) || told.has_begun();
            let said = told.words(WORDS_MAX);
            Ok(match is_done {
                true => News::Done(if said.is_empty() {
                    word(act).to_owned()
                } else {
                    told.last()
                }),
                false => News::Refused(said),
            })
        }
    }
}

/// Waits for a command that goes on for long; what it was given stays for as long.
async fn reap(mut child: Child, told: Told) {
    let _ = child.wait().await;
    drop(told);
}

fn word(act: &Act) -> &'static str {
    match act {
        Act::Answer { .. } => "answered",
        Act::Cancel { .. } => "cancelled",
        Act::Stop { .. } => "stopped",
        Act::Raise { .. } => "raised",
        Act::Resume { .. } => "gone on with",
        Act::Fork { .. } => "forked",
    }
}

fn start(act: &Act, state: &Path, kept: &Kept) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("this program cannot be found any more")?;
    let workspace = state.parent().unwrap_or(Path::new("."));
    let mut command = Command::new(program);
    command
        .args(arguments(act, kept)?)
        .arg("--workspace")
        .arg(workspace)
        .args(["--color", "never"]);
    #[cfg(feature = "local")]
    command.args(["--device", troupe_models::local::device::chosen().word()]);
    let file = std::fs::File::create(kept.path()).context("there is no place for what the command says")?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    // Ctrl-C and the end of this terminal are not meant for it.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().context("the command cannot be started")
}

/// The command's words.
fn arguments(act: &Act, kept: &Kept) -> anyhow::Result<Vec<String>> {
    Ok(match act {
        Act::Answer {
            run,
            place,
            choice,
            comment,
        } => {
            let mut words = vec!["approve".to_owned(), run.to_string(), place.clone(), choice.clone()];
            if !comment.trim().is_empty() {
                words.push(format!("--comment={comment}"));
            }
            words
        }
        Act::Stop { run, place } => vec!["cancel".to_owned(), run.to_string(), place.clone()],
        Act::Raise { run, limits } => {
            let limits = limits.split_whitespace().map(str::to_owned);
            ["raise".to_owned(), run.to_string()]
                .into_iter()
                .chain(limits)
                .collect()
        }
        Act::Cancel { run } => vec!["cancel".to_owned(), run.to_string()],
        Act::Resume { run, accept_changes } => {
            let mut words = vec!["resume".to_owned(), run.to_string()];
            words.extend(accept_changes.then(|| "--accept-changes".to_owned()));
            words
        }
        Act::Fork { run, at, set } => {
            let mut words = vec!["fork".to_owned(), run.to_string()];
            words.extend(at.map(|at| format!("--at={at}")));
            if let Some((place, output)) = set {
                // Longer than an argument may be, it may well be.
                let file = kept.beside("output.json");
                std::fs::write(&file, output).context("there is no place for the output")?;
                words.push(format!("--set={place}.output=@{}", file.display()));
            }
            words
        }
    })
}

/// What a command says on stderr, in a file: a pipe would break when the screens are closed.
struct Told(Kept);

impl Told {
    fn lines(&self) -> Vec<String> {
        let text = self.0.read().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| sanitise(line.trim()).into_owned()).collect()
    }

    fn words(&self, most: usize) -> String {
        let lines = self.lines();
        lines[..lines.len().min(most)].join("; ")
    }

    fn last(&self) -> String {
        self.lines().pop().unwrap_or_default()
    }

    /// Whether the command came to work on the run, so that how it ended is the run's own matter.
    fn has_begun(&self) -> bool {
        let lines = self.lines();
        lines
            .iter()
            .any(|line| line.starts_with("resuming run") || line.starts_with("run "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use troupe_core::id::RunId;

    #[test]
    fn acts_are_the_commands_of_their_names() {
        let run = RunId::parse("01A").unwrap();
        let fork = Act::Fork {
            run: run.clone(),
            at: Some(7),
            set: Some(("check[1]".into(), "{\"a\": 1}".into())),
        };
        let kept = Kept::new("said.log", "").unwrap();
        let words = arguments(&fork, &kept).unwrap();
        assert_eq!(words[..3], ["fork", "01A", "--at=7"]);
        let file = words[3].strip_prefix("--set=check[1].output=@").unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "{\"a\": 1}");
        let answer = Act::Answer {
            run,
            place: "sign_off".into(),
            choice: "approve".into(),
            comment: "-- fine".into(),
        };
        assert_eq!(
            arguments(&answer, &kept).unwrap(),
            ["approve", "01A", "sign_off", "approve", "--comment=-- fine"]
        );
    }
}
