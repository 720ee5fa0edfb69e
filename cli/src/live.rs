//! What a person sees while a run works: a drawn view on a terminal, lines in a log.
//!
//! A thread of its own folds and draws, so that a slow terminal never slows a run.

use crate::settings::Settings;
use std::io::Stderr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use troupe_agents::{Clock as _, Observer, SystemClock};
use troupe_core::id::{ActorId, RunId};
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_core::port::model::Delta;
use troupe_core::view::RunView;
use troupe_tui::{Live, LiveOptions, Window, Writing};

/// Between two drawings: fast enough to feel alive, slow enough for SSH.
const FRAME: Duration = Duration::from_millis(80);
/// Bytes kept of an answer that is still being written.
const TAIL: usize = 400;

/// What reaches the drawing thread.
enum News {
    Recalled(Vec<Entry>),
    Entries(Vec<Entry>),
    Text(ActorId, String),
    Void(ActorId),
    Warning(String),
    Show,
    End(RunStatus),
}

/// The view of one run.
pub struct Feed {
    news: Sender<News>,
    thread: std::thread::JoinHandle<()>,
}

/// Starts watching.
pub fn feed(run: &RunId, workflow: &Arc<Workflow>, settings: &Settings) -> Feed {
    begin(run, workflow, settings, |_| {})
}

/// The same behind something else on the terminal: nothing is drawn before [`Shower::show`].
pub fn feed_behind(run: &RunId, workflow: &Arc<Workflow>, settings: &Settings) -> Feed {
    let told = workflow.clone();
    begin(run, workflow, settings, move |(seen, arrivals)| {
        seen.wait(&told, arrivals)
    })
}

fn begin(
    run: &RunId,
    workflow: &Arc<Workflow>,
    settings: &Settings,
    wait: impl FnOnce((&mut Seen, &Receiver<News>)) + Send + 'static,
) -> Feed {
    let (news, arrivals) = channel();
    let (run, workflow, settings) = (run.clone(), workflow.clone(), settings.clone());
    let thread = std::thread::spawn(move || {
        let mut seen = Seen::new(&workflow);
        wait((&mut seen, &arrivals));
        let screen = if settings.terminal && !settings.quiet {
            Live::on_stderr(LiveOptions {
                colour: settings.colour,
                unicode: speaks_unicode(),
            })
            .ok()
        } else {
            None
        };
        match screen {
            Some(live) => draw(&workflow, &arrivals, live, seen),
            None => log(&run, &workflow, &arrivals, seen, &settings),
        }
    });
    Feed { news, thread }
}

/// Whether the terminal is set up for more than ASCII.
pub fn speaks_unicode() -> bool {
    let language = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    language.is_some_and(|language| language.to_lowercase().replace('-', "").contains("utf8"))
}

impl Feed {
    /// The port that feeds this view.
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Sight(self.news.clone()))
    }

    /// What lets a view draw that waits.
    pub fn shower(&self) -> Shower {
        Shower(self.news.clone())
    }

    /// Shows what is left to show of a run that now stands so, and gives the terminal back.
    pub async fn finish(self, status: RunStatus) {
        // A view that died has shown what it could; the run does not depend on it.
        let _ = self.news.send(News::End(status));
        let _ = tokio::task::spawn_blocking(move || self.thread.join()).await;
    }
}

/// Lets a view draw that waits.
pub struct Shower(Sender<News>);

impl Shower {
    /// The terminal is free.
    pub fn show(&self) {
        // A view that died shows nothing.
        let _ = self.0.send(News::Show);
    }
}

struct Sight(Sender<News>);

impl Observer for Sight {
    fn recalled(&self, entries: &[Entry]) {
        let _ = self.0.send(News::Recalled(entries.to_vec()));
    }

    fn entries(&self, entries: &[Entry]) {
        let _ = self.0.send(News::Entries(entries.to_vec()));
    }

    fn delta(&self, actor: ActorId, delta: &Delta) {
        let _ = match delta {
            Delta::Text(text) | Delta::Thinking(text) => self.0.send(News::Text(actor, text.clone())),
            Delta::Void => self.0.send(News::Void(actor)),
            _ => return,
        };
    }

    fn warn(&self, message: &str) {
        let _ = self.0.send(News::Warning(format!("warning: {message}")));
    }
}

/// One line for each event that a log should hold.
fn log(run: &RunId, workflow: &Workflow, arrivals: &Receiver<News>, mut seen: Seen, settings: &Settings) {
    for line in seen.warnings.drain(..) {
        settings.say(line);
    }
    while !seen.is_over {
        match arrivals.recv() {
            Ok(News::Entries(entries)) => {
                for entry in &entries {
                    seen.view.fold(workflow, entry);
                    if let Some(line) = troupe_tui::plain_line(run, &seen.view, entry, workflow) {
                        settings.say(line);
                    }
                }
            }
            Ok(News::Warning(line)) => settings.say(line),
            Ok(News::Text(..) | News::Void(_)) => {}
            Ok(news) => seen.take(workflow, news),
            Err(_) => return,
        }
    }
}

/// What a drawn view knows.
struct Seen {
    view: RunView,
    writing: Writing,
    warnings: Vec<String>,
    is_over: bool,
}

impl Seen {
    fn new(workflow: &Workflow) -> Self {
        Self {
            view: RunView::new(workflow),
            writing: Writing::new(TAIL),
            warnings: Vec::new(),
            is_over: false,
        }
    }

    /// Takes what happens until the terminal is free, or the run over.
    fn wait(&mut self, workflow: &Workflow, arrivals: &Receiver<News>) {
        while let Ok(news) = arrivals.recv() {
            let shows = matches!(news, News::Show);
            self.take(workflow, news);
            if shows || self.is_over {
                return;
            }
        }
        self.is_over = true;
    }

    fn take(&mut self, workflow: &Workflow, news: News) {
        match news {
            News::Recalled(entries) | News::Entries(entries) => {
                entries.iter().for_each(|entry| self.view.fold(workflow, entry));
                self.writing.end_of_the_dead(&self.view);
            }
            News::Text(actor, text) => self.writing.write(actor, &text),
            News::Void(actor) => self.writing.end(actor),
            News::Warning(line) => self.warnings.push(line),
            News::Show => {}
            News::End(status) => {
                // That a run waits is no event.
                self.view.status = status;
                self.is_over = true;
            }
        }
    }
}

/// A frame now and then, of whatever is true by then.
fn draw(workflow: &Workflow, arrivals: &Receiver<News>, mut live: Live<Window<Stderr>>, mut seen: Seen) {
    let mut due = Instant::now();
    while !seen.is_over {
        match arrivals.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(news) => seen.take(workflow, news),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                due = Instant::now() + FRAME;
                if live.draw(&seen.view, SystemClock.now_ms(), &seen.writing).is_err() {
                    break;
                }
            }
        }
        let mut warnings = seen.warnings.drain(..);
        if warnings.any(|line| live.note(&line).is_err()) {
            break;
        }
    }
    // A terminal that went away has nothing to be given back.
    let _ = live.finish(&seen.view);
}
