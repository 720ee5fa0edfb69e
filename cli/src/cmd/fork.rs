//! `troupe fork`: a run that shares another one's past, and goes on from a moment of it.

use super::block_on;
use super::run::{Begin, Choices, Wired, claim, drive, header};
use crate::args;
use crate::exit::{Exit, Usage};
use crate::load::{self, Loaded};
use crate::past::{self, Past};
use crate::settings::Settings;
use crate::{rooms, values, wire, workspace};
use std::path::Path;
use troupe_core::Value;
use troupe_core::engine::{self, Adaptation, State};
use troupe_core::event::Event;
use troupe_core::input::Edit;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Fork, RunStatus};
use troupe_store::{Reader, Store};

pub fn run(arguments: &args::Fork, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        // A look before a write: what cannot be forked leaves no run behind.
        let reader = Reader::open(&state).await?;
        let parent = workspace::find_whole(&reader, &arguments.run).await?;
        let past = Past::read(&reader, &parent).await?;
        let shared = shared(&past, arguments.at)?;
        let file = arguments.workflow.as_deref();
        let mut loaded = load::load(file.unwrap_or(Path::new(&past.record.header.path)), settings)?;
        let choices = choices(&past, arguments, &mut loaded, settings)?;
        let events = adapted(&past, shared, &loaded)?;
        let changes = !arguments.outputs.is_empty() || arguments.at.is_some_and(|at| at < past.record.events);
        let is_same = loaded.workflow.fingerprint == past.record.header.fingerprint;
        let before = engine::fold(&loaded.workflow, &events);
        if before.status() == Some(RunStatus::Succeeded) && !changes && is_same {
            return Err(Usage::error(format!(
                "run {parent} succeeded, so a fork of it has nothing to do: set another output (--set STEP.output=JSON), \
                 go back (--at N), or go on with another workflow (--workflow FILE)"
            )));
        }
        let edits = edits(&loaded.workflow, &before, &choices.edits)?;
        let wired = Wired::new(&loaded, &choices, &state, settings)?;
        let store = Store::open(&state).await?;
        let (run, lease) = claim(&store).await?;
        let mut header = header(&run, &loaded, &choices)?;
        header.forked = Some(Fork {
            run: parent.clone(),
            events: shared,
        });
        let started_ms = header.started_ms;
        settings.say(format!(
            "run {run} of {} shares {shared} events of run {parent}{}",
            loaded.workflow.name,
            wired.labels()
        ));
        let rooms = rooms::copy(&past, shared, (&run, &loaded.workflow), &state, store.reader()).await?;
        rooms.say(&parent, shared, settings);
        let begin = Begin::Fork {
            header,
            edits,
            inputs: choices.inputs,
            env: choices.env,
        };
        let exit = drive(&run, &wired, &store, begin, started_ms, settings).await;
        drop(lease);
        store.close().await;
        exit
    })
}

/// How many events the fork begins with.
fn shared(past: &Past, at: Option<u64>) -> anyhow::Result<u64> {
    let events = past.entries.len() as u64;
    match at {
        Some(at) if at > events => Err(out_of_range(past, at)),
        at => Ok(at.unwrap_or(events)),
    }
}

/// A moment that a run has not come to.
pub fn out_of_range(past: &Past, at: u64) -> anyhow::Error {
    let (run, events) = (&past.record.header.run, past.entries.len());
    Usage::error(format!(
        "run {run} has {events} events, so --at takes 0 to {events}, and not {at}"
    ))
}

/// What the other run was started with, and what is given now. A model for an alias that the workflow does not have
/// any more is left out.
fn choices(past: &Past, arguments: &args::Fork, loaded: &mut Loaded, settings: &Settings) -> anyhow::Result<Choices> {
    let mut choices = Choices::of(&past.record, settings);
    choices.models.retain(|given| {
        let mut copy = loaded.workflow.clone();
        wire::override_models(&mut copy, std::slice::from_ref(given)).is_ok()
    });
    choices.models.extend(arguments.models.iter().cloned());
    choices.allow_host_commands |= arguments.allow_host_commands;
    choices.edits = arguments
        .outputs
        .iter()
        .map(|given| in_full(given))
        .collect::<Result<_, _>>()?;
    wire::override_models(&mut loaded.workflow, &choices.models)?;
    Ok(choices)
}

