//! What of the old index no unchanged file claims, and a changed one may still hold.

use super::super::loaded::Loaded;
use super::KnownFile;
use crate::index::catalog::Hash;
use crate::index::draft::Origin;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// What of the old index no unchanged file claims: entries that a changed file may still hold, and the
/// vectors of their sentences.
#[derive(Default)]
pub(super) struct Left {
    entries: HashMap<Hash, Vec<Range<usize>>>,
    documents: Vec<Range<usize>>,
    sentences: Option<HashMap<String, Origin>>,
}

impl Left {
    pub(super) fn gather(
        &mut self,
        old: &Loaded,
        known: &HashMap<&str, KnownFile<'_>>,
        sames: &[Option<&KnownFile<'_>>],
    ) {
        let claimed: HashSet<usize> = sames
            .iter()
            .flatten()
            .filter(|file| !file.documents.is_empty())
            .map(|file| file.documents.start)
            .collect();
        for file in known.values().filter(|file| !file.documents.is_empty()) {
            if claimed.contains(&file.documents.start) {
                continue;
            }
            self.documents.push(file.documents.clone());
            let rows = &old.catalog.documents()[file.documents.clone()];
            let mut start = file.documents.start;
            for group in rows.chunk_by(|a, b| (a.line, a.entry) == (b.line, b.entry)) {
                self.entries
                    .entry(group[0].entry)
                    .or_default()
                    .push(start..start + group.len());
                start += group.len();
            }
        }
    }

    /// The documents of an entry, each once.
    pub(super) fn take(&mut self, entry: &Hash) -> Option<Range<usize>> {
        self.entries.get_mut(entry)?.pop()
    }

    /// Where a sentence of a new document may have its vector from: the same sentence has the same vector.
    pub(super) fn origin(&mut self, old: Option<&Loaded>, sentence: &str) -> Origin {
        let Some(old) = old else {
            return Origin::Embedder;
        };
        let documents = &self.documents;
        let known = self.sentences.get_or_insert_with(|| {
            let rows = documents
                .iter()
                .flat_map(|range| &old.catalog.documents()[range.clone()]);
            rows.flat_map(|row| old.sentences(row)).collect()
        });
        known.get(sentence).copied().unwrap_or(Origin::Embedder)
    }
}
