//! The server over a socket, with a model that says what it is told to.

use super::*;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use troupe_core::message::{Finish, Usage};
use troupe_core::port::model::{Delta, DeltaStream, ModelRequest, Words};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::recording::{Seen, Written};

/// Says its deltas, then ends, breaks or stays silent.
struct Parrot {
    deltas: Vec<Delta>,
    then: Then,
    requests: Mutex<Vec<ModelRequest>>,
    dropped: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Ends,
    Breaks,
    Stays,
}

/// Tells when an answer is dropped.
struct Drops(Arc<AtomicBool>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Model for Parrot {
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error> {
        self.requests.lock().unwrap().push(request);
        let mut items: Vec<Result<Delta, Error>> = self.deltas.iter().cloned().map(Ok).collect();
        if self.then == Then::Breaks {
            items.push(Err(Error::new(ErrorKind::Unavailable, "it broke")));
        }
        let (drops, stays) = (Drops(Arc::clone(&self.dropped)), self.then == Then::Stays);
        let said = futures_util::stream::iter(items);
        let rest = futures_util::stream::once(async move {
            let _drops = drops;
            if stays {
                std::future::pending::<()>().await;
            }
            Ok(Delta::Queued(0))
        });
        Ok(Box::pin(said.chain(rest)))
    }

    fn label(&self) -> String {
        "test/parrot".into()
    }

    async fn words(&self) -> Result<Option<Words>, Error> {
        let words = ["An ", "owl.", "\u{fffd}"];
        Ok(Some(Arc::new(move |token| words[token as usize].as_bytes().to_vec())))
    }
}

fn says() -> Vec<Delta> {
    let call = |name: Option<&str>, arguments: &str| Delta::ToolCall {
        position: 0,
        id: name.map(|_| "c1".into()),
        name: name.map(str::to_owned),
        arguments: arguments.into(),
    };
    vec![
        Delta::Thinking("Hm.".into()),
        Delta::Text("An ".into()),
        Delta::Text("owl.".into()),
        call(Some("look"), "{\"at\":"),
        call(None, "1}"),
        Delta::Usage(Usage {
            prompt_tokens: 9,
            cached_tokens: 4,
            completion_tokens: 5,
            gpu_ms: 0,
        }),
        Delta::Finish(Finish::Stop),
    ]
}

/// A server with a parrot, and its address.
async fn serve(deltas: Vec<Delta>, then: Then, key: Option<&str>) -> (Arc<Parrot>, String) {
    let parrot = Arc::new(Parrot {
        deltas,
        then,
        requests: Mutex::default(),
        dropped: Arc::default(),
    });
    let table = troupe_models::embed::StaticTable::embedded();
    let models = [
        (
            "test/parrot".to_owned(),
            Served::Text(Arc::clone(&parrot) as Arc<dyn Model>),
        ),
        ("builtin/static".to_owned(), Served::Vectors(Arc::new(table))),
    ];
    let serving = Serving {
        models: models.into_iter().collect(),
        key: key.map(|key| blake3::hash(key.as_bytes())),
        places: Arc::new(Semaphore::new(1)),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, router(serving)).await.unwrap() });
    (parrot, address)
}

