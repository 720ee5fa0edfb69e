//! The dialect over loopback: a server in the test speaks HTTP/1.1 and event streams, faults included.

mod faults;
mod requests;
pub mod server;
mod streams;

use super::*;
use futures_util::StreamExt;
use server::Server;
use troupe_core::message::{Message, Reply};
use troupe_core::port::model::{Delta, Fold};
use troupe_core::sampling::Sampling;
use troupe_core::types::Type;

const KEY: &str = "sk-very-secret-0123456789";

/// A model at the test's server, with short times.
fn model(server: &Server, edit: impl FnOnce(&mut Shared)) -> ChatCompletions {
    let mut options = ModelOptions::new("openai", "test-model");
    options.attempts = 3;
    let endpoint = Endpoint::at(&server.base_url, CALL, Some(KEY)).expect("a loopback address");
    let model = ChatCompletions::new(&options, endpoint, Quirks::COMMON);
    let mut shared = Arc::into_inner(model.shared).expect("nobody else holds it");
    shared.pace.backoff = Backoff {
        first: Duration::from_millis(2),
        longest: Duration::from_millis(10),
    };
    edit(&mut shared);
    ChatCompletions {
        shared: Arc::new(shared),
    }
}

fn question() -> ModelRequest {
    ModelRequest {
        system: "Be brief.".into(),
        messages: vec![Arc::new(Message::User {
            text: "What is A-RAG?".into(),
        })],
        tools: Arc::new([]),
        branch: None,
        calling: troupe_core::port::model::Calling::default(),
        output: Type::String,
        sampling: Sampling {
            temperature: Some(0.5),
            max_tokens: Some(100),
            ..Sampling::default()
        },
        forced: false,
    }
}

async fn deltas(model: &ChatCompletions, request: ModelRequest) -> Vec<Result<Delta, Error>> {
    model
        .generate(request)
        .await
        .expect("the stream starts")
        .collect()
        .await
}

/// The folded answer, or the error that ended the stream.
async fn answer(model: &ChatCompletions) -> Result<Reply, Error> {
    let mut fold = Fold::default();
    for delta in deltas(model, question()).await {
        fold.push(delta?);
    }
    Ok(fold.finish(0))
}

async fn error(model: &ChatCompletions) -> Error {
    answer(model).await.expect_err("an error")
}
