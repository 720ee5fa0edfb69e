//! Runs that are gone on with while nobody watches: each in a task of its own, at most so many at once.

use crate::cmd::Suspended;
use crate::exit::Exit;
use crate::past::Told;
use crate::report;
use crate::settings::Settings;
use crate::stream::Speaker;
use crate::telemetry::Telemetry;
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use troupe_agents::{Clock as _, Nobody, Outcome, Run, Silent, SystemClock};
use troupe_core::Value;
use troupe_core::id::RunId;
use troupe_core::port::dispatch::Dispatch as _;
use troupe_core::port::journal::{RunRecord, RunStatus};
use troupe_core::port::{self, ErrorKind};
use troupe_store::Store;
use troupe_tui::sanitise;

/// A run in which nothing but a longer pause is left rests, and is gone on with when the pause is over: it would hold
/// the place of a run that can work. In milliseconds.
const PATIENCE_MS: u64 = 60_000;

/// What happened to a run.
#[derive(Debug)]
pub struct News {
    /// Which run.
    pub run: RunId,
    /// Its workflow's name.
    pub workflow: String,
    /// What happened.
    pub what: What,
}

/// What can happen to a run.
#[derive(Debug)]
pub enum What {
    /// It goes on behind so many events.
    Resumed(u64),
    /// It is over, or waits.
    Rests(Box<Outcome>),
    /// Somebody else works on it.
    Held(String),
    /// There was nothing to do any more.
    Nothing,
    /// It cannot be gone on with as it is, and why.
    Refused(String),
    /// Its driver broke; it can be gone on with later.
    Broken(String),
}

/// Whom news are told, from any task.
pub type Tell = Arc<dyn Fn(&News) + Send + Sync>;

/// The tasks of one process.
pub struct Crew {
    hands: Hands,
    jobs: usize,
    tasks: JoinSet<News>,
    runs: HashMap<Id, RunId>,
}

/// What each task needs.
#[derive(Clone)]
struct Hands {
    store: Store,
    state: PathBuf,
    settings: Settings,
    tell: Tell,
}

impl Crew {
    /// A crew without work, for the runs of `state`.
    pub fn new(store: &Store, state: &Path, jobs: usize, settings: &Settings, tell: Tell) -> Self {
        // Many at once draw nothing, and warn of nothing that the run's own command did not warn of.
        let settings = Settings {
            terminal: false,
            quiet: true,
            ..settings.clone()
        };
        let hands = Hands {
            store: store.clone(),
            state: state.to_owned(),
            settings,
            tell,
        };
        Self {
            hands,
            jobs,
            tasks: JoinSet::new(),
            runs: HashMap::new(),
        }
    }

    /// Whether it works on nothing.
    pub fn is_idle(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.runs.len() >= self.jobs
    }

    /// Goes on with a run, unless it does so already.
    pub fn take(&mut self, run: RunId) {
        if self.runs.values().any(|other| *other == run) {
            return;
        }
        let (hands, name) = (self.hands.clone(), run.clone());
        let task = self.tasks.spawn(async move {
            let mut news = News {
                run: name,
                workflow: String::new(),
                what: What::Nothing,
            };
            let ended = hands.go_on(&mut news).await;
            news.what = ended.unwrap_or_else(|error| of_error(&error));
            news
        });
        self.runs.insert(task.id(), run);
    }

    /// The next run that needs nobody any more, which has been told of; none when there is none.
    pub async fn ended(&mut self) -> Option<News> {
        let news = match self.tasks.join_next_with_id().await? {
            Ok((id, news)) => {
                self.runs.remove(&id);
                news
            }
            // A defect in one run is no reason to leave the others.
            Err(broken) => News {
                run: self.runs.remove(&broken.id())?,
                workflow: String::new(),
                what: What::Broken(format!("X0002: {broken}")),
            },
        };
        (self.hands.tell)(&news);
        Some(news)
    }
}

impl Hands {
    async fn go_on(&self, news: &mut News) -> anyhow::Result<What> {
        let run = news.run.clone();
        let suspended = Suspended::take(&run, &self.store, &self.settings).await?;
        let record = &suspended.record;
        news.workflow.clone_from(&record.header.workflow);
        if !self.is_due(record).await? {
            return Ok(What::Nothing);
        }
        let events = record.events;
        let (state, settings) = (self.state.clone(), self.settings.clone());
        // Reading, compiling and opening take their time, and others work meanwhile.
        let wired = tokio::task::spawn_blocking(move || {
            let wired = suspended.wire(false, false, &state, &settings);
            (suspended, wired)
        });
        let (suspended, wired) = wired.await?;
        let wired = match wired {
            Ok(wired) => wired,
            Err(error) => return Ok(What::Refused(report::error_text(&error))),
        };
        (self.tell)(&News {
            run: run.clone(),
            workflow: news.workflow.clone(),
            what: What::Resumed(events),
        });
        let telemetry = Telemetry::start(&wired.workflow, &self.settings);
        let journal = telemetry.journal(Arc::new(Told(self.store.clone())));
        let speaker = Speaker::open(&self.state, &run);
        let driven = Run {
            run,
            workflow: wired.workflow.clone(),
            ports: wired.ports(
                journal,
                &self.store,
                speaker.observer(Arc::new(Silent)),
                Arc::new(Nobody),
            ),
            patience_ms: Some(PATIENCE_MS),
        };
        let begin = suspended.begin(&wired).await?;
        let outcome = begin.go(driven).await?.outcome().await;
        // Nobody else works on the run before this is silent.
        drop(speaker);
        drop(suspended);
        telemetry.finish(&self.settings).await;
        Ok(What::Rests(Box::new(outcome?)))
    }

