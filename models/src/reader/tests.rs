//! Conversations: messages in, the reader's next message out.

use super::*;
use futures_util::StreamExt;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;
use troupe_core::message::{Message, ToolCall};
use troupe_core::port::model::Fold;
use troupe_core::sampling::Sampling;
use troupe_core::types::Type;

/// A conversation under construction.
#[derive(Clone)]
struct Conversation {
    request: ModelRequest,
}

impl Conversation {
    fn begin(task: &str, tools: &[&str]) -> Self {
        let tool = |name: &&str| ToolSpec {
            name: (*name).to_owned(),
            description: String::new(),
            parameters: json!({ "properties": { "sub_agents": { "maxItems": 2 } } }),
            result: Type::Any,
        };
        let messages = vec![Arc::new(Message::User { text: task.into() })];
        Self {
            request: ModelRequest {
                system: "".into(),
                messages,
                tools: tools.iter().map(tool).collect(),
                branch: None,
                calling: troupe_core::port::model::Calling::default(),
                output: Type::String,
                sampling: Sampling::default(),
                forced: false,
            },
        }
    }

    fn searching(task: &str) -> Self {
        Self::begin(task, &["keyword_search", "semantic_search", "read_chunk"])
    }

    /// The reader calls tools, and these are the answers.
    fn answered(mut self, texts: &[&str]) -> Self {
        let message = respond(&self.request);
        assert_eq!(message.tool_calls.len(), texts.len(), "{message:?}");
        let calls = message.tool_calls.clone();
        self.request.messages.push(Arc::new(Message::Assistant(message.into())));
        for (call, text) in calls.into_iter().zip(texts) {
            let (id, name, text) = (call.id, call.name, (*text).to_owned());
            self.request.messages.push(Arc::new(Message::Tool { id, name, text }));
        }
        self
    }

    fn output(mut self, output: Type) -> Self {
        self.request.output = output;
        self
    }

    fn forced(mut self) -> Self {
        self.request.forced = true;
        self.request.tools = Arc::new([]);
        self
    }

