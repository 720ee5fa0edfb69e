//! What the journal takes: durable events a second, bytes on disk, milliseconds to load, forks, what is due.
//!
//! A plain program and not divan: it counts bytes and commits too, and one round takes seconds.
//! `cargo bench -p troupe-store --profile dev` runs it, `-- small` a part of it; `docs/bench/journal.md`
//! keeps the results.
#![allow(missing_docs, clippy::unwrap_used)]

use futures_util::future::join_all;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, CallId, RunId, ToolIndex};
use troupe_core::message::{AssistantMessage, Reply, Retrieved, ToolCall, ToolOutput, Usage};
use troupe_core::port::dispatch::Dispatch;
use troupe_core::port::journal::{Append, Fork, Journal, Progress, RunHeader, RunStatus};
use troupe_store::Store;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!("write + fsync of 4 KiB: {:.2} ms (median)", fsync_ms());
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|argument| argument == name);
    for round in 1..=3 {
        println!("round {round}");
        if wanted("small") {
            runtime.block_on(small_events());
        }
        if wanted("transcripts") {
            runtime.block_on(transcripts());
        }
        if wanted("loading") {
            runtime.block_on(loading());
        }
        if wanted("chain") {
            runtime.block_on(chain());
        }
        if wanted("forks") {
            runtime.block_on(forks());
        }
        if wanted("due") {
            runtime.block_on(due());
        }
    }
}

fn folder() -> tempfile::TempDir {
    // Beside the program: a temporary folder may be in memory, where nothing is durable.
    let program = std::env::current_exe().unwrap();
    tempfile::tempdir_in(program.parent().unwrap()).unwrap()
}

fn fsync_ms() -> f64 {
    let folder = folder();
    let mut file = std::fs::File::create(folder.path().join("probe")).unwrap();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// 64 actors, each with a run of its own, each appending one small event at a time.
async fn small_events() {
    const ACTORS: u64 = 64;
    const EVENTS: u64 = 1_000;
    let folder = folder();
    let store = Store::open(folder.path()).await.unwrap();
    let runs = begin(&store, ACTORS).await;
    let start = Instant::now();
    let actors: Vec<_> = runs
        .into_iter()
        .map(|run| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut words = Words(7);
                for first in 0..EVENTS {
                    let event = small(first, &mut words);
                    store.append(append(&run, first, vec![event])).await.unwrap();
                }
            })
        })
        .collect();
    for actor in actors {
        actor.await.unwrap();
    }
    let elapsed = start.elapsed();
    let per_second = (ACTORS * EVENTS) as f64 / elapsed.as_secs_f64();
    let group_ms = elapsed.as_secs_f64() * 1e3 / EVENTS as f64;
    println!("  {ACTORS} actors, one event at a time: {per_second:.0} durable events/s, {group_ms:.2} ms a round");
    store.close().await;
}

/// Leads and subagents at work: texts of 200 to 2,000 bytes, several runs at a time.
async fn transcripts() {
    const RUNS: u64 = 16;
    const TURNS: u64 = 120;
    let folder = folder();
    let store = Store::open(folder.path()).await.unwrap();
    let runs = begin(&store, RUNS).await;
    let start = Instant::now();
    let actors: Vec<_> = (1..)
        .zip(runs)
        .map(|(seed, run)| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut words = Words(seed * 1_000_003);
                let (mut first, mut information) = (0, 0);
                for turn in 0..TURNS {
                    for events in turn_of_agent(turn, &mut words) {
                        information += events.iter().map(bytes_of).sum::<usize>();
                        let count = events.len() as u64;
                        store.append(append(&run, first, events)).await.unwrap();
                        first += count;
                    }
                }
                (first, information)
            })
        })
        .collect();
    let (mut events, mut information) = (0, 0);
    for actor in actors {
        let (appended, bytes) = actor.await.unwrap();
        events += appended;
        information += bytes;
    }
    let per_second = events as f64 / start.elapsed().as_secs_f64();
    let open = size_of(folder.path());
    store.close().await;
    let closed = size_of(folder.path());
    println!(
        "  transcripts: {events} events of {} bytes; {per_second:.0}/s; on disk {:.2} of that ({:.1} MB with the log while open)",
        information as u64 / events,
        closed as f64 / information as f64,
        open as f64 / 1e6,
    );
}

/// 100,000 events of one run, each its own append.
async fn loading() {
    const EVENTS: u64 = 100_000;
    let folder = folder();
    let store = Store::open(folder.path()).await.unwrap();
    let run = begin(&store, 1).await.remove(0);
    fill(&store, &run, EVENTS).await;
    let median = load_ms(&store, &run, EVENTS).await;
    println!("  loading {EVENTS} events: {median:.0} ms (median of 5)");
    store.close().await;
}

