//! What goes wrong, and what is made of it.

use super::server::{Act, Server, says, status};
use super::*;
use insta::assert_snapshot;

fn piece(chunk: &str) -> Act {
    Act::Piece(format!("data: {chunk}\n\n"))
}

/// The answer's text and the number of requests that it took.
async fn outcome(server: &Server, model: &ChatCompletions) -> (String, usize) {
    let text = match answer(model).await {
        Ok(reply) => reply.message.text.clone(),
        Err(error) => format!("{:?}: {}", error.kind, error.message),
    };
    (text, server.requests().len())
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_counts_as_queueing() {
    let limited = status(
        "429 Too Many Requests",
        "retry-after: 0.05\r\n",
        r#"{"error":{"message":"slow down"}}"#,
    );
    let server = Server::start(vec![limited, says("ok")]).await;
    let reply = answer(&model(&server, |_| {})).await.expect("an answer");
    assert_eq!(reply.message.text, "ok");
    assert!(reply.queue_ms >= 50, "{} ms", reply.queue_ms);
}

#[tokio::test]
async fn passing_statuses_are_tried_again() {
    for line in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Busy",
        "504 Gateway Timeout",
        "408 Request Timeout",
    ] {
        let server = Server::start(vec![status(line, "", "oops"), says("ok")]).await;
        assert_eq!(
            outcome(&server, &model(&server, |_| {})).await,
            ("ok".into(), 2),
            "{line}"
        );
    }
}

