//! `corpora`: files to search, and how they are shown to those who search them.

use super::encoders::{self, Encoder};
use super::fields::Fields;
use super::{Spanned, names, values};
use crate::code;
use crate::language::{CORPUS, EXTRAS};
use crate::report::Report;
use crate::tool_types::{ASSISTED_TOOLS, PAPER_TOOLS};
use crate::yaml::{Entry, Kind};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::{Extra, Offer, Results};

#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) name: Spanned<String>,
    pub(crate) files: Vec<Spanned<String>>,
    pub(crate) chunk_tokens: u32,
    /// The static table where the file names none.
    pub(crate) embedder: Option<Encoder>,
    pub(crate) reranker: Option<Encoder>,
    pub(crate) metadata: Vec<String>,
    pub(crate) offer: Offer,
}

/// A-RAG's chunks are about 1,000 tokens.
const CHUNK_TOKENS: u32 = 1_000;

pub(super) fn read(report: &mut Report, section: &Entry) -> Vec<Corpus> {
    let entries = values::mapping(report, section, "names with file patterns").unwrap_or(&[]);
    entries.iter().map(|entry| corpus(report, entry)).collect()
}

fn corpus(report: &mut Report, entry: &Entry) -> Corpus {
    names::label(report, &entry.key, entry.key_span, "a corpus");
    let mut corpus = Corpus {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        files: Vec::new(),
        chunk_tokens: CHUNK_TOKENS,
        embedder: None,
        reranker: None,
        metadata: Vec::new(),
        offer: Offer::faithful(),
    };
    let Kind::Map(fields) = &entry.value.kind else {
        corpus.files = values::names(report, entry);
        return corpus;
    };
    let fields = Fields::read(report, &CORPUS, fields, entry.key_span);
    if let Some(files) = fields.require(report, "files") {
        corpus.files = values::names(report, files);
    }
    for key in ["files", "tools", "metadata"] {
        let given = fields.get(key).map(|entry| &entry.value);
        if let Some(node) = given.filter(|node| matches!(&node.kind, Kind::List(items) if items.is_empty())) {
            report.error(code::WRONG_KIND, node.span, format!("`{key}` is empty"));
        }
    }
    if let Some(tokens) = fields.count(report, "chunk_tokens") {
        corpus.chunk_tokens = tokens;
    }
    corpus.embedder = encoders::embedder(report, &fields);
    corpus.reranker = encoders::reranker(report, &fields);
    corpus.metadata = distinct(fields.names(report, "metadata").into_iter().map(|field| field.value));
    corpus.offer = offer(report, &fields);
    corpus
}

/// What agents are offered: what the mode says, unless the file says otherwise.
fn offer(report: &mut Report, fields: &Fields<'_>) -> Offer {
    let mode = fields.word(report, "mode");
    let (tools, results) = (fields.words(report, "tools"), fields.word(report, "results"));
    let extras = fields.words(report, "extras");
    let is_assisted = mode == Some("assisted");
    let by_mode = |all: &'static [&'static str], paper: &'static [&'static str]| {
        if is_assisted { all.to_vec() } else { paper.to_vec() }
    };
    let offer = Offer {
        tools: distinct(
            tools
                .unwrap_or_else(|| by_mode(&ASSISTED_TOOLS, &PAPER_TOOLS))
                .into_iter()
                .map(str::to_owned),
        ),
        results: match results {
            Some("full") => Results::Full,
            _ => Results::Snippets,
        },
        extras: distinct(extras.unwrap_or_else(|| by_mode(&EXTRAS, &[])).into_iter().map(extra)),
    };
    if mode == Some("faithful") {
        keeps_to_the_paper(report, fields, &offer);
    }
    has_what_it_shows(report, fields, &offer);
    offer
}

fn extra(word: &str) -> Extra {
    match word {
        "marks" => Extra::Marks,
        "neighbours" => Extra::Neighbours,
        _ => Extra::Budget,
    }
}

/// A file that asks for the paper's tools gets nothing else.
fn keeps_to_the_paper(report: &mut Report, fields: &Fields<'_>, offer: &Offer) {
    let further = offer.tools.iter().find(|tool| !PAPER_TOOLS.contains(&tool.as_str()));
    let beyond = match further {
        Some(tool) => fields.get("tools").zip(Some(format!("no `{tool}`"))),
        None => fields
            .get("extras")
            .filter(|_| !offer.extras.is_empty())
            .zip(Some("no extras".to_owned())),
    };
    if let Some((entry, what)) = beyond {
        let message = format!("a corpus with `mode: faithful` has {what}: the paper has none");
        let problem = Diagnostic::error(code::OFFER, entry.value.span, message);
        report.add(problem.hint("leave `mode` out: what is not said is as in the paper"));
    }
}

/// What searches show and tell needs a tool that does.
fn has_what_it_shows(report: &mut Report, fields: &Fields<'_>, offer: &Offer) {
    if offer.tools.is_empty() {
        return;
    }
    let has = |tools: &[&str]| offer.tools.iter().any(|tool| tools.contains(&tool.as_str()));
    let searches = ["keyword_search", "semantic_search", "hybrid_search"];
    let mut missing = |key: &str, what: &str| {
        if let Some(entry) = fields.get(key) {
            let message = format!("{what}, and the corpus offers no search");
            let problem = Diagnostic::error(code::OFFER, entry.value.span, message);
            report.add(problem.hint("add a search to its `tools`, such as `keyword_search`"));
        }
    };
    if has(&searches) {
        return;
    }
    if offer.results == Results::Full {
        missing("results", "`results` says what searches show");
    }
    if offer.extras.contains(&Extra::Marks) {
        missing("extras", "`marks` stand in the results of searches");
    }
    missing("metadata", "`metadata` is what searches are narrowed by");
}

/// The same without repetitions.
fn distinct<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}
