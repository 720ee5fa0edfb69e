//! Verification: the tests before the fix and after it, each in a fresh sandbox that reaches nothing.

use super::instance::{self, Instance};
use super::plan::Plan;
use super::results::{self, Failure};
use super::script::{self, FOLDER};
use super::verdict::TestRun;
use crate::error::Error;
use std::time::{Duration, Instant};
use troupe_core::port::sandbox::{
    Blueprint, Deaf, Ended, Execution, Listener, Network, Reason, Rights, Sandbox, SandboxEngine,
};

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

/// Runs the tests of an instance once in one state. `blueprint` names the image.
pub async fn run(
    engine: &dyn SandboxEngine,
    blueprint: &Blueprint,
    task: (&Instance, &Plan, State),
    (timeout, nonce): (Duration, &str),
    listener: &mut dyn Listener,
) -> Result<Result<TestRun, Unapplied>, Error> {
    let apart = Blueprint {
        network: Network::None,
        rights: Rights::Least,
        ..blueprint.clone()
    };
    let sandbox = engine.create(&apart).await?;
    let run = in_sandbox(&*sandbox, task, (timeout, nonce), listener).await;
    // What went wrong first says more than that the sandbox cannot be removed either.
    let removed = sandbox.remove().await;
    let run = run?;
    removed?;
    Ok(run)
}

async fn in_sandbox(
    sandbox: &dyn Sandbox,
    (instance, plan, state): (&Instance, &Plan, State),
    (timeout, nonce): (Duration, &str),
    listener: &mut dyn Listener,
) -> Result<Result<TestRun, Unapplied>, Error> {
    if state == State::After
        && let Err(why) = apply(sandbox, &instance.fix_patch, "").await?
    {
        return Ok(Err(Unapplied { patch: "patch", why }));
    }
    if let Err(why) = apply(sandbox, &instance.test_patch, "--check").await? {
        let patch = "test_patch";
        return Ok(Err(Unapplied { patch, why }));
    }
    let text = script::evaluation(&instance.test_patch, &plan.test);
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
    let ended = sandbox.execute(execution, listener).await?;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Ok(judged(plan, ended, nonce, duration_ms)))
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

fn judged(plan: &Plan, ended: Ended, nonce: &str, duration_ms: u64) -> TestRun {
    let (begin, end) = (format!("begin {nonce}\n"), format!("\nend {nonce}"));
    let printed = ended.stdout.split_once(&begin).map_or("", |(_, rest)| rest);
    let (log, whole) = match printed.rsplit_once(&end) {
        Some((log, _)) => (log, true),
        None => (printed, false),
    };
    let results = results::read(plan.runner, log);
    let failure = match ended.reason {
        Reason::Timeout => Some(Failure::Timeout),
        Reason::OutOfMemory => Some(Failure::OutOfMemory),
        Reason::DiskFull => Some(Failure::DiskFull),
        Reason::Signal(signal) => Some(Failure::Signal(signal)),
        // Who exits with 0 without running the script to its end has not passed.
        Reason::Exited(0) if !whole => Some(Failure::NoTests),
        Reason::Exited(0) if plan.runner.names_tests() && results.ran() == 0 => Some(Failure::NoTests),
        Reason::Exited(0) => None,
        Reason::Exited(code) => Some(results::classify(plan.runner, code, log, &results)),
    };
    let code = code(ended.reason);
    TestRun {
        code,
        failure,
        results,
        log: log.to_owned(),
        duration_ms,
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
