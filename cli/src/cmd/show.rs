//! `troupe show`: a run's steps, agents, turns, tools and tokens, from its journal alone.

use super::block_on;
use crate::args::Show;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{load, report, workspace};
use anyhow::Context as _;
use serde_json::json;
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::expression::as_text;
use troupe_core::id::RunId;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::journal::{Entry, RunRecord, RunStatus};
use troupe_core::view::{AgentStatus, AgentView, ChildView, RunView, StepView};
use troupe_store::Reader;

pub fn run(arguments: &Show, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let (record, entries, sources) = block_on(async {
        let reader = Reader::open(&folder).await?;
        let run = workspace::find(&reader, &arguments.run).await?;
        let (record, entries) = (reader.run(&run).await?, reader.load(&run).await?);
        // Only the run that a person started holds the texts.
        let sources = match run.parent() {
            None => record.header.sources.clone(),
            Some(_) => reader.run(&run.root()).await?.header.sources,
        };
        Ok((record, entries, sources))
    })?;
    if arguments.events {
        entries.iter().try_for_each(event_line)?;
        return Ok(Exit::Succeeded);
    }
    let workflow = load::from_journal(&sources)
        .and_then(|root| called(Arc::new(root), &record.header.run))
        .context("the run was made by a version whose workflows this one cannot read")?;
    let mut view = RunView::of(&workflow, &entries);
    if record.progress.status == RunStatus::Waiting {
        // To wait is no event.
        view.status = RunStatus::Waiting;
    }
    let status = workspace::status_word(&folder, &record);
    if settings.json {
        report::print_json(&object(&record, &view, status))?;
    } else {
        report::line(&text(&record, &view, status))?;
    }
    Ok(Exit::Succeeded)
}

/// What a run runs: the workflow that its name leads to from the one that a person started. A step's
/// name has no `-`, and is what its runs' names begin with.
fn called(root: Arc<Workflow>, run: &RunId) -> Option<Arc<Workflow>> {
    run.as_str().split('.').skip(1).try_fold(root, |workflow, part| {
        let step = workflow.step_named(part.split('-').next()?)?;
        match workflow.step(step).verb {
            Verb::Workflow { workflow: index, .. } => Some(workflow.workflow(index).clone()),
            _ => None,
        }
    })
}

fn event_line(entry: &Entry) -> anyhow::Result<()> {
    let line = json!({ "sequence": entry.sequence, "at": report::rfc3339(entry.at_ms), "at_ms": entry.at_ms, "event": entry.event });
    report::line(&line.to_string())
}

fn text(record: &RunRecord, view: &RunView, status: &str) -> String {
    let header = &record.header;
    let mut text = format!(
        "run {} of {} ({})\n{status}, started {}, {} events\n\n{}",
        header.run,
        header.workflow,
        header.path,
        report::rfc3339(header.started_ms),
        record.events,
        troupe_tui::summary(view, 100),
    );
    if let Some((step, failure)) = &view.failure {
        let place = step
            .as_ref()
            .map(|step| format!(" at step `{step}`"))
            .unwrap_or_default();
        text.push_str(&format!("\n\nfailed{place}: {failure}"));
    }
    if let Some(child) = view.steps.iter().flat_map(|step| &step.children).next() {
        let run = &header.run;
        text.push_str(&format!(
            "\n\n`troupe show {run}.{}` shows a run that it started",
            child.name
        ));
    }
    for (name, value) in &view.outputs {
        text.push_str(&format!("\n\n{name}:\n{}", as_text(value)));
    }
    text
}

fn object(record: &RunRecord, view: &RunView, status: &str) -> Value {
    json!({
        "run": record.header.run,
        "workflow": record.header.workflow,
        "path": record.header.path,
        "status": status,
        "started": report::rfc3339(record.header.started_ms),
        "updated": report::rfc3339(record.updated_ms),
        "duration_ms": view.updated_ms.saturating_sub(view.started_ms),
        "events": record.events,
        "inputs": view.inputs,
        "outputs": view.outputs,
        "error": view.failure.as_ref().map(|(step, failure)| json!({ "step": step, "kind": failure.kind, "message": failure.message })),
        "usage": view.usage,
        "tool_calls": view.tool_calls,
        "retrieved_tokens": view.retrieved_tokens,
        "chunks_read": view.chunks_read,
        "steps": view.steps.iter().map(|view| step(&record.header.run, view)).collect::<Vec<_>>(),
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
        "items": step.items, "keys": step.keys, "succeeded": step.succeeded, "failed": step.failed,
        "in_doubt": step.in_doubt, "retries": step.retries, "rounds": step.rounds,
        "runs": step.children.iter().map(child).collect::<Vec<_>>(),
        "started_ms": step.started_ms, "ended_ms": step.ended_ms,
        "failure": step.failure.as_ref().map(ToString::to_string),
    })
}

fn agent(agent: &AgentView) -> Value {
    let status = match &agent.status {
        AgentStatus::Thinking => "thinking",
        AgentStatus::Acting => "acting",
        AgentStatus::Leading => "leading",
        AgentStatus::Answered => "answered",
        AgentStatus::Failed(_) => "failed",
    };
    json!({
        "address": agent.address, "model": agent.model, "status": status, "task": agent.task,
        "turns": agent.turns, "tools": agent.tools, "usage": agent.usage, "model_ms": agent.model_ms,
        "retrieved_tokens": agent.retrieved_tokens, "limit": agent.limit,
        "started_ms": agent.started_ms, "ended_ms": agent.ended_ms,
        "answer": agent.message.text,
    })
}
