//! Runs that could not be gone on with: left alone until something about them changes.

use crate::crew::{News, What};
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use troupe_core::id::RunId;
use troupe_core::port::dispatch::Dispatch as _;
use troupe_core::port::journal::Journal as _;
use troupe_store::Store;

/// The first pause after something broke; it doubles with every time.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// The runs that are left alone.
#[derive(Default)]
pub struct Refusals(HashMap<RunId, Refusal>);

struct Refusal {
    seen: Seen,
    /// When it is tried again although nothing changed; none for what only a change can mend.
    again: Option<Instant>,
    times: u32,
}

/// What a refusal depends on, as far as it can be seen.
#[derive(PartialEq, Eq)]
struct Seen {
    events: u64,
    word: Option<u64>,
    files: Vec<Option<(SystemTime, u64)>>,
}

impl Refusals {
    /// Remembers why a run was left, or that it was not.
    pub async fn note(&mut self, store: &Store, news: &News) {
        let times = self.0.get(&news.run).map_or(0, |refusal| refusal.times);
        let again = match &news.what {
            What::Refused(_) => None,
            What::Broken(_) => Some(Instant::now() + (PAUSE * 2_u32.saturating_pow(times.min(16))).min(PAUSE_MAX)),
            What::Held(_) => return,
            What::Rests(_) | What::Nothing | What::Resumed(_) => {
                self.0.remove(&news.run);
                return;
            }
        };
        if let Some(seen) = seen(store, &news.run).await {
            let refusal = Refusal {
                seen,
                again,
                times: times + 1,
            };
            self.0.insert(news.run.clone(), refusal);
        }
    }

    /// Whether a run that is due is worth a try.
    pub async fn may_try(&self, store: &Store, run: &RunId) -> bool {
        let Some(refusal) = self.0.get(run) else {
            return true;
        };
        let is_time = refusal.again.is_some_and(|again| again <= Instant::now());
        is_time || seen(store, run).await.is_some_and(|seen| seen != refusal.seen)
    }
}

/// None when the run is gone or cannot be read.
async fn seen(store: &Store, run: &RunId) -> Option<Seen> {
    let record = store.run(run).await.ok()?;
    let posts = store.posted(run).await.ok()?;
    let folder = Path::new(&record.header.path).parent().unwrap_or(Path::new("."));
    // The first of its texts is the file itself, under the name that somebody typed somewhere else.
    let others = record.header.sources.iter().skip(1).map(|(name, _)| folder.join(name));
    let files = std::iter::once(record.header.path.clone().into()).chain(others);
    let look = |file: std::path::PathBuf| {
        let file = std::fs::metadata(file).ok()?;
        Some((file.modified().ok()?, file.len()))
    };
    Some(Seen {
        events: record.events,
        word: posts.last().map(|post| post.number),
        files: files.map(look).collect(),
    })
}
