//! How long an editor waits: for the analysis of a change, and for answers from a warm one.

use divan::{Bencher, black_box};
use std::fmt::Write;
use troupe_dsl::editor::Analysis;
use troupe_dsl::{FileError, Files};

/// The binary's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
    fn any_match(&self, _: &str) -> Result<bool, FileError> {
        Ok(true)
    }
}

const STEPS: usize = 10_000;

/// Steps of which each refers to the one before, with a condition and a typed output.
fn workflow() -> String {
    let mut text = String::from(
        "troupe: 1
inputs: { question: string, rows: [{ paper: string, items: integer | null }] }
corpora: { papers: corpus/**/*.md }
agents:
  seeker: { model: builtin/reader, tools: [papers] }
  lead: { model: builtin/reader, team: [seeker] }
steps:
  s0: { agent: lead, prompt: '${{ inputs.question }}', output: { rows: [{ paper: string, ok: boolean }] } }
",
    );
    for n in 1..STEPS {
        let before = n - 1;
        let _ = write!(
            text,
            "  s{n}:
    agent: lead
    prompt: |
      Question: ${{{{ inputs.question }}}}
      Known: ${{{{ steps.s{before}.output.rows.filter(r, r.ok).map(r, r.paper) }}}}
    output: {{ rows: [{{ paper: string, ok: boolean }}] }}
    retry: {{ attempts: 3, backoff: 2s }}
"
        );
    }
    let _ = writeln!(text, "outputs:\n  rows: ${{{{ steps.s{}.output.rows }}}}", STEPS - 1);
    text
}

/// The analysis, and a place inside of an expression in the last step.
fn warm() -> (Analysis, usize) {
    let text = workflow();
    let analysis = Analysis::of("bench.yaml", &text, &Nothing);
    let told = analysis.diagnostics();
    assert!(
        told.iter().all(|problem| problem.code != "T0003"),
        "the bench's workflow can be read: {told:?}"
    );
    assert_eq!(
        analysis.symbols().last().map(|section| section.name.clone()),
        Some("outputs".to_owned())
    );
    let offset = text
        .rfind(".output.rows.filter")
        .expect("the last step reads the one before")
        + ".output.r".len();
    (analysis, offset)
}

#[divan::bench]
fn change(bencher: Bencher) {
    let (mut analysis, offset) = warm();
    let mut text = analysis.text().to_owned();
    text.insert(offset, 'x');
    bencher.bench_local(|| analysis.update(black_box(&text), &Nothing));
}

#[divan::bench]
fn complete_fields(bencher: Bencher) {
    let (analysis, offset) = warm();
    assert!(!analysis.complete(offset).is_empty(), "there are fields to offer");
    bencher.bench(|| analysis.complete(black_box(offset)));
}

#[divan::bench]
fn complete_steps(bencher: Bencher) {
    let (analysis, offset) = warm();
    let offset = analysis.text()[..offset].rfind("steps.").expect("a step is named") + "steps.".len();
    assert!(
        analysis.complete(offset).len() >= STEPS - 1,
        "every step before can be named"
    );
    bencher.bench(|| analysis.complete(black_box(offset)));
}

#[divan::bench]
fn hover(bencher: Bencher) {
    let (analysis, offset) = warm();
    assert!(analysis.hover(offset).is_some(), "a field has a type");
    bencher.bench(|| analysis.hover(black_box(offset)));
}

#[divan::bench]
fn definition(bencher: Bencher) {
    let (analysis, offset) = warm();
    let offset = analysis.text()[..offset].rfind("steps.").expect("a step is named") + "steps.".len();
    assert!(analysis.definition(offset, &Nothing).is_some(), "a step is declared");
    bencher.bench(|| analysis.definition(black_box(offset), &Nothing));
}

fn main() {
    divan::main();
}
