//! What is known of the documents of a corpus: the fields that searches can be narrowed by.

use crate::corpus::Corpus;
use crate::filter::Filter;
use crate::index::chunk_set::ChunkSet;
use std::ops::Range;
use troupe_core::{Object, Value};

/// The documents of a corpus in order, each with its fields; what is not asked for is not kept.
pub(crate) struct Documents {
    documents: Vec<(Range<u32>, Vec<Option<Value>>)>,
    fields: Vec<String>,
}

/// The chunks that a filter leaves, and what there is to tell of it.
pub(crate) struct Narrowed {
    pub(crate) among: ChunkSet,
    /// Documents that fit.
    pub(crate) fitting: usize,
    pub(crate) documents: usize,
    /// Fields of the filter that no document has.
    pub(crate) unknown: Vec<String>,
}

impl Documents {
    /// Reads the metadata of every document once.
    pub(crate) fn of(corpus: &Corpus, fields: &[String]) -> Self {
        let ranges = ranges(corpus);
        let documents = ranges.map(|range| {
            // what cannot be read has no fields, so that it fits no filter
            let metadata: Object = serde_json::from_str(corpus.metadata(range.start)).unwrap_or_default();
            let kept = fields
                .iter()
                .map(|field| metadata.get(field).filter(|value| !value.is_null()).cloned());
            (range, kept.collect())
        });
        Self {
            documents: documents.collect(),
            fields: fields.to_vec(),
        }
    }

    /// The chunks of the documents that fit.
    pub(crate) fn narrow(&self, corpus: &Corpus, filter: &Filter) -> Narrowed {
        let mut fits = vec![false; corpus.len()];
        let mut fitting = 0;
        for (range, values) in &self.documents {
            let value = |field: &str| {
                let at = self.fields.iter().position(|known| known == field)?;
                values[at].as_ref()
            };
            if filter.fits(value) {
                fitting += 1;
                fits[range.start as usize..range.end as usize].fill(true);
            }
        }
        let is_unknown = |field: &&str| {
            let at = self.fields.iter().position(|known| known == field);
            at.is_none_or(|at| self.documents.iter().all(|(_, values)| values[at].is_none()))
        };
        Narrowed {
            among: ChunkSet::new(corpus.len(), |chunk| fits[chunk as usize]),
            fitting,
            documents: self.documents.len(),
            unknown: filter.fields().filter(is_unknown).map(str::to_owned).collect(),
        }
    }
}

impl Narrowed {
    /// What whoever searched should know of the filter.
    pub(crate) fn notes(&self, found: bool) -> Vec<String> {
        let absent = self.unknown.iter();
        let mut notes: Vec<String> = absent
            .map(|field| format!("No document has the field `{field}`, so nothing fits this `where`."))
            .collect();
        if !found && notes.is_empty() {
            let Self { fitting, documents, .. } = self;
            notes.push(format!("`where` leaves {fitting} of {documents} documents."));
        }
        notes
    }
}

/// The chunks of each document, in corpus order.
pub(crate) fn ranges(corpus: &Corpus) -> impl Iterator<Item = Range<u32>> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let range = (next < corpus.len() as u32).then(|| corpus.document(next))?;
        next = range.end.max(next + 1);
        Some(range)
    })
}
