//! `POST /v1/embeddings`: vectors of texts.

use super::refusal::Refusal;
use super::{Served, Serving};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use troupe_core::port::embedder::{Embedder, Role};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::tokens::estimate;

/// The most texts of one request, as OpenAI has it.
const TEXTS_MAX: usize = 2048;

#[derive(Deserialize)]
struct Body {
    model: String,
    input: Input,
    encoding_format: Option<Encoding>,
    dimensions: Option<usize>,
    /// Beyond OpenAI, as Cohere, Jina and Nvidia have it: models that were trained so read questions and passages
    /// differently.
    input_type: Option<InputType>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Several(Vec<String>),
    /// Whatever else was given: token ids, most likely.
    Tokens(serde::de::IgnoredAny),
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Float,
    Base64,
}

#[derive(Deserialize)]
enum InputType {
    #[serde(rename = "query", alias = "search_query", alias = "retrieval.query")]
    Query,
    #[serde(
        rename = "passage",
        alias = "document",
        alias = "search_document",
        alias = "retrieval.passage"
    )]
    Passage,
}

/// Embeds the texts of a request.
pub async fn embed(
    State(serving): State<Arc<Serving>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let body: Body = serde_json::from_slice(&body?).map_err(Refusal::body)?;
    let other = body
        .others
        .iter()
        .find(|(name, value)| !value.is_null() && name.as_str() != "user");
    if let Some((name, _)) = other {
        return Err(Refusal::parameter(name, "is not supported here; leave it out"));
    }
    let texts = match body.input {
        Input::One(text) => vec![text],
        Input::Several(texts) => texts,
        Input::Tokens(_) => {
            return Err(Refusal::parameter(
                "input",
                "takes a text or a list of texts; tokens are not read here",
            ));
        }
    };
    if texts.is_empty() || texts.len() > TEXTS_MAX {
        return Err(Refusal::parameter(
            "input",
            format!("holds {} texts; 1 to {TEXTS_MAX} can be embedded", texts.len()),
        ));
    }
    let (name, served) = serving.find(&body.model)?;
    let Served::Vectors(embedder) = served else {
        return Err(Refusal::parameter(
            "model",
            format!("{name} writes and does not embed: ask /v1/chat/completions"),
        ));
    };
    let whole = embedder.recipe().dimension;
    let dimension = body.dimensions.unwrap_or(whole);
    if !(1..=whole).contains(&dimension) {
        return Err(Refusal::parameter(
            "dimensions",
            format!("is {dimension}; vectors of {name} have {whole} numbers"),
        ));
    }
    let role = match body.input_type {
        Some(InputType::Query) => Role::Query,
        Some(InputType::Passage) | None => Role::Passage,
    };
    let tokens: u64 = texts.iter().map(|text| estimate(text)).sum();
    let vectors = vectors(embedder, role, texts).await?;
    let encoding = body.encoding_format.unwrap_or(Encoding::Float);
    let data = vectors.into_iter().enumerate().map(|(index, vector)| {
        json!({ "object": "embedding", "index": index, "embedding": written(&shortened(vector, dimension), encoding) })
    });
    Ok(Json(json!({
        "object": "list",
        "data": data.collect::<Vec<_>>(),
        "model": name,
        // The port does not tell tokens: an estimate.
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    })))
}

/// Batch by batch, so that a client that goes away is not worked for any longer.
async fn vectors(embedder: &Arc<dyn Embedder>, role: Role, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
    let mut all = Vec::with_capacity(texts.len());
    for batch in texts.chunks(embedder.batch().max(1)) {
        let (embedder, batch) = (Arc::clone(embedder), batch.to_vec());
        let work = move || embedder.embed(role, &batch.iter().map(String::as_str).collect::<Vec<_>>());
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(|error| Error::new(ErrorKind::Other, "embedding broke off").caused_by(error))?;
        all.extend(done?);
    }
    Ok(all)
}

/// The first numbers of a vector, brought to length one again.
fn shortened(mut vector: Vec<f32>, dimension: usize) -> Vec<f32> {
    if dimension < vector.len() {
        vector.truncate(dimension);
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|value| *value /= length);
        }
    }
    vector
}

fn written(vector: &[f32], encoding: Encoding) -> Value {
    match encoding {
        Encoding::Float => json!(vector),
        Encoding::Base64 => base64(&vector.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).into(),
    }
}

/// Base64 with filling (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_its_standard() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn a_shortened_vector_has_length_one() {
        assert_eq!(shortened(vec![3.0, 4.0, 12.0], 2), [0.6, 0.8]);
        assert_eq!(shortened(vec![0.0, 0.0], 1), [0.0]);
    }
}