/// An edit with its text, where a file's name was given for it: the file may be another one when a fork that never
/// came to its first event is gone on with.
fn in_full(given: &str) -> anyhow::Result<String> {
    let named = assignment(given).and_then(|(_, _, text)| text.strip_prefix('@'));
    let Some(file) = named else {
        return Ok(given.to_owned());
    };
    let text = values::read(Path::new(file))?;
    Ok(format!("{}{text}", &given[..given.len() - file.len() - 1]))
}

/// The shared events in the words of the workflow that the fork goes on with.
fn adapted(past: &Past, shared: u64, loaded: &Loaded) -> anyhow::Result<Vec<Event>> {
    let header = &past.record.header;
    let shared = past.events().take(usize::try_from(shared).unwrap_or(usize::MAX));
    if loaded.workflow.fingerprint == header.fingerprint {
        return Ok(shared.cloned().collect());
    }
    let old = past::compiled(header)?;
    Adaptation::new(&old, &loaded.workflow).adapt(shared).map_err(|unfit| {
        Usage::error(format!(
            "{} cannot go on where run {} is: {unfit}; fork it at an earlier moment (--at N), or keep what has begun",
            loaded.path.display(),
            header.run
        ))
    })
}

/// What `--set` asks for, checked against what is shared.
pub fn edits(workflow: &Workflow, state: &State, given: &[String]) -> anyhow::Result<Vec<Edit>> {
    match state.status() {
        None if given.is_empty() => return Ok(Vec::new()),
        None => {
            return Err(Usage::error(
                "--set needs the first event of the run, which holds its inputs: --at 1",
            ));
        }
        Some(_) => {}
    }
    let edits = given.iter().map(|given| edit(workflow, state, given));
    let edits = edits.collect::<anyhow::Result<Vec<Edit>>>()?;
    // All of them together may be refused as well.
    engine::handle(
        workflow,
        &mut state.clone(),
        troupe_core::input::Input::Edit(edits.clone()),
    )
    .map_err(|refusal| Usage::error(format!("--set: {refusal}")))?;
    Ok(edits)
}

fn edit(workflow: &Workflow, state: &State, given: &str) -> anyhow::Result<Edit> {
    let Some((step, item, text)) = assignment(given) else {
        return Err(Usage::error(format!(
            "`--set {given}` is not STEP.output=JSON or STEP[ITEM].output=JSON"
        )));
    };
    let read = |output: Value| engine::read_edit(workflow, state, step, item, output);
    let as_text = || read(Value::from(text));
    // Text needs no quotes where the type takes text.
    let edit = match serde_json::from_str(text) {
        Ok(json) => read(json).or_else(|reason| as_text().map_err(|_| reason)),
        Err(error) => as_text().map_err(|reason| format!("{reason}, and no JSON: {error}")),
    };
    edit.map_err(|reason| Usage::error(format!("--set {given}: {reason}")))
}

/// `check[paper-12].output={}` as its step, its item and its text.
fn assignment(given: &str) -> Option<(&str, Option<&str>, &str)> {
    let (step, rest) = given.split_at(given.find(['[', '.'])?);
    match rest.strip_prefix('[') {
        None => Some((step, None, rest.strip_prefix(".output=")?)),
        Some(rest) => {
            let (item, text) = rest.split_once("].output=")?;
            Some((step, Some(item), text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_names_a_step_or_an_item_by_any_key() {
        assert_eq!(assignment("sum.output=1"), Some(("sum", None, "1")));
        assert_eq!(
            assignment("sum[7].output={\"a\":\"b=c\"}"),
            Some(("sum", Some("7"), "{\"a\":\"b=c\"}"))
        );
        assert_eq!(
            assignment("sum[a.b=[c].output=x=y"),
            Some(("sum", Some("a.b=[c"), "x=y"))
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("edited.json");
        std::fs::write(&file, "[1, 2]").unwrap();
        let given = format!("sum[7].output=@{}", file.display());
        assert_eq!(in_full(&given).unwrap(), "sum[7].output=[1, 2]");
        assert_eq!(in_full("sum.output=\"@x\"").unwrap(), "sum.output=\"@x\"");
        let missing = in_full("sum.output=@/no/such/file").unwrap_err();
        assert!(
            missing.to_string().starts_with("/no/such/file cannot be read"),
            "{missing}"
        );
        for wrong in ["sum", "sum=1", "sum.outputs=1", "sum[7]=1", "sum[7.output=1"] {
            assert_eq!(assignment(wrong), None, "{wrong}");
        }
    }
}
