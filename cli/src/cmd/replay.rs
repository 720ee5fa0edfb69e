//! `troupe replay`: derives every decision of a run, and of the runs that it started, again; nothing is called.

use super::block_on;
use crate::args::Replay;
use crate::exit::Exit;
use crate::past::Past;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use std::collections::BTreeSet;
use troupe_core::Value;
use troupe_core::engine::{self, Difference};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_store::Reader;

/// Characters of an event that are shown.
const EVENT_SHOWN: usize = 400;

/// A run, and what became of its decisions.
struct Replayed {
    run: RunId,
    events: usize,
    difference: Option<Box<Difference>>,
}

pub fn run(arguments: &Replay, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let replayed = block_on(async {
        let reader = Reader::open(&folder).await?;
        let run = workspace::find(&reader, &arguments.run).await?;
        let mut family = reader.find(&format!("{run}.")).await?;
        family.push(run);
        family.sort_unstable();
        let mut replayed = Vec::with_capacity(family.len());
        for run in family {
            replayed.push(replay(&reader, run).await?);
        }
        Ok(replayed)
    })?;
    let all_agree = replayed.iter().all(|replayed| replayed.difference.is_none());
    if settings.json {
        report::print_json(&json!({ "agrees": all_agree, "runs": replayed.iter().map(object).collect::<Vec<_>>() }))?;
    } else {
        replayed.iter().try_for_each(|replayed| report::line(&text(replayed)))?;
    }
    Ok(if all_agree { Exit::Succeeded } else { Exit::Failed })
}

/// A run's own events with its own workflow, and what it shares with the workflow of the run that wrote it.
async fn replay(reader: &Reader, run: RunId) -> anyhow::Result<Replayed> {
    let past = Past::read(reader, &run).await?;
    let mut difference = None;
    for (writer, shared) in past.lineage.iter().rev() {
        let told = Past::read(reader, writer).await?;
        let workflow = told.workflow(reader).await?;
        let events: Vec<Event> = told.events().take(usize::try_from(*shared)?).cloned().collect();
        let first = told.record.header.forked.as_ref().map_or(0, |fork| fork.events);
        let mut cuts = BTreeSet::from([first]);
        if *writer != run {
            cuts.insert(*shared);
        }
        difference = engine::replay(&workflow, &events, first, &cuts).err();
        if difference.is_some() {
            break;
        }
    }
    Ok(Replayed {
        run,
        events: past.entries.len(),
        difference,
    })
}

fn object(replayed: &Replayed) -> Value {
    let difference = replayed.difference.as_ref().map(|difference| {
        json!({ "sequence": difference.sequence, "journal": difference.journal, "engine": difference.engine })
    });
    json!({ "run": replayed.run, "events": replayed.events, "difference": difference })
}

fn text(replayed: &Replayed) -> String {
    let (run, events) = (&replayed.run, replayed.events);
    match &replayed.difference {
        None => format!("run {run}: {events} events, each as the engine decides it now"),
        Some(difference) => format!(
            "run {run}: event {} of {events} is not what the engine decides now\n  the journal: {}\n  the engine:  {}",
            difference.sequence,
            shown(difference.journal.as_ref(), "it ends"),
            shown(
                difference.engine.as_ref(),
                "nothing that can have arrived leads on from there"
            ),
        ),
    }
}

fn shown(event: Option<&Event>, otherwise: &str) -> String {
    let Some(event) = event else {
        return otherwise.to_owned();
    };
    let text = json!(event).to_string();
    match text.char_indices().nth(EVENT_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
