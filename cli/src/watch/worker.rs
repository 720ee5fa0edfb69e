//! Reads the store for the screens: a little while after something happened, and only what is new.

use super::building::Building;
use super::follow::Followed;
use super::reading::{self, Corpora};
use super::source::File;
use super::{acting, own};
use crate::settings::Settings;
use crate::{stream, workspace};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{RunRecord, RunStatus};
use troupe_store::Reader;
use troupe_tui::watch::{Interest, News, RunRow, Standing, Wanted};

/// Between two looks at a run, and at the list of runs: what a person takes for at once, and what a database that
/// others write to does not notice.
const RUN: Duration = Duration::from_millis(100);
const LIST: Duration = Duration::from_millis(500);
const POOL: Duration = Duration::from_secs(2);
/// Between two tries to listen to a run at work that cannot be heard.
const LISTEN: Duration = Duration::from_secs(1);
/// How long is spent at once on what lists do not hold.
const DETAILS: Duration = Duration::from_millis(50);
/// Runs of the list.
const RUNS_MAX: u32 = 5_000;
/// Runs with more events are not folded for the list alone.
const DETAILS_EVENTS_MAX: u64 = 20_000;

/// What the screens ask of the worker.
pub(super) enum Order {
    /// They show this.
    Look(Interest),
    /// They want this once.
    Begin(Wanted),
}

/// What the worker listens to besides the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hears {
    /// Nothing: what models write in the run of this process comes another way.
    Events,
    /// What models write in the run that is looked at, whoever drives it.
    Models,
}

/// Somebody who listens to a run, and when that began.
struct Ear {
    run: RunId,
    begun: Instant,
    task: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The worker.
pub struct Worker {
    hears: Hears,
    ear: Option<Ear>,
    state: PathBuf,
    settings: Settings,
    orders: UnboundedReceiver<Order>,
    say: Sender<News>,
    file: File,
    reader: Option<Reader>,
    interest: Interest,
    followed: Option<Followed>,
    building: Building,
    corpora: Corpora,
    rows: Vec<RunRow>,
    detailed: BTreeMap<RunId, u64>,
    listed: Option<Instant>,
    pooled: Option<Instant>,
    trouble: Option<String>,
    /// Whether the screens have heard of the list, were it empty.
    told_list: bool,
    /// Whether there is nobody left to work for.
    is_over: bool,
}

impl Worker {
    /// One that has read nothing.
    pub(super) fn new(
        state: &Path,
        hears: Hears,
        settings: Settings,
        (orders, say): (UnboundedReceiver<Order>, Sender<News>),
        file: File,
    ) -> Self {
        Self {
            hears,
            ear: None,
            state: state.to_owned(),
            settings,
            orders,
            say,
            file,
            reader: None,
            interest: Interest::default(),
            followed: None,
            building: Building::default(),
            corpora: Corpora::default(),
            rows: Vec::new(),
            detailed: BTreeMap::new(),
            listed: None,
            pooled: None,
            trouble: None,
            told_list: false,
            is_over: false,
        }
    }

    /// Works until the screens are closed.
    pub async fn work(mut self) {
        while !self.is_over {
            let looked = self.look().await;
            self.tell_trouble(looked.err());
            match tokio::time::timeout(RUN, self.orders.recv()).await {
                Ok(Some(order)) => self.take(order),
                Ok(None) => self.is_over = true,
                Err(_) => {}
            }
            // Whoever holds a key down wants to be where it ends.
            while let Ok(order) = self.orders.try_recv() {
                self.take(order);
            }
        }
        if let Some(reader) = &self.reader {
            reader.close().await;
        }
    }

    fn tell(&mut self, news: News) {
        self.is_over |= self.say.send(news).is_err();
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Look(interest) => {
                if interest.fleet && !self.interest.fleet {
                    self.listed = None;
                }
                if interest.environments && !self.interest.environments {
                    self.pooled = None;
                }
                // Several looks may come at once, and each of them makes the screens forget what they do not show.
                match &mut self.followed {
                    Some(followed) if interest.run.as_ref() == Some(followed.run()) => followed.forget(&interest),
                    _ => self.followed = None,
                }
                self.interest = interest;
            }
            Order::Begin(Wanted::Act(act)) => {
                tokio::spawn(acting::act(act, self.state.clone(), self.say.clone()));
            }
            Order::Begin(wanted) => {
                let Some(reader) = self.reader.clone() else {
                    return;
                };
                let (corpora, settings) = (self.corpora.clone(), self.settings.clone());
                let (state, say) = (self.state.clone(), self.say.clone());
                tokio::spawn(async move {
                    let news = reading::fetch(&reader, wanted, &corpora, &state, &settings).await;
                    let _ = say.send(news.unwrap_or_else(|error| News::Refused(format!("{error:#}"))));
                });
            }
        }
    }

