//! A corpus's embedder and reranker become live ports.

use super::Surroundings;
use crate::exit::Usage;
use std::sync::Arc;
use troupe_core::expression::Template;
use troupe_core::ir;
use troupe_models::catalog::{self, ModelOptions};
use troupe_models::embed::{self, EncoderOptions, StaticTable};
use troupe_tools::Encoders;

/// Connects what `corpus` names. One counter cuts all corpora, whatever their embedder.
pub fn encoders(corpus: &ir::Corpus) -> anyhow::Result<Encoders> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Usage::error(format!("corpus `{}`: the {what}: {error}", corpus.name))
    };
    let of = |what: &str, encoder| options(encoder).map_err(|error| failed(what, &error));
    let embedder = embed::connect(&of("embedder", &corpus.embedder)?).map_err(|error| failed("embedder", &error))?;
    let reranker = match &corpus.reranker {
        Some(encoder) => {
            let connected = embed::connect_reranker(&of("reranker", encoder)?);
            Some(connected.map_err(|error| failed("reranker", &error))?)
        }
        None => None,
    };
    Ok(Encoders {
        embedder,
        tokens: Arc::new(StaticTable::embedded()),
        reranker,
    })
}

fn options(encoder: &ir::Encoder) -> Result<EncoderOptions, String> {
    let text = |template: &Option<Template>| {
        let evaluated = template.as_ref().map(|t| t.evaluate_text(&Surroundings)).transpose();
        evaluated.map_err(|error| error.to_string())
    };
    let base_url = text(&encoder.base_url)?;
    let variable = catalog::provider(&encoder.provider).and_then(catalog::Provider::key_variable);
    // A key in the environment belongs to the provider's own address, not to any server at all.
    let own_key = || {
        let variable = variable.filter(|_| base_url.is_none())?;
        std::env::var(variable).ok()
    };
    let api_key = text(&encoder.api_key)?.or_else(own_key);
    Ok(EncoderOptions {
        model: ModelOptions {
            api_key,
            base_url,
            ..ModelOptions::new(&encoder.provider, &encoder.name)
        },
        dimension: encoder.dimension,
        pooling: encoder.pooling,
        query_prefix: encoder.query_prefix.clone(),
        passage_prefix: encoder.passage_prefix.clone(),
    })
}