    /// Whether there is still something to do: somebody else may have done it since the run was found.
    async fn is_due(&self, record: &RunRecord) -> anyhow::Result<bool> {
        let progress = record.progress;
        Ok(match progress.status {
            RunStatus::Running => true,
            RunStatus::Waiting => {
                progress.wake_ms.is_some_and(|wake_ms| wake_ms <= SystemClock.now_ms())
                    || !self.store.posted(&record.header.run).await?.is_empty()
            }
            RunStatus::Succeeded | RunStatus::Failed | RunStatus::Cancelled => false,
        })
    }
}

fn of_error(error: &anyhow::Error) -> What {
    let text = report::error_text(error);
    match error.downcast_ref::<port::Error>() {
        Some(error) if error.kind == ErrorKind::Conflict => What::Held(text),
        _ => What::Broken(text),
    }
}

/// Becomes true with the first Ctrl-C or SIGTERM. The second one ends the process at once: what it works on stays
/// interrupted, and goes on when somebody resumes it.
pub fn stops(settings: &Settings) -> watch::Receiver<bool> {
    let (stop, stops) = watch::channel(false);
    let settings = settings.clone();
    tokio::spawn(async move {
        interrupt().await;
        settings.say("stopping when all runs rest; Ctrl-C again stops at once");
        stop.send_replace(true);
        interrupt().await;
        settings.say("stopped; `troupe resume --all` goes on");
        std::process::exit(Exit::Cancelled as i32);
    });
    stops
}

/// What asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// Ctrl-C, which reaches everything that has the terminal.
    Key,
    /// SIGTERM, which is meant for this process.
    Signal,
}

/// Waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
pub async fn interrupt() -> Interrupt {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return Interrupt::Key;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Interrupt::Key,
        _ = terminate.recv() => Interrupt::Signal,
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub async fn interrupt() -> Interrupt {
    // Without a handler the system ends the process, which is all right too.
    let _ = tokio::signal::ctrl_c().await;
    Interrupt::Key
}

impl News {
    /// One line for people, without the time.
    pub fn line(&self) -> String {
        let of = match self.workflow.as_str() {
            "" => String::new(),
            workflow => format!(" of {workflow}"),
        };
        format!("run {}{of}: {}", self.run, sanitise(&self.words()))
    }

    fn words(&self) -> String {
        match &self.what {
            What::Resumed(events) => format!("goes on after {events} events"),
            What::Rests(outcome) => of_outcome(outcome),
            What::Held(by) => by.clone(),
            What::Nothing => "nothing is left to do".to_owned(),
            What::Refused(why) => format!("cannot go on: {why}"),
            What::Broken(why) => format!("was left: {why}"),
        }
    }

    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match &self.what {
            What::Resumed(_) => "resumed",
            What::Rests(outcome) => outcome.status.word(),
            What::Held(_) => "held",
            What::Nothing => "nothing",
            What::Refused(_) => "refused",
            What::Broken(_) => "broken",
        }
    }

    /// The same for programs.
    pub fn object(&self) -> Value {
        let mut object = json!({
            "at": report::rfc3339(SystemClock.now_ms()),
            "run": self.run,
            "workflow": self.workflow,
            "event": self.word(),
            "message": self.words(),
        });
        if let What::Rests(outcome) = &self.what {
            object["wake_ms"] = json!(outcome.progress.wake_ms);
            object["questions"] = outcome
                .questions
                .iter()
                .map(|question| question.place.as_str())
                .collect();
        }
        object
    }
}

fn of_outcome(outcome: &Outcome) -> String {
    match (&outcome.failure, outcome.progress.wake_ms.map(report::rfc3339)) {
        (Some((Some(place), failure)), _) => format!("failed at step {place}: {failure}"),
        (Some((None, failure)), _) => format!("failed: {failure}"),
        (None, wake) if outcome.status == RunStatus::Waiting => {
            let places: Vec<&str> = outcome
                .questions
                .iter()
                .map(|question| question.place.as_str())
                .collect();
            let until = wake.map(|wake| format!(" until {wake}")).unwrap_or_default();
            match places.as_slice() {
                [] => format!("rests{until}"),
                places => format!("waits for a person{until}: {}", places.join(", ")),
            }
        }
        (None, _) => outcome.status.word().to_owned(),
    }
}
