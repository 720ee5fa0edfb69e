//! `artifacts`: the files that a command gives.

use super::names;
use crate::code;
use crate::expression::{self, Piece, Tree};
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::ir;

/// Signs that make a pattern of a path.
const PATTERN: [char; 4] = ['*', '?', '[', '{'];

#[derive(Debug)]
pub(crate) enum Artifacts {
    List(Vec<Tree>),
    Named(Vec<(String, Tree)>),
}

impl Artifacts {
    pub(crate) fn trees(&self) -> Vec<&Tree> {
        match self {
            Self::List(list) => list.iter().collect(),
            Self::Named(named) => named.iter().map(|(_, tree)| tree).collect(),
        }
    }

    pub(crate) fn lowered(&self) -> ir::Artifacts {
        match self {
            Self::List(list) => ir::Artifacts::List(list.iter().map(path).collect()),
            Self::Named(named) => {
                let named = named.iter().map(|(name, tree)| (name.clone(), path(tree)));
                ir::Artifacts::Named(named.collect())
            }
        }
    }
}

fn path(tree: &Tree) -> ir::ArtifactPath {
    ir::ArtifactPath {
        text: tree.template(),
        is_pattern: written(tree).iter().any(|text| text.contains(PATTERN)),
    }
}

/// What of a path stands in the file itself.
fn written(tree: &Tree) -> Vec<&str> {
    match tree {
        Tree::Literal(Value::String(text), _) => vec![text],
        Tree::Text(pieces, _) => {
            let texts = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Expression(_) => "",
            });
            texts.collect()
        }
        _ => Vec::new(),
    }
}

pub(super) fn read(report: &mut Report, entry: &Entry) -> Artifacts {
    let artifacts = match &entry.value.kind {
        Kind::Map(fields) => {
            let mut named = Vec::new();
            for field in fields {
                names::identifier(report, &field.key, field.key_span, "an artifact");
                named.extend(one(report, &field.value).map(|tree| (field.key.clone(), tree)));
            }
            Artifacts::Named(named)
        }
        Kind::List(items) => Artifacts::List(items.iter().filter_map(|item| one(report, item)).collect()),
        Kind::Scalar(_) => Artifacts::List(one(report, &entry.value).into_iter().collect()),
    };
    let is_empty = match &entry.value.kind {
        Kind::Map(fields) => fields.is_empty(),
        Kind::List(items) => items.is_empty(),
        Kind::Scalar(_) => false,
    };
    if is_empty {
        let message = "`artifacts` is empty: it names the files that the command gives";
        report.error(code::WRONG_KIND, entry.value.span, message);
    }
    artifacts
}

fn one(report: &mut Report, node: &Node) -> Option<Tree> {
    let tree = expression::text(report, node, "an artifact")?;
    let texts = written(&tree);
    let first = texts.first().copied().unwrap_or_default();
    let leads_up = texts.iter().any(|text| text.split('/').any(|name| name == ".."));
    if first.starts_with('/') || leads_up {
        outside(report, node.span);
        return None;
    }
    if matches!(&tree, Tree::Literal(..)) && first.split('/').all(|name| matches!(name, "" | ".")) {
        let problem = Diagnostic::error(code::WRONG_KIND, node.span, "this names no file");
        report.add(problem.hint("write a path such as target/app; `*` is all that the folder holds"));
        return None;
    }
    if let Tree::Literal(..) = &tree
        && let Err(error) = globset::Glob::new(first)
    {
        let message = format!("this is no pattern: {}", error.kind());
        report.error(code::WRONG_KIND, node.span, message);
        return None;
    }
    Some(tree)
}

fn outside(report: &mut Report, span: Span) {
    let message = "an artifact lies below the folder where the command starts";
    report.add(
        Diagnostic::error(code::WRONG_KIND, span, message)
            .hint("write a path from there on, without `/` at its beginning and without `..`")
            .hint("a sandbox's `directory` says where its commands start"),
    );
}
