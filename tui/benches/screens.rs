//! What the full screens cost: a fleet of 1,000 runs, and a run of 10,000 agents under 5,000 events a second.
//!
//! `cargo bench -p troupe-tui --profile dev --bench screens` runs it; `docs/bench/tui.md` keeps the results. The loop is the
//! real one, on a terminal in memory; a source plays the store. `-- fleet`, `-- run` or `-- stream` runs a part, for
//! memory that is its own.
#![allow(missing_docs, dead_code, clippy::unwrap_used)]

use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use troupe_core::id::RunId;
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_tui::watch::*;

#[path = "../src/sample.rs"]
mod sample;

const EVENTS_PER_SECOND: usize = 5_000;
const SECONDS: u64 = 6;
/// Between two looks at the store, and the events that each of them finds.
const LOOK: Duration = Duration::from_millis(33);

fn main() {
    let part = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wants = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if wants("fleet") {
        fleet();
    }
    if wants("run") {
        run();
    }
    if wants("stream") {
        stream();
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn options(run: Option<RunId>) -> WatchOptions {
    WatchOptions {
        colour: true,
        unicode: true,
        run,
        own: false,
    }
}

/// Plays the store: what is due comes.
struct Feed {
    news: VecDeque<News>,
    rest: VecDeque<Entry>,
    run: RunId,
    begun: Instant,
    sent: usize,
}

impl Source for Feed {
    fn look(&mut self, _: &Interest) {}

    fn begin(&mut self, _: Wanted) {}

    fn news(&mut self) -> Option<News> {
        if let Some(news) = self.news.pop_front() {
            return Some(news);
        }
        let looks = self.begun.elapsed().as_millis() / LOOK.as_millis();
        let due = (looks * LOOK.as_millis()) as usize * EVENTS_PER_SECOND / 1_000;
        let many = due.saturating_sub(self.sent).min(self.rest.len());
        if many == 0 {
            return None;
        }
        self.sent += many;
        Some(News::Entries(self.run.clone(), self.rest.drain(..many).collect()))
    }

    fn outside(&mut self, _: Errand) -> Option<News> {
        None
    }
}

/// Presses a key now and then, and waits as a terminal does.
struct Fingers {
    every: Duration,
    last: Instant,
    pressed: Rc<Cell<Option<Instant>>>,
}

impl Keyboard for Fingers {
    fn next(&mut self, wait: Duration) -> io::Result<Option<Input>> {
        let until = self.every.saturating_sub(self.last.elapsed());
        std::thread::sleep(wait.min(until));
        if until > wait {
            return Ok(None);
        }
        // However late it is seen, it was pressed when it was due.
        self.last += self.every;
        self.pressed.set(Some(self.last));
        Ok(Some(Input::key(KeyCode::Char('j'))))
    }

    fn step_aside(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn come_back(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

type Screens = (Watch<TestBackend, Fingers, Feed>, Rc<Cell<Option<Instant>>>);

fn watch(news: News, rest: VecDeque<Entry>, run: Option<RunId>, every: Duration) -> Screens {
    let feed = Feed {
        news: VecDeque::from([news]),
        rest,
        run: RunId::parse("01A").unwrap(),
        begun: Instant::now(),
        sent: 0,
    };
    let last = Instant::now();
    let pressed = Rc::new(Cell::new(None));
    let fingers = Fingers {
        every,
        last,
        pressed: pressed.clone(),
    };
    let watch = Watch::new(TestBackend::new(120, 40), fingers, feed, &options(run), now_ms).unwrap();
    (watch, pressed)
}

/// Milliseconds of one core that the process used.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    (ticks(11) + ticks(12)) * 10
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn told(what: &str, times: &mut [Duration]) {
    times.sort();
    let median = times[times.len() / 2];
    let worst = times[times.len() - 1];
    println!("{what}: median {median:.2?}, worst {worst:.2?} of {}", times.len());
}

fn fleet() {
    let rows: Vec<RunRow> = (0..1_000u32)
        .map(|at| RunRow {
            run: RunId::parse(&format!("01M{at:09}")).unwrap(),
            workflow: format!("workflow-{}", at % 17),
            standing: Standing {
                status: if at % 10 == 0 {
                    RunStatus::Running
                } else {
                    RunStatus::Succeeded
                },
                interrupted: false,
            },
            started_ms: now_ms() - u64::from(at) * 60_000,
            updated_ms: now_ms(),
            events: 1_000,
            agents: at,
            tool_calls: at,
            tokens: u64::from(at) * 1_000,
        })
        .collect();
    let begun = Instant::now();
    let (mut screens, _) = watch(News::Fleet(rows.into()), VecDeque::new(), None, Duration::MAX);
    screens.turn().unwrap();
    println!("fleet of 1,000 runs: first frame {:.2?}", begun.elapsed());
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        screens.draw().unwrap();
        times.push(begun.elapsed());
    }
    told("fleet of 1,000 runs: a picture", &mut times);
    println!("fleet of 1,000 runs: peak memory {} MB", peak_kib() / 1024);
}

fn loaded(entries: &[Entry], workflow: &Arc<troupe_core::ir::Workflow>) -> News {
    let history = History::of(workflow.clone(), entries);
    let facts = Facts {
        run: RunId::parse("01A").unwrap(),
        path: "workflow.yaml".into(),
        standing: Standing::default(),
        forked: None,
        questions: Vec::new(),
    };
    News::Run(Box::new(Loaded { facts, history }))
}

fn run() {
    let story = sample::crowd(10_000);
    let workflow = Arc::new(story.workflow.clone());
    println!("run of 10,000 agents: {} events", story.entries.len());
    let begun = Instant::now();
    let news = loaded(&story.entries, &workflow);
    println!("run of 10,000 agents: folded in {:.2?}", begun.elapsed());
    let folded = Instant::now();
    let run = RunId::parse("01A");
    let (mut screens, _) = watch(news, VecDeque::new(), run, Duration::MAX);
    screens.turn().unwrap();
    println!("run of 10,000 agents: first frame {:.2?} after that", folded.elapsed());
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        screens.draw().unwrap();
        times.push(begun.elapsed());
    }
    told("run of 10,000 agents: a picture", &mut times);
}

fn stream() {
    let story = sample::crowd(10_000);
    let workflow = Arc::new(story.workflow.clone());
    let sample::Story { mut entries, .. } = story;
    let rest: VecDeque<Entry> = entries
        .split_off(entries.len() - EVENTS_PER_SECOND * SECONDS as usize)
        .into();
    let news = loaded(&entries, &workflow);
    drop(entries);
    let (mut screens, pressed) = watch(news, rest, RunId::parse("01A"), Duration::from_millis(290));
    let (begun, before) = (Instant::now(), cpu_ms());
    let mut shown = Vec::new();
    let first = screens.pictures();
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        screens.turn().unwrap();
        shown.extend(pressed.take().map(|pressed| pressed.elapsed()));
    }
    let wall = begun.elapsed().as_millis() as u64;
    let used = cpu_ms() - before;
    println!(
        "5,000 events/s into 10,000 agents: {:.1} pictures/s, {}% of a core",
        (screens.pictures() - first) as f64 * 1_000.0 / wall as f64,
        used * 100 / wall
    );
    told(
        "5,000 events/s into 10,000 agents: from a key to its picture",
        &mut shown,
    );
    println!(
        "5,000 events/s into 10,000 agents: peak memory {} MB (the story that it is told from included)",
        peak_kib() / 1024
    );
}
