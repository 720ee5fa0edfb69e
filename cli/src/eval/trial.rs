//! One run of one question. Its name is derived from what is asked of whom, so that it is found again: what is
//! over is not repeated, and what was interrupted goes on.

use super::dataset::Row;
use super::suite::{Suite, Variant};
use crate::cmd::{Begin, Choices, Wired, header};
use crate::exit::Usage;
use crate::load::Loaded;
use crate::past::Told;
use crate::settings::Settings;
use crate::{values, workspace};
use futures_util::StreamExt as _;
use std::sync::Arc;
use tokio::sync::watch;
use troupe_agents::{Nobody, Silent};
use troupe_core::Object;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_store::Store;

/// What the names of all such runs begin with: `troupe ls` leaves them out.
pub const RUN_PREFIX: &str = "EVAL-";

/// A workflow that is ready to answer.
pub struct Ready<'a> {
    /// What the report calls it.
    pub name: &'a str,
    /// Its text.
    pub loaded: Loaded,
    /// Its models and corpora, connected once.
    pub wired: Wired,
    /// The models behind its aliases, and whether commands may run.
    pub choices: Choices,
}

/// A question of a variant.
pub struct Trial<'a> {
    /// Position of the variant.
    pub variant: usize,
    /// The question.
    pub row: &'a Row,
    /// From 1.
    pub trial: u32,
    /// The inputs of the run.
    pub inputs: Object,
    /// The run, once it is over.
    pub run: Option<RunId>,
}

/// How runs are made.
pub struct Making<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// Whether those that failed are tried again.
    pub retry_failed: bool,
    /// Becomes true with Ctrl-C.
    pub stops: watch::Receiver<bool>,
    /// How often something is told.
    pub settings: &'a Settings,
}

