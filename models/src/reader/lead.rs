//! The lead: one subagent for each part of the request, in waves, then one answer from their reports.

use super::evidence::Passage;
use super::fill::{Scope, fill};
use super::says;
use super::searcher::NO_PASSAGE;
use super::sentences::sentences;
use super::subtasks::subtasks;
use super::transcript::{Report, ToolKind, Transcript, prompts, reports};
use serde_json::{Value, json};
use troupe_core::message::{AssistantMessage, ToolCall};
use troupe_core::port::model::ModelRequest;
use troupe_core::types::Type;

/// Subagents of one wave where the tool's schema states no number (WideSeek-R1).
const WAVE: usize = 10;

/// A subtask that was handed out, and what came of it.
struct Part {
    prompt: String,
    outcome: Result<String, String>,
}

/// The lead's next message.
pub fn respond(request: &ModelRequest, transcript: &Transcript<'_>) -> AssistantMessage {
    let parts = parts(transcript);
    let open: Vec<String> = subtasks(transcript.task)
        .into_iter()
        .skip(parts.len())
        .filter(|task| !task.is_empty())
        .collect();
    if let Some((tool, _)) = transcript.offered(ToolKind::Team).next()
        && !request.forced
        && !open.is_empty()
    {
        let wave = wave_size(&tool.parameters).min(open.len());
        let members: Vec<Value> = open[..wave].iter().map(|prompt| json!({ "prompt": prompt })).collect();
        return AssistantMessage {
            tool_calls: vec![ToolCall {
                id: transcript.call_id(0),
                name: tool.name.clone(),
                arguments: json!({ "sub_agents": members }).to_string(),
            }],
            ..AssistantMessage::default()
        };
    }
    let left = open.into_iter().map(|prompt| Part {
        prompt,
        outcome: Err("it was not asked, since a limit was reached.".into()),
    });
    says(answer(
        &request.output,
        transcript.task,
        parts.into_iter().chain(left).collect(),
    ))
}

/// `maxItems` of the list of subagents, at least 1.
fn wave_size(parameters: &Value) -> usize {
    let stated = parameters["properties"]["sub_agents"]["maxItems"].as_u64();
    stated
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(WAVE)
        .max(1)
}

/// The subtasks of all waves so far. Those that a wave dropped are still open; a wave without any
/// report failed as a whole, so that no subtask is asked for ever.
fn parts(transcript: &Transcript<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for answered in transcript.answered(ToolKind::Team) {
        let prompts = prompts(answered.call);
        let reports = reports(answered.text, &prompts);
        if reports.is_empty() {
            let reason = answered.text.lines().next().unwrap_or_default().trim();
            let reason = reason.strip_prefix("Error: ").unwrap_or(reason);
            let reason = if reason.is_empty() {
                "no report came back."
            } else {
                reason
            };
            parts.extend(prompts.into_iter().map(|prompt| Part {
                prompt,
                outcome: Err(reason.to_owned()),
            }));
            continue;
        }
        let pairs = prompts.into_iter().zip(reports);
        parts.extend(pairs.map(|(prompt, Report { outcome })| Part { prompt, outcome }));
    }
    parts
}

fn answer(output: &Type, task: &str, parts: Vec<Part>) -> String {
    if matches!(output, Type::String | Type::Any) {
        return text_answer(&parts);
    }
    let passages = parts.iter().filter_map(passage).collect();
    let scope = Scope {
        question: task.to_owned(),
        passages,
    };
    match fill(output, &scope) {
        Ok(value) => value.to_string(),
        Err(unfilled) => unfilled.to_string(),
    }
}

/// One answer is given as it is; several are numbered below their questions.
fn text_answer(parts: &[Part]) -> String {
    let said = |part: &Part| match &part.outcome {
        Ok(answer) if answer.is_empty() => "Not answered: the subagent's answer was empty.".to_owned(),
        Ok(answer) => answer.clone(),
        Err(reason) => format!("Not answered: {reason}"),
    };
    match parts {
        [] => "There is no question to answer.".into(),
        [part] => said(part),
        parts => {
            let numbered = parts.iter().enumerate().map(|(n, part)| {
                let body = said(part).replace('\n', "\n   ");
                format!("{}. {}\n   {body}", n + 1, part.prompt.replace('\n', " "))
            });
            numbered.collect::<Vec<_>>().join("\n")
        }
    }
}

/// A report as evidence: its sentences without their citations, the first citation as its id.
fn passage(part: &Part) -> Option<Passage> {
    let answer = part
        .outcome
        .as_ref()
        .ok()
        .filter(|answer| !answer.is_empty() && *answer != NO_PASSAGE)?;
    let (text, id) = without_citations(answer);
    Some(Passage {
        id,
        title: None,
        sentences: sentences(&text),
        topic: Some(part.prompt.clone()),
    })
}

/// Takes ` [id]` after a sentence away, and keeps the first.
fn without_citations(answer: &str) -> (String, Option<String>) {
    let mut text = String::new();
    let mut first = None;
    let mut rest = answer;
    while let Some((head, tail)) = rest.split_once(" [") {
        text.push_str(head);
        match tail.split_once(']') {
            Some((id, after))
                if head.ends_with(['.', '!', '?', '"', ')', '。', '”']) && !id.is_empty() && !id.contains('\n') =>
            {
                first.get_or_insert_with(|| id.to_owned());
                rest = after;
            }
            _ => {
                text.push_str(" [");
                rest = tail;
            }
        }
    }
    text.push_str(rest);
    (text, first)
}
