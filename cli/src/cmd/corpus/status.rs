//! `troupe corpus status`: what indexes hold, and whether they are current.

use super::Meant;
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use crate::wire::{self, corpora};
use serde_json::{Value, json};
use troupe_tools::{State, Status};

/// So many paths of each kind are named.
const NAMED: usize = 10;

pub(super) fn run(meant: &Meant, settings: &Settings) -> anyhow::Result<Exit> {
    let mut exit = Exit::Succeeded;
    let mut all = Vec::new();
    for corpus in &meant.corpora {
        let encoders = wire::encoders(corpus, &meant.loaded.folder)?;
        let status = troupe_tools::status(&meant.options(corpus), encoders.embedder.recipe());
        let status = status.map_err(corpora::told)?;
        if status.state != State::Current {
            exit = Exit::Failed;
        }
        if settings.json {
            all.push(as_json(&corpus.name, &status));
        } else {
            report::line(&as_text(&corpus.name, &status))?;
        }
    }
    if settings.json {
        report::print_json(&json!({ "corpora": all }))?;
    }
    Ok(exit)
}

fn as_text(name: &str, status: &Status) -> String {
    let state = match &status.state {
        State::Current => "current".to_owned(),
        State::Missing => "not built yet".to_owned(),
        State::Unfit(reason) => format!("unfit: it {reason}"),
        State::Stale { .. } => "stale".to_owned(),
    };
    let mut text = format!("{name}: {state}");
    if let State::Stale {
        added,
        changed,
        removed,
    } = &status.state
    {
        for (kind, paths) in [("added", added), ("changed", changed), ("removed", removed)] {
            paths
                .iter()
                .take(NAMED)
                .for_each(|path| text += &format!("\n  {kind:<8} {path}"));
            if let Some(more) = paths.len().checked_sub(NAMED + 1) {
                text += &format!("\n  {kind:<8} and {} more", more + 1);
            }
        }
    }
    if let Some(recipe) = &status.recipe {
        text += &format!(
            "\n  {} files, {} documents, {} chunks, {} sentences in {} segments, {:.1} MB",
            status.files,
            status.documents,
            status.chunks,
            status.sentences,
            status.segments,
            status.bytes as f64 / 1e6
        );
        text += &format!("\n  vectors of {} numbers by {}", recipe.dimension, recipe.name);
        text += &format!("\n  {}", status.folder.display());
    }
    for warning in &status.warnings {
        text += &format!("\n  warning: {warning}");
    }
    text
}

fn as_json(name: &str, status: &Status) -> Value {
    let state = match &status.state {
        State::Current => json!({ "state": "current" }),
        State::Missing => json!({ "state": "missing" }),
        State::Unfit(reason) => json!({ "state": "unfit", "reason": reason }),
        State::Stale {
            added,
            changed,
            removed,
        } => {
            json!({ "state": "stale", "added": added, "changed": changed, "removed": removed })
        }
    };
    let mut value = json!({
        "corpus": name,
        "files": status.files,
        "documents": status.documents,
        "chunks": status.chunks,
        "sentences": status.sentences,
        "segments": status.segments,
        "bytes": status.bytes,
        "folder": status.folder.display().to_string(),
        "recipe": status.recipe.as_ref().map(|recipe| json!({
            "name": recipe.name, "dimension": recipe.dimension, "pooling": recipe.pooling,
            "query_prefix": recipe.query_prefix, "passage_prefix": recipe.passage_prefix,
        })),
        "warnings": status.warnings,
    });
    if let (Value::Object(all), Value::Object(state)) = (&mut value, state) {
        all.extend(state);
    }
    value
}
