//! `troupe models serve`: models behind an HTTP interface as OpenAI's, so that other programs share them.
//!
//! [`request`] reads what is asked into the port's words, [`chat`] and [`embeddings`] answer it, [`answer`] writes what
//! a model says in the dialect's words, [`likely`] how likely its tokens were, [`refusal`] says what is wrong.

mod answer;
mod chat;
mod embeddings;
mod likely;
mod listing;
mod refusal;
mod request;

use crate::args::ServeModels;
use crate::cmd::block_on;
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{places, report, wire};
use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use indexmap::IndexMap;
use refusal::Refusal;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;
use troupe_core::port::embedder::Embedder;
use troupe_core::port::model::Model;
use troupe_models::catalog::{self, ModelOptions};
use troupe_models::embed::{self, EncoderOptions};
use troupe_models::local::shape::{Purpose, Shape};
use troupe_models::local::shelf;

/// The longest request that is read.
const BODY_MAX: usize = 32 << 20;

/// A model that is served.
pub(super) enum Served {
    /// It writes.
    Text(Arc<dyn Model>),
    /// It embeds.
    Vectors(Arc<dyn Embedder>),
}

/// What all requests share.
pub(super) struct Serving {
    /// By the names that they are asked for by.
    models: IndexMap<String, Served>,
    /// The hash of the key: hashes are compared in constant time, whatever their difference.
    key: Option<blake3::Hash>,
    /// Requests that are answered at once; further ones wait.
    places: Arc<Semaphore>,
}

pub(super) fn run(arguments: &ServeModels, settings: &Settings) -> anyhow::Result<Exit> {
    let key = arguments.key.as_deref().filter(|key| !key.is_empty());
    if key.is_none() && !arguments.host.is_loopback() {
        let host = arguments.host;
        let message = format!("on {host} everybody who reaches this machine could use the models: give a --key");
        return Err(Usage::error(message));
    }
    let mut models = IndexMap::new();
    for name in &arguments.models {
        let (name, served) = connect(name)?;
        models.insert(name, served);
    }
    let serving = Serving {
        models,
        key: key.map(|key| blake3::hash(key.as_bytes())),
        places: Arc::new(Semaphore::new(arguments.parallel.into())),
    };
    block_on(listen(serving, arguments, settings))
}

/// The model of an argument: `local/NAME`, or `NAME` alone; `builtin/…`, and whatever else the catalog has.
fn connect(argument: &str) -> anyhow::Result<(String, Served)> {
    let (provider, name) = argument.split_once('/').unwrap_or(("local", argument));
    let full = format!("{provider}/{name}");
    let told = |error: troupe_core::port::Error| Usage::error(format!("{full}: {error}"));
    let embeds = match provider {
        "builtin" => name == "static",
        "local" => {
            let files = shelf::find(name, &places::models(Path::new("."))).map_err(told)?;
            Shape::of(&files).map_err(told)?.purpose != Purpose::Text
        }
        _ => false,
    };
    let model = ModelOptions {
        api_key: wire::key_of(provider),
        places: places::models(Path::new(".")),
        ..ModelOptions::new(provider, name)
    };
    let served = match embeds {
        true => {
            let options = EncoderOptions {
                model,
                ..EncoderOptions::new(provider, name)
            };
            Served::Vectors(embed::connect(&options).map_err(told)?)
        }
        false => Served::Text(catalog::connect(model).map_err(told)?),
    };
    Ok((full, served))
}

async fn listen(serving: Serving, arguments: &ServeModels, settings: &Settings) -> anyhow::Result<Exit> {
    let address = (arguments.host, arguments.port);
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{}:{} cannot be listened on", address.0, address.1))?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let names: Vec<&String> = serving.models.keys().collect();
    if settings.json {
        report::print_json(&json!({ "base_url": url, "models": names }))?;
    } else {
        report::line(&format!(
            "serving {} at {url}",
            names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
        ))?;
    }
    let until = async {
        // Answers that are being written are cut: whoever waits for them hears that the connection ended.
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::select! {
        ended = async { axum::serve(listener, router(serving)).await } => ended?,
        () = until => {}
    }
    Ok(Exit::Succeeded)
}

/// The endpoints.
fn router(serving: Serving) -> Router {
    let serving = Arc::new(serving);
    Router::new()
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/embeddings", post(embeddings::embed))
        .route("/v1/models", get(listing::all))
        .route("/v1/models/{*name}", get(listing::one))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&serving), admit))
        .route("/health", get(listing::health))
        .fallback(|| async {
            Refusal::missing(
                "there is no such endpoint; there are /v1/chat/completions, /v1/embeddings, /v1/models and /health",
            )
        })
        .method_not_allowed_fallback(|| async { Refusal::method() })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(serving)
}

/// Lets those in who have the key, where there is one, and who send JSON.
async fn admit(State(serving): State<Arc<Serving>>, request: Request, next: Next) -> Response {
    if let Some(key) = serving.key {
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|header| header.to_str().ok());
        let given = header.and_then(|header| header.split_once(' '));
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let admitted = given.is_some_and(|(_, given)| blake3::hash(given.trim().as_bytes()) == key);
        if !admitted {
            return Refusal::key().into_response();
        }
    }
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if request.method() == Method::POST && !kind.to_ascii_lowercase().starts_with("application/json") {
        return Refusal::media().into_response();
    }
    next.run(request).await
}

impl Serving {
    /// The model of a name, with or without its provider.
    fn find(&self, name: &str) -> Result<(&str, &Served), Refusal> {
        let exact = self.models.get_key_value(name);
        let short = || {
            self.models
                .iter()
                .find(|(full, _)| full.split_once('/').is_some_and(|(_, own)| own == name))
        };
        let found = exact.or_else(short).map(|(name, served)| (name.as_str(), served));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.models.keys().map(String::as_str).collect();
            Refusal::model(&format!(
                "there is no model `{name}` here; there are {}",
                names.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests;
