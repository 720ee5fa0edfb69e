//! `troupe corpus search`: the searches that agents have, by hand.

use super::Meant;
use crate::args::SearchTool;
use crate::cmd::call;
use crate::exit::{Exit, Usage};
use crate::report;
use crate::settings::Settings;
use crate::wire::corpora;
use serde_json::json;
use troupe_core::Value;
use troupe_core::ir::{Extra, Offer, Results};
use troupe_tools::Face;

/// The arguments of a search as its tool takes them.
pub(super) fn arguments(tool: SearchTool, query: &[String], top_k: usize) -> Value {
    match tool {
        SearchTool::Keyword => json!({ "keywords": query, "top_k": top_k }),
        SearchTool::Semantic | SearchTool::Hybrid => json!({ "query": query.join(" "), "top_k": top_k }),
    }
}

pub(super) fn run(meant: &Meant, tool: SearchTool, arguments: Value, settings: &Settings) -> anyhow::Result<Exit> {
    let declared = meant.one()?;
    let corpus = corpora::open(declared, &meant.loaded.folder, &meant.state, settings)?;
    let name = match tool {
        SearchTool::Keyword => "keyword_search",
        SearchTool::Semantic => "semantic_search",
        SearchTool::Hybrid => "hybrid_search",
    };
    let offer = Offer {
        results: Results::Snippets,
        extras: vec![Extra::Neighbours],
        ..declared.offer.clone()
    };
    let face = Face::of("", &offer, &declared.metadata);
    let tool = troupe_tools::tool(&corpus, name, &face);
    let tool = tool.ok_or_else(|| Usage::error(format!("there is no tool `{name}`")))?;
    let output = call::invoke(tool.as_ref(), arguments)?;
    if settings.json {
        report::print_json(&output.result)?;
    } else {
        report::line(&output.text)?;
    }
    Ok(Exit::Succeeded)
}
