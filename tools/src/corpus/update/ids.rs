//! Ids of chunks, which no two share: a document's first chunk has its id, the second `id#2`. A document
//! whose id is taken becomes `id~2`. Ids follow from what the corpus holds, never from how its index grew.

use super::super::files::CorpusFile;
use super::super::loaded::Loaded;
use super::{Place, Plan, Planned};
use crate::index::catalog::{DocumentRow, Draft};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// So many warnings about ids are kept; the rest is counted.
const WARNINGS_MAX: usize = 50;

/// The catalog of what was planned, and what is to be said about ids.
pub(super) fn catalog(
    plan: &Plan,
    files: &[CorpusFile],
    old: Option<&Loaded>,
    kept: &[(String, u32)],
) -> (Draft, Vec<String>) {
    let mut draft = Draft::default();
    for ((file, row), warnings) in files.iter().zip(&plan.files).zip(&plan.warnings) {
        draft.file(*row, &file.shown, warnings);
    }
    let mut ids = Ids::default();
    for planned in &plan.documents {
        let file = &files[planned.file as usize];
        let (name, chunks, segment, document) = find(plan, planned, old, kept);
        let id = ids.free(name.unwrap_or(&file.document), chunks.len(), file, planned.line);
        for at in 0..chunks.len() {
            let id = chunk_id(&id, at);
            draft.id(&id);
            ids.taken.insert(id);
        }
        draft.documents.push(DocumentRow {
            entry: planned.entry,
            file: planned.file,
            line: planned.line,
            segment,
            document,
            chunks: draft.chunks() as u32,
            unused: 0,
        });
    }
    (draft, ids.warnings())
}

/// A planned document's own id, its chunks, its segment's new number, and its number there.
fn find<'a>(
    plan: &'a Plan,
    planned: &Planned,
    old: Option<&'a Loaded>,
    kept: &[(String, u32)],
) -> (Option<&'a str>, Range<u32>, u32, u32) {
    match (planned.place, old) {
        (Place::Old { segment, document }, Some(old)) => {
            let from = &old.segments[kept[segment as usize].1 as usize];
            (from.name(document), from.document(document), segment, document)
        }
        (Place::Old { document, .. } | Place::New { document }, _) => {
            let name = plan.draft.name(document);
            (name, plan.draft.document(document), kept.len() as u32, document)
        }
    }
}

#[derive(Default)]
struct Ids {
    taken: HashSet<String>,
    /// Where each document id was first used, and how often it was.
    places: HashMap<String, (String, usize)>,
    warnings: Vec<String>,
}

impl Ids {
    /// An id like `wanted` under which no chunk of `count` is taken.
    fn free(&mut self, wanted: &str, count: usize, file: &CorpusFile, line: u32) -> String {
        let place = || match line {
            0 => file.shown.clone(),
            line => format!("{}:{line}", file.shown),
        };
        let (first, copies) = self.places.entry(wanted.to_owned()).or_insert_with(|| (place(), 0));
        let mut id = wanted.to_owned();
        loop {
            *copies += 1;
            if *copies > 1 {
                id = format!("{wanted}~{copies}");
            }
            if !(0..count).any(|at| self.taken.contains(&chunk_id(&id, at))) {
                break;
            }
        }
        if *copies > 1 {
            let place = place();
            let first = if *first == place { "another document" } else { first };
            self.warnings.push(format!(
                "{place}: the id `{wanted}` is already used by {first}; this one becomes `{id}`"
            ));
        }
        id
    }

    fn warnings(mut self) -> Vec<String> {
        let more = self.warnings.len().saturating_sub(WARNINGS_MAX);
        self.warnings.truncate(WARNINGS_MAX);
        if more > 0 {
            self.warnings
                .push(format!("{more} more documents share their ids with others"));
        }
        self.warnings
    }
}

/// The first chunk of a document has the document's id, the second `id#2`.
fn chunk_id(document: &str, at: usize) -> String {
    if at == 0 {
        document.to_owned()
    } else {
        format!("{document}#{}", at + 1)
    }
}
