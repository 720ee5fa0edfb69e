//! The screens over a run of this process: they see what models write, and the run does not end with them.

use super::worker::Hears;
use super::{options, show, source};
use crate::settings::Settings;
use crate::stream::{Piece, Speaker};
use async_trait::async_trait;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use troupe_core::id::RunId;
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_tui::watch::News;

/// The screens over one run.
pub struct Own {
    say: Sender<News>,
    is_closed: watch::Receiver<bool>,
    show: Option<Box<dyn FnOnce() + Send>>,
}

impl Own {
    /// Screens that are not shown yet; the runtime that this is called in reads for them.
    pub fn new(run: &RunId, state: &Path, speaker: &Speaker, settings: &Settings) -> Self {
        let (feed, worker) = source::pair(state, Hears::Events, settings);
        let say = feed.speaker();
        tokio::spawn(tell(run.clone(), speaker.hear(), say.clone()));
        let (close, is_closed) = watch::channel(false);
        let options = options(Some(run.clone()), true, settings);
        let settings = settings.clone();
        tokio::spawn(worker.work());
        let show = move || {
            if let Err(error) = show(feed, &options, false) {
                settings.say(format!("warning: the screens ended: {error}"));
            }
            // Dropped by a panic too, which closes them as well.
            close.send_replace(true);
        };
        Self {
            say,
            is_closed,
            show: Some(Box::new(show)),
        }
    }

    /// Shows them, in a thread of their own. Only a run that has begun has screens: what keeps it from beginning is
    /// said where people see it.
    pub fn show(&mut self) {
        if let Some(show) = self.show.take() {
            std::thread::spawn(show);
        }
    }

    /// Waits for a person for as long as the screens are there: what is answered on them comes as a word.
    pub fn approver(&self) -> Arc<dyn Approver> {
        Arc::new(Patience(self.is_closed.clone()))
    }

    /// What lets others say something on them.
    pub fn words(&self) -> Words {
        Words(self.say.clone())
    }

    /// Waits until somebody closes them.
    pub async fn closed(mut self) {
        let _ = self.is_closed.wait_for(|is_closed| *is_closed).await;
    }
}

/// Lets others say something on the screens.
pub struct Words(Sender<News>);

impl Words {
    /// Says it, and whether there is anybody to read it: screens that were closed have no lines.
    pub fn say(&self, text: &str) -> bool {
        self.0.send(News::Done(text.to_owned())).is_ok()
    }
}

struct Patience(watch::Receiver<bool>);

#[async_trait]
impl Approver for Patience {
    async fn ask(&self, _: Question) -> Option<Answer> {
        let _ = self.0.clone().wait_for(|is_closed| *is_closed).await;
        None
    }
}

/// Tells the screens what models write. Events they read where everybody does.
async fn tell(run: RunId, mut pieces: broadcast::Receiver<Arc<Piece>>, say: Sender<News>) {
    loop {
        let piece = match pieces.recv().await {
            Ok(piece) => Piece::clone(&piece),
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if say.send(news(&run, piece)).is_err() {
            // The screens were closed.
            return;
        }
    }
}

/// A piece of what a model writes, as the screens take it.
pub(super) fn news(run: &RunId, piece: Piece) -> News {
    match piece.text {
        Some(text) => News::Writing(run.clone(), piece.actor, text),
        None => News::Void(run.clone(), piece.actor),
    }
}
