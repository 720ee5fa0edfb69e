//! `troupe show`: a run's steps, agents, turns, tools and tokens, from its journal alone.

use super::{block_on, fork};
use crate::args::Show;
use crate::exit::Exit;
use crate::past::Past;
use crate::settings::Settings;
use crate::{artifacts, report, watch, workspace};
use serde_json::json;
use troupe_core::Value;
use troupe_core::expression::as_text;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Entry, RunRecord, RunStatus};
use troupe_core::view::{self, AgentView, ChildView, ItemArtifacts, RunView, StepView};
use troupe_store::Reader;

pub fn run(arguments: &Show, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let (mut past, workflow) = block_on(async {
        let reader = Reader::open(&folder).await?;
        let run = workspace::find(&reader, &arguments.run).await?;
        let past = Past::read(&reader, &run).await?;
        let workflow = past.workflow(&reader).await;
        Ok((past, workflow))
    })?;
    let events = past.record.events;
    if let Some(at) = arguments.at {
        go_back(&mut past, at)?;
    }
    if let Some(file) = &arguments.web {
        block_on(watch::page(&folder, &past.record.header.run, arguments.at, file))?;
        settings.say(format!("run {} is in {}", past.record.header.run, file.display()));
        return Ok(Exit::Succeeded);
    }
    if arguments.events {
        past.entries.iter().try_for_each(event_line)?;
        return Ok(Exit::Succeeded);
    }
    let workflow = workflow?;
    let files = view::artifacts(&workflow, past.events());
    if let Some(to) = &arguments.artifacts {
        let (count, bytes) = block_on(artifacts::write(&folder, &files, to))?;
        let (run, size) = (&past.record.header.run, report::bytes(bytes));
        settings.say(format!(
            "{} of run {run}, {size}, in {}",
            report::plural(count, "file"),
            to.display()
        ));
        return Ok(Exit::Succeeded);
    }
    let mut view = RunView::of(&workflow, &past.entries);
    let is_now = past.record.events == events;
    let record = &past.record;
    if is_now && record.progress.status == RunStatus::Waiting {
        // To wait is no event.
        view.status = RunStatus::Waiting;
    }
    let status = if is_now {
        workspace::status_word(&folder, record)
    } else {
        view.status.word()
    };
    if settings.json {
        report::print_json(&object(record, &view, &files, status))?;
    } else {
        report::line(&text(record, &view, &files, status, events))?;
    }
    Ok(Exit::Succeeded)
}

/// The run as it was after its first `at` events.
fn go_back(past: &mut Past, at: u64) -> anyhow::Result<()> {
    if at > past.entries.len() as u64 {
        return Err(fork::out_of_range(past, at));
    }
    past.entries.truncate(usize::try_from(at).unwrap_or(usize::MAX));
    past.record.events = at;
    past.record.updated_ms = past
        .entries
        .last()
        .map_or(past.record.header.started_ms, |entry| entry.at_ms);
    Ok(())
}

fn event_line(entry: &Entry) -> anyhow::Result<()> {
    let line = json!({ "sequence": entry.sequence, "at": report::rfc3339(entry.at_ms), "at_ms": entry.at_ms, "event": entry.event });
    report::line(&line.to_string())
}

