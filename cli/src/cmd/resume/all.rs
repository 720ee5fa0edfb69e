//! `troupe resume --all`: goes on with every run that was interrupted or is due, and says how each ended.

use crate::cmd::block_on;
use crate::crew::{self, Crew, News, What};
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::Value;
use troupe_core::port::ErrorKind;
use troupe_core::port::dispatch::Dispatch as _;
use troupe_store::{Reader, Store};

pub fn run(jobs: usize, state: &Path, settings: &Settings) -> anyhow::Result<Exit> {
    block_on(async {
        let news = match Reader::open(state).await {
            Ok(reader) => {
                reader.close().await;
                let store = Store::open(state).await?;
                let news = drive(&store, state, jobs, settings).await;
                store.close().await;
                news?
            }
            // Nothing was ever run here.
            Err(error) if error.kind == ErrorKind::Missing => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if settings.json {
            report::print_json(&news.iter().map(News::object).collect::<Vec<Value>>())?;
        } else if news.is_empty() {
            settings.say("no run is due");
        }
        Ok(news
            .iter()
            .map(exit)
            .max_by_key(|exit| rank(*exit))
            .unwrap_or(Exit::Succeeded))
    })
}

async fn drive(store: &Store, state: &Path, jobs: usize, settings: &Settings) -> anyhow::Result<Vec<News>> {
    let mut due: VecDeque<_> = store.due(SystemClock.now_ms(), u32::MAX).await?.into();
    let json = settings.json;
    let tell = Arc::new(move |news: &News| {
        if !json && !matches!(news.what, What::Resumed(_) | What::Nothing) {
            // Whoever closed stdout wants to know no more; the runs go on.
            let _ = report::line(&news.line());
        }
    });
    let mut crew = Crew::new(store, state, jobs, settings, tell);
    let stops = crew::stops(settings);
    let mut ended = Vec::new();
    loop {
        while !*stops.borrow() && !crew.is_full() {
            let Some(run) = due.pop_front() else { break };
            crew.take(run);
        }
        let Some(news) = crew.ended().await else { break };
        if !matches!(news.what, What::Nothing) {
            ended.push(news);
        }
    }
    Ok(ended)
}

fn exit(news: &News) -> Exit {
    match &news.what {
        What::Rests(outcome) => outcome.status.into(),
        What::Refused(_) => Exit::Usage,
        What::Broken(_) => Exit::Failed,
        What::Held(_) | What::Nothing | What::Resumed(_) => Exit::Succeeded,
    }
}

/// How bad an end is: the worst one is the command's.
fn rank(exit: Exit) -> u8 {
    match exit {
        Exit::Succeeded => 0,
        Exit::Waiting => 1,
        Exit::Cancelled => 2,
        Exit::Usage => 3,
        Exit::Failed => 4,
    }
}
