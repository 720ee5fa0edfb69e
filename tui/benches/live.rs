//! What one picture of a large run costs.
//!
//! `cargo bench -p troupe-tui --profile dev` runs it; `docs/bench/tui.md` keeps the results.
#![allow(missing_docs, dead_code, clippy::unwrap_used)]

use ratatui::backend::TestBackend;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::port::journal::Entry;
use troupe_tui::{Live, LiveOptions, Writing, plain_line, summary};

#[path = "../src/sample.rs"]
mod sample;

const OPTIONS: LiveOptions = LiveOptions {
    colour: true,
    unicode: true,
};

fn main() {
    divan::main();
}

#[divan::bench(args = [100, 10_000, 100_000])]
fn draw(bencher: divan::Bencher<'_, '_>, agents: u32) {
    let story = sample::crowd(agents);
    let mut live = Live::on(TestBackend::new(120, 40), OPTIONS).unwrap();
    let mut now_ms = story.now_ms;
    bencher.bench_local(|| {
        now_ms += 100;
        live.draw(&story.view, now_ms, &Writing::default()).unwrap();
    });
}

#[divan::bench(args = [100, 10_000])]
fn print_summary(bencher: divan::Bencher<'_, '_>, agents: u32) {
    let story = sample::crowd(agents);
    bencher.bench_local(|| summary(&story.view, 120));
}

#[divan::bench]
fn log_line(bencher: divan::Bencher<'_, '_>) {
    let story = sample::crowd(1_000);
    let answered = |entry: &&Entry| matches!(entry.event, Event::AgentAnswered { .. });
    let entry = story.entries.iter().rfind(answered).unwrap();
    let run = RunId::parse("01A").unwrap();
    bencher.bench_local(|| plain_line(&run, &story.view, entry, &story.workflow));
}