fn text(record: &RunRecord, view: &RunView, files: &[ItemArtifacts], status: &str, events: u64) -> String {
    let header = &record.header;
    let counted = match record.events {
        all if all == events => format!("{events} events"),
        some => format!("after {some} of {events} events"),
    };
    let forked = header.forked.as_ref();
    let forked = forked.map_or_else(String::new, |fork| {
        format!(", the first {} shared with run {}", fork.events, fork.run)
    });
    let mut text = format!(
        "run {} of {} ({})\n{status}, started {}, {counted}{forked}\n\n{}",
        header.run,
        header.workflow,
        header.path,
        report::rfc3339(header.started_ms),
        troupe_tui::summary(view, 100),
    );
    if let Some((step, failure)) = &view.failure {
        let place = step
            .as_ref()
            .map(|step| format!(" at step `{step}`"))
            .unwrap_or_default();
        text.push_str(&format!("\n\nfailed{place}: {failure}"));
    }
    let limits = report::limits::lines(view);
    if !limits.is_empty() {
        text.push_str(&format!("\n\nlimits:\n{}", limits.join("\n")));
    }
    if let Some(child) = view.steps.iter().flat_map(|step| &step.children).next() {
        let run = &header.run;
        text.push_str(&format!(
            "\n\n`troupe show {run}.{}` shows a run that it started",
            child.name
        ));
    }
    let files = artifacts::lines(&record.header.run, files);
    if !files.is_empty() {
        text.push_str(&format!("\n\n{}", files.join("\n")));
    }
    for (name, value) in &view.outputs {
        text.push_str(&format!("\n\n{name}:\n{}", as_text(value)));
    }
    text
}

fn object(record: &RunRecord, view: &RunView, files: &[ItemArtifacts], status: &str) -> Value {
    json!({
        "run": record.header.run,
        "workflow": record.header.workflow,
        "path": record.header.path,
        "status": status,
        "started": report::rfc3339(record.header.started_ms),
        "updated": report::rfc3339(record.updated_ms),
        "duration_ms": view.updated_ms.saturating_sub(view.started_ms),
        "events": record.events,
        "forked": record.header.forked,
        "inputs": *view.inputs,
        "outputs": view.outputs,
        "error": view.failure.as_ref().map(|(step, failure)| json!({ "step": step, "kind": failure.kind, "message": failure.message })),
        "usage": view.usage,
        "spent": report::limits::amount(&view.spent),
        "left": report::limits::amount(&view.left()),
        "limits_passed": report::limits::passed(view),
        "tool_calls": view.tool_calls,
        "calls": { "answered": view.calls.answered, "cached": view.calls.cached, "saved_tokens": view.calls.saved_tokens },
        "retrieved_tokens": view.retrieved_tokens,
        "chunks_read": view.chunks_read,
        "steps": view.steps.iter().map(|view| step(&record.header.run, view)).collect::<Vec<_>>(),
        "artifacts": artifacts::object(files),
        "agents": view.agents.iter().map(agent).collect::<Vec<_>>(),
    })
}

fn step(run: &RunId, step: &StepView) -> Value {
    let child = |child: &ChildView| {
        json!({
            "run": format!("{run}.{}", child.name), "item": child.item, "status": child.status, "used": child.used,
            "started_ms": child.started_ms, "ended_ms": child.ended_ms,
        })
    };
    json!({
        "name": step.name, "verb": step.verb, "status": step.status.word(),
        "items": step.items, "keys": *step.keys, "succeeded": step.succeeded, "failed": step.failed,
        "in_doubt": step.in_doubt, "retries": step.retries, "rounds": step.rounds,
        "runs": step.children.iter().map(child).collect::<Vec<_>>(),
        "started_ms": step.started_ms, "ended_ms": step.ended_ms,
        "failure": step.failure.as_ref().map(ToString::to_string),
    })
}

fn agent(agent: &AgentView) -> Value {
    let status = agent.status.word();
    json!({
        "address": agent.address, "model": agent.model, "status": status, "task": agent.task,
        "turns": agent.turns, "tools": agent.tools, "usage": agent.usage, "model_ms": agent.model_ms,
        "queue_ms": agent.queue_ms, "cached_turns": agent.cached_turns,
        "retrieved_tokens": agent.retrieved_tokens, "limit": agent.limit.as_ref().map(report::limits::reached),
        "left": report::limits::amount(&agent.left()), "spent": report::limits::amount(&agent.spent),
        "started_ms": agent.started_ms, "ended_ms": agent.ended_ms,
        "answer": agent.message.text,
    })
}
