//! The searcher: search by words, search by meaning, read the best chunks, answer with their sentences.

use super::evidence::{Hit, Passage, passages, ranked_hits};
use super::fill::{Scope, fill};
use super::keywords::keywords;
use super::says;
use super::scoring::Question;
use super::sentences::sentences;
use super::transcript::{ToolKind, Transcript};
use serde_json::json;
use troupe_core::Value;
use troupe_core::message::{AssistantMessage, ToolCall};
use troupe_core::port::model::ModelRequest;
use troupe_core::types::Type;

/// Chunks read for one question, where the searches found so many.
const READ_MIN: usize = 2;
const READ_MAX: usize = 3;
/// The share of the best snippets' coverage from which a third chunk is read.
const NEARLY: f64 = 0.5;
/// Characters of a question that are searched for by meaning; embedders read no more.
const QUERY_CHARACTERS_MAX: usize = 1_000;

/// What is said when the evidence holds no answer.
pub const NO_PASSAGE: &str = "No passage in the corpus answers this.";

/// The searcher's next message.
pub fn respond(request: &ModelRequest, transcript: &Transcript<'_>) -> AssistantMessage {
    let question = question(transcript);
    if !request.forced
        && let Some(calls) = next_calls(transcript, &question)
    {
        return AssistantMessage {
            tool_calls: calls,
            ..AssistantMessage::default()
        };
    }
    let mut passages = passages(transcript, &question);
    let mut question = question;
    if passages.is_empty() && !has_searched(transcript) && !transcript.has_tools() {
        (question, passages) = own_text(transcript.task);
    }
    says(answer(&request.output, question, passages))
}

/// The question in a subtask. A subtask without a word of its own is read together with the main task.
fn question(transcript: &Transcript<'_>) -> String {
    match transcript.main_task {
        Some(main) if keywords(transcript.task).is_empty() => format!("{main}\n{}", transcript.task),
        _ => transcript.task.to_owned(),
    }
}

fn has_searched(transcript: &Transcript<'_>) -> bool {
    let mut kinds = ToolKind::SEARCHES.into_iter().chain([ToolKind::Read]);
    kinds.any(|kind| transcript.answered(kind).next().is_some())
}

/// The calls of the next turn: every corpus is searched by words, then by meaning, then read. A step
/// whose tool is not on offer is left out; a search by both stands in for one that is missing. None when it is
/// time to answer.
fn next_calls(transcript: &Transcript<'_>, question: &str) -> Option<Vec<ToolCall>> {
    if question.is_empty() {
        return None;
    }
    let untried = |kind| transcript.answered(kind).next().is_none() && transcript.offered(kind).next().is_some();
    let keywords = keywords(question);
    if untried(ToolKind::Keyword) && !keywords.is_empty() {
        return Some(calls(transcript, ToolKind::Keyword, &json!({ "keywords": keywords })));
    }
    let offers = |kind| transcript.offered(kind).next().is_some();
    let both = offers(ToolKind::Keyword) && offers(ToolKind::Semantic);
    for kind in [ToolKind::Semantic, ToolKind::Hybrid] {
        if untried(kind) && !(kind == ToolKind::Hybrid && both) {
            let query: String = question.chars().take(QUERY_CHARACTERS_MAX).collect();
            return Some(calls(transcript, kind, &json!({ "query": query })));
        }
    }
    if untried(ToolKind::Read) {
        let hits = ranked_hits(transcript, question);
        return Some(read_calls(transcript, &hits, question)).filter(|calls| !calls.is_empty());
    }
    None
}

fn calls(transcript: &Transcript<'_>, kind: ToolKind, arguments: &Value) -> Vec<ToolCall> {
    let tools = transcript.offered(kind).enumerate();
    let call = |(position, (tool, _)): (usize, (&troupe_core::port::tool::ToolSpec, &str))| ToolCall {
        id: transcript.call_id(position),
        name: tool.name.clone(),
        arguments: arguments.to_string(),
    };
    tools.map(call).collect()
}

