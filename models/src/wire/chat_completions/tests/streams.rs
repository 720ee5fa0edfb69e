//! Recorded chunks and the deltas that they become; whole answers over a connection.

use super::server::{Act, Server, says, stream};
use super::*;
use crate::wire::chat_completions::chunk::Decoder;
use crate::wire::chat_completions::names::WireNames;
use insta::assert_snapshot;
use troupe_core::message::Finish;

/// Decodes chunks one by one; a line for each delta.
fn decode(chunks: &[&str]) -> String {
    let mut decoder = Decoder::new(WireNames::default());
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(error) = decoder.push(chunk, &mut deltas) {
            return format!("{error:?}");
        }
    }
    let whole = decoder.finish(&mut deltas);
    let mut lines: Vec<String> = deltas.iter().map(|delta| format!("{delta:?}")).collect();
    if !whole {
        lines.push("cut off".into());
    }
    lines.join("\n")
}

#[test]
fn text_in_pieces_with_usage_at_the_end() {
    assert_snapshot!(decode(&[
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"A-RAG"},"finish_reason":null}],"usage":null}"#,
        r#"{"choices":[{"index":0,"delta":{"content":" is a method."},"finish_reason":null}],"usage":null}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":6,"total_tokens":26,"prompt_tokens_details":{"cached_tokens":16}}}"#,
        "[DONE]",
    ]), @r#"
    Text("A-RAG")
    Text(" is a method.")
    Usage(Usage { prompt_tokens: 20, cached_tokens: 16, completion_tokens: 6, gpu_ms: 0 })
    Finish(Stop)
    "#);
}

#[test]
fn a_tool_call_in_fragments() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"keyword_search","arguments":""}}]},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"key"}}]},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"words\":[]}"}}]},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        "[DONE]",
    ]), @r#"
    ToolCall { position: 0, id: Some("call_a"), name: Some("keyword_search"), arguments: "" }
    ToolCall { position: 0, id: None, name: None, arguments: "{\"key" }
    ToolCall { position: 0, id: None, name: None, arguments: "words\":[]}" }
    Finish(Stop)
    "#);
}

#[test]
fn two_tool_calls_interleaved_and_counted_from_one() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"a","function":{"name":"one","arguments":"{"}},{"index":2,"id":"b","function":{"name":"two","arguments":"{"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":2,"id":"b","function":{"name":"two","arguments":"}"}},{"index":1,"id":"a","function":{"name":"one","arguments":"}"}}]}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
    ]), @r#"
    ToolCall { position: 0, id: Some("a"), name: Some("one"), arguments: "{" }
    ToolCall { position: 1, id: Some("b"), name: Some("two"), arguments: "{" }
    ToolCall { position: 1, id: None, name: None, arguments: "}" }
    ToolCall { position: 0, id: None, name: None, arguments: "}" }
    Finish(Stop)
    "#);
}

#[test]
fn tool_calls_without_index_and_with_an_object_for_arguments() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"one","arguments":{"k":1}}},{"id":"b","function":{"name":"two","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
    ]), @r#"
    ToolCall { position: 0, id: Some("a"), name: Some("one"), arguments: "{\"k\":1}" }
    ToolCall { position: 1, id: Some("b"), name: Some("two"), arguments: "{}" }
    Finish(Stop)
    "#);
}

#[test]
fn reasoning_fields_are_thinking() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"delta":{"reasoning_content":"Hm."}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"Well."}}]}"#,
        r#"{"choices":[{"delta":{"content":"Yes."},"finish_reason":"length"}]}"#,
    ]), @r#"
    Thinking("Hm.")
    Thinking("Well.")
    Text("Yes.")
    Finish(Length)
    "#);
}

#[test]
fn thinking_marks_at_the_head_are_thinking_and_later_ones_are_text() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"delta":{"content":"\n<thi"}}]}"#,
        r#"{"choices":[{"delta":{"content":"nk>Let me see</th"}}]}"#,
        r#"{"choices":[{"delta":{"content":"ink>\n\nThe mark is <think>"}}]}"#,
        r#"{"choices":[{"delta":{"content":"."},"finish_reason":"stop"}]}"#,
    ]), @r#"
    Thinking("Let me see")
    Text("The mark is <think>")
    Text(".")
    Finish(Stop)
    "#);
}

