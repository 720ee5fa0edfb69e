//! `GET /v1/models`, `GET /v1/models/NAME` and `GET /health`: what is served.

use super::Serving;
use super::refusal::Refusal;
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use std::sync::Arc;

/// All models.
pub async fn all(State(serving): State<Arc<Serving>>) -> Json<Value> {
    let models: Vec<Value> = serving.models.keys().map(|name| object(name)).collect();
    Json(json!({ "object": "list", "data": models }))
}

/// One of them.
pub async fn one(State(serving): State<Arc<Serving>>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let (name, _) = serving.find(&name)?;
    Ok(Json(object(name)))
}

/// Whether the server works: for whoever starts and stops it, without a key.
pub async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

fn object(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": 0, "owned_by": "troupe" })
}
