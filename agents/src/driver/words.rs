//! Words: what somebody outside of its process says to a run.
//!
//! The run that a person started listens for all that it starts. It takes the words that wait before it
//! does anything else, and has them brought a few times a second from then on. A word for a run below
//! goes down to that run's driver, and comes back as heard when what follows from it is in the journal.
//! Until then it stays where it was posted and is brought again: an answer that comes twice finds its
//! question closed.

use super::{Arrival, Batch, Driver, Station};
use crate::error::Error;
use crate::handle::Run;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine;
use troupe_core::id::CallId;
use troupe_core::input::Input;
use troupe_core::port::dispatch::{Post, Word};

/// Between two looks for words: one small query each, and a person waits for the answer.
const PACE: Duration = Duration::from_millis(300);

/// The words for a person's run.
pub(crate) struct Words {
    ear: JoinHandle<()>,
    /// Words that went down and have not come back.
    below: BTreeSet<u64>,
    /// Words that were heard behind one that is still below.
    heard: BTreeSet<u64>,
    /// All up to this one were heard.
    settled: Option<u64>,
}

impl Words {
    /// Has the words for `run` brought to `inbox`.
    pub(crate) fn listen(run: &Run, inbox: mpsc::UnboundedSender<Arrival>) -> Self {
        let (dispatch, run) = (run.ports.dispatch.clone(), run.run.clone());
        let ear = tokio::spawn(async move {
            loop {
                tokio::time::sleep(PACE).await;
                // What cannot be read now is looked for again; it is the journal that tells of a broken disk.
                for post in dispatch.posted(&run).await.unwrap_or_default() {
                    if inbox.send(Arrival::Posted(post)).is_err() {
                        return;
                    }
                }
            }
        });
        Self::heard_by(ear)
    }

    fn heard_by(ear: JoinHandle<()>) -> Self {
        Self {
            ear,
            below: BTreeSet::new(),
            heard: BTreeSet::new(),
            settled: None,
        }
    }

    fn has_heard(&self, number: u64) -> bool {
        self.settled.is_some_and(|settled| number <= settled) || self.heard.contains(&number)
    }

    /// Notes what was heard; gives the number up to which all was.
    fn hear(&mut self, numbers: Vec<u64>) -> Option<u64> {
        for number in numbers {
            self.below.remove(&number);
            self.heard.insert(number);
        }
        let behind = match self.below.first() {
            Some(open) => self.heard.split_off(open),
            None => BTreeSet::new(),
        };
        let done = std::mem::replace(&mut self.heard, behind);
        let last = done.last().copied()?;
        self.settled = self.settled.max(Some(last));
        Some(last)
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.ear.abort();
    }
}

impl Station {
    /// Whether a word is on its way to a run below.
    pub(super) fn is_spoken_to(&self) -> bool {
        matches!(self, Self::Root(words) if !words.below.is_empty())
    }

    fn sent_below(&mut self, number: u64) {
        if let Self::Root(words) = self {
            words.below.insert(number);
        }
    }
}

impl Driver {
    /// Decides the first input, the words that wait for this run, and what ran down meanwhile, in this
    /// order: who answered in time is not outrun by a deadline that passed while nobody listened. Gives
    /// the words for runs below, which are not driven yet.
    pub(super) async fn begin(&mut self, first: Input, batch: &mut Batch) -> Result<Vec<Post>, Error> {
        let posts = self.posted().await?;
        if matches!(first, Input::Reopen) {
            // They were for the run as it was before it ended.
            batch.heard.extend(posts.iter().map(|post| post.number));
            self.decide(first, batch)?;
            return Ok(Vec::new());
        }
        if posts.iter().any(|post| post.word == Word::Cancel) {
            // Nothing begins that would end at once, and what is in doubt is still so when it is reopened.
            batch.heard.extend(posts.iter().map(|post| post.number));
            if matches!(first, Input::Start { .. }) {
                self.decide(first, batch)?;
            }
            self.decide(Input::Cancel, batch)?;
            return Ok(Vec::new());
        }
        self.decide(first, batch)?;
        let is_own = |post: &Post| match &post.word {
            Word::Answer { run, .. } | Word::Stop { run, .. } => *run == self.run.run,
            Word::Raise { .. } | Word::Cancel => true,
        };
        let (own, below): (Vec<Post>, Vec<Post>) = posts.into_iter().partition(is_own);
        for post in own {
            self.hear(post, batch)?;
        }
        for call in self.overdue() {
            self.decide(Input::TimerFired { call }, batch)?;
        }
        Ok(below)
    }

