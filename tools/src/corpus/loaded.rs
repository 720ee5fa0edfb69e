//! An index on disk, mapped and checked: what opening, updating and searching start from.

use super::update::KnownFile;
use crate::index::catalog::{Catalog, DocumentRow};
use crate::index::draft::Origin;
use crate::index::manifest::Manifest;
use crate::index::segment::Segment;
use std::collections::HashMap;
use std::path::Path;

/// An index of at most so many bytes is checked whole when it is opened; a larger one while it is in use.
pub(super) const CHECKED_AT_ONCE: u64 = 48 << 20;

/// An index on disk, mapped.
pub(super) struct Loaded {
    pub(super) manifest: Manifest,
    pub(super) catalog: Catalog,
    pub(super) segments: Vec<Segment>,
}

/// Maps the index after checking the length of every part; the error is for people.
pub(super) fn load(folder: &Path) -> Result<Loaded, String> {
    let manifest = Manifest::read(folder).map_err(|error| format!("has no readable manifest ({error})"))?;
    manifest.lengths(folder)?;
    if manifest.bytes() <= CHECKED_AT_ONCE
        && let Some(fault) = manifest.contents(folder).into_iter().next()
    {
        return Err(fault);
    }
    let catalog = Catalog::open(&folder.join(&manifest.catalog))
        .map_err(|error| format!("is damaged: its catalog cannot be read ({error})"))?;
    let dimension = manifest.recipe.dimension;
    let segments = manifest.segments.iter();
    let segments = segments.map(|name| Segment::open(&folder.join(name), dimension));
    let segments = segments.collect::<Result<Vec<_>, _>>()?;
    let loaded = Loaded {
        manifest,
        catalog,
        segments,
    };
    if loaded.belongs_together() {
        Ok(loaded)
    } else {
        Err("is damaged: its catalog and its segments do not belong together".into())
    }
}

impl Loaded {
    fn belongs_together(&self) -> bool {
        let documents = self.catalog.documents();
        let mut start = 0;
        documents.len() == self.manifest.documents
            && self.catalog.chunks() == self.manifest.chunks
            && documents.iter().all(|row| {
                let segment = self.segments.get(row.segment as usize);
                let held = segment.map_or(0, |segment| segment.document(row.document).len());
                let chunks = row.chunks.wrapping_sub(start);
                start = row.chunks;
                held == chunks as usize && (row.file as usize) < self.catalog.files().len()
            })
    }

    /// The files by their paths as shown.
    pub(super) fn files(&self) -> HashMap<&str, KnownFile<'_>> {
        let documents = self.catalog.documents();
        let mut start = 0;
        let files = (0u32..).zip(self.catalog.files()).map(|(number, row)| {
            let count = documents[start..].iter().take_while(|row| row.file == number).count();
            let file = KnownFile {
                row: *row,
                warnings: self.catalog.warnings(number),
                documents: start..start + count,
            };
            start += count;
            (self.catalog.path(number), file)
        });
        files.collect()
    }

    /// Sentences of a document.
    pub(super) fn sentences_of(&self, segment: u32, document: u32) -> usize {
        let segment = &self.segments[segment as usize];
        segment.document(document).map(|chunk| segment.rows(chunk).len()).sum()
    }

    /// The sentences of a document, and where their vectors are.
    pub(super) fn sentences(&self, row: &DocumentRow) -> Vec<(String, Origin)> {
        let segment = &self.segments[row.segment as usize];
        let rows = segment.document(row.document).flat_map(|chunk| segment.rows(chunk));
        let known = rows.map(|at| {
            let origin = Origin::Segment {
                segment: row.segment,
                row: at,
            };
            (segment.sentence(segment.row(at)).to_owned(), origin)
        });
        known.collect()
    }
}