/// Appends so many small events, each its own append.
async fn fill(store: &Store, run: &RunId, events: u64) {
    let mut words = Words(11);
    for first in (0..events).step_by(100) {
        let appends =
            (first..first + 100).map(|first| store.append(append(run, first, vec![small(first, &mut words)])));
        // Without a pause in between, so that the appends arrive in order.
        for appended in tokio::task::unconstrained(join_all(appends)).await {
            appended.unwrap();
        }
    }
}

/// Milliseconds to load a run of so many events: the median of 5.
async fn load_ms(store: &Store, run: &RunId, events: u64) -> f64 {
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let entries = store.load(run).await.unwrap();
        times.push(start.elapsed());
        assert_eq!(entries.len() as u64, events);
    }
    times.sort();
    times[2].as_secs_f64() * 1e3
}

/// One actor that waits for every event, beside SQLite alone with the same bytes in a row a commit. They
/// take turns, so that what else the machine does meets both.
async fn chain() {
    const EVENTS: u64 = 2_000;
    const TURN: u64 = 100;
    let (folder, bare_folder) = (folder(), folder());
    let store = Store::open(folder.path()).await.unwrap();
    let run = begin(&store, 1).await.remove(0);
    let mut bare = bare(bare_folder.path()).await;
    let (mut words, mut ours, mut theirs) = (Words(7), Duration::ZERO, Duration::ZERO);
    for turn in (0..EVENTS).step_by(TURN as usize) {
        let events: Vec<Event> = (turn..turn + TURN).map(|n| small(n, &mut words)).collect();
        let rows: Vec<Vec<u8>> = events.iter().map(|event| serde_json::to_vec(event).unwrap()).collect();
        let start = Instant::now();
        for (event, first) in events.into_iter().zip(turn..) {
            store.append(append(&run, first, vec![event])).await.unwrap();
        }
        ours += start.elapsed();
        let start = Instant::now();
        for (row, n) in rows.into_iter().zip(turn..) {
            let sql = "INSERT INTO row (position, at_ms, bytes) VALUES (?, ?, ?)";
            let query = sqlx::query(sql).bind(n as i64).bind(n as i64).bind(row);
            query.execute(&mut bare).await.unwrap();
        }
        theirs += start.elapsed();
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / EVENTS as f64;
    println!(
        "  one writer: {:.0} µs an event; SQLite alone {:.0} µs a commit; {:.2} times",
        each(ours),
        each(theirs),
        each(ours) / each(theirs)
    );
    store.close().await;
    bare.close().await.unwrap();
}

/// A database with one table, opened as the store opens its own.
async fn bare(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", "-8192")
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", "4096")
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "CREATE TABLE row (position INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT";
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection
}

/// What a fork of a run of 10,000 events takes on disk, and whether reading through it costs.
async fn forks() {
    const EVENTS: u64 = 10_000;
    const FORKS: u64 = 100;
    let folder = folder();
    let store = Store::open(folder.path()).await.unwrap();
    let past = begin(&store, 1).await.remove(0);
    fill(&store, &past, EVENTS).await;
    store.close().await;
    let before = size_of(folder.path());
    let store = Store::open(folder.path()).await.unwrap();
    let name = |n: u64| RunId::parse(&format!("FORK{n:08}")).unwrap();
    for n in 0..FORKS {
        let forked = Some(Fork {
            run: past.clone(),
            events: EVENTS,
        });
        let header = RunHeader {
            forked,
            ..header(&name(n))
        };
        store.create(header).await.unwrap();
    }
    let forked = load_ms(&store, &name(0), EVENTS).await;
    let whole = load_ms(&store, &past, EVENTS).await;
    store.close().await;
    let each = (size_of(folder.path()) - before) / FORKS;
    println!(
        "  forks of {EVENTS} events ({before} bytes): {each} bytes each; loading {forked:.1} ms, the past {whole:.1} ms"
    );
}

/// Which of 100,000 runs could be gone on with.
async fn due() {
    const RUNS: u64 = 100_000;
    let folder = folder();
    let store = Store::open(folder.path()).await.unwrap();
    let runs = begin(&store, RUNS).await;
    for (chunk, first) in runs.chunks(500).zip((0..).step_by(500)) {
        let moves = chunk.iter().zip(first..).map(|(run, n)| {
            let (status, wake_ms) = match n % 1_000 {
                0 => (RunStatus::Running, None),
                1..500 => (RunStatus::Waiting, Some(1_764_000_000_000 + n)),
                _ => (RunStatus::Succeeded, None),
            };
            let progress = Progress {
                status,
                wake_ms,
                ..Progress::default()
            };
            store.append(Append {
                progress,
                ..append(run, 0, Vec::new())
            })
        });
        for moved in join_all(moves).await {
            moved.unwrap();
        }
    }
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        let due = store.due(1_764_000_010_000, 10_000).await.unwrap();
        times.push(start.elapsed());
        // 100 that run, and 499 of each of the first ten thousands of those that wait.
        assert_eq!(due.len(), 100 + 10 * 499);
    }
    times.sort();
    let none = Instant::now();
    assert_eq!(store.due(0, 10).await.unwrap().len(), 10);
    println!(
        "  due, of {RUNS} runs: {:.1} ms for 5,090 of them, {:.1} ms for the first ten",
        times[10].as_secs_f64() * 1e3,
        none.elapsed().as_secs_f64() * 1e3
    );
    store.close().await;
}

