//! A tiny model with random weights, through the port: its answers are noise, their structure is not.

use super::LocalModel;
use futures_util::StreamExt;
use std::path::Path;
use std::sync::Arc;
use troupe_core::message::{Finish, Message, Reply};
use troupe_core::port::Error;
use troupe_core::port::model::{Delta, Fold, Model, ModelRequest};
use troupe_core::port::tool::ToolSpec;
use troupe_core::sampling::Sampling;
use troupe_core::types::Type;

fn model() -> LocalModel {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local/fixtures");
    LocalModel::find("talker", &[place]).expect("a fixture")
}

fn ask(text: &str, output: Type, seed: u64) -> ModelRequest {
    ModelRequest {
        system: "You answer in few words.".into(),
        messages: vec![Arc::new(Message::User { text: text.to_owned() })],
        tools: Arc::default(),
        branch: None,
        calling: troupe_core::port::model::Calling::default(),
        output,
        sampling: Sampling {
            seed: Some(seed),
            max_tokens: Some(200),
            ..Sampling::default()
        },
        forced: false,
    }
}

fn search() -> Arc<[ToolSpec]> {
    let parameters = serde_json::json!({
        "type": "object",
        "properties": { "keywords": { "type": "array", "items": { "type": "string", "maxLength": 8 }, "minItems": 1, "maxItems": 2 } },
        "required": ["keywords"],
    });
    [ToolSpec {
        name: "keyword_search".to_owned(),
        description: "Finds chunks.".to_owned(),
        parameters,
        result: Type::Any,
    }]
    .into()
}

fn verdict() -> Type {
    Type::Object(
        [
            ("supported".to_owned(), Type::Boolean),
            ("certain".to_owned(), Type::Boolean),
        ]
        .into_iter()
        .collect(),
    )
}

async fn answer(model: &LocalModel, request: ModelRequest) -> Result<Reply, Error> {
    let mut stream = model.generate(request).await?;
    let mut fold = Fold::default();
    while let Some(delta) = stream.next().await {
        fold.push(delta?);
    }
    Ok(fold.finish(0))
}

#[tokio::test]
async fn an_answer_is_recorded_token_by_token() {
    let model = model();
    let reply = answer(&model, ask("Why?", Type::String, 1)).await.unwrap();
    let tokens: Vec<_> = reply.recording.tokens().collect();
    assert_eq!(tokens.len() as u64, reply.usage.completion_tokens);
    assert!(reply.usage.prompt_tokens > 20 && !tokens.is_empty());
    for seen in tokens
        .iter()
        .map(|written| written.seen.as_ref().expect("nothing dictates text"))
    {
        assert!(
            seen.entropy > 0.0 && seen.log_probability < 0.0 && seen.likeliest.len() == 8,
            "{seen:?}"
        );
        assert!((0.0..=std::f32::consts::LN_2 + 1e-4).contains(&seen.step));
    }
    assert_eq!(tokens[0].seen.as_ref().map(|seen| seen.step), Some(0.0));
    // The seed says what is written; and the second time the prompt is there.
    let again = answer(&model, ask("Why?", Type::String, 1)).await.unwrap();
    assert_eq!(again.message, reply.message);
    assert_eq!(again.usage.cached_tokens, reply.usage.prompt_tokens - 1);
    let other = answer(&model, ask("Why?", Type::String, 2)).await.unwrap();
    assert_ne!(other.message, reply.message);
}

