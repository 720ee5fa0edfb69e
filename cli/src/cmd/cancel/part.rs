//! Ending a part of a run, while the rest of it goes on as after any failure.

use crate::args::Cancel;
use crate::exit::{Exit, Usage};
use crate::past::Past;
use crate::settings::Settings;
use crate::word::{Said, say};
use crate::{person, report, workspace};
use serde_json::json;
use std::path::Path;
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::id::{ActorId, ItemIndex, RunId, StepIndex};
use troupe_core::input::Part;
use troupe_core::ir::Workflow;
use troupe_core::port::dispatch::Word;
use troupe_core::port::journal::Entry;
use troupe_core::view::{RunView, StepStatus};
use troupe_store::{Reader, Store};

/// Places that an error names.
const NAMED_MAX: usize = 8;

/// Stops what is at work at `place`.
pub async fn stop(arguments: &Cancel, place: &str, state: &Path, settings: &Settings) -> anyhow::Result<Exit> {
    let reader = Reader::open(state).await?;
    let run = workspace::find(&reader, &arguments.run).await?;
    let past = Past::read(&reader, &run).await?;
    super::refuse_over(&past.record)?;
    let workflow = past.workflow(&reader).await?;
    let part = find(&run, &RunView::of(&workflow, &past.entries), &workflow, place)?;
    let store = Store::open(state).await?;
    let word = Word::Stop {
        run: run.clone(),
        part,
        by: person::name(),
    };
    let said = say(&store, state, &run.root(), word).await;
    store.close().await;
    let since = past.entries.len();
    let (is_stopped, told) = match said? {
        Said::Free(_) => (
            false,
            format!(
                "nobody works on run {run}: `{place}` is stopped when somebody goes on with it (`troupe resume {}`)",
                run.root()
            ),
        ),
        Said::Left(by) => (
            false,
            format!("told {by}, which works on run {run} and has not come to it yet"),
        ),
        Said::Heard(_) => {
            let entries = reader.load_between(&run, since as u64..u64::MAX).await?;
            match entries.iter().any(|entry| is_stop(entry, part)) {
                true => (
                    true,
                    format!("stopped `{place}` of run {run}; the rest goes on as after a failure"),
                ),
                false => (
                    false,
                    format!("`{place}` of run {run} was over before it could be stopped"),
                ),
            }
        }
    };
    reader.close().await;
    if settings.json {
        report::print_json(&json!({ "run": run, "part": place, "stopped": is_stopped }))?;
    }
    settings.say(told);
    Ok(Exit::Succeeded)
}

/// The part that has a name: a step, an item of one, or an agent.
fn find(run: &RunId, view: &RunView, workflow: &Workflow, place: &str) -> anyhow::Result<Part> {
    let agents = (0..).map(ActorId).zip(&view.agents);
    let mut live = agents.filter(|(_, agent)| agent.status.is_live());
    if let Some((actor, _)) = live.find(|(_, agent)| agent.address == place) {
        return Ok(Part::Agent(actor));
    }
    let steps = (0..).map(StepIndex).zip(&view.steps);
    let at_work = steps.filter(|(_, step)| matches!(step.status, StepStatus::Running | StepStatus::InDoubt));
    for (at, step) in at_work {
        if step.name == place {
            return Ok(Part::Step(at));
        }
        let mut items = (0..step.items).map(ItemIndex);
        if let Some(item) = items.find(|item| view.place(workflow, at, *item) == place) {
            return Ok(Part::Item(at, item));
        }
    }
    let steps = view.steps.iter().filter(|step| step.status == StepStatus::Running);
    let names = steps
        .map(|step| &step.name)
        .chain(view.live_agents().map(|agent| &agent.address));
    let names: Vec<String> = names.take(NAMED_MAX).map(|name| format!("`{name}`")).collect();
    let at_work = match names.as_slice() {
        [] => "nothing is".to_owned(),
        names => format!("at work are {}", names.join(", ")),
    };
    Err(Usage::error(format!(
        "nothing named `{place}` is at work in run {run}: {at_work}"
    )))
}

/// Whether an event is the end of a part, or of something in it, by a person's word.
fn is_stop(entry: &Entry, part: Part) -> bool {
    let failure = match (&entry.event, part) {
        (Event::ItemFailed { step, failure, .. }, Part::Step(of)) if *step == of => failure,
        (
            Event::ItemFailed {
                step, item, failure, ..
            },
            Part::Item(of, at),
        ) if (*step, *item) == (of, at) => failure,
        // An item's own agent ends with its item.
        (Event::ItemFailed { failure, .. }, Part::Agent(_)) => failure,
        (Event::AgentFailed { actor, failure }, Part::Agent(of)) if *actor == of => failure,
        _ => return false,
    };
    failure.kind == FailureKind::Stopped
}
