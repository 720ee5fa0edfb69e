//! Owns the way from a workflow's words for an embedder or a reranker to one that works.

use super::StaticTable;
use crate::catalog::{self, ModelOptions};
use crate::wire::chat_completions::Shared;
use crate::wire::embeddings::Embeddings;
use crate::wire::rerank::Rerank;
use std::path::PathBuf;
use std::sync::Arc;
use troupe_core::port::embedder::{Embedder, Pooling, Recipe};
use troupe_core::port::reranker::Reranker;
use troupe_core::port::{Error, ErrorKind};

/// Everything that a connection to an encoder needs. Nothing is read from the environment here.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderOptions {
    /// Provider, name, address, key, timeout and attempts.
    pub model: ModelOptions,
    /// Length of the vectors to ask for; the model's own when absent.
    pub dimension: Option<u32>,
    /// How tokens become one vector, for models that leave it open.
    pub pooling: Option<Pooling>,
    /// What is put before a query.
    pub query_prefix: Option<String>,
    /// What is put before a passage.
    pub passage_prefix: Option<String>,
}

impl EncoderOptions {
    /// Options for `provider/name` with nothing else said.
    pub fn new(provider: &str, name: &str) -> Self {
        Self {
            model: ModelOptions::new(provider, name),
            dimension: None,
            pooling: None,
            query_prefix: None,
            passage_prefix: None,
        }
    }

    /// Options for `local/name`, which is looked for in `places`.
    pub fn local(name: &str, places: Vec<PathBuf>) -> Self {
        let mut options = Self::new("local", name);
        options.model.places = places;
        options
    }
}

/// Makes the embedder. An endpoint is asked once for the length of its vectors unless that is given.
///
/// # Errors
/// `Missing` for an unknown provider or model, `Denied` for a missing key, `Invalid` for settings that the
/// model cannot follow, and those of the request.
pub fn connect(options: &EncoderOptions) -> Result<Arc<dyn Embedder>, Error> {
    let ModelOptions { provider, name, .. } = &options.model;
    match provider.as_str() {
        "builtin" => return builtin(options),
        "local" => return local(options),
        _ => {}
    }
    if let Some(pooling) = options.pooling.filter(|pooling| *pooling != Pooling::Served) {
        let message = format!("{provider}/{name} pools its tokens itself; leave out `pooling` ({pooling:?})");
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    let shared = endpoint(&options.model, "/embeddings")?;
    let recipe = Recipe {
        name: served_name(&options.model),
        dimension: 0,
        pooling: Pooling::Served,
        query_prefix: options.query_prefix.clone().unwrap_or_default(),
        passage_prefix: options.passage_prefix.clone().unwrap_or_default(),
    };
    Ok(Arc::new(Embeddings::new(
        shared,
        name.clone(),
        options.dimension,
        recipe,
    )?))
}

/// Makes the reranker. Opens no connection: the first request does.
///
/// # Errors
/// As [`connect`].
pub fn connect_reranker(options: &EncoderOptions) -> Result<Arc<dyn Reranker>, Error> {
    if options.model.provider == "local" {
        return local_reranker(options);
    }
    let shared = endpoint(&options.model, "/rerank")?;
    let (model, name) = (options.model.name.clone(), served_name(&options.model));
    Ok(Arc::new(Rerank::new(shared, model, name)))
}

#[cfg(feature = "local")]
fn local(options: &EncoderOptions) -> Result<Arc<dyn Embedder>, Error> {
    Ok(Arc::new(crate::local::LocalEmbedder::open(options)?))
}

#[cfg(feature = "local")]
fn local_reranker(options: &EncoderOptions) -> Result<Arc<dyn Reranker>, Error> {
    Ok(Arc::new(crate::local::LocalReranker::open(options)?))
}

#[cfg(not(feature = "local"))]
fn local(options: &EncoderOptions) -> Result<Arc<dyn Embedder>, Error> {
    Err(catalog::not_compiled_in(&options.model.name))
}

#[cfg(not(feature = "local"))]
fn local_reranker(options: &EncoderOptions) -> Result<Arc<dyn Reranker>, Error> {
    Err(catalog::not_compiled_in(&options.model.name))
}

fn builtin(options: &EncoderOptions) -> Result<Arc<dyn Embedder>, Error> {
    let name = &options.model.name;
    if name != "static" {
        let message = format!("there is no embedder builtin/{name}; the only one is builtin/static");
        return Err(Error::new(ErrorKind::Missing, message));
    }
    let table = StaticTable::embedded();
    let recipe = table.recipe();
    let prefixes = [&options.query_prefix, &options.passage_prefix];
    let changed = options
        .dimension
        .is_some_and(|asked| asked as usize != recipe.dimension)
        || options.pooling.is_some_and(|asked| asked != recipe.pooling)
        || prefixes.into_iter().flatten().any(|prefix| !prefix.is_empty());
    if changed {
        let message = format!(
            "builtin/static has {} dimensions, the mean for its pooling and no prefixes; leave those settings out",
            recipe.dimension
        );
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    Ok(Arc::new(table))
}

/// The model and its address: what is served elsewhere has other weights.
fn served_name(model: &ModelOptions) -> String {
    let place = model.base_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
    let place = place.map_or_else(String::new, |url| {
        let bare = url.split('?').next().unwrap_or(url).trim_end_matches('/');
        // Before the at sign there may be credentials.
        format!(" at {}", bare.rsplit('@').next().unwrap_or(bare))
    });
    format!("{}/{}{place}", model.provider, model.name)
}

fn endpoint(model: &ModelOptions, call: &str) -> Result<Shared, Error> {
    let Some((endpoint, quirks)) = catalog::endpoint(model, call)? else {
        let ModelOptions { provider, name, .. } = model;
        let message = format!("{provider}/{name} does not rerank; a reranker is a local or a served model");
        return Err(Error::new(ErrorKind::Missing, message));
    };
    Ok(Shared::new(model, endpoint, quirks))
}
