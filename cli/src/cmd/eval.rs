//! `troupe eval`: a dataset through workflows, and the report.

use super::block_on;
use super::run::{Choices, Wired};
use crate::args::Eval;
use crate::eval::{self, Judge, Making, Metric, Ready, Sources, Suite, Summary, Trial};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{load, report, wire, workspace};
use anyhow::Context as _;
use std::path::Path;
use tokio::sync::watch;
use troupe_store::Store;

pub fn run(arguments: &Eval, settings: &Settings) -> anyhow::Result<Exit> {
    let suite = Suite::load(&arguments.suite, settings)?;
    let rows = suite.dataset.rows()?;
    let state = workspace::folder(settings)?;
    let ready = ready(&suite, arguments, &state, settings)?;
    let judge = Judge::of(&suite, &state, settings)?;
    let cites = suite
        .metrics
        .iter()
        .any(|metric| matches!(metric, Metric::Citations(_)));
    let mut trials = Trial::all(&suite, &ready, &rows)?;
    block_on(async {
        let store = Store::open(&state).await?;
        let making = Making {
            store: &store,
            retry_failed: arguments.retry_failed,
            stops: stops(settings),
            settings,
        };
        let mut is_over = eval::run_all(&suite, &ready, &mut trials, &making).await?;
        let corpora = ready
            .iter()
            .map(|ready| if cites { ready.wired.corpora.as_slice() } else { &[] });
        let sources: Vec<Sources<'_>> = corpora.map(Sources::new).collect();
        let mut measured = Vec::new();
        for trial in trials.iter().filter(|_| is_over) {
            let (ready, sources) = (&ready[trial.variant], &sources[trial.variant]);
            measured.push(eval::measure(&suite, ready, sources, trial, &store).await?);
        }
        if let Some(judge) = judge.as_ref().filter(|_| is_over) {
            is_over = eval::judge(&suite, judge, &mut measured, &making).await?;
        }
        store.close().await;
        if !is_over {
            let suite = arguments.suite.display();
            settings.say(format!("stopped; `troupe eval {suite}` goes on with what is left"));
            return Ok(Exit::Cancelled);
        }
        let summary = Summary::of(&suite, &ready, judge.as_ref(), rows.len(), &measured);
        tell(&summary, arguments, settings)
    })
}

/// Compiles and connects every variant, once.
fn ready<'a>(suite: &'a Suite, arguments: &Eval, state: &Path, settings: &Settings) -> anyhow::Result<Vec<Ready<'a>>> {
    let one = |variant: &'a eval::Variant| {
        let mut loaded = load::load(&variant.workflow, settings)?;
        wire::override_models(&mut loaded.workflow, &variant.models)?;
        let choices = Choices {
            models: variant.models.clone(),
            allow_host_commands: arguments.allow_host_commands,
            ..Choices::default()
        };
        Ok(Ready {
            name: &variant.name,
            wired: Wired::new(&loaded, &choices, state, settings)?,
            loaded,
            choices,
        })
    };
    suite.variants.iter().map(one).collect()
}

/// The report in every form that was asked for.
fn tell(summary: &Summary, arguments: &Eval, settings: &Settings) -> anyhow::Result<Exit> {
    let write = |file: &Path, text: String| {
        std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
    };
    if let Some(file) = &arguments.html {
        write(file, eval::page(summary)?)?;
    }
    if let Some(file) = &arguments.junit {
        write(file, eval::junit(summary))?;
    }
    match settings.json {
        true => report::print_json(summary)?,
        false => report::line(&eval::text(summary))?,
    }
    Ok(match summary.thresholds.iter().all(|threshold| threshold.met) {
        true => Exit::Succeeded,
        false => Exit::Failed,
    })
}

/// Becomes true with the first Ctrl-C; the second one ends the process at once.
fn stops(settings: &Settings) -> watch::Receiver<bool> {
    let (stop, stops) = watch::channel(false);
    let settings = settings.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can stop it, and the channel must not close.
            std::future::pending::<()>().await;
        }
        settings.say("stopping; Ctrl-C again stops at once");
        stop.send_replace(true);
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(Exit::Cancelled as i32);
        }
        std::future::pending::<()>().await;
    });
    stops
}
