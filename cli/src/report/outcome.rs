//! How a run ended: its outputs on stdout, or one JSON object.

use super::{line, print_json};
use crate::settings::Settings;
use serde_json::json;
use troupe_agents::Outcome;
use troupe_core::Value;
use troupe_core::expression::as_text;
use troupe_core::id::RunId;
use troupe_core::port::journal::RunStatus;

/// A run and its end.
pub struct Ended<'a> {
    /// The run.
    pub run: &'a RunId,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// From its start to now, in milliseconds.
    pub duration_ms: u64,
}

/// Prints the outputs, and on stderr what happened and what to do next.
pub fn print(ended: &Ended<'_>, settings: &Settings) -> anyhow::Result<()> {
    if settings.json {
        print_json(&object(ended))?;
    } else {
        for (name, value) in &ended.outcome.outputs {
            match value {
                Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                    line(&format!("{name}:\n{}\n", indent(&as_text(value))))?
                }
                other => line(&format!("{name}:\n{}\n", indent(&serde_json::to_string_pretty(other)?)))?,
            }
        }
    }
    if let Some((step, failure)) = &ended.outcome.failure {
        let place = step.as_ref().map(|step| format!("step `{step}`: ")).unwrap_or_default();
        anstream::eprintln!("{}{place}{failure}", settings.error_mark());
    }
    for limit in &ended.outcome.limits_passed {
        settings.say(format!("{}a limit was passed: {limit}", settings.warning_mark()));
    }
    settings.say(next(ended));
    Ok(())
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What happened, and what can be done next.
fn next(ended: &Ended<'_>) -> String {
    let run = ended.run;
    match ended.outcome.status {
        RunStatus::Succeeded => format!("run {run} succeeded; `troupe show {run}` shows how"),
        RunStatus::Cancelled => format!("run {run} was cancelled; `troupe resume {run}` goes on with it"),
        RunStatus::Failed => {
            format!("run {run} failed; `troupe show {run}` shows where, `troupe resume {run}` tries again what failed")
        }
        RunStatus::Running | RunStatus::Waiting => format!("run {run} is {}", ended.outcome.status.word()),
    }
}

fn object(ended: &Ended<'_>) -> Value {
    let outcome = ended.outcome;
    let progress = outcome.progress;
    let mut object = json!({
        "run": ended.run,
        "status": outcome.status,
        "outputs": outcome.outputs,
        "usage": {
            "prompt_tokens": progress.usage.prompt_tokens,
            "cached_tokens": progress.usage.cached_tokens,
            "completion_tokens": progress.usage.completion_tokens,
            "agents": progress.agents,
            "tool_calls": progress.tool_calls,
        },
        "duration_ms": ended.duration_ms,
    });
    if outcome.status == RunStatus::Waiting {
        let questions = outcome.questions.iter().map(|question| {
            json!({
                "step": question.place,
                "message": question.message,
                "choices": question.choices,
                "deadline_ms": question.deadline_ms,
            })
        });
        object["questions"] = questions.collect();
    }
    if !outcome.limits_passed.is_empty() {
        object["limits_passed"] = outcome.limits_passed.iter().map(super::limits::reached).collect();
    }
    if let Some((step, failure)) = &outcome.failure {
        object["error"] = json!({ "step": step, "kind": failure.kind, "message": failure.message });
    }
    object
}
