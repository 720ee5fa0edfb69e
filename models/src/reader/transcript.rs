//! What a request holds: the task, the tools on offer, what was called and what came back.
//!
//! Formats relied on: a subagent's first message is `Main task:\n…\n\nYour subtask:\n…`; a wave's
//! report has sections `## Subagent N`; tools are known by the end of their names.

use serde_json::Value;
use troupe_core::hint;
use troupe_core::ir::CREATE_SUB_AGENTS;
use troupe_core::message::{Message, ToolCall};
use troupe_core::port::model::ModelRequest;
use troupe_core::port::tool::ToolSpec;

/// What a tool is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolKind {
    /// Search by literal words.
    Keyword,
    /// Search by meaning.
    Semantic,
    /// Search by both.
    Hybrid,
    /// Chunks in full.
    Read,
    /// Subagents.
    Team,
}

impl ToolKind {
    /// Those that list chunks.
    pub const SEARCHES: [Self; 3] = [Self::Keyword, Self::Semantic, Self::Hybrid];

    /// The kind of a tool's name, and what stands before it: `papers_keyword_search` is
    /// (`Keyword`, `papers_`).
    pub fn of(name: &str) -> Option<(ToolKind, &str)> {
        let kinds = [
            ("keyword_search", Self::Keyword),
            ("semantic_search", Self::Semantic),
            ("hybrid_search", Self::Hybrid),
            ("read_chunk", Self::Read),
            (CREATE_SUB_AGENTS, Self::Team),
        ];
        kinds
            .into_iter()
            .find_map(|(suffix, kind)| Some((kind, name.strip_suffix(suffix)?)))
    }
}

/// A call of an earlier turn with its answer.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The call.
    pub call: &'a ToolCall,
    /// What came back; empty while nothing has.
    pub text: &'a str,
}

/// A request, read once.
#[derive(Debug)]
pub struct Transcript<'a> {
    /// The task as a whole, where the agent works on a part of it.
    pub main_task: Option<&'a str>,
    /// What is to be done.
    pub task: &'a str,
    tools: &'a [ToolSpec],
    answered: Vec<Answered<'a>>,
}

impl<'a> Transcript<'a> {
    /// Reads a request. The first user message is the task; later ones are notices of the runtime.
    pub fn read(request: &'a ModelRequest) -> Self {
        let messages = request.messages.iter().map(|message| &**message);
        let first = messages.clone().find_map(|message| match message {
            Message::User { text } => Some(text.as_str()),
            _ => None,
        });
        let (main_task, task) = split_briefing(hint::strip(first.unwrap_or_default()));
        let result = |id: &str, after: usize| {
            let later = request.messages.iter().skip(after + 1);
            let texts = later.map_while(|message| match &**message {
                Message::Tool { id, text, .. } => Some((id, text)),
                _ => None,
            });
            texts
                .into_iter()
                .find_map(|(answered, text)| (answered == id).then(|| hint::strip(text)))
        };
        let calls = messages.enumerate().filter_map(|(at, message)| match message {
            Message::Assistant(message) => Some((at, &message.tool_calls)),
            _ => None,
        });
        let answered = calls.flat_map(|(at, calls)| {
            calls.iter().map(move |call| Answered {
                call,
                text: result(&call.id, at).unwrap_or_default(),
            })
        });
        Self {
            main_task,
            task,
            tools: &request.tools,
            answered: answered.collect(),
        }
    }

    /// Whether subagents are, or were, at hand.
    pub fn is_lead(&self) -> bool {
        self.offered(ToolKind::Team).next().is_some() || self.answered(ToolKind::Team).next().is_some()
    }

    /// The tools of a kind on offer, with what stands before their names.
    pub fn offered(&self, kind: ToolKind) -> impl Iterator<Item = (&'a ToolSpec, &'a str)> {
        let of_kind = move |tool: &'a ToolSpec| {
            ToolKind::of(&tool.name)
                .filter(|(of, _)| *of == kind)
                .map(|(_, prefix)| (tool, prefix))
        };
        self.tools.iter().filter_map(of_kind)
    }

    /// Earlier calls of a kind of tool, in order.
    pub fn answered(&self, kind: ToolKind) -> impl Iterator<Item = Answered<'a>> {
        let of_kind =
            move |answered: &Answered<'a>| ToolKind::of(&answered.call.name).is_some_and(|(of, _)| of == kind);
        self.answered.iter().copied().filter(of_kind)
    }

    /// Whether any tool is on offer.
    pub fn has_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    /// An id that no earlier call has.
    pub fn call_id(&self, position: usize) -> String {
        format!("reader_{}", self.answered.len() + position)
    }
}