async fn send(address: &str, path: &str, headers: &str, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let method = if body.is_empty() { "GET" } else { "POST" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream
}

/// The status and the body, pieces put together.
async fn exchange(address: &str, path: &str, headers: &str, body: Value) -> (u16, String) {
    let mut answer = String::new();
    send(address, path, headers, &body)
        .await
        .read_to_string(&mut answer)
        .await
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = match chunked {
        // Between the pieces stand their lengths.
        true => body.split("\r\n").skip(1).step_by(2).collect(),
        false => body.to_owned(),
    };
    (status, body)
}

fn ask(more: Value) -> Value {
    let mut body = json!({ "model": "parrot", "messages": [{ "role": "user", "content": "What is it?" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn an_answer_is_whole() {
    let (parrot, address) = serve(says(), Then::Ends, None).await;
    let (status, body) = exchange(&address, CHAT, "", ask(json!({ "n": 2, "seed": 7 }))).await;
    let mut body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body["choices"][1]["index"].as_u64()), (200, Some(1)));
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    let choice = body["choices"][0].take();
    insta::assert_json_snapshot!(choice, @r#"
    {
      "index": 0,
      "message": {
        "role": "assistant",
        "content": "An owl.",
        "refusal": null,
        "reasoning_content": "Hm.",
        "tool_calls": [
          {
            "id": "c1",
            "type": "function",
            "function": {
              "name": "look",
              "arguments": "{\"at\":1}"
            }
          }
        ]
      },
      "finish_reason": "tool_calls",
      "logprobs": null
    }
    "#);
    let usage = json!({
        "prompt_tokens": 9, "completion_tokens": 10, "total_tokens": 19, "prompt_tokens_details": { "cached_tokens": 4 },
    });
    assert_eq!(body["usage"], usage);
    let seeds: Vec<_> = parrot
        .requests
        .lock()
        .unwrap()
        .iter()
        .map(|request| request.sampling.seed)
        .collect();
    assert_eq!(seeds, [Some(7), Some(8)]);
}

#[tokio::test]
async fn a_stream_tells_the_same_in_pieces() {
    let (_, address) = serve(says(), Then::Ends, None).await;
    let body = ask(json!({ "stream": true, "stream_options": { "include_usage": true } }));
    let (status, body) = exchange(&address, CHAT, "", body).await;
    assert_eq!(status, 200);
    let lines: Vec<&str> = body
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .collect();
    assert_eq!(lines.last(), Some(&"[DONE]"));
    let events: Vec<Value> = lines[..lines.len() - 1]
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let deltas: Vec<&Value> = events.iter().map(|event| &event["choices"][0]["delta"]).collect();
    assert_eq!(deltas[0]["role"], "assistant");
    assert_eq!(
        (
            &deltas[1]["reasoning_content"],
            &deltas[2]["content"],
            &deltas[3]["content"]
        ),
        (&json!("Hm."), &json!("An "), &json!("owl."))
    );
    assert_eq!(
        *deltas[4],
        json!({ "tool_calls": [{ "index": 0, "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":" } }] })
    );
    assert_eq!(
        *deltas[5],
        json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "1}" } }] })
    );
    assert_eq!(events[6]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(
        (&events[7]["choices"], &events[7]["usage"]["total_tokens"]),
        (&json!([]), &json!(14))
    );
}

#[tokio::test]
async fn tokens_are_told_with_how_likely_they_were() {
    let token = |token: u32, likeliest: Vec<(u32, f32)>| {
        let seen = (!likeliest.is_empty()).then(|| Seen {
            log_probability: -0.5,
            entropy: 1.0,
            step: 0.0,
            likeliest,
        });
        Delta::Token(Written { token, seen })
    };
    let said = vec![
        // Of what was never told nothing is.
        token(2, Vec::new()),
        Delta::Void,
        token(0, vec![(0, -0.5), (1, -1.5), (2, f32::NEG_INFINITY)]),
        Delta::Text("An ".into()),
        token(1, Vec::new()),
        Delta::Text("owl.".into()),
        token(0, vec![(1, -0.25)]),
    ];
    let (_, address) = serve(said, Then::Ends, None).await;
    let (_, body) = exchange(&address, CHAT, "", ask(json!({ "logprobs": true, "top_logprobs": 3 }))).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let content = &body["choices"][0]["logprobs"]["content"];
    let words = json!([
        { "token": "An ", "logprob": -0.5, "bytes": [65, 110, 32] },
        { "token": "owl.", "logprob": -1.5, "bytes": [111, 119, 108, 46] },
        { "token": "\u{fffd}", "logprob": -9999.0, "bytes": [239, 191, 189] },
    ]);
    assert_eq!(
        (content[0]["logprob"].as_f64(), &content[0]["top_logprobs"]),
        (Some(-0.5), &words)
    );
    // Dictated: certain, and without alternatives.
    assert_eq!(
        content[1],
        json!({ "token": "owl.", "logprob": 0.0, "bytes": [111, 119, 108, 46], "top_logprobs": [] })
    );
    let body = ask(json!({ "logprobs": true, "top_logprobs": 1, "stream": true }));
    let (_, streamed) = exchange(&address, CHAT, "", body).await;
    let events = streamed.split("\n\n").filter_map(|event| event.strip_prefix("data: {"));
    let told: Vec<(String, usize)> = events
        .map(|event| {
            let event: Value = serde_json::from_str(&format!("{{{event}")).unwrap();
            let choice = &event["choices"][0];
            let text = choice["delta"]["content"].as_str().unwrap_or_default().to_owned();
            (text, choice["logprobs"]["content"].as_array().map_or(0, Vec::len))
        })
        .collect();
    let expected = [("", 0), ("An ", 1), ("owl.", 1), ("", 1)];
    assert_eq!(told, expected.map(|(text, count)| (text.to_owned(), count)));
}

#[tokio::test]
async fn whoever_goes_away_ends_the_answer() {
    for stream in [true, false] {
        let (parrot, address) = serve(vec![Delta::Text("An ".into())], Then::Stays, None).await;
        let mut client = send(&address, CHAT, "", &ask(json!({ "stream": stream }))).await;
        if stream {
            let mut head = [0; 64];
            client.read_exact(&mut head).await.unwrap();
        } else {
            while parrot.requests.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert!(!parrot.dropped.load(Ordering::SeqCst));
        drop(client);
        let ended = async {
            while !parrot.dropped.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), ended)
            .await
            .expect("the answer is dropped");
        // There is one place, and it is free again.
        let waiting = send(&address, CHAT, "", &ask(json!({ "stream": stream }))).await;
        let next = async {
            while parrot.requests.lock().unwrap().len() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), next)
            .await
            .expect("the next one begins");
        drop(waiting);
    }
}

#[tokio::test]
async fn what_breaks_is_told() {
    let (_, address) = serve(vec![Delta::Text("An ".into())], Then::Breaks, None).await;
    let (status, body) = exchange(&address, CHAT, "", ask(json!({}))).await;
    assert!(
        status == 503 && body.contains("it broke") && body.contains("server_error"),
        "{status} {body}"
    );
    let (status, body) = exchange(&address, CHAT, "", ask(json!({ "stream": true }))).await;
    assert!(
        status == 200 && body.trim_end().ends_with("}") && body.contains("\"error\":{\"message\":\"it broke\""),
        "{body}"
    );
    assert!(!body.contains("[DONE]"));
    let (_, address) = serve(vec![Delta::Text("An ".into()), Delta::Void], Then::Ends, None).await;
    let (_, body) = exchange(&address, CHAT, "", ask(json!({ "stream": true }))).await;
    assert!(body.contains("began anew after parts of it were sent"), "{body}");
}

#[tokio::test]
async fn requests_that_cannot_be_followed_have_their_status() {
    let (_, address) = serve(says(), Then::Ends, Some("secret")).await;
    let key = "authorization: Bearer secret\r\n";
    for (path, headers, body, status, told) in [
        (CHAT, "", ask(json!({})), 401, "invalid_api_key"),
        (
            CHAT,
            "authorization: Bearer secrets\r\n",
            ask(json!({})),
            401,
            "invalid_api_key",
        ),
        ("/v1/models", "", Value::Null, 401, "invalid_api_key"),
        ("/health", "", Value::Null, 200, "ok"),
        (
            CHAT,
            key,
            ask(json!({ "model": "other" })),
            404,
            "there are test/parrot, builtin/static",
        ),
        (
            CHAT,
            key,
            ask(json!({ "model": "builtin/static" })),
            400,
            "embeds and does not write",
        ),
        (CHAT, key, ask(json!({ "logit_bias": { "1": 2 } })), 400, "`logit_bias`"),
        (CHAT, key, json!([1]), 400, "the body: "),
        (CHAT, key, Value::Null, 405, "does not take that method"),
        (
            "/v1/embeddings",
            key,
            json!({ "model": "parrot", "input": "x" }),
            400,
            "does not embed",
        ),
        (
            "/v1/embeddings",
            key,
            json!({ "model": "static", "input": [1, 2] }),
            400,
            "tokens are not read",
        ),
        (
            "/v1/embeddings",
            key,
            json!({ "model": "static", "input": "x", "dimensions": 100_000 }),
            400,
            "`dimensions`",
        ),
        (
            "/v1/models/builtin/static",
            key,
            Value::Null,
            200,
            "\"owned_by\":\"troupe\"",
        ),
        ("/v1/nothing", key, Value::Null, 404, "there is no such endpoint"),
    ] {
        let (got, body) = exchange(&address, path, headers, body).await;
        assert!(got == status && body.contains(told), "{path}: {got} {body}");
    }
}