    /// The reader's next message: its calls, a line each, or its text.
    fn next(&self) -> String {
        let message = respond(&self.request);
        let calls = message
            .tool_calls
            .iter()
            .map(|call| format!("{} {}", call.name, call.arguments));
        calls
            .chain([message.text.clone()])
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

const FOUND: &str = "Chunk bridge\n... The Golden Bridge was opened in 1932 ...\n\nChunk ferry\n... The ferry closed when the bridge opened ...";
const NEAR: &str = "Chunk ferry (similarity 0.612)\n... The ferry closed when the bridge opened ...\n\nChunk bridge (similarity 0.581)\n... The Golden Bridge was opened in 1932 ...";

fn frame(id: &str, text: &str) -> String {
    let (double, single) = ("=".repeat(80), "-".repeat(80));
    format!("{double}\nChunk {id}\n{single}\n{text}\n{double}")
}

fn read() -> String {
    let bridge = frame(
        "bridge",
        "# The Golden Bridge\n\nThe strait was crossed by boat for centuries. The Golden Bridge, a suspension bridge of \
         2,737 metres, was opened in 1932. Its engineer was Ada Smith. The plans are at https://example.org/plans. \
         The SteelPress dataset describes its 27 cables.",
    );
    let ferry = frame(
        "ferry",
        "# Ferries\n\nThe ferry had forty boats. It closed when the bridge opened.",
    );
    format!("{bridge}\n\n{ferry}")
}

fn having_read(question: &str) -> Conversation {
    Conversation::searching(question)
        .answered(&[FOUND])
        .answered(&[NEAR])
        .answered(&[&read()])
}

fn object(fields: &[(&str, Type)]) -> Type {
    Type::Object(
        fields
            .iter()
            .map(|(name, field)| ((*name).to_owned(), field.clone()))
            .collect(),
    )
}

fn optional(part: Type) -> Type {
    part.or(Type::Null)
}

#[test]
fn a_searcher_searches_by_words_then_by_meaning_then_reads_then_answers() {
    let mut conversation = Conversation::searching("When was the Golden Bridge opened?");
    let mut turns = vec![conversation.next()];
    for text in [FOUND, NEAR, &read()] {
        conversation = conversation.answered(&[text]);
        turns.push(conversation.next());
    }
    assert_snapshot!(turns.join("\n\n"), @r#"
    keyword_search {"keywords":["Golden Bridge","Golden","Bridge","opened"]}

    semantic_search {"query":"When was the Golden Bridge opened?"}

    read_chunk {"chunk_ids":["bridge","ferry"]}

    The Golden Bridge, a suspension bridge of 2,737 metres, was opened in 1932. [bridge]
    "#);
}

#[test]
fn a_question_about_a_work_is_answered_with_its_title() {
    assert_snapshot!(having_read("Which paper describes the opening of the Golden Bridge?").next(), @"The Golden Bridge. [bridge] The Golden Bridge, a suspension bridge of 2,737 metres, was opened in 1932. [bridge]");
}

#[test]
fn two_sentences_stand_in_document_order() {
    assert_snapshot!(having_read("Where are the plans, and who was the engineer?").next(), @"Its engineer was Ada Smith. [bridge] The plans are at https://example.org/plans. [bridge]");
}

#[test]
fn what_the_chunks_do_not_say_is_not_answered() {
    assert_snapshot!(having_read("What is the capital of Mongolia?").next(), @"No passage in the corpus answers this.");
}

#[test]
fn nothing_found_is_said() {
    let nothing = Conversation::searching("What is Zorbium?")
        .answered(&["No chunk contains any of the keywords [\"Zorbium\"]."])
        .answered(&["No chunk comes near in meaning to \"What is Zorbium?\"."]);
    assert_snapshot!(nothing.next(), @"No passage in the corpus answers this.");
}

#[test]
fn without_reading_the_snippets_are_the_evidence() {
    let conversation =
        Conversation::begin("When was the Golden Bridge opened?", &["keyword_search"]).answered(&[FOUND]);
    assert_snapshot!(conversation.next(), @"The Golden Bridge was opened in 1932. [bridge]");
}

#[test]
fn a_search_by_both_stands_in_for_one_that_is_missing() {
    let question = "When was the Golden Bridge opened?";
    let alone = Conversation::begin(question, &["hybrid_search", "read_chunk"]);
    assert_eq!(alone.next(), format!(r#"hybrid_search {{"query":"{question}"}}"#));
    let found = alone.answered(&["Chunk bridge (already read)\n... The Golden Bridge was opened in 1932 ..."]);
    assert_eq!(found.next(), r#"read_chunk {"chunk_ids":["bridge"]}"#);
    let beside = Conversation::begin(
        question,
        &["keyword_search", "hybrid_search", "semantic_search", "read_chunk"],
    );
    let beside = beside.answered(&[FOUND]).answered(&[NEAR]);
    assert!(beside.next().starts_with("read_chunk "), "{}", beside.next());
}

#[test]
fn whole_chunks_that_a_search_shows_are_evidence() {
    let found = Conversation::begin("When was the Golden Bridge opened?", &["semantic_search"]);
    let whole = read().replace("Chunk bridge", "Chunk bridge (similarity 0.581)");
    let answer = found.answered(&[&whole]).next();
    assert!(answer.contains("opened in 1932. [bridge]"), "{answer}");
}

#[test]
fn a_tool_that_failed_is_no_evidence() {
    let conversation = Conversation::begin("When was the Golden Bridge opened?", &["keyword_search"])
        .answered(&["Error: the index cannot be read"]);
    assert_snapshot!(conversation.next(), @"No passage in the corpus answers this.");
}

#[test]
fn every_corpus_is_searched_and_read_by_its_own_tools() {
    let tools = ["a_keyword_search", "a_read_chunk", "b_keyword_search", "b_read_chunk"];
    let conversation = Conversation::begin("When was the Golden Bridge opened?", &tools);
    let read = conversation
        .clone()
        .answered(&[FOUND, "Chunk bridge\n... Another bridge opened in 1932 ..."]);
    assert_snapshot!(format!("{}\n\n{}", conversation.next(), read.next()), @r#"
    a_keyword_search {"keywords":["Golden Bridge","Golden","Bridge","opened"]}
    b_keyword_search {"keywords":["Golden Bridge","Golden","Bridge","opened"]}

    a_read_chunk {"chunk_ids":["bridge","ferry"]}
    b_read_chunk {"chunk_ids":["bridge"]}
    "#);
}

#[test]
fn a_forced_answer_uses_what_is_there() {
    let conversation = Conversation::searching("When was the Golden Bridge opened?").answered(&[FOUND]);
    assert_snapshot!(conversation.forced().next(), @"The Golden Bridge was opened in 1932. [bridge]");
}

#[test]
fn a_subtask_is_searched_for_by_its_own_words() {
    let conversation = Conversation::searching(
        "Main task:\nCompare bridges and ferries.\n\nYour subtask:\nWho built the Golden Bridge?",
    );
    assert_snapshot!(conversation.next(), @r#"keyword_search {"keywords":["Golden Bridge","Golden","Bridge","built"]}"#);
}

#[test]
fn without_tools_the_text_itself_answers() {
    let text = "When does the harbour open? The harbour opens at six. The tower is closed on Mondays.";
    assert_snapshot!(Conversation::begin(text, &[]).next(), @"The harbour opens at six.");
}

#[test]
fn without_tools_and_text_it_says_what_it_is() {
    assert_snapshot!(Conversation::begin("Write a poem about spring.", &[]).next(), @"builtin/reader is no language model: it can only quote from text that it is given or searches, and nothing here answers this.");
}

#[test]
fn a_lead_hands_out_waves_and_collects_them() {
    let lead = Conversation::begin(
        "1. What is A-RAG?\n2. What is HalluHard?\n3. What is FOTBCD?",
        &["create_sub_agents"],
    );
    let first = lead.next();
    let lead = lead.answered(&["## Subagent 1\nTask: What is A-RAG?\nResult:\nA framework. [a]\n\n\
         ## Subagent 2\nTask: What is HalluHard?\nFailed: no connection (model). You may ask again, differently."]);
    let second = lead.next();
    let lead = lead.answered(&["## Subagent 1\nTask: What is FOTBCD?\nResult:\nA dataset. [f]\nIt is large. [f]"]);
    assert_snapshot!([first, second, lead.next()].join("\n\n"), @r#"
    create_sub_agents {"sub_agents":[{"prompt":"What is A-RAG?"},{"prompt":"What is HalluHard?"}]}

    create_sub_agents {"sub_agents":[{"prompt":"What is FOTBCD?"}]}

    1. What is A-RAG?
       A framework. [a]
    2. What is HalluHard?
       Not answered: no connection (model). You may ask again, differently.
    3. What is FOTBCD?
       A dataset. [f]
       It is large. [f]
    "#);
}

#[test]
fn subtasks_that_a_wave_dropped_are_asked_for_again() {
    let lead = Conversation::begin("- What is A-RAG?\n- What is HalluHard?", &["create_sub_agents"])
        .answered(&["## Subagent 1\nTask: What is A-RAG?\nResult:\nA framework. [a]\n\n\
         1 of the 2 requested subagents were NOT started: at most 1 per call. Ask for the rest in another call."]);
    assert_snapshot!(lead.next(), @r#"create_sub_agents {"sub_agents":[{"prompt":"What is HalluHard?"}]}"#);
}

#[test]
fn a_wave_that_failed_as_a_whole_is_not_repeated() {
    let lead = Conversation::begin("What is A-RAG?", &["create_sub_agents"])
        .answered(&["Error: the run has started 5 agents and may start 5 at most (`limits.agents`)."]);
    assert_snapshot!(lead.next(), @"Not answered: the run has started 5 agents and may start 5 at most (`limits.agents`).");
}

#[test]
fn a_lead_that_is_forced_says_what_was_not_asked() {
    let lead = Conversation::begin("- What is A?\n- What is B?\n- What is C?", &["create_sub_agents"]);
    assert_snapshot!(lead.forced_with_team().next(), @r#"
    1. What is A?
       One. [a]
    2. What is B?
       Two. [b]
    3. What is C?
       Not answered: it was not asked, since a limit was reached.
    "#);
}

impl Conversation {
    /// A first wave came back, then the limit.
    fn forced_with_team(self) -> Self {
        let wave =
            "## Subagent 1\nTask: What is A?\nResult:\nOne. [a]\n\n## Subagent 2\nTask: What is B?\nResult:\nTwo. [b]";
        self.answered(&[wave]).forced()
    }
}

#[test]
fn fields_are_filled_by_name_and_type() {
    let output = object(&[
        ("answer", Type::String),
        ("chunk", optional(Type::String)),
        ("title", Type::String),
        ("question", Type::String),
        ("supported", Type::Boolean),
        ("year", optional(Type::Integer)),
        ("metres", Type::Number),
        ("cables", optional(Type::Integer)),
        ("dataset", optional(Type::String)),
        ("url", optional(Type::String)),
        ("code", optional(Type::String)),
        ("kind", optional(Type::Enum(vec!["suspension".into(), "arch".into()]))),
        ("material", optional(Type::Enum(vec!["wood".into(), "stone".into()]))),
        ("citations", Type::List(Box::new(Type::String))),
    ]);
    let filled = having_read("When was the Golden Bridge opened?")
        .output(output.clone())
        .next();
    let value = serde_json::from_str(&filled).expect("JSON");
    assert_eq!(output.check(&value), Ok(()));
    assert_snapshot!(serde_json::to_string_pretty(&value).expect("JSON"), @r#"
    {
      "answer": "The Golden Bridge, a suspension bridge of 2,737 metres, was opened in 1932.",
      "chunk": "bridge",
      "title": "The Golden Bridge",
      "question": "When was the Golden Bridge opened?",
      "supported": true,
      "year": 1932,
      "metres": 2737,
      "cables": 27,
      "dataset": "SteelPress",
      "url": "https://example.org/plans",
      "code": null,
      "kind": "suspension",
      "material": null,
      "citations": [
        "bridge",
        "ferry"
      ]
    }
    "#);
}

#[test]
fn what_is_not_there_is_null_or_false() {
    let output = object(&[
        ("supported", Type::Boolean),
        ("chunk", optional(Type::String)),
        ("quote", optional(Type::String)),
        ("count", optional(Type::Integer)),
        ("sources", Type::List(Box::new(Type::String))),
    ]);
    assert_snapshot!(having_read("What is the capital of Mongolia?").output(output).next(), @r#"{"supported":false,"chunk":null,"quote":null,"count":null,"sources":[]}"#);
}

#[test]
fn a_required_field_without_evidence_is_named() {
    let output = object(&[(
        "rows",
        Type::List(Box::new(object(&[(
            "colour",
            Type::Enum(vec!["red".into(), "blue".into()]),
        )]))),
    )]);
    assert_snapshot!(having_read("When was the Golden Bridge opened?").output(output).next(), @"builtin/reader cannot fill `$.rows[].colour` (red | blue) from what it read. It is no language model and only copies what it finds: allow null there, or use a language model.");
    assert_snapshot!(having_read("What is the capital of Mongolia?").output(Type::Integer).next(), @"builtin/reader cannot fill `$` (integer) from what it read. It is no language model and only copies what it finds: allow null there, or use a language model.");
    assert_snapshot!(having_read("When was the Golden Bridge opened?").output(Type::File).next(), @"builtin/reader cannot fill `$` (file) from what it read. It is no language model and only copies what it finds: allow null there, or use a language model.");
}

#[test]
fn a_lead_fills_a_row_from_each_report() {
    let row = object(&[
        ("question", Type::String),
        ("summary", Type::String),
        ("chunk", optional(Type::String)),
        ("boats", optional(Type::Integer)),
    ]);
    let lead = Conversation::begin(
        "- Who built the Golden Bridge?\n- How many boats had the ferry?",
        &["create_sub_agents"],
    )
    .output(object(&[("rows", Type::List(Box::new(row)))]))
    .answered(&[
        "## Subagent 1\nTask: Who built the Golden Bridge?\nResult:\nIts engineer was Ada Smith. [bridge]\n\n\
             ## Subagent 2\nTask: How many boats had the ferry?\nResult:\nThe ferry had 40 boats. [ferry]",
    ]);
    assert_snapshot!(lead.next(), @r#"{"rows":[{"question":"Who built the Golden Bridge?","summary":"Its engineer was Ada Smith.","chunk":"bridge","boats":null},{"question":"How many boats had the ferry?","summary":"The ferry had 40 boats.","chunk":"ferry","boats":40}]}"#);
}

#[tokio::test]
async fn the_stream_folds_to_the_same_message() {
    for conversation in [
        having_read("When was the Golden Bridge opened?"),
        Conversation::searching("When?\u{1f5fc}"),
    ] {
        let mut fold = Fold::default();
        let mut stream = Reader
            .generate(conversation.request.clone())
            .await
            .expect("the stream starts");
        while let Some(delta) = stream.next().await {
            fold.push(delta.expect("no error"));
        }
        let reply = fold.finish(0);
        assert_eq!(*reply.message, respond(&conversation.request));
        assert!(reply.usage.prompt_tokens > 0 && reply.usage.completion_tokens > 0);
    }
}

#[test]
fn hostile_tasks_end_in_a_message() {
    let long = "word ".repeat(200_000);
    for task in [
        "",
        " \n ",
        "the of and",
        "???",
        "。。。",
        long.as_str(),
        "Main task:\n\n\nYour subtask:\n",
        "\u{0}\u{feff}",
        "1. \n2. ",
    ] {
        for conversation in [
            Conversation::begin(task, &[]),
            Conversation::searching(task),
            Conversation::begin(task, &["create_sub_agents"]),
        ] {
            let message = respond(&conversation.request);
            assert!(
                !message.text.is_empty() || !message.tool_calls.is_empty(),
                "{:?}",
                &task[..task.len().min(40)]
            );
            assert!(message.tool_calls.iter().all(is_object));
        }
    }
}

fn is_object(call: &ToolCall) -> bool {
    serde_json::from_str::<serde_json::Value>(&call.arguments).is_ok_and(|value| value.is_object())
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Any),
        Just(Type::Boolean),
        Just(Type::Integer),
        Just(Type::Number),
        Just(Type::String),
        Just(Type::File),
        Just(Type::Enum(vec!["low".into(), "".into()])),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|item| Type::List(Box::new(item))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.clone().prop_map(|part| part.or(Type::Null)),
            proptest::collection::vec(("[a-zA-Z_]{0,8}", inner), 1..4)
                .prop_map(|fields| Type::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_anywhere_never_panics(task in "\\PC{0,200}", shown in "(Chunk |\\.\\.\\. |\n|[a-z]{1,6} |\\PC{0,9}){0,30}", text in "(## Subagent 1\nTask: |Result:\n|\\PC{0,12}|\n){0,20}") {
        let mut searcher = Conversation::searching(&task);
        for answer in [&shown, &shown, &frame("x", &text)] {
            let calls = respond(&searcher.request).tool_calls.len();
            if calls == 0 {
                break;
            }
            searcher = searcher.answered(&vec![answer.as_str(); calls]);
        }
        searcher.next();
        let lead = Conversation::begin(&task, &["create_sub_agents"]);
        if !respond(&lead.request).tool_calls.is_empty() {
            lead.answered(&[&text]).next();
        }
    }

    #[test]
    fn whatever_is_filled_fits_its_type(output in any_type(), question in "(Who|When|Golden Bridge|opened|cables|\\PC{0,5}| ){0,12}") {
        let evidence = Conversation::searching("Golden Bridge").answered(&[FOUND]).answered(&[NEAR]).answered(&[&read()]);
        let mut conversation = evidence.output(output.clone());
        conversation.request.messages[0] = Arc::new(Message::User { text: question });
        let text = respond(&conversation.request).text;
        let is_text = matches!(output, Type::String | Type::Any);
        let refused = text.starts_with("builtin/reader cannot fill");
        let fits = serde_json::from_str(&text).is_ok_and(|value| output.check(&value).is_ok());
        prop_assert!(is_text || refused || fits, "{}", text);
    }

    #[test]
    fn a_lead_asks_for_every_subtask_exactly_once(count in 1_usize..9, answered in 0_usize..3) {
        let task: Vec<String> = (0..count).map(|n| format!("{}. What is thing number {n}?", n + 1)).collect();
        let mut lead = Conversation::begin(&task.join("\n"), &["create_sub_agents"]);
        let mut asked = Vec::new();
        for _ in 0..=2 * count {
            let message = respond(&lead.request);
            let Some(call) = message.tool_calls.first() else { break };
            let prompts = transcript::prompts(call);
            // a wave may start fewer than it was asked for, but never none
            let started = prompts.len().min(answered.max(1));
            let report: Vec<String> = prompts[..started].iter().enumerate()
                .map(|(n, prompt)| format!("## Subagent {}\nTask: {prompt}\nResult:\nDone. [x]", n + 1)).collect();
            asked.extend_from_slice(&prompts[..started]);
            lead = lead.answered(&[&report.join("\n\n")]);
        }
        prop_assert_eq!(asked.len(), count);
        prop_assert!(respond(&lead.request).tool_calls.is_empty());
    }
}
