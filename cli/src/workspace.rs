//! Where runs and indexes are kept, and how runs are named.

use crate::exit::Usage;
use crate::settings::Settings;
use crate::{eval, report};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::port::journal::{Lease, Leases as _, RunRecord, RunStatus};
use troupe_core::port::{self, Error, ErrorKind};
use troupe_store::{Reader, Store};

const FOLDER: &str = ".troupe";

/// The `.troupe/` folder: the one asked for, else the nearest above, else one here.
pub fn folder(settings: &Settings) -> anyhow::Result<PathBuf> {
    if let Some(workspace) = &settings.workspace {
        return Ok(workspace.join(FOLDER));
    }
    let here = std::env::current_dir().context("the current folder cannot be found")?;
    let nearest = here
        .ancestors()
        .map(|folder| folder.join(FOLDER))
        .find(|folder| folder.is_dir());
    Ok(nearest.unwrap_or_else(|| here.join(FOLDER)))
}

/// A workspace by its whole path, as it is written on what it makes in an engine that others share.
pub fn place(folder: &Path) -> String {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    // One that is yet to be made has to be called the same as later.
    let beside = || Some(whole.parent()?.canonicalize().ok()?.join(whole.file_name()?));
    let found = folder.canonicalize().ok().or_else(beside);
    found.unwrap_or(whole).display().to_string()
}

/// The run that `text` names: its whole name, the beginning of one, or `last`. A run that another one
/// started is only meant by a name with a `.` in it.
pub async fn find(reader: &Reader, text: &str) -> anyhow::Result<RunId> {
    let prefix = match text.split_once('.') {
        _ if text == "last" => String::new(),
        None => text.to_uppercase(),
        Some((root, below)) => format!("{}.{below}", root.to_uppercase()),
    };
    let mut found = reader.find(&prefix).await?;
    match found.iter().find(|run| run.as_str() == prefix) {
        Some(exact) => found = vec![exact.clone()],
        None => found.retain(|run| run.parent().is_some() == text.contains('.')),
    }
    match found.as_slice() {
        [] if text == "last" => Err(Usage::error("there is no run yet; `troupe run FILE` starts one")),
        [] => Err(Usage::error(format!(
            "there is no run `{text}`; `troupe ls` lists the runs"
        ))),
        [one] => Ok(one.clone()),
        [newest, ..] if text == "last" => Ok(newest.clone()),
        many => {
            let names = many.iter().take(5).map(RunId::as_str).collect::<Vec<_>>().join(", ");
            Err(Usage::error(format!(
                "`{text}` names {} runs: {names}; give more of the name",
                many.len()
            )))
        }
    }
}

/// A fresh name: nine characters of time in milliseconds, three of chance, in Crockford's base 32.
pub fn new_run_id() -> RunId {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let chance = u64::from(since.subsec_nanos()) ^ (u64::from(std::process::id()) << 7);
    let digit = |n: u64, place: u32| char::from(DIGITS[(n >> (5 * place) & 31) as usize]);
    let name: String = (0..9)
        .rev()
        .map(|place| digit(time, place))
        .chain((0..3).rev().map(|place| digit(chance, place)))
        .collect();
    RunId::parse(&name).expect("twelve characters of base 32 are a run's name")
}

/// The same for commands that go on with a run: a part of another run goes on with that one alone.
pub async fn find_whole(reader: &Reader, text: &str) -> anyhow::Result<RunId> {
    let run = find(reader, text).await?;
    match run.parent() {
        None => Ok(run),
        Some(_) => Err(Usage::error(format!(
            "run {run} is a part of run {root}: `troupe resume {root}` goes on with both",
            root = run.root()
        ))),
    }
}

/// Who holds a lease, for whoever wants it next.
pub fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => String::new(),
        host => format!(" on {host}"),
    };
    let since = report::rfc3339(SystemClock.now_ms());
    format!("process {}{host} since {since}", std::process::id())
}

/// Takes a run's lease. Whoever looks whether it is held holds it for an instant: a second look tells.
pub async fn acquire(store: &Store, run: &RunId) -> Result<Box<dyn Lease>, port::Error> {
    let holder = holder();
    match store.acquire(run, &holder).await {
        Err(error) if error.kind == ErrorKind::Conflict => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            store.acquire(run, &holder).await
        }
        acquired => acquired,
    }
}

/// A run's status for people: a run that says `running` and that no process works on was interrupted.
pub fn status_word(folder: &std::path::Path, record: &troupe_core::port::journal::RunRecord) -> &'static str {
    let status = record.progress.status;
    // Whoever works on a run works on all that it started.
    let is_at_work = || troupe_store::is_held(folder, &record.header.run.root());
    if status == RunStatus::Running && !is_at_work() {
        "interrupted"
    } else {
        status.word()
    }
}

/// The newest runs of people, at most `limit`: those that other runs and evaluations started are many, and are asked
/// for by name.
pub async fn newest(reader: &Reader, limit: u32) -> Result<Vec<RunRecord>, Error> {
    let mut wanted = limit;
    loop {
        let mut records = reader.runs(wanted).await?;
        let is_everything = records.len() < wanted as usize || wanted == u32::MAX;
        let is_of_eval = |record: &RunRecord| record.header.run.as_str().starts_with(eval::RUN_PREFIX);
        records.retain(|record| record.header.run.parent().is_none() && !is_of_eval(record));
        if is_everything || records.len() >= limit as usize {
            records.truncate(limit as usize);
            return Ok(records);
        }
        wanted = wanted.saturating_mul(8);
    }
}
