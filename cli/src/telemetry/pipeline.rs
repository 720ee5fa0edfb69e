//! From events to exporters: a thread that folds, and one that sends.

use super::Exporter;
use crate::load;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Entry, RunHeader};
use troupe_core::view::metrics::{APPEND_DURATION, Metrics, Series};
use troupe_core::view::trace::{Span, Trace};

/// Spans of one message.
const BATCH: usize = 512;
/// Messages that may wait while one is being sent; what comes then is dropped.
const WAITING: usize = 64;
/// How long spans wait for others.
const DELAY: Duration = Duration::from_secs(1);
/// Between two messages of metrics.
const INTERVAL: Duration = Duration::from_secs(60);

/// What reaches the folding thread.
pub enum News {
    /// A run was created.
    Began(Box<RunHeader>),
    /// A run of an earlier process was read, to be gone on with.
    Recalled(Box<RunHeader>, Vec<Entry>),
    /// Events became durable.
    Appended {
        /// Of which run.
        run: RunId,
        /// The sequence of the first.
        first: u64,
        /// When they were appended.
        at_ms: u64,
        /// The events.
        events: Arc<[Event]>,
        /// How long the journal took.
        took: Duration,
    },
    /// Nothing more comes.
    End,
}

/// What reaches the sending thread.
enum Message {
    Spans(Vec<Span>),
    Metrics(Vec<Series>, u64),
}

/// The two threads.
pub struct Pipeline {
    news: Sender<News>,
    done: Receiver<Option<String>>,
}

impl Pipeline {
    /// Starts both; `workflow` is that of the run that a person started.
    pub fn start(workflow: Arc<Workflow>, contents: bool, exporters: Vec<Box<dyn Exporter>>) -> Self {
        let (news, arrivals) = channel();
        let (messages, outbox) = sync_channel(WAITING);
        let (told, done) = sync_channel(1);
        std::thread::spawn(move || {
            let sender = std::thread::spawn(move || send(&outbox, exporters));
            let mut fold = Fold::new(workflow, contents, messages);
            fold.work(&arrivals);
            let dropped = fold.dropped;
            drop(fold);
            let trouble = sender.join().unwrap_or_else(|_| Some("telemetry broke".to_owned()));
            let lost = (dropped > 0).then(|| format!("telemetry was too slow: {dropped} spans were not sent"));
            // Whoever waited may have given up.
            let _ = told.send(trouble.or(lost));
        });
        Self { news, done }
    }

    /// The way in.
    pub fn news(&self) -> Sender<News> {
        self.news.clone()
    }

    /// Sends what is left and says what went wrong; gives up after `patience`.
    pub fn finish(self, patience: Duration) -> Option<String> {
        // A thread that died says so below.
        let _ = self.news.send(News::End);
        match self.done.recv_timeout(patience) {
            Ok(trouble) => trouble,
            Err(_) => Some(format!(
                "telemetry was not all sent within {} seconds; `troupe trace RUN --send` sends it again",
                patience.as_secs()
            )),
        }
    }
}

struct Fold {
    workflow: Arc<Workflow>,
    trace: Trace,
    metrics: Metrics,
    ready: Vec<Span>,
    messages: SyncSender<Message>,
    dropped: usize,
}

impl Fold {
    fn new(workflow: Arc<Workflow>, contents: bool, messages: SyncSender<Message>) -> Self {
        Self {
            workflow,
            trace: Trace::new(contents),
            metrics: Metrics::default(),
            ready: Vec::new(),
            messages,
            dropped: 0,
        }
    }

    fn work(&mut self, arrivals: &Receiver<News>) {
        let mut due = Instant::now() + DELAY;
        let mut metrics_due = Instant::now() + INTERVAL;
        loop {
            match arrivals.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(News::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(news) => self.take(news),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.ready.len() >= BATCH || Instant::now() >= due {
                self.flush();
                due = Instant::now() + DELAY;
            }
            if Instant::now() >= metrics_due {
                self.post(self.counted());
                metrics_due = Instant::now() + INTERVAL;
            }
        }
        self.finish();
    }

    fn take(&mut self, news: News) {
        match news {
            News::Began(header) => self.add(&header),
            News::Recalled(header, entries) => {
                self.add(&header);
                entries.iter().for_each(|entry| self.trace.fold(&header.run, entry));
                // What ended in an earlier process was told by that one.
                self.trace.take_ended();
            }
            News::Appended {
                run,
                first,
                at_ms,
                events,
                took,
            } => {
                self.metrics.record(APPEND_DURATION, Vec::new(), took.as_secs_f64());
                for (sequence, event) in (first..).zip(events.iter().cloned()) {
                    let entry = Entry { sequence, at_ms, event };
                    self.trace.fold(&run, &entry);
                }
                let ended = self.trace.take_ended();
                ended.iter().for_each(|span| self.metrics.span(span));
                self.ready.extend(ended);
            }
            News::End => {}
        }
    }

    fn add(&mut self, header: &RunHeader) {
        if let Some(workflow) = load::called(self.workflow.clone(), &header.run) {
            self.trace.add(header, workflow);
        }
    }

    fn counted(&self) -> Message {
        Message::Metrics(self.metrics.series().cloned().collect(), SystemClock.now_ms())
    }

    fn flush(&mut self) {
        while !self.ready.is_empty() {
            let batch = self.ready.drain(..self.ready.len().min(BATCH)).collect();
            self.post(Message::Spans(batch));
        }
    }

    fn post(&mut self, message: Message) {
        if let Err(TrySendError::Full(Message::Spans(spans))) = self.messages.try_send(message) {
            self.dropped += spans.len();
        }
    }

    /// Nobody is slowed by waiting now.
    fn finish(&mut self) {
        while !self.ready.is_empty() {
            let batch = self.ready.drain(..self.ready.len().min(BATCH)).collect();
            let _ = self.messages.send(Message::Spans(batch));
        }
        let _ = self.messages.send(self.counted());
    }
}

/// Sends until nothing more comes; the first trouble is what is told in the end.
fn send(outbox: &Receiver<Message>, mut exporters: Vec<Box<dyn Exporter>>) -> Option<String> {
    let start_ms = SystemClock.now_ms();
    let mut trouble = None;
    while let Ok(message) = outbox.recv() {
        for exporter in &mut exporters {
            let sent = match &message {
                Message::Spans(spans) => exporter.spans(spans),
                Message::Metrics(series, end_ms) => exporter.metrics(series, start_ms, *end_ms),
            };
            if let Err(reason) = sent {
                trouble.get_or_insert(reason);
            }
        }
    }
    trouble
}
