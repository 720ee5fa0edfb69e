//! `embedder` and `reranker` of a corpus: models that read and do not write.

use super::fields::Fields;
use super::{Spanned, values};
use crate::code;
use crate::expression::Tree;
use crate::language::{EMBEDDER, Mapping, RERANKER};
use crate::report::Report;
use crate::yaml::{Entry, Kind};
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::port::embedder::Pooling;

#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    pub(crate) provider: String,
    pub(crate) name: String,
    pub(crate) base_url: Option<Tree>,
    pub(crate) api_key: Option<Tree>,
    pub(crate) dimension: Option<u32>,
    pub(crate) pooling: Option<Pooling>,
    pub(crate) query_prefix: Option<String>,
    pub(crate) passage_prefix: Option<String>,
}

/// What such models there are.
struct Family {
    mapping: &'static Mapping,
    /// The models of the provider `builtin`.
    builtin: &'static [&'static str],
    /// One written out.
    example: &'static str,
}

/// The embedders that are part of the program.
pub(crate) const BUILTIN_EMBEDDERS: [&str; 1] = ["static"];
/// Providers of embedders and rerankers.
const PROVIDERS: [&str; 3] = ["builtin", "local", "openai"];
const EMBEDDERS: Family = Family {
    mapping: &EMBEDDER,
    builtin: &BUILTIN_EMBEDDERS,
    example: "such as `builtin/static`, `local/all-MiniLM-L6-v2` or `openai/text-embedding-3-small`",
};
const RERANKERS: Family = Family {
    mapping: &RERANKER,
    builtin: &[],
    example: "such as `local/ms-marco-MiniLM-L6-v2`",
};

pub(super) fn embedder(report: &mut Report, fields: &Fields<'_>) -> Option<Encoder> {
    read(report, &EMBEDDERS, fields.get("embedder")?)
}

pub(super) fn reranker(report: &mut Report, fields: &Fields<'_>) -> Option<Encoder> {
    read(report, &RERANKERS, fields.get("reranker")?)
}

fn read(report: &mut Report, family: &Family, entry: &Entry) -> Option<Encoder> {
    if let Kind::Map(_) = &entry.value.kind {
        return written_out(report, family, entry);
    }
    let text = values::text(report, entry)?;
    let Some((provider, name)) = text
        .value
        .split_once('/')
        .filter(|(p, n)| !p.is_empty() && !n.is_empty())
    else {
        let message = format!("{} is written `provider/name`", family.mapping.what);
        report.add(Diagnostic::error(code::UNKNOWN_PROVIDER, text.span, message).hint(family.example));
        return None;
    };
    known(report, family, provider, name, text.span).then(|| bare(provider, name))
}

fn bare(provider: &str, name: &str) -> Encoder {
    Encoder {
        provider: provider.to_owned(),
        name: name.to_owned(),
        base_url: None,
        api_key: None,
        dimension: None,
        pooling: None,
        query_prefix: None,
        passage_prefix: None,
    }
}

/// Whether the provider and, where it has a list, its model exist.
fn known(report: &mut Report, family: &Family, provider: &str, name: &str, span: Span) -> bool {
    let what = family.mapping.what;
    if !PROVIDERS.contains(&provider) {
        let message = format!("there is no provider `{provider}`");
        let mut problem = Diagnostic::error(code::UNKNOWN_PROVIDER, span, message);
        problem.hints = report.hints(provider, "providers", &PROVIDERS);
        report.add(problem.hint(family.example));
        return false;
    }
    if provider == "builtin" && !family.builtin.contains(&name) {
        let message = format!("the provider `builtin` has no model `{name}` that is {what}");
        let mut problem = Diagnostic::error(code::UNKNOWN_PROVIDER, span, message);
        if !family.builtin.is_empty() {
            problem.hints = report.hints(name, "its models", family.builtin);
        }
        report.add(problem.hint(family.example));
        return false;
    }
    true
}

fn written_out(report: &mut Report, family: &Family, entry: &Entry) -> Option<Encoder> {
    let names: Vec<&str> = family.mapping.names().collect();
    let fields = Fields::of(report, family.mapping, entry, &names.join(", "))?;
    let provider = fields
        .require(report, "provider")
        .and_then(|entry| values::text(report, entry));
    let name = fields
        .require(report, "model")
        .and_then(|entry| values::text(report, entry));
    let is_known = match (&provider, &name) {
        (Some(provider), Some(name)) => {
            let span = if PROVIDERS.contains(&provider.value.as_str()) {
                name.span
            } else {
                provider.span
            };
            known(report, family, &provider.value, &name.value, span)
        }
        _ => false,
    };
    let text = |field: Option<Spanned<String>>| field.map(|field| field.value);
    let mut encoder = bare("", "");
    encoder.base_url = fields.template(report, "base_url");
    encoder.api_key = fields.template(report, "api_key");
    if let Some(Tree::Literal(_, span)) = &encoder.api_key {
        report.add(
            Diagnostic::error(code::KEY_IN_FILE, *span, "a key does not belong in a file")
                .hint("name it instead: `api_key: ${{ secrets.OPENAI_API_KEY }}`"),
        );
    }
    if family.mapping.has("dimension") {
        encoder.dimension = fields.count(report, "dimension");
        encoder.pooling = fields.word(report, "pooling").map(|word| match word {
            "first" => Pooling::First,
            "last" => Pooling::Last,
            _ => Pooling::Mean,
        });
        encoder.query_prefix = text(fields.text(report, "query_prefix"));
        encoder.passage_prefix = text(fields.text(report, "passage_prefix"));
    }
    let (provider, name) = (provider?.value, name?.value);
    is_known.then_some(Encoder {
        provider,
        name,
        ..encoder
    })
}