#[tokio::test]
async fn an_answer_fits_its_type_and_calls_their_tools() {
    let model = model();
    let mut called = 0;
    for seed in 0..40 {
        let mut request = ask(&format!("{seed} {}?", seed * seed), verdict(), seed);
        // Noise does not know when a thought is over.
        request.forced = true;
        request.sampling.max_tokens = Some(400);
        if seed % 2 == 1 {
            request.tools = search();
            // Hot, both an answer and a call come.
            request.sampling.temperature = Some(3.0);
        }
        let reply = answer(&model, request).await.unwrap();
        assert_eq!(reply.finish, Finish::Stop);
        for call in &reply.message.tool_calls {
            called += 1;
            assert_eq!(call.name, "keyword_search");
            let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap();
            assert!(arguments["keywords"][0].is_string(), "{arguments}");
        }
        if reply.message.tool_calls.is_empty() {
            let value = serde_json::from_str(&reply.message.text).expect(&reply.message.text);
            verdict().check(&value).unwrap();
        }
        let dictated = reply
            .recording
            .tokens()
            .filter(|written| written.seen.is_none())
            .count();
        assert!(dictated > 5, "the grammar leaves no choice in keys and marks");
    }
    assert!(called > 0);
}

#[tokio::test]
async fn an_answer_ends_at_its_length_and_before_a_stop() {
    let model = model();
    let mut request = ask("Why?", Type::String, 3);
    request.sampling.max_tokens = Some(5);
    let short = answer(&model, request.clone()).await.unwrap();
    assert_eq!((short.finish, short.usage.completion_tokens), (Finish::Length, 5));
    request.sampling.max_tokens = Some(60);
    request.forced = true;
    let whole = answer(&model, request.clone()).await.unwrap().message.text.clone();
    let stop: String = whole.chars().skip(12).take(2).collect();
    request.sampling.stop = vec![stop.clone()];
    let stopped = answer(&model, request).await.unwrap();
    let expected = whole.split(&stop).next().unwrap();
    assert_eq!(
        (stopped.message.text.as_str(), stopped.finish),
        (expected, Finish::Stop)
    );
}

#[tokio::test]
async fn given_answers_are_scored_and_what_is_shared_is_held() {
    let model = model();
    let request = ask("Why?", Type::String, 0);
    let score = model.score(request.clone(), "Because.").await.unwrap();
    assert!(score.tokens > 2 && score.sum < 0.0 && score.mean() > score.sum);
    let vector = model.hidden(request.clone(), 1).await.unwrap();
    assert_eq!(vector.len(), 32);
    let trouble = model.hidden(request.clone(), 3).await.unwrap_err();
    assert_eq!(trouble.message, "local/talker: layer 3, and the model has 2");
    let shared = ModelRequest {
        system: "Something that nobody asked before.".into(),
        ..request.clone()
    };
    let held = model.hold(&shared).await.expect("a guard");
    let reply = answer(
        &model,
        ModelRequest {
            system: "Something that nobody asked before.".into(),
            ..ask("And now?", Type::String, 0)
        },
    );
    let reply = reply.await.unwrap();
    assert!(reply.usage.cached_tokens > 10, "{:?}", reply.usage);
    drop(held);
}

#[tokio::test]
async fn what_cannot_be_answered_is_told() {
    let model = model();
    let told = |request: ModelRequest| async { answer(&model, request).await.unwrap_err().message };
    let long = told(ask(&"word ".repeat(9_000), Type::String, 0)).await;
    assert!(
        long.contains("and the model has room for 8192, the answer included"),
        "{long}"
    );
    let missing = LocalModel::find("absent", &["/nowhere".into()]).err().unwrap();
    assert!(missing.message.contains("/nowhere/absent"), "{}", missing.message);
}

#[tokio::test]
async fn many_at_once_get_what_each_alone_gets() {
    let model = model();
    let requests: Vec<_> = (0..8)
        .map(|at| ask(&format!("Question {at}?"), Type::String, at))
        .collect();
    let together =
        futures_util::future::join_all(requests.iter().cloned().map(|request| answer(&model, request))).await;
    for (request, reply) in requests.into_iter().zip(together) {
        assert_eq!(answer(&model, request).await.unwrap().message, reply.unwrap().message);
    }
}

#[tokio::test]
async fn pieces_come_as_they_are_written() {
    let mut stream = model().generate(ask("Why?", Type::String, 5)).await.unwrap();
    let mut texts = 0;
    while let Some(delta) = stream.next().await {
        texts += usize::from(matches!(delta.unwrap(), Delta::Text(_) | Delta::Thinking(_)));
    }
    assert!(texts > 3);
}