fn split_briefing(text: &str) -> (Option<&str>, &str) {
    let parts = text
        .strip_prefix("Main task:\n")
        .and_then(|rest| rest.rsplit_once("\n\nYour subtask:\n"));
    match parts {
        Some((main, own)) => (Some(main.trim()), own.trim()),
        None => (None, text.trim()),
    }
}

/// A subagent's report to its lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its answer, or why there is none.
    pub outcome: Result<String, String>,
}

/// The sections of a wave's report, in order. A section begins with the number that is due, so that an
/// answer which quotes such a heading is not cut.
pub fn reports(text: &str, prompts: &[String]) -> Vec<Report> {
    let mut starts = Vec::new();
    let mut from = 0;
    loop {
        let heading = format!("## Subagent {}\nTask: ", starts.len() + 1);
        let found = text[from..].match_indices(&heading).map(|(at, _)| from + at);
        let Some(at) = found.into_iter().find(|at| *at == 0 || text[..*at].ends_with('\n')) else {
            break;
        };
        from = at + heading.len();
        starts.push((at, from));
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let bodies = starts.iter().zip(ends).map(|((_, from), to)| &text[*from..to]);
    bodies
        .zip(prompts.iter().map(Some).chain(std::iter::repeat(None)))
        .map(|(body, prompt)| report(body, prompt))
        .collect()
}

fn report(body: &str, prompt: Option<&String>) -> Report {
    let body = prompt
        .and_then(|prompt| body.strip_prefix(prompt.trim()))
        .unwrap_or(body);
    let mut lines = body.split_inclusive('\n');
    let mut at = 0;
    let outcome = loop {
        let Some(line) = lines.next() else {
            break Err("its report could not be read.".to_owned());
        };
        at += line.len();
        if let Some(reason) = line.strip_prefix("Failed: ") {
            break Err(format!("{reason}{}", &body[at..]).trim().to_owned());
        }
        if line.starts_with("Result:") || line.starts_with("Result (") {
            break Ok(body[at..].trim().to_owned());
        }
    };
    Report { outcome }
}

/// The prompts of a call for subagents.
pub fn prompts(call: &ToolCall) -> Vec<String> {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let entries = arguments["sub_agents"].as_array().cloned().unwrap_or_default();
    let prompts = entries.iter().filter_map(|entry| entry["prompt"].as_str());
    prompts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str, prompts: &[&str]) -> Vec<Result<String, String>> {
        let prompts: Vec<String> = prompts.iter().map(|prompt| (*prompt).to_owned()).collect();
        reports(text, &prompts)
            .into_iter()
            .map(|report| report.outcome)
            .collect()
    }

    #[test]
    fn reports_are_cut_at_the_heading_that_is_due() {
        let text = "## Subagent 1\nTask: One?\nResult:\nA.\n## Subagent 9 is a heading of mine.\n\n\
                    ## Subagent 2\nTask: Two?\nwith lines\nFailed: no connection (model). You may ask again, differently.\n\n\
                    ## Subagent 3\nTask: Three?\nResult (incomplete: the subagent reached its limit of turns):\nB.";
        assert_eq!(
            outcomes(text, &["One?", "Two?\nwith lines", "Three?"]),
            [
                Ok("A.\n## Subagent 9 is a heading of mine.".into()),
                Err("no connection (model). You may ask again, differently.".into()),
                Ok("B.".into()),
            ]
        );
    }

    #[test]
    fn what_is_no_report_has_no_sections() {
        assert!(outcomes("Error: create_sub_agents needs `sub_agents`.", &["x"]).is_empty());
    }

    #[test]
    fn a_task_that_looks_like_a_result_is_known_by_its_prompt() {
        let text = "## Subagent 1\nTask: Say\nResult:\nx\nResult:\ny";
        assert_eq!(outcomes(text, &["Say\nResult:\nx"]), [Ok("y".into())]);
    }

    #[test]
    fn a_briefing_has_two_parts() {
        assert_eq!(
            split_briefing("Main task:\nall\n\nYour subtask:\nmine"),
            (Some("all"), "mine")
        );
        assert_eq!(split_briefing(" just a question "), (None, "just a question"));
    }
}