async fn begin(store: &Store, count: u64) -> Vec<RunId> {
    let runs: Vec<RunId> = (0..count)
        .map(|n| RunId::parse(&format!("RUN{n:09}")).unwrap())
        .collect();
    for chunk in runs.chunks(500) {
        for created in join_all(chunk.iter().map(|run| store.create(header(run)))).await {
            created.unwrap();
        }
    }
    runs
}

fn header(run: &RunId) -> RunHeader {
    RunHeader {
        run: run.clone(),
        workflow: "bench".to_owned(),
        path: "/bench.yaml".to_owned(),
        fingerprint: "0".repeat(64),
        sources: vec![("bench.yaml".to_owned(), "troupe: 1".to_owned())],
        settings: "{}".to_owned(),
        started_ms: 1_764_000_000_000,
        forked: None,
    }
}

fn append(run: &RunId, first: u64, events: Vec<Event>) -> Append {
    Append {
        run: run.clone(),
        first,
        at_ms: 1_764_000_000_000 + first,
        events: events.into(),
        progress: Progress::default(),
    }
}

/// The mix of a run's small events: a tool call begins, a tool or a model answers in a sentence.
fn small(n: u64, words: &mut Words) -> Event {
    let call = CallId(n);
    match n % 3 {
        0 => Event::ToolCalled {
            actor: ActorId(n as u32 % 9),
            position: 0,
            tool: ToolIndex(1),
        },
        1 => Event::ToolReplied {
            actor: ActorId(n as u32 % 9),
            call,
            output: ToolOutput {
                text: words.text(120),
                ..ToolOutput::default()
            },
        },
        _ => reply(call, words, 60, 40),
    }
}

/// One turn of an agent, as the batches in which it is appended.
fn turn_of_agent(turn: u64, words: &mut Words) -> [Vec<Event>; 3] {
    let call = CallId(turn * 2);
    let size = 200 + (turn as usize * 331) % 1_800;
    let answered = reply(call, words, 200 + size / 4, 200);
    let called = Event::ToolCalled {
        actor: ActorId(turn as u32 % 9),
        position: 0,
        tool: ToolIndex(1),
    };
    let found = Event::ToolReplied {
        actor: ActorId(turn as u32 % 9),
        call: CallId(turn * 2 + 1),
        output: ToolOutput {
            text: words.text(size),
            retrieved: Retrieved {
                shown: (0..5).map(|n| format!("paper-{}#{n}", turn % 50)).collect(),
                read: Vec::new(),
                tokens: size as u64 / 4,
            },
            ..ToolOutput::default()
        },
    };
    [vec![answered], vec![called], vec![found]]
}

fn reply(call: CallId, words: &mut Words, thinking: usize, query: usize) -> Event {
    let message = AssistantMessage {
        text: String::new(),
        thinking: words.text(thinking),
        tool_calls: vec![ToolCall {
            id: format!("call_{call}"),
            name: "keyword_search".to_owned(),
            arguments: format!("{{\"query\":\"{}\"}}", words.text(query)),
        }],
    };
    Event::ModelReplied {
        actor: ActorId(call.0 as u32 % 9),
        call,
        reply: Reply {
            message: Arc::new(message),
            usage: Usage {
                prompt_tokens: 1_200,
                completion_tokens: 80,
                ..Usage::default()
            },
            wall_ms: 431,
            ..Reply::default()
        },
    }
}

/// Bytes of new information: the event as JSON, with nothing around it.
fn bytes_of(event: &Event) -> usize {
    serde_json::to_vec(event).unwrap().len()
}

fn size_of(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// Text of made-up words from a seed; few words are frequent, as in any language.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn text(&mut self, bytes: usize) -> String {
        const SYLLABLES: [&str; 24] = [
            "ta", "re", "mi", "con", "ver", "lo", "sen", "der", "pa", "tion", "ing", "al", "ste", "qui", "bor", "um",
            "gra", "the", "es", "fo", "di", "nu", "cha", "ly",
        ];
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            // The smaller of three picks: frequent words come often, rare ones at times.
            let mut word = (0..3).map(|_| self.next() % 6_000).min().unwrap_or(0);
            for _ in 0..2 + word % 3 {
                text.push_str(SYLLABLES[(word % 24) as usize]);
                word = word.wrapping_mul(2_654_435_761) >> 3;
            }
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}
