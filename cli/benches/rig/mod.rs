//! What the benches of whole runs share: a store on a real disk, ports, and what a process has used.

#![allow(dead_code, reason = "each bench uses a part of it")]

use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use troupe_agents::{Gates, Nobody, Ports, Run, Secrets, Silent, SystemClock};
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::dispatch::Dispatch;
use troupe_core::port::journal::{Journal, RunHeader};
use troupe_core::port::model::Model;
use troupe_core::port::tool::Tool;

/// A folder on a disk: one for temporary files may be in memory, where nothing is durable.
pub fn folder() -> TempDir {
    let program = std::env::current_exe().expect("the bench has a path");
    tempfile::tempdir_in(program.parent().expect("a program is in a folder")).expect("a folder")
}

/// A run of `workflow` under `name`.
pub fn run(
    name: &str,
    workflow: Workflow,
    journal: Arc<dyn Journal>,
    dispatch: Arc<dyn Dispatch>,
    model: Arc<dyn Model>,
    tool: Arc<dyn Tool>,
) -> Run {
    Run {
        run: RunId::parse(name).expect("a name"),
        workflow: Arc::new(workflow),
        ports: Ports {
            journal,
            dispatch,
            models: vec![model],
            tools: vec![tool],
            processes: None,
            rooms: None,
            gates: Gates::new(),
            cache: None,
            approver: Arc::new(Nobody),
            secrets: Secrets::default(),
            clock: Arc::new(SystemClock),
            observer: Arc::new(Silent),
            children: Vec::new(),
        },
        patience_ms: None,
    }
}

/// What is known of `run` before its first event.
pub fn header(run: &Run) -> RunHeader {
    RunHeader {
        run: run.run.clone(),
        workflow: "bench".into(),
        path: "bench.yaml".into(),
        fingerprint: String::new(),
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: 0,
        forked: None,
    }
}

/// Bytes of the files in `folder`.
pub fn bytes_in(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    files
        .filter_map(|entry| entry.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// The process's peak resident memory, in KiB.
pub fn peak_kib() -> u64 {
    status("VmHWM")
}

/// The process's resident memory, in KiB.
pub fn resident_kib() -> u64 {
    status("VmRSS")
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_default()
}

/// User and system time of the process so far, in seconds.
pub fn cpu_seconds() -> f64 {
    let spent = nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID);
    std::time::Duration::from(spent.expect("the system counts it")).as_secs_f64()
}
