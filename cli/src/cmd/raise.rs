//! `troupe raise`: lets a run use more than its file says, whoever works on it.

use super::block_on;
use super::resume::open;
use crate::args::Raise;
use crate::exit::{Exit, Usage};
use crate::past::{Past, Told};
use crate::settings::Settings;
use crate::word::{Said, say};
use crate::{report, workspace};
use serde_json::json;
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::limits::{LimitHit, RunLimits};
use troupe_core::port::dispatch::{Dispatch as _, Word};
use troupe_core::port::journal::Journal as _;
use troupe_core::view::RunView;
use troupe_core::{Object, Value};
use troupe_store::Store;

/// What a run can be given more of.
const LIMITS: [LimitHit; 6] = [
    LimitHit::Turns,
    LimitHit::Tokens,
    LimitHit::Cost,
    LimitHit::WorkingSeconds,
    LimitHit::GpuSeconds,
    LimitHit::Agents,
];

/// A limit and its number, in the units in which runs count.
type Given = (LimitHit, u64);

pub fn run(arguments: &Raise, settings: &Settings) -> anyhow::Result<Exit> {
    let given: Vec<Given> = arguments
        .limits
        .iter()
        .map(|text| read(text))
        .collect::<Result<_, _>>()?;
    let state = workspace::folder(settings)?;
    block_on(async {
        let (store, record) = open(&arguments.run, &state).await?;
        let run = &record.header.run;
        refuse_less(run, limits(&store, run).await?, &given)?;
        let mut told = Vec::new();
        for (limit, most) in &given {
            told.push(raise(&store, run, (*limit, *most), &state).await?);
        }
        let (status, now) = (store.run(run).await?.progress.status, limits(&store, run).await?);
        store.close().await;
        if settings.json {
            let limits: Object = given
                .iter()
                .map(|(limit, _)| in_file(*limit, most(&now, *limit)))
                .collect();
            report::print_json(&json!({ "run": run, "status": status, "limits": limits }))?;
        }
        told.iter().for_each(|line| settings.say(line));
        if status.is_over() {
            settings.say(format!("`troupe resume {run}` goes on with it"));
        }
        Ok(Exit::Succeeded)
    })
}

/// `tokens=500000`, `cost=2.50`.
fn read(text: &str) -> anyhow::Result<Given> {
    let known = || LIMITS.map(LimitHit::word).join(", ");
    let Some((word, number)) = text.split_once('=') else {
        return Err(Usage::error(format!(
            "`{text}` is not LIMIT=NUMBER, such as tokens=500000"
        )));
    };
    let Some(limit) = LIMITS.into_iter().find(|limit| limit.word() == word) else {
        return Err(Usage::error(format!(
            "a run cannot be given more `{word}`: it can of {}; others are set in its file, and accepted by \
             `troupe resume --accept-changes`",
            known()
        )));
    };
    let most = match number.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 && (limit == LimitHit::Cost || number.fract() == 0.0) => {
            (number * limit.units() as f64).round() as u64
        }
        _ => return Err(Usage::error(format!("`{text}`: {number} is no number of {word}"))),
    };
    Ok((limit, most))
}

/// The limits of a run as they are by its journal.
async fn limits(store: &Store, run: &RunId) -> anyhow::Result<RunLimits> {
    let past = Past::read(store.reader(), run).await?;
    let workflow = past.workflow(store.reader()).await?;
    Ok(RunView::of(&workflow, &past.entries).limits)
}

/// What a run may use of something, in the units in which runs count.
fn most(limits: &RunLimits, limit: LimitHit) -> u64 {
    match limit {
        LimitHit::Agents => limits.agents.into(),
        limit => limits.amount().of(limit),
    }
}

/// The same as a file says it.
fn in_file(limit: LimitHit, most: u64) -> (String, Value) {
    let number = match limit {
        LimitHit::Cost => json!(most as f64 / limit.units() as f64),
        _ => json!(most / limit.units()),
    };
    (limit.word().to_owned(), number)
}

/// A number below the one that holds is a mistake, and no wish.
fn refuse_less(run: &RunId, limits: RunLimits, given: &[Given]) -> anyhow::Result<()> {
    for (limit, wanted) in given {
        let holds = most(&limits, *limit);
        if *wanted <= holds {
            let (word, holds) = (limit.word(), limit.shown(holds));
            return Err(Usage::error(format!(
                "run {run} may use {holds} of `{word}` as it is, and a limit of a run can only be raised"
            )));
        }
    }
    Ok(())
}

async fn raise(store: &Store, run: &RunId, (limit, wanted): Given, state: &Path) -> anyhow::Result<String> {
    let now = format!("run {run} may use {} of `{}`", limit.shown(wanted), limit.word());
    let word = Word::Raise { limit, most: wanted };
    Ok(match say(store, state, run, word.clone()).await? {
        Said::Heard(_) if most(&limits(store, run).await?, limit) < wanted => {
            anyhow::bail!("run {run} ended before it could be given more; say it again, and resume it")
        }
        Said::Heard(by) => format!("{now}; told {by}, which works on it"),
        Said::Left(by) => format!("{now} once {by}, which works on it, has come to it"),
        Said::Free(lease) => {
            let past = Past::read(store.reader(), run).await?;
            let workflow = past.workflow(store.reader()).await?;
            let now_ms = SystemClock.now_ms();
            troupe_agents::raise(&Told(store.clone()), run, &workflow, (limit, wanted), now_ms).await?;
            // What others said before waits for whoever goes on with the run.
            let posts = store.posted(run).await?;
            if let Some(own) = posts.first().filter(|post| post.word == word) {
                store.settle(run, own.number).await?;
            }
            drop(lease);
            now
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_in_the_units_of_the_file() {
        assert_eq!(read("tokens=500000").unwrap(), (LimitHit::Tokens, 500_000));
        assert_eq!(read("cost=2.50").unwrap(), (LimitHit::Cost, 2_500_000));
        assert_eq!(read("working_seconds=90").unwrap(), (LimitHit::WorkingSeconds, 90_000));
        for wrong in [
            "tokens",
            "tokens=",
            "tokens=-1",
            "tokens=1.5",
            "cost=0",
            "seconds=9",
            "depth=9",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read("cost=inf").is_err());
        assert_eq!(in_file(LimitHit::Cost, 2_500_000).1, json!(2.5));
        assert_eq!(in_file(LimitHit::WorkingSeconds, 90_000).1, json!(90));
    }
}