impl<'a> Trial<'a> {
    /// All trials of a suite, with the inputs checked: nothing is run when one does not fit.
    pub fn all(suite: &Suite, ready: &[Ready<'a>], rows: &'a [Row]) -> anyhow::Result<Vec<Self>> {
        let mut trials = Vec::new();
        for (variant, (given, ready)) in suite.variants.iter().zip(ready).enumerate() {
            for row in rows {
                let inputs = inputs(suite, given, ready, row)?;
                trials.extend((1..=suite.trials).map(|trial| Self {
                    variant,
                    row,
                    trial,
                    inputs: inputs.clone(),
                    run: None,
                }));
            }
        }
        Ok(trials)
    }
}

fn inputs(suite: &Suite, variant: &Variant, ready: &Ready<'_>, row: &Row) -> anyhow::Result<Object> {
    let (file, line) = (suite.dataset.file.display(), row.line);
    let mut inputs = Object::new();
    for (name, template) in suite.inputs.iter().chain(&variant.inputs) {
        let value = template.evaluate(&row.variables());
        let value = value.map_err(|error| Usage::error(format!("{file}:{line}: input `{name}`: {error}")))?;
        inputs.insert(name.clone(), value);
    }
    let checked = troupe_core::engine::check_inputs(&ready.loaded.workflow, inputs);
    checked.map_err(|mistakes| Usage::error(format!("{file}:{line}: {}", mistakes.join("; "))))
}

/// A run's name: 100 bits of a hash of everything that decides what it does.
pub fn name(parts: &serde_json::Value) -> RunId {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hash = blake3::hash(parts.to_string().as_bytes());
    let digits = hash
        .as_bytes()
        .iter()
        .take(20)
        .map(|byte| char::from(DIGITS[usize::from(byte & 31)]));
    let name: String = RUN_PREFIX.chars().chain(digits).collect();
    RunId::parse(&name).expect("letters and digits are a run's name")
}

/// Brings every trial to its end, many at once. False when somebody stopped it.
pub async fn run_all(
    suite: &Suite,
    ready: &[Ready<'_>],
    trials: &mut [Trial<'_>],
    making: &Making<'_>,
) -> anyhow::Result<bool> {
    let total = trials.len();
    let bar = bar(total, making.settings);
    let work = trials.iter_mut().map(|trial| async move {
        let ready = &ready[trial.variant];
        let (run, begun) = bring(suite, ready, trial, making).await?;
        trial.run = run;
        Ok::<bool, anyhow::Error>(begun)
    });
    let mut work = futures_util::stream::iter(work).buffer_unordered(suite.parallel);
    let (mut begun, mut done) = (0_usize, 0_usize);
    while let Some(ended) = work.next().await {
        begun += usize::from(ended?);
        done += 1;
        bar.inc(1);
        let stopped = *making.stops.borrow();
        if !making.settings.terminal && !stopped && begun > 0 && (done.is_multiple_of(25) || done == total) {
            making.settings.say(format!("{done} of {total} runs"));
        }
    }
    drop(work);
    bar.finish_and_clear();
    let over = trials.iter().filter(|trial| trial.run.is_some()).count();
    making
        .settings
        .say(format!("{over} of {total} runs are over, {begun} of them run now"));
    Ok(over == total)
}

fn bar(total: usize, settings: &Settings) -> indicatif::ProgressBar {
    if settings.quiet || !settings.terminal {
        return indicatif::ProgressBar::hidden();
    }
    indicatif::ProgressBar::new(total as u64)
}

/// The run of a trial, begun or gone on with unless it is over, and whether anything was done. None when stopped.
async fn bring(
    suite: &Suite,
    ready: &Ready<'_>,
    trial: &Trial<'_>,
    making: &Making<'_>,
) -> anyhow::Result<(Option<RunId>, bool)> {
    let mut attempt = 1;
    let mut last = None;
    let (run, status) = loop {
        let run = name(&serde_json::json!([
            suite.name,
            ready.name,
            ready.loaded.workflow.fingerprint,
            ready.wired.tool_identities(),
            trial.inputs,
            ready.choices.models,
            ready.choices.allow_host_commands,
            trial.row.id,
            trial.trial,
            attempt,
        ]));
        match making.store.run(&run).await {
            Ok(record) => last = Some((run, record.progress.status)),
            Err(error) if error.kind == ErrorKind::Missing => match last.take() {
                Some((_, RunStatus::Failed)) if making.retry_failed => break (run, None),
                Some((last, status)) => break (last, Some(status)),
                None => break (run, None),
            },
            Err(error) => return Err(error.into()),
        }
        attempt += 1;
    };
    match status {
        Some(RunStatus::Succeeded | RunStatus::Failed) => return Ok((Some(run), false)),
        _ if *making.stops.borrow() => return Ok((None, false)),
        _ => {}
    }
    let lease = workspace::acquire(making.store, &run).await?;
    let ended = drive(&run, status.is_none(), ready, &trial.inputs, making).await?;
    drop(lease);
    match ended {
        RunStatus::Succeeded | RunStatus::Failed => Ok((Some(run), true)),
        RunStatus::Waiting => Err(anyhow::anyhow!(
            "run {run} of question `{}` waits for a person: `troupe approve {run}` answers it",
            trial.row.id
        )),
        RunStatus::Running | RunStatus::Cancelled => Ok((None, true)),
    }
}

/// Drives a run until it is over or stopped.
pub async fn drive(
    run: &RunId,
    is_new: bool,
    ready: &Ready<'_>,
    inputs: &Object,
    making: &Making<'_>,
) -> anyhow::Result<RunStatus> {
    let env = values::environment(&ready.loaded.workflow, making.settings);
    let choices = Choices {
        inputs: inputs.clone(),
        env: env.clone(),
        ..ready.choices.clone()
    };
    let inputs = inputs.clone();
    let begin = match is_new {
        true => Begin::Start {
            header: header(run, &ready.loaded, &choices)?,
            inputs,
            env,
        },
        false => Begin::Resume { inputs, env },
    };
    let journal = Arc::new(Told(making.store.clone()));
    let driven = troupe_agents::Run {
        run: run.clone(),
        workflow: ready.wired.workflow.clone(),
        ports: ready
            .wired
            .ports(journal, making.store, Arc::new(Silent), Arc::new(Nobody)),
        patience_ms: None,
    };
    let handle = begin.go(driven).await?;
    let (remote, mut stops) = (handle.remote(), making.stops.clone());
    let outcome = handle.outcome();
    tokio::pin!(outcome);
    tokio::select! {
        ended = &mut outcome => return Ok(ended?.status),
        _ = stops.wait_for(|stop| *stop) => remote.cancel(),
    }
    Ok(outcome.await?.status)
}