#[tokio::test]
async fn attempts_are_counted() {
    let server = Server::start(vec![status("503 Busy", "", "")]).await;
    let (text, requests) = outcome(&server, &model(&server, |_| {})).await;
    assert_snapshot!(text, @"Unavailable: openai/test-model: the server answered 503: the server gave no reason (after 3 attempts)");
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_wait_beyond_the_timeout_is_not_begun() {
    let server = Server::start(vec![status(
        "429 Too Many Requests",
        "retry-after: 86400\r\n",
        "tomorrow",
    )])
    .await;
    let (text, requests) = outcome(&server, &model(&server, |_| {})).await;
    assert_snapshot!(text, @"Unavailable: openai/test-model: the server answered 429: tomorrow (the next attempt would come in 86400 s, beyond the timeout)");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_spent_quota_is_final() {
    let body = r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let server = Server::start(vec![status("429 Too Many Requests", "", body)]).await;
    let (text, requests) = outcome(&server, &model(&server, |_| {})).await;
    assert_snapshot!(text, @"Denied: openai/test-model: the server answered 429: You exceeded your current quota.");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn final_statuses_show_the_servers_words_and_never_the_key() {
    for line in [
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "302 Found",
    ] {
        let body = format!(r#"{{"error":{{"message":"wrong {KEY} here","param":null}}}}"#);
        let server = Server::start(vec![status(line, "", &body)]).await;
        let error = error(&model(&server, |_| {})).await;
        let everything = format!("{error} {error:?}");
        assert!(error.message.contains("wrong [secret] here"), "{everything}");
        assert!(!everything.contains(KEY), "{everything}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_unknown_model_says_what_to_check() {
    let body = r#"{"error":{"message":"The model `test-model` does not exist","type":"invalid_request_error","code":"model_not_found"}}"#;
    let server = Server::start(vec![status("404 Not Found", "", body)]).await;
    assert_snapshot!(error(&model(&server, |_| {})).await, @"openai/test-model: the server answered 404: The model `test-model` does not exist (check the model's name and its base_url)");
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let server = Server::start(vec![status("400 Bad Request", "", &"x".repeat(100_000))]).await;
    let message = error(&model(&server, |_| {})).await.message;
    assert!(message.len() < 600 && message.ends_with('…'), "{message}");
}

#[tokio::test]
async fn the_key_is_in_no_debug_output() {
    let server = Server::start(vec![says("ok")]).await;
    let model = model(&server, |_| {});
    answer(&model).await.expect("an answer");
    let shown = format!("{model:?}");
    assert!(!shown.contains(KEY), "{shown}");
    assert!(server.requests()[0].contains(&format!("authorization: Bearer {KEY}")));
}

#[tokio::test]
async fn a_stream_cut_before_anything_came_is_asked_for_again() {
    let server = Server::start(vec![vec![Act::Stream], says("ok")]).await;
    assert_eq!(outcome(&server, &model(&server, |_| {})).await, ("ok".into(), 2));
}

#[tokio::test]
async fn a_stream_that_ends_without_a_reason_is_cut_off() {
    let server = Server::start(vec![vec![Act::Stream, Act::End], says("ok")]).await;
    assert_eq!(outcome(&server, &model(&server, |_| {})).await, ("ok".into(), 2));
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_begins_anew() {
    let begun = vec![
        Act::Stream,
        piece(r#"{"choices":[{"delta":{"content":"half"}}]}"#),
        Act::Pause(50),
    ];
    let server = Server::start(vec![begun.clone(), says("whole")]).await;
    let model_there = model(&server, |_| {});
    let items = deltas(&model_there, question()).await;
    let items: Vec<Delta> = items.into_iter().map(|item| item.expect("no error")).collect();
    assert_eq!(
        items[..3],
        [Delta::Text("half".into()), Delta::Void, Delta::Text("whole".into())]
    );
    let mut fold = Fold::default();
    items.into_iter().for_each(|delta| fold.push(delta));
    assert_eq!(fold.finish(0).message.text, "whole");

    let server = Server::start(vec![begun]).await;
    assert_snapshot!(error(&model(&server, |_| {})).await, @"openai/test-model: 127.0.0.1 broke the connection off (after 3 attempts)");
    assert_eq!(server.requests().len(), 3);
}

/// What `server` made of many callers at once: their answers, and how many requests it took.
async fn storm(server: &Server, callers: usize) -> (usize, usize) {
    let model = model(server, |_| {});
    let answers = futures_util::future::join_all((0..callers).map(|_| answer(&model))).await;
    let good = answers.iter().filter(|answer| answer.is_ok()).count();
    (good, server.requests().len())
}

#[tokio::test]
async fn a_storm_of_refusals_pauses_all_callers_and_fails_none() {
    let limited = || {
        status(
            "429 Too Many Requests",
            "retry-after: 0.1\r\n",
            r#"{"error":{"message":"slow down"}}"#,
        )
    };
    let mut script: Vec<Vec<Act>> = (0..45).map(|_| limited()).collect();
    script.push(says("ok"));
    let server = Server::start(script).await;
    // All forty go out at once and are refused; five are sent to see whether the server has recovered.
    assert_eq!(storm(&server, 40).await, (40, 85));
}

#[tokio::test]
async fn a_refusal_holds_back_callers_that_were_not_refused() {
    let limited = status("429 Too Many Requests", "retry-after: 0.5\r\n", "later");
    let server = Server::start(vec![limited, says("ok")]).await;
    let model = model(&server, |_| {});
    let first = async { answer(&model).await.expect("an answer") };
    let second = async {
        while server.requests().is_empty() || model.shared.brake.is_open() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        answer(&model).await.expect("an answer")
    };
    let (_, second) = tokio::join!(first, second);
    assert!(second.queue_ms > 0, "it went out at once");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_malformed_chunk_shows_how_it_begins() {
    let server = Server::start(vec![vec![Act::Stream, piece("<html>Bad gateway</html>"), Act::End]]).await;
    assert_snapshot!(error(&model(&server, |shared| shared.attempts = 1)).await, @"openai/test-model: the stream holds a line that is no chunk of chat completions: `<html>Bad gateway</html>`");
}

#[tokio::test]
async fn a_malformed_chunk_before_anything_came_is_asked_for_again() {
    let server = Server::start(vec![vec![Act::Stream, piece("{\"choices\": [{"), Act::End], says("ok")]).await;
    assert_eq!(outcome(&server, &model(&server, |_| {})).await, ("ok".into(), 2));
}

#[tokio::test]
async fn an_error_inside_the_stream_is_reported() {
    let busy = vec![
        Act::Stream,
        piece(r#"{"error":{"message":"engine overloaded","code":503}}"#),
        Act::End,
    ];
    let server = Server::start(vec![busy, says("ok")]).await;
    assert_eq!(outcome(&server, &model(&server, |_| {})).await, ("ok".into(), 2));
    let broken = vec![
        Act::Stream,
        piece(r#"{"error":{"message":"context too long","code":400}}"#),
        Act::End,
    ];
    let server = Server::start(vec![broken]).await;
    assert_snapshot!(error(&model(&server, |_| {})).await, @"openai/test-model: the server ended the stream with an error: context too long");
}

#[tokio::test]
async fn silence_ends_after_the_idle_time() {
    let server = Server::start(vec![vec![Act::Stream, Act::UntilClosed], says("ok")]).await;
    let model = model(&server, |shared| shared.pace.idle = Duration::from_millis(400));
    assert_eq!(outcome(&server, &model).await, ("ok".into(), 2));
}

#[tokio::test]
async fn silence_before_the_head_counts_too() {
    let server = Server::start(vec![vec![Act::UntilClosed]]).await;
    let model = model(&server, |shared| {
        shared.pace.idle = Duration::from_millis(400);
        shared.attempts = 1;
    });
    let error = error(&model).await;
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_snapshot!(error, @"openai/test-model: the server was silent for 0.4 s");
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_timeout() {
    let mut acts = vec![Act::Stream];
    for _ in 0..200 {
        acts.extend([piece(r#"{"choices":[{"delta":{"content":"again "}}]}"#), Act::Pause(20)]);
    }
    let server = Server::start(vec![acts]).await;
    let error = error(&model(&server, |shared| shared.pace.total = Duration::from_millis(300))).await;
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_snapshot!(error, @"openai/test-model: no whole answer within 0.3 s");
}

#[tokio::test]
async fn nobody_listening_is_told_after_the_attempts() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut options = ModelOptions::new("openai", "test-model");
    options.attempts = 1;
    let endpoint = Endpoint::at(&format!("http://{address}/v1"), CALL, None).expect("an address");
    let model = ChatCompletions::new(&options, endpoint, Quirks::COMMON);
    assert_snapshot!(error(&model).await, @"openai/test-model: no connection to 127.0.0.1; is the server running and the base_url right?");
}

#[tokio::test]
async fn a_refused_optional_parameter_is_left_out_from_then_on() {
    let body = r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#;
    let server = Server::start(vec![status("400 Bad Request", "", body), says("ok")]).await;
    let model = model(&server, |_| {});
    assert_eq!(outcome(&server, &model).await, ("ok".into(), 2));
    assert_eq!(outcome(&server, &model).await, ("ok".into(), 3));
    let sent: Vec<bool> = server
        .requests()
        .iter()
        .map(|request| request.contains("temperature"))
        .collect();
    assert_eq!(sent, [true, false, false]);
}
