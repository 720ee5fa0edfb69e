//! How long compiling takes: a small file, and one of a thousand steps.

use divan::{Bencher, black_box};
use std::fmt::Write;
use troupe_dsl::{FileError, Files, compile};

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

/// Steps of which each refers to the one before, with a condition, a typed output and a fan-out.
fn workflow(steps: usize) -> String {
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
    for n in 1..steps {
        let before = n - 1;
        let _ = write!(
            text,
            "  s{n}:
    agent: lead
    when: steps.s{before}.status == 'succeeded' && steps.s{before}.output.rows.exists(r, r.ok) && inputs.rows.size() > {n}
    prompt: |
      Question: ${{{{ inputs.question }}}}
      Known: ${{{{ steps.s{before}.output.rows.filter(r, r.ok).map(r, r.paper) }}}}
    output: {{ rows: [{{ paper: string, ok: boolean }}] }}
    retry: {{ attempts: 3, backoff: 2s }}
"
        );
    }
    let _ = writeln!(
        text,
        "outputs:\n  rows: ${{{{ default(steps.s{}.output.rows, []) }}}}\n  given: ${{{{ inputs.rows.size() }}}}",
        steps - 1
    );
    text
}

#[divan::bench(args = [1, 10, 1_000, 10_000])]
fn steps(bencher: Bencher, steps: usize) {
    let text = workflow(steps);
    let compiled = compile("bench.yaml", text.as_bytes(), &Nothing);
    assert!(
        compiled.diagnostics.is_empty(),
        "the bench's workflow is right: {:?}",
        compiled.diagnostics
    );
    bencher.bench(|| compile("bench.yaml", black_box(text.as_bytes()), &Nothing));
}

/// Steps of an agent and a prompt that reads the step before.
fn plain(steps: usize) -> String {
    let mut text = String::from(
        "troupe: 1\nagents:\n  writer: { model: builtin/reader }\nsteps:\n  s0: { agent: writer, prompt: Begin. }\n",
    );
    for n in 1..steps {
        let _ = write!(
            text,
            "  s{n}:\n    agent: writer\n    prompt: Go on from ${{{{ steps.s{}.output }}}}.\n",
            n - 1
        );
    }
    let _ = writeln!(text, "outputs:\n  end: ${{{{ steps.s{}.output }}}}", steps - 1);
    text
}

#[divan::bench(args = [1_000, 10_000])]
fn plain_steps(bencher: Bencher, steps: usize) {
    let text = plain(steps);
    assert!(compile("bench.yaml", text.as_bytes(), &Nothing).diagnostics.is_empty());
    bencher.bench(|| compile("bench.yaml", black_box(text.as_bytes()), &Nothing));
}

#[divan::bench]
fn refusal_of_100_megabytes(bencher: Bencher) {
    let text = vec![b'a'; 100 << 20];
    bencher.bench(|| compile("bench.yaml", black_box(&text), &Nothing));
}

fn main() {
    divan::main();
}
