//! `troupe serve`: goes on with runs as they become due, until it is told to stop.

mod refusal;

use super::block_on;
use crate::args::Serve;
use crate::crew::{self, Crew, News, What};
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use crate::workspace;
use refusal::Refusals;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::MissedTickBehavior;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::port::dispatch::Dispatch as _;
use troupe_store::Store;

pub fn run(arguments: &Serve, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        let store = Store::open(&state).await?;
        let voice = Voice {
            settings: settings.clone(),
            troubles: Mutex::default(),
        };
        let tell = Arc::new(move |news: &News| voice.say(news));
        let crew = Crew::new(&store, &state, usize::from(arguments.jobs), settings, tell);
        let stops = crew::stops(settings);
        settings.say(line(&format!(
            "serving {}, at most {} runs at once; Ctrl-C stops",
            state.display(),
            arguments.jobs
        )));
        let mut server = Server {
            store: store.clone(),
            crew,
            due: VecDeque::new(),
            refusals: Refusals::default(),
            trouble: None,
            settings: settings.clone(),
        };
        server.serve(arguments, stops).await;
        store.close().await;
        Ok(Exit::Succeeded)
    })
}

struct Server {
    store: Store,
    crew: Crew,
    /// Runs that were due at the last look, and wait for a place.
    due: VecDeque<RunId>,
    refusals: Refusals,
    /// Why the last look failed.
    trouble: Option<String>,
    settings: Settings,
}

impl Server {
    async fn serve(&mut self, arguments: &Serve, mut stops: tokio::sync::watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(arguments.every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stopping = *stops.borrow_and_update();
            if stopping && self.crew.is_idle() {
                break;
            }
            tokio::select! {
                news = self.crew.ended(), if !self.crew.is_idle() => {
                    if let Some(news) = news {
                        self.refusals.note(&self.store, &news).await;
                    }
                }
                _ = looks.tick(), if !stopping => self.look().await,
                _ = stops.changed(), if !stopping => continue,
            }
            if !stopping {
                self.fill().await;
            }
        }
    }

    /// Sees what is due.
    async fn look(&mut self) {
        match self.store.due(SystemClock.now_ms(), u32::MAX).await {
            Ok(due) => {
                self.due = due.into();
                self.trouble = None;
            }
            Err(error) => {
                let trouble = error.to_string();
                if self.trouble.as_ref() != Some(&trouble) {
                    self.settings.say(line(&format!("cannot look for runs: {trouble}")));
                    self.trouble = Some(trouble);
                }
            }
        }
    }

    /// Takes as many runs as there are places.
    async fn fill(&mut self) {
        while !self.crew.is_full() {
            let Some(run) = self.due.pop_front() else { break };
            if self.refusals.may_try(&self.store, &run).await {
                self.crew.take(run);
            }
        }
    }
}

/// What people and programs are told of the runs.
struct Voice {
    settings: Settings,
    /// What stands in the way of runs, as it was last told: the same is not told again.
    troubles: Mutex<HashMap<RunId, String>>,
}

impl Voice {
    fn say(&self, news: &News) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match &news.what {
            What::Nothing | What::Held(_) => return,
            What::Refused(why) | What::Broken(why) => {
                let told = troubles.insert(news.run.clone(), why.clone());
                if told.as_ref() == Some(why) {
                    return;
                }
            }
            What::Rests(_) => {
                troubles.remove(&news.run);
            }
            What::Resumed(_) => {}
        }
        if self.settings.json {
            // Whoever closed stdout wants to know no more; the runs go on.
            let _ = report::line(&news.object().to_string());
        } else {
            self.settings.say(line(&news.line()));
        }
    }
}

fn line(text: &str) -> String {
    format!("{}  {text}", report::rfc3339(SystemClock.now_ms()))
}
