//! The screens of a run as one page, for people who were not there.

use super::follow::{self, facts};
use crate::past::Past;
use crate::redact;
use anyhow::Context as _;
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::{ActorId, RunId};
use troupe_store::Reader;
use troupe_tui::watch::Folds;

/// Agents whose transcripts are on the page; each costs a pass over the journal.
const AGENTS_MAX: u32 = 200;
/// Of a run with more events only the first agents' transcripts are.
const EVENTS_MAX: usize = 20_000;
const AGENTS_OF_MANY_MAX: u32 = 10;

/// Writes the page.
pub async fn page(state: &Path, run: &RunId, at: Option<u64>, file: &Path) -> anyhow::Result<()> {
    let reader = Reader::open(state).await?;
    let mut past = Past::read(&reader, run).await?;
    let events = at.map(|_| past.entries.len() as u64);
    if let Some(at) = at {
        past.entries.truncate(usize::try_from(at).unwrap_or(usize::MAX));
    }
    let workflow = past.workflow(&reader).await?;
    let folds = tokio::task::block_in_place(|| Folds::of(workflow.clone(), &past.entries));
    let facts = facts(&reader, &past.record, &workflow, &folds, state).await;
    let most = if past.entries.len() > EVENTS_MAX {
        AGENTS_OF_MANY_MAX
    } else {
        AGENTS_MAX
    };
    let agents = u32::try_from(folds.view.agents.len()).unwrap_or(u32::MAX).min(most);
    let heard = follow::transcripts(&workflow, &past.entries, (0..agents).map(ActorId));
    reader.close().await;
    let html = troupe_tui::watch::html(facts, folds, heard, SystemClock.now_ms(), events);
    std::fs::write(file, redact::text(&html)).with_context(|| format!("{} cannot be written", file.display()))
}