    /// Does what a word says, or sends it down to the run that it is for. What nobody asks any longer
    /// is as good as done.
    pub(super) fn hear(&mut self, post: Post, batch: &mut Batch) -> Result<(), Error> {
        let number = post.number;
        match post.word {
            Word::Cancel => self.decide(Input::Cancel, batch)?,
            Word::Raise { limit, most } => self.decide(Input::Raise { limit, most }, batch)?,
            Word::Answer { run, call, answer } if run == self.run.run => {
                if self.asks(call) {
                    let input = Input::Decided { call, answer };
                    self.decide(self.run.ports.secrets.conceal_input(input), batch)?;
                    // Whoever else was asked need not answer any more.
                    if let Some(asking) = self.working.remove(&call) {
                        drop(asking.abort());
                    }
                }
            }
            Word::Stop { run, part, by } if run == self.run.run => self.decide(Input::Stop { part, by }, batch)?,
            Word::Answer { ref run, .. } | Word::Stop { ref run, .. } => {
                let way = self.working.values().find_map(|task| task.way_to(run));
                if way.is_some_and(|way| way.send(Arrival::Posted(post)).is_ok()) {
                    self.station.sent_below(number);
                    return Ok(());
                }
            }
        }
        batch.heard.push(number);
        Ok(())
    }

    fn asks(&self, call: CallId) -> bool {
        let is_question = |effect: &Effect| effect.call == call && matches!(effect.want, Want::Approve(_));
        engine::outstanding(&self.run.workflow, &self.state)
            .iter()
            .any(is_question)
    }

    /// The words that wait and have not been heard; only a person's run is spoken to.
    pub(super) async fn posted(&self) -> Result<Vec<Post>, Error> {
        let Station::Root(words) = &self.station else {
            return Ok(Vec::new());
        };
        let mut posts = self
            .run
            .ports
            .dispatch
            .posted(&self.run.run)
            .await
            .map_err(Error::Load)?;
        posts.retain(|post| !words.has_heard(post.number));
        Ok(posts)
    }

    /// What follows from these words is in the journal. Those that ended the run are settled when all
    /// that it had started has ended too.
    pub(super) async fn settle(&mut self, heard: Vec<u64>) {
        let over = self.is_over();
        match &mut self.station {
            Station::Below(above) => heard.into_iter().for_each(|number| {
                // Whoever started this run may have ended meanwhile; then the word is brought again.
                let _ = above.inbox.send(Arrival::Heard(number));
            }),
            Station::Root(words) => {
                if let Some(number) = words.hear(heard).filter(|_| !over) {
                    // A word that is not forgotten is brought again, and means nothing then.
                    let _ = self.run.ports.dispatch.settle(&self.run.run, number).await;
                }
            }
        }
    }

    /// A run that is over leaves no words behind.
    pub(super) async fn settle_all(&self) {
        if matches!(self.station, Station::Below(_)) {
            return;
        }
        let dispatch = &self.run.ports.dispatch;
        // Words that stay mean nothing to a run that is over, nor when it is reopened.
        let posts = dispatch.posted(&self.run.run).await.unwrap_or_default();
        if let Some(last) = posts.last() {
            let _ = dispatch.settle(&self.run.run, last.number).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn words_are_settled_in_order_however_they_are_heard() {
        let mut words = Words::heard_by(tokio::spawn(async {}));
        words.below.extend([2, 4]);
        assert_eq!(words.hear(vec![3]), None, "2 has not come back");
        assert_eq!(words.hear(vec![1]), Some(1));
        assert_eq!(
            [1, 2, 3, 4].map(|number| words.has_heard(number)),
            [true, false, true, false]
        );
        assert_eq!(words.hear(vec![2]), Some(3));
        assert_eq!(words.hear(vec![5]), None);
        assert_eq!(words.hear(vec![4]), Some(5));
        assert_eq!(
            words.hear(vec![1]),
            Some(1),
            "what was not forgotten is forgotten again"
        );
        assert!(words.has_heard(5));
    }
}
