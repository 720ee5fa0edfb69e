//! A corpus's embedder and reranker become live ports.

use crate::exit::Usage;
use crate::places;
use std::path::Path;
use std::sync::Arc;
use troupe_core::ir;
use troupe_models::catalog::ModelOptions;
use troupe_models::embed::{self, EncoderOptions, StaticTable};
use troupe_tools::Encoders;

/// Connects what `corpus` names; models in this process are looked for from `folder` on. One counter cuts all
/// corpora, whatever their embedder.
pub fn encoders(corpus: &ir::Corpus, folder: &Path) -> anyhow::Result<Encoders> {
    let connected = embed::connect(&options(corpus, "embedder", &corpus.embedder, folder)?);
    let embedder = connected.map_err(|error| failed(corpus, "embedder", &error))?;
    let reranker = match &corpus.reranker {
        Some(encoder) => {
            let connected = embed::connect_reranker(&options(corpus, "reranker", encoder, folder)?);
            Some(connected.map_err(|error| failed(corpus, "reranker", &error))?)
        }
        None => None,
    };
    Ok(Encoders {
        embedder,
        tokens: Arc::new(StaticTable::embedded()),
        reranker,
    })
}

/// The keys of a corpus's encoders, by the place where they are written.
pub fn keys(corpus: &ir::Corpus) -> anyhow::Result<Vec<(String, String)>> {
    let named = [
        ("embedder", Some(&corpus.embedder)),
        ("reranker", corpus.reranker.as_ref()),
    ];
    let mut keys = Vec::new();
    for (what, encoder) in named {
        let Some(encoder) = encoder else { continue };
        let (_, key) = access(corpus, what, encoder)?;
        keys.extend(key.map(|key| (format!("corpora.{}.{what}.api_key", corpus.name), key)));
    }
    Ok(keys)
}

fn failed(corpus: &ir::Corpus, what: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    Usage::error(format!("corpus `{}`: the {what}: {error}", corpus.name))
}

fn access(corpus: &ir::Corpus, what: &str, encoder: &ir::Encoder) -> anyhow::Result<(Option<String>, Option<String>)> {
    super::access(&encoder.provider, &encoder.base_url, &encoder.api_key).map_err(|error| failed(corpus, what, &error))
}

fn options(corpus: &ir::Corpus, what: &str, encoder: &ir::Encoder, folder: &Path) -> anyhow::Result<EncoderOptions> {
    let (base_url, api_key) = access(corpus, what, encoder)?;
    Ok(EncoderOptions {
        model: ModelOptions {
            api_key,
            base_url,
            places: places::models(folder),
            ..ModelOptions::new(&encoder.provider, &encoder.name)
        },
        dimension: encoder.dimension,
        pooling: encoder.pooling,
        query_prefix: encoder.query_prefix.clone(),
        passage_prefix: encoder.passage_prefix.clone(),
    })
}