/// Reads the two best chunks, and the third where its snippets hold nearly as much of the question.
fn read_calls(transcript: &Transcript<'_>, hits: &[Hit], question: &str) -> Vec<ToolCall> {
    let asked = Question::new(question, hits.iter().map(|hit| hit.snippet.as_str()));
    let coverage = |hit: &Hit| asked.coverage(&hit.snippet);
    let best = hits.iter().map(coverage).fold(0.0, f64::max);
    let worth = |(n, hit): &(usize, &Hit)| *n < READ_MIN || coverage(hit) >= best * NEARLY;
    let chosen = hits.iter().take(READ_MAX).enumerate().filter(worth).map(|(_, hit)| hit);
    let chosen: Vec<&Hit> = chosen.collect();
    let mut calls = Vec::new();
    for (tool, prefix) in transcript.offered(ToolKind::Read) {
        let of_corpus = chosen.iter().filter(|hit| hit.prefix == prefix);
        let ids: Vec<&str> = of_corpus.map(|hit| hit.id.as_str()).collect();
        if !ids.is_empty() {
            calls.push(ToolCall {
                id: transcript.call_id(calls.len()),
                name: tool.name.clone(),
                arguments: json!({ "chunk_ids": ids }).to_string(),
            });
        }
    }
    calls
}

/// Without tools the task's own text is the evidence: its questions, or else its first sentence, ask; the
/// rest answers.
fn own_text(task: &str) -> (String, Vec<Passage>) {
    let (questions, mut rest): (Vec<String>, Vec<String>) = sentences(task).into_iter().partition(|s| s.ends_with('?'));
    let question = if questions.is_empty() && !rest.is_empty() {
        rest.remove(0)
    } else {
        questions.join(" ")
    };
    let passage = Passage {
        sentences: rest,
        ..Passage::default()
    };
    (question, vec![passage])
}

/// The answer in the declared form.
fn answer(output: &Type, question: String, passages: Vec<Passage>) -> String {
    if matches!(output, Type::String | Type::Any) {
        return text_answer(&question, &passages);
    }
    match fill(output, &Scope { question, passages }) {
        Ok(value) => value.to_string(),
        Err(unfilled) => unfilled.to_string(),
    }
}

fn text_answer(question: &str, passages: &[Passage]) -> String {
    if question.is_empty() {
        return "There is no question to answer.".into();
    }
    let picks = Question::over(question, passages).best(passages);
    if picks.is_empty() {
        let searched = passages.iter().any(|passage| passage.id.is_some()) || passages.is_empty();
        return if searched { NO_PASSAGE.into() } else { REFUSAL.into() };
    }
    let mut statements = Vec::new();
    if asks_for_a_work(question)
        && let Some(passage) = picks.first().map(|pick| &passages[pick.passage])
        && let Some(title) = &passage.title
    {
        statements.push(cited(title, passage));
    }
    for pick in picks {
        let passage = &passages[pick.passage];
        statements.push(cited(&passage.sentences[pick.sentence], passage));
    }
    statements.join(" ")
}

/// What is said when there is nothing to read.
const REFUSAL: &str = "builtin/reader is no language model: it can only quote from text that it is given or \
                       searches, and nothing here answers this.";

fn cited(sentence: &str, passage: &Passage) -> String {
    let stop = if sentence.ends_with(['.', '!', '?', '。', '"', ')', '”']) {
        ""
    } else {
        "."
    };
    match &passage.id {
        Some(id) => format!("{sentence}{stop} [{id}]"),
        None => format!("{sentence}{stop}"),
    }
}

/// Whether the title of a passage is part of the answer: `Which paper …`.
fn asks_for_a_work(question: &str) -> bool {
    let lower = question.to_lowercase();
    let kinds = [
        "paper",
        "papers",
        "work",
        "works",
        "article",
        "articles",
        "study",
        "studies",
        "document",
        "documents",
        "publication",
        "publications",
        "book",
        "books",
    ];
    let asked: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    asked
        .windows(2)
        .any(|pair| matches!(pair[0], "which" | "what") && kinds.contains(&pair[1]))
}