#[test]
fn held_marks_come_out_when_the_answer_ends() {
    assert_snapshot!(decode(&[r#"{"choices":[{"delta":{"content":"<th"},"finish_reason":"stop"}]}"#]), @r#"
    Text("<th")
    Finish(Stop)
    "#);
    assert_snapshot!(decode(&[r#"{"choices":[{"delta":{"content":"<think>so</t"},"finish_reason":"stop"}]}"#]), @r#"
    Thinking("so")
    Thinking("</t")
    Finish(Stop)
    "#);
}

#[test]
fn an_answer_without_reason_or_done_is_cut_off() {
    assert_snapshot!(decode(&[r#"{"choices":[{"delta":{"content":"A"}}]}"#]), @r#"
    Text("A")
    cut off
    "#);
}

#[test]
fn done_alone_ends_an_answer() {
    assert_snapshot!(decode(&[r#"{"choices":[{"delta":{"content":"A"}}]}"#, "[DONE]"]), @r#"
    Text("A")
    Finish(Stop)
    "#);
}

#[test]
fn a_filter_and_a_refusal() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"delta":{"refusal":"I can't help with that."},"finish_reason":"content_filter"}]}"#,
    ]), @r#"
    Text("I can't help with that.")
    Finish(Filtered)
    "#);
}

#[test]
fn other_choices_are_passed_over() {
    assert_snapshot!(decode(&[
        r#"{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"yes"},"finish_reason":"stop"}]}"#,
    ]), @r#"
    Text("yes")
    Finish(Stop)
    "#);
}

#[tokio::test]
async fn a_streamed_answer_is_folded() {
    let server = Server::start(vec![stream(&[
        r#"{"choices":[{"delta":{"content":"Grüße "}}]}"#,
        r#"{"choices":[{"delta":{"content":"🗼"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
    ])])
    .await;
    let reply = answer(&model(&server, |_| {})).await.expect("an answer");
    assert_eq!(reply.message.text, "Grüße 🗼");
    assert_eq!((reply.usage.prompt_tokens, reply.usage.completion_tokens), (3, 2));
    assert_eq!(reply.finish, Finish::Stop);
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"é\"},\"finish_reason\":\"stop\"}]}\r\n\r\n";
    let mut acts = vec![Act::Raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".into())];
    for (n, c) in event.chars().enumerate() {
        acts.push(Act::Piece(c.to_string()));
        if n % 16 == 0 {
            acts.push(Act::Pause(1));
        }
    }
    acts.push(Act::End);
    let server = Server::start(vec![acts]).await;
    assert_eq!(
        answer(&model(&server, |_| {})).await.expect("an answer").message.text,
        "é"
    );
}

#[tokio::test]
async fn usage_is_estimated_where_none_is_reported() {
    let server = Server::start(vec![says("twelve bytes")]).await;
    let usage = answer(&model(&server, |_| {})).await.expect("an answer").usage;
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (3 + 4, 3));
}

#[tokio::test]
async fn an_answer_that_is_not_streamed_is_taken_too() {
    let body = "{\n  \"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"whole\"}, \"finish_reason\": \"stop\"}]\n}";
    let server = Server::start(vec![server::status(
        "200 OK",
        "content-type: application/json\r\n",
        body,
    )])
    .await;
    assert_eq!(
        answer(&model(&server, |_| {})).await.expect("an answer").message.text,
        "whole"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_reason_takes_nothing_away() {
    let chunk = r#"data: {"choices":[{"delta":{"content":"all"},"finish_reason":"stop"}]}"#;
    let server = Server::start(vec![vec![Act::Stream, Act::Piece(format!("{chunk}\n\n"))]]).await;
    assert_eq!(
        answer(&model(&server, |_| {})).await.expect("an answer").message.text,
        "all"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let chunk = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    let server = Server::start(vec![vec![
        Act::Stream,
        Act::Piece(format!("{chunk}\n\n")),
        Act::UntilClosed,
    ]])
    .await;
    let model = model(&server, |_| {});
    let mut stream = model.generate(question()).await.expect("the stream starts");
    assert_eq!(
        stream.next().await.expect("a delta").expect("no error"),
        Delta::Text("a".into())
    );
    drop(stream);
    tokio::time::timeout(Duration::from_secs(10), server.client_left.notified())
        .await
        .expect("the client left");
}
