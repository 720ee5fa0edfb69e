//! `models`: what agents think with.

use super::fields::Fields;
use super::{Spanned, names, values};
use crate::code;
use crate::expression::Tree;
use crate::language::{MODEL, PRICE};
use crate::report::Report;
use crate::yaml::{Entry, Kind};
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::ir::{Price, is_free};
use troupe_core::sampling::Sampling;

/// A model, by an alias or written out in an agent.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) alias: Spanned<String>,
    pub(crate) provider: String,
    pub(crate) name: String,
    pub(crate) base_url: Option<Tree>,
    pub(crate) api_key: Option<Tree>,
    pub(crate) sampling: Sampling,
    pub(crate) timeout_seconds: u64,
    pub(crate) attempts: u32,
    pub(crate) parallel: u32,
    pub(crate) price: Option<Price>,
}

/// Providers that a file may name.
pub(crate) const PROVIDERS: [&str; 3] = ["builtin", "openai", "local"];
/// The models of the provider `builtin`.
pub(crate) const BUILTIN: [&str; 1] = ["reader"];

pub(super) fn read(report: &mut Report, section: &Entry) -> Vec<Model> {
    let entries = values::mapping(report, section, "aliases with models").unwrap_or(&[]);
    entries.iter().map(|entry| model(report, entry)).collect()
}

/// A model with every setting at its default.
pub(crate) fn defaults(alias: Spanned<String>, provider: &str, name: &str) -> Model {
    Model {
        alias,
        provider: provider.to_owned(),
        name: name.to_owned(),
        base_url: None,
        api_key: None,
        sampling: Sampling::default(),
        timeout_seconds: 300,
        attempts: 4,
        // Providers limit concurrent requests; what runs here only needs bounded memory.
        parallel: if is_free(provider) { 64 } else { 16 },
        price: None,
    }
}

fn model(report: &mut Report, entry: &Entry) -> Model {
    names::label(report, &entry.key, entry.key_span, "a model");
    let alias = Spanned {
        value: entry.key.clone(),
        span: entry.key_span,
    };
    if let Kind::Map(fields) = &entry.value.kind {
        return written_out(report, alias, fields);
    }
    let Some(text) = values::text(report, entry) else {
        return defaults(alias, "", "");
    };
    match split(report, &text) {
        Some((provider, name)) => defaults(alias, &provider, &name),
        None => defaults(alias, "", ""),
    }
}

/// `provider/name` in two; anything else is reported.
pub(crate) fn split(report: &mut Report, text: &Spanned<String>) -> Option<(String, String)> {
    match text.value.split_once('/') {
        Some((provider, name)) if !provider.is_empty() && !name.is_empty() => {
            let at = text.span.start as usize;
            let provider_span = Span::new(text.span.source, at, at + provider.len());
            known(report, provider, provider_span, name, text.span).then(|| (provider.to_owned(), name.to_owned()))
        }
        _ => {
            report.add(
                Diagnostic::error(code::UNKNOWN_PROVIDER, text.span, "a model is written `provider/name`")
                    .hint("such as `builtin/reader` or `openai/gpt-5-mini`"),
            );
            None
        }
    }
}

/// Whether the provider and, where it has a list, its model exist.
fn known(report: &mut Report, provider: &str, provider_span: Span, name: &str, name_span: Span) -> bool {
    match provider {
        "builtin" if !BUILTIN.contains(&name) => {
            let mut problem = Diagnostic::error(
                code::UNKNOWN_PROVIDER,
                name_span,
                format!("the provider `builtin` has no model `{name}`"),
            );
            problem.hints = report.hints(name, "its models", &BUILTIN);
            report.add(problem);
            false
        }
        "builtin" | "openai" | "local" => true,
        _ => {
            let mut problem = Diagnostic::error(
                code::UNKNOWN_PROVIDER,
                provider_span,
                format!("there is no provider `{provider}`"),
            );
            problem.hints = report.hints(provider, "providers", &PROVIDERS);
            problem = problem.hint("any OpenAI-compatible endpoint works with `provider: openai` and its `base_url`");
            report.add(problem);
            false
        }
    }
}

fn written_out(report: &mut Report, alias: Spanned<String>, fields: &[Entry]) -> Model {
    let fields = Fields::read(report, &MODEL, fields, alias.span);
    let provider = fields.require(report, "provider").and_then(|e| values::text(report, e));
    let name = fields.require(report, "model").and_then(|e| values::text(report, e));
    let mut model = match (provider, name) {
        (Some(provider), Some(name)) => {
            known(report, &provider.value, provider.span, &name.value, name.span);
            defaults(alias, &provider.value, &name.value)
        }
        _ => defaults(alias, "", ""),
    };
    model.base_url = fields.template(report, "base_url");
    model.api_key = fields.template(report, "api_key");
    if let Some(Tree::Literal(_, span)) = &model.api_key {
        report.add(
            Diagnostic::error(code::KEY_IN_FILE, *span, "a key does not belong in a file")
                .hint("name it instead: `api_key: ${{ secrets.OPENAI_API_KEY }}`"),
        );
    }
    model.sampling = sampling(report, &fields);
    if let Some(ms) = fields.duration_ms(report, "timeout") {
        model.timeout_seconds = ms.div_ceil(1_000);
    }
    model.attempts = fields.count(report, "attempts").unwrap_or(model.attempts);
    model.parallel = fields.count(report, "parallel").unwrap_or(model.parallel);
    model.price = fields.inner(report, "price", &PRICE).and_then(|price| {
        for key in ["input", "output"] {
            price.require(report, key);
        }
        Some(Price {
            input: price.number(report, "input")?,
            output: price.number(report, "output")?,
        })
    });
    model
}

fn sampling(report: &mut Report, fields: &Fields) -> Sampling {
    Sampling {
        temperature: fields.number(report, "temperature"),
        top_p: fields.number(report, "top_p"),
        top_k: fields.count(report, "top_k"),
        min_p: fields.number(report, "min_p"),
        repetition_penalty: fields.number(report, "repetition_penalty"),
        frequency_penalty: fields.number(report, "frequency_penalty"),
        presence_penalty: fields.number(report, "presence_penalty"),
        seed: fields.integer(report, "seed").map(|n| n.value),
        stop: fields
            .names(report, "stop")
            .into_iter()
            .map(|stop| stop.value)
            .collect(),
        max_tokens: fields.integer(report, "max_tokens").map(|n| n.value),
    }
}
