//! Words for runs, and runs that are due, in memory.

use super::{MemoryJournal, missing};
use async_trait::async_trait;
use std::sync::atomic::Ordering;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::dispatch::{Dispatch, Post, Word};
use troupe_core::port::journal::RunStatus;

#[async_trait]
impl Dispatch for MemoryJournal {
    async fn post(&self, run: &RunId, word: Word) -> Result<(), Error> {
        if !self.runs().contains_key(run) {
            return Err(missing(run));
        }
        let number = self.posted.fetch_add(1, Ordering::Relaxed);
        self.posts().entry(run.clone()).or_default().push(Post { number, word });
        Ok(())
    }

    async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error> {
        Ok(self.posts().get(run).cloned().unwrap_or_default())
    }

    async fn settle(&self, run: &RunId, number: u64) -> Result<(), Error> {
        if let Some(posts) = self.posts().get_mut(run) {
            posts.retain(|post| post.number > number);
        }
        Ok(())
    }

    async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error> {
        let (runs, posts) = (self.runs(), self.posts());
        let has_words = |run: &RunId| posts.get(run).is_some_and(|posts| !posts.is_empty());
        let mut due: Vec<(u64, &RunId)> = runs
            .iter()
            .filter(|(run, _)| run.parent().is_none())
            .filter(|(name, run)| match run.record.progress.status {
                RunStatus::Running => true,
                RunStatus::Waiting => {
                    has_words(name) || run.record.progress.wake_ms.is_some_and(|wake_ms| wake_ms <= now_ms)
                }
                _ => false,
            })
            .map(|(name, run)| (run.record.updated_ms, name))
            .collect();
        due.sort_unstable();
        Ok(due
            .into_iter()
            .take(limit as usize)
            .map(|(_, run)| run.clone())
            .collect())
    }
}