    fn tell_trouble(&mut self, error: Option<anyhow::Error>) {
        let trouble = error.map(|error| format!("{error:#}"));
        if trouble != self.trouble {
            self.trouble.clone_from(&trouble);
            self.tell(News::Trouble(trouble));
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        if self.interest.environments {
            let shown = self.interest.build.as_deref();
            for news in self.building.look(&self.state, shown) {
                self.tell(news);
            }
        }
        let Some(reader) = self.open().await? else {
            if self.interest.fleet && !std::mem::replace(&mut self.told_list, true) {
                self.tell(News::Fleet(Vec::new().into()));
            }
            return Ok(());
        };
        if self.interest.fleet && is_due(self.listed, LIST) {
            self.listed = Some(Instant::now());
            self.list(&reader).await?;
        }
        self.follow(&reader).await?;
        if self.interest.environments && is_due(self.pooled, POOL) {
            self.pooled = Some(Instant::now());
            let pool = reader.environments().await?;
            self.tell(News::Environments(pool.into()));
        }
        let begun = Instant::now();
        while begun.elapsed() < DETAILS && self.detail(&reader).await {}
        Ok(())
    }

    /// The database, once there is one.
    async fn open(&mut self) -> anyhow::Result<Option<Reader>> {
        if self.reader.is_none() {
            self.reader = match Reader::open(&self.state).await {
                Ok(reader) => Some(reader),
                Err(error) if error.kind == ErrorKind::Missing => None,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(self.reader.clone())
    }

    async fn list(&mut self, reader: &Reader) -> anyhow::Result<()> {
        let records = workspace::newest(reader, RUNS_MAX).await?;
        let rows: Vec<RunRow> = records.iter().map(|record| row(&self.state, record)).collect();
        if rows != self.rows || !self.told_list {
            self.told_list = true;
            self.rows.clone_from(&rows);
            self.tell(News::Fleet(rows.into()));
        }
        Ok(())
    }

    /// What the list cannot know of one of the runs on the screen; says whether there was one.
    async fn detail(&mut self, reader: &Reader) -> bool {
        let wanted = self.interest.visible.iter().find_map(|run| {
            let row = self.rows.iter().find(|row| row.run == *run)?;
            let is_known = self.detailed.get(run) == Some(&row.events);
            (!is_known && row.events <= DETAILS_EVENTS_MAX).then(|| (run.clone(), row.events))
        });
        let Some((run, events)) = wanted else {
            return false;
        };
        self.detailed.insert(run.clone(), events);
        // A run that cannot be read has a row all the same, without these figures.
        if let Ok(details) = reading::details(reader, &run).await {
            self.tell(News::Details(run, details));
        }
        true
    }

    async fn follow(&mut self, reader: &Reader) -> anyhow::Result<()> {
        let Some(run) = self.interest.run.clone() else {
            (self.followed, self.ear) = (None, None);
            return Ok(());
        };
        if self.followed.as_ref().is_none_or(|followed| followed.run() != &run) {
            self.followed = None;
            let begun = Followed::begin(reader, &run, &self.state).await;
            let (followed, news) = match begun {
                Ok(begun) => begun,
                // One that this process is about to start.
                Err(error) if is_missing(&error) && self.trouble.is_none() && !self.knows(&run) => return Ok(()),
                Err(error) => return Err(error),
            };
            let known = (run.root(), followed.path());
            *self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(known);
            self.tell(news);
            self.followed = Some(followed);
        }
        let Some(mut followed) = self.followed.take() else {
            return Ok(());
        };
        let news = followed.look(reader, &self.interest, &self.state).await;
        self.listen(followed.is_live(), &run);
        self.followed = Some(followed);
        for news in news? {
            self.tell(news);
        }
        Ok(())
    }

    /// Has somebody listen to a run that is at work. Whoever drives it may be another process by now, so who hears
    /// nothing any more tries again.
    fn listen(&mut self, is_live: bool, run: &RunId) {
        // Of the runs below one nothing is told but their events.
        if self.hears == Hears::Events || !is_live || run.parent().is_some() {
            self.ear = None;
            return;
        }
        let is_at_it = |ear: &Ear| ear.run == *run && (!ear.task.is_finished() || ear.begun.elapsed() < LISTEN);
        if self.ear.as_ref().is_some_and(is_at_it) {
            return;
        }
        let (state, of, say) = (self.state.clone(), run.clone(), self.say.clone());
        let task = tokio::spawn(async move {
            stream::hear(&state, &of, |piece| say.send(own::news(&of, piece)).is_ok()).await;
        });
        self.ear = Some(Ear {
            run: run.clone(),
            begun: Instant::now(),
            task,
        });
    }

    /// Whether the run was there.
    fn knows(&self, run: &RunId) -> bool {
        self.rows.iter().any(|row| row.run == *run)
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<troupe_core::port::Error>().map(|error| error.kind);
    kind == Some(ErrorKind::Missing)
}

fn is_due(last: Option<Instant>, pace: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= pace)
}

fn row(state: &Path, record: &RunRecord) -> RunRow {
    RunRow {
        run: record.header.run.clone(),
        workflow: record.header.workflow.clone(),
        standing: standing(state, record),
        started_ms: record.header.started_ms,
        updated_ms: record.updated_ms,
        events: record.events,
        agents: record.progress.agents,
        tool_calls: record.progress.tool_calls,
        tokens: record.progress.usage.total(),
    }
}

/// Where a run stands: one that says `running` and that no process works on was interrupted.
pub(super) fn standing(state: &Path, record: &RunRecord) -> Standing {
    let status = record.progress.status;
    Standing {
        status,
        interrupted: status == RunStatus::Running && workspace::status_word(state, record) != status.word(),
    }
}
