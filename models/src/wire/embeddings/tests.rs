//! The dialects of embedders and rerankers over loopback.

use crate::embed::{EncoderOptions, connect, connect_reranker};
use crate::wire::chat_completions::tests::server::{Act, Server, status};
use serde_json::{Value, json};
use troupe_core::port::embedder::Role;
use troupe_core::port::{Error, ErrorKind};

fn options(server: &Server) -> EncoderOptions {
    let mut options = EncoderOptions::new("openai", "test-embedder");
    options.model.base_url = Some(server.base_url.clone());
    options.model.api_key = Some("sk-secret".into());
    options.model.attempts = 2;
    options.dimension = Some(2);
    options
}

fn answer(body: &Value) -> Vec<Act> {
    status("200 OK", "content-type: application/json\r\n", &body.to_string())
}

/// Blocking work of a test whose server runs on the test's own runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

async fn embed(script: Vec<Vec<Act>>, edit: fn(&mut EncoderOptions)) -> (Result<Vec<Vec<f32>>, Error>, Vec<String>) {
    let server = Server::start(script).await;
    let mut options = options(&server);
    edit(&mut options);
    let vectors = blocking(move || connect(&options)?.embed(Role::Query, &["one", " ", "two"])).await;
    (vectors, server.requests())
}

fn sent(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
}

fn two() -> Vec<Act> {
    answer(&json!({ "data": [{ "index": 1, "embedding": [0.0, 2.0] }, { "index": 0, "embedding": [3.0, 4.0] }] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_come_in_order_and_of_length_one() {
    let (vectors, requests) = embed(vec![two()], |options| options.query_prefix = Some("query: ".into())).await;
    assert_eq!(vectors.unwrap(), [[0.6, 0.8], [0.0, 0.0], [0.0, 1.0]]);
    assert!(requests[0].starts_with("POST /v1/embeddings "));
    assert!(requests[0].contains("Bearer sk-secret"));
    let expected = json!({
        "model": "test-embedder", "input": ["query: one", "query: two"], "encoding_format": "float", "dimensions": 2,
    });
    assert_eq!(sent(&requests[0]), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dimension_is_learned_when_none_is_asked_for() {
    let probe = answer(&json!({ "data": [{ "index": 0, "embedding": [1.0, 0.0] }] }));
    let (vectors, requests) = embed(vec![probe, two()], |options| options.dimension = None).await;
    assert_eq!(vectors.unwrap()[0], [0.6, 0.8]);
    assert_eq!(requests.len(), 2);
    assert_eq!(sent(&requests[1]).get("dimensions"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_for() {
    let limited = status("429 Too Many Requests", "retry-after: 0\r\n", "slow down");
    let (vectors, requests) = embed(vec![limited, two()], |_| {}).await;
    assert_eq!(vectors.unwrap().len(), 3);
    assert_eq!(requests.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_counts_lengths_and_keys_are_errors() {
    let one = json!({ "data": [{ "index": 0, "embedding": [3.0, 4.0] }] });
    let twice = json!({ "data": [{ "index": 0, "embedding": [3.0, 4.0] }, { "index": 0, "embedding": [3.0, 4.0] }] });
    let long = json!({ "data": [{ "index": 0, "embedding": [3.0] }, { "index": 1, "embedding": [3.0] }] });
    for (script, kind, part) in [
        (
            answer(&one),
            ErrorKind::Invalid,
            "2 texts were sent and 1 vectors came back",
        ),
        (answer(&twice), ErrorKind::Invalid, "not one for each"),
        (
            answer(&long),
            ErrorKind::Invalid,
            "a vector of 1 numbers came back where 2",
        ),
        (
            status("401 Unauthorized", "", "bad sk-secret"),
            ErrorKind::Denied,
            "bad [secret]",
        ),
    ] {
        let error = embed(vec![script], |_| {}).await.0.unwrap_err();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_come_in_order() {
    let found = json!({ "results": [{ "index": 1, "relevance_score": 0.9 }, { "index": 0, "relevance_score": -0.5 }] });
    let server = Server::start(vec![answer(&found)]).await;
    let options = options(&server);
    let scores = blocking(move || connect_reranker(&options)?.score("q", &["a", "b"])).await;
    assert_eq!(scores.unwrap(), [-0.5, 0.9]);
    let requests = server.requests();
    assert!(requests[0].starts_with("POST /v1/rerank "));
    let expected = json!({ "model": "test-embedder", "query": "q", "documents": ["a", "b"], "top_n": 2 });
    assert_eq!(sent(&requests[0]), expected);
}

#[test]
fn what_cannot_be_connected_is_explained() {
    let reason = |provider, name| {
        let error = connect(&EncoderOptions::new(provider, name)).err();
        error.map(|error| error.message).unwrap_or_default()
    };
    assert_eq!(reason("builtin", "static"), "");
    assert_eq!(
        reason("builtin", "other"),
        "there is no embedder builtin/other; the only one is builtin/static"
    );
    assert!(reason("openai", "m").contains("OPENAI_API_KEY"));
    assert!(reason("nobody", "m").contains("there is no model provider `nobody`"));
}
