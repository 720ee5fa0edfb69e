//! The screens over a run of this process: they see what models write, and the run does not end with them.

use super::{options, show, source};
use crate::settings::Settings;
use async_trait::async_trait;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::sync::watch;
use troupe_agents::Observer;
use troupe_core::id::{ActorId, RunId};
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_core::port::journal::Entry;
use troupe_core::port::model::Delta;
use troupe_tui::watch::News;

/// The screens over one run.
pub struct Own {
    run: RunId,
    say: Sender<News>,
    is_closed: watch::Receiver<bool>,
    show: Option<Box<dyn FnOnce() + Send>>,
}

impl Own {
    /// Screens that are not shown yet; the runtime that this is called in reads for them.
    pub fn new(run: &RunId, state: &Path, settings: &Settings) -> Self {
        let (feed, worker) = source::pair(state, settings);
        let say = feed.speaker();
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
            run: run.clone(),
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

    /// The port by which the screens hear what models write. Events they read where everybody does.
    pub fn observer(&self, other: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(Sight(self.run.clone(), self.say.clone(), other))
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

/// Tells the screens what models write, and another observer everything.
struct Sight(RunId, Sender<News>, Arc<dyn Observer>);

impl Observer for Sight {
    fn recalled(&self, entries: &[Entry]) {
        self.2.recalled(entries);
    }

    fn entries(&self, entries: &[Entry]) {
        self.2.entries(entries);
    }

    fn delta(&self, actor: ActorId, delta: &Delta) {
        let news = match delta {
            Delta::Text(text) | Delta::Thinking(text) => Some(News::Writing(self.0.clone(), actor, text.clone())),
            Delta::Void => Some(News::Void(self.0.clone(), actor)),
            _ => None,
        };
        if let Some(news) = news {
            // Screens that were closed hear nothing.
            let _ = self.1.send(news);
        }
        self.2.delta(actor, delta);
    }

    fn warn(&self, message: &str) {
        self.2.warn(message);
    }
}
