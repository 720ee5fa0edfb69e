//! Verification: the tests before the fix and after it, each in a fresh sandbox that reaches nothing.

use super::attempt::Checked;
use super::build::Builder;
use super::instance;
use super::results::{self, Failure, Runner};
use super::script::{self, FOLDER};
use super::usage::measured;
use super::verdict::TestRun;
use super::witness::Witness;
use crate::error::Error;
use crate::held::Held;
use std::time::{Duration, Instant};
use troupe_core::port::build::Command;
use troupe_core::port::pool::Usage;
use troupe_core::port::sandbox::{Blueprint, Deaf, Ended, Execution, Network, Reason, Rights, Sandbox};

/// The state of the repository under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// With the test patch alone.
    Before,
    /// With the fix as well.
    After,
}

/// Which patch does not apply, and what git says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unapplied {
    /// `test_patch` or `patch`.
    pub patch: &'static str,
    /// What git says.
    pub why: String,
}

/// What is run in both states.
#[derive(Debug, Clone, Copy)]
pub struct Tests<'a> {
    /// The patch with the tests.
    pub test_patch: &'a str,
    /// The patch with the fix.
    pub fix_patch: &'a str,
    /// The command that runs them.
    pub command: &'a str,
    /// What prints their results.
    pub runner: Runner,
}

/// Tests both states of an image that `blueprint` names, so many times each: once after the fix, which tells most
/// failures, then the rest.
pub(super) async fn both(
    builder: &Builder,
    blueprint: &Blueprint,
    tests: Tests<'_>,
    (repeats, timeout): (u32, Duration),
    witness: &mut Witness<'_>,
) -> Result<Result<Checked, Unapplied>, Error> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for repeat in 0..repeats.max(1) {
        for state in [State::After, State::Before] {
            witness.begin(match state {
                State::After => Command::After(repeat + 1),
                State::Before => Command::Before(repeat + 1),
            });
            let run = match run(builder, blueprint, (tests, state), (timeout, &*nonce()), witness).await? {
                Ok(run) => run,
                Err(unapplied) => return Ok(Err(unapplied)),
            };
            witness.end(run.code);
            match state {
                State::After => after.push(run),
                State::Before => before.push(run),
            }
        }
        let hopeless = !after.iter().all(TestRun::passed) || before.iter().any(TestRun::passed);
        if hopeless && repeat == 0 {
            break;
        }
    }
    Ok(Ok(Checked::of(before, after)))
}

/// A word that no test can know.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!(
        "{:016x}{:016x}",
        RandomState::new().hash_one(1),
        RandomState::new().hash_one(2)
    )
}

/// Runs the tests once in one state. `blueprint` names the image.
pub(super) async fn run(
    builder: &Builder,
    blueprint: &Blueprint,
    task: (Tests<'_>, State),
    (timeout, nonce): (Duration, &str),
    witness: &mut Witness<'_>,
) -> Result<Result<TestRun, Unapplied>, Error> {
    let apart = Blueprint {
        network: Network::None,
        rights: Rights::Least,
        ..blueprint.clone()
    };
    let sandbox = Held::make(&builder.engine, apart, &builder.pending).await?;
    let mut run = in_sandbox(&*sandbox, task, (timeout, nonce), witness).await;
    if let Ok(Ok(run)) = &mut run {
        run.usage = measured(&*sandbox).await;
    }
    // What went wrong first says more than that the sandbox cannot be removed either.
    let removed = sandbox.remove().await;
    let run = run?;
    removed?;
    Ok(run)
}

async fn in_sandbox(
    sandbox: &dyn Sandbox,
    (tests, state): (Tests<'_>, State),
    (timeout, nonce): (Duration, &str),
    witness: &mut Witness<'_>,
) -> Result<Result<TestRun, Unapplied>, Error> {
    if state == State::After
        && let Err(why) = apply(sandbox, tests.fix_patch, "").await?
    {
        return Ok(Err(Unapplied { patch: "patch", why }));
    }
    if let Err(why) = apply(sandbox, tests.test_patch, "--check").await? {
        let patch = "test_patch";
        return Ok(Err(Unapplied { patch, why }));
    }
    let text = script::evaluation(tests.test_patch, tests.command);
    // The script comes through stdin into a file: a command line has a limit. The marks say that it was run to its end.
    let wrapped = format!(
        "cat > /tmp/eval.sh; echo 'begin {nonce}'; bash /tmp/eval.sh 2>&1 </dev/null; code=$?; echo; echo 'end {nonce}'; exit $code"
    );
    let execution = Execution {
        stdin: Some(text.into_bytes()),
        timeout: Some(timeout),
        output_bytes: 64 << 20,
        ..Execution::script(wrapped)
    };
    let began = Instant::now();
    let ended = sandbox.execute(execution, witness).await?;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Ok(judged(tests.runner, ended, nonce, duration_ms)))
}

/// Applies a patch, or only says whether it applies.
async fn apply(sandbox: &dyn Sandbox, patch: &str, flag: &str) -> Result<Result<(), String>, Error> {
    let execution = Execution {
        stdin: Some(patch.as_bytes().to_vec()),
        ..Execution::script(format!(
            "cd {FOLDER} || exit 1\n{}git apply --whitespace=nowarn {flag} -",
            script::restored(&instance::named(patch))
        ))
    };
    let ended = sandbox.execute(execution, &mut Deaf).await?;
    Ok(if ended.succeeded() {
        Ok(())
    } else {
        Err(ended.stderr.trim().to_owned())
    })
}

fn judged(runner: Runner, ended: Ended, nonce: &str, duration_ms: u64) -> TestRun {
    let (begin, end) = (format!("begin {nonce}\n"), format!("\nend {nonce}"));
    let printed = ended.stdout.split_once(&begin).map_or("", |(_, rest)| rest);
    let (log, whole) = match printed.rsplit_once(&end) {
        Some((log, _)) => (log, true),
        None => (printed, false),
    };
    let results = results::read(runner, log);
    let failure = match ended.reason {
        Reason::Timeout => Some(Failure::Timeout),
        Reason::OutOfMemory => Some(Failure::OutOfMemory),
        Reason::DiskFull => Some(Failure::DiskFull),
        Reason::Signal(signal) => Some(Failure::Signal(signal)),
        // Who exits with 0 without running the script to its end has not passed.
        Reason::Exited(0) if !whole => Some(Failure::NoTests),
        Reason::Exited(0) if runner.names_tests() && results.ran() == 0 => Some(Failure::NoTests),
        Reason::Exited(0) => None,
        Reason::Exited(code) => Some(results::classify(runner, code, log, &results)),
    };
    let code = code(ended.reason);
    TestRun {
        code,
        failure,
        results,
        log: log.to_owned(),
        duration_ms,
        usage: Usage::default(),
    }
}

/// The exit code that a shell would tell of an end.
pub(super) fn code(reason: Reason) -> i32 {
    match reason {
        Reason::Exited(code) => code,
        Reason::Signal(signal) => 128 + signal,
        // As `timeout` and the kernel's killer leave them.
        Reason::Timeout => 124,
        Reason::OutOfMemory | Reason::DiskFull => 137,
    }
}
