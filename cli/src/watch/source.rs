//! The screens' end of the channel to the worker.

use super::outside;
use super::worker::{Hears, Order, Worker};
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use troupe_core::id::RunId;
use troupe_tui::watch::{Errand, Interest, News, Source, Wanted};

/// The file that the run on the screen was started from.
pub(super) type File = Arc<Mutex<Option<(RunId, PathBuf)>>>;

/// What the screens ask and hear.
pub struct Feed {
    orders: UnboundedSender<Order>,
    news: Receiver<News>,
    say: Sender<News>,
    file: File,
}

/// Screens' end and worker's end.
pub(super) fn pair(state: &Path, hears: Hears, settings: &Settings) -> (Feed, Worker) {
    let (orders, arrivals) = unbounded_channel();
    let (say, news) = channel();
    let file = File::default();
    let feed = Feed {
        orders,
        news,
        say: say.clone(),
        file: file.clone(),
    };
    // Nothing may be printed on a screen that is drawn on.
    let settings = Settings {
        quiet: true,
        terminal: false,
        ..settings.clone()
    };
    (feed, Worker::new(state, hears, settings, (arrivals, say), file))
}

impl Feed {
    /// Where else news may come from: the run of this process.
    pub(super) fn speaker(&self) -> Sender<News> {
        self.say.clone()
    }
}

impl Source for Feed {
    fn look(&mut self, interest: &Interest) {
        // A worker that is gone has nothing more to say; the screens keep what they have.
        let _ = self.orders.send(Order::Look(interest.clone()));
    }

    fn begin(&mut self, wanted: Wanted) {
        let _ = self.orders.send(Order::Begin(wanted));
    }

    fn news(&mut self) -> Option<News> {
        self.news.try_recv().ok()
    }

    fn outside(&mut self, errand: Errand) -> Option<News> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match outside::run(errand, file) {
            Ok(news) => news,
            Err(error) => Some(News::Refused(format!("{error:#}"))),
        }
    }
}
