//! A new segment on disk: its tables and its keyword index on one thread, its vectors on the others.

use super::super::Progress;
use super::Update;
use crate::Error;
use crate::index::draft::{Draft, Origin};
use crate::index::{segment, vectors};
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use troupe_core::port;
use troupe_core::port::embedder::Role;

/// Sentences whose vectors are in memory at once.
const WINDOW: usize = 16_384;

impl Update<'_> {
    /// Writes the segment into `folder`.
    pub(super) fn write_segment(&self, folder: &Path, draft: &Draft) -> Result<(), Error> {
        super::remove(folder)?;
        std::fs::create_dir(folder).map_err(Error::write(folder))?;
        std::thread::scope(|scope| {
            let tables = scope.spawn(|| segment::write(folder, draft));
            let vectors = self.write_vectors(folder, draft);
            let ended = tables.join();
            vectors?;
            let ended = ended.map_err(|_| Error::build(folder, "the keyword index stopped"))?;
            ended.map_err(Error::write(folder))
        })
    }

    fn write_vectors(&self, folder: &Path, draft: &Draft) -> Result<(), Error> {
        let dimension = self.encoders.embedder.recipe().dimension;
        let missing = draft.origins.iter().filter(|origin| **origin == Origin::Embedder);
        let (done, total) = (AtomicUsize::new(0), missing.count());
        let mut writer = vectors::Writer::new(folder, dimension).map_err(Error::write(folder))?;
        let mut rows = Vec::new();
        for start in (0..draft.origins.len()).step_by(WINDOW) {
            let end = draft.origins.len().min(start + WINDOW);
            rows.clear();
            rows.resize((end - start) * dimension, 0.0f32);
            self.fill(draft, start, &mut rows, &|count| {
                let done = done.fetch_add(count, Ordering::Relaxed) + count;
                (self.progress)(Progress::Embedding { done, total });
            })?;
            writer.push(&rows).map_err(Error::write(folder))?;
        }
        let total = draft.origins.len();
        let progress = |done| (self.progress)(Progress::Linking { done, total });
        writer
            .finish(folder, self.options.graph_from, &progress)
            .map_err(Error::write(folder))
    }

    /// The vectors of the sentences from `start` on, as many as `rows` has room for: copied where the old
    /// index has them, made otherwise. `told` hears of vectors made.
    fn fill(&self, draft: &Draft, start: usize, rows: &mut [f32], told: &(dyn Fn(usize) + Sync)) -> Result<(), Error> {
        let dimension = self.encoders.embedder.recipe().dimension;
        let mut missing = Vec::new();
        for (at, slot) in rows.chunks_exact_mut(dimension).enumerate() {
            match (draft.origins[start + at], self.old) {
                (Origin::Segment { segment, row }, Some(old)) => {
                    slot.copy_from_slice(old.segments[segment as usize].vectors.row(row));
                }
                _ => missing.push((start + at, slot)),
            }
        }
        let batch = self.encoders.embedder.batch().max(1);
        let batches = Mutex::new(missing.chunks_mut(batch));
        let work = || -> Result<(), port::Error> {
            loop {
                let next = batches.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(batch) = next else {
                    return Ok(());
                };
                let sentences: Vec<&str> = batch.iter().map(|(at, _)| draft.sentence(*at)).collect();
                let vectors = self.encoders.embedder.embed(Role::Passage, &sentences)?;
                let vectors = checked(vectors, batch.len(), dimension)?;
                for ((_, slot), vector) in batch.iter_mut().zip(vectors) {
                    slot.copy_from_slice(&vector);
                }
                told(batch.len());
            }
        };
        std::thread::scope(|scope| {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                let stopped = |_| port::Error::new(port::ErrorKind::Other, "it stopped while embedding");
                worker.join().map_err(stopped)?
            })
        })?;
        Ok(())
    }
}

/// The vectors, when they are as many and as long as asked for. A vector with a number that is none
/// becomes zero, near to nothing.
fn checked(mut vectors: Vec<Vec<f32>>, count: usize, dimension: usize) -> Result<Vec<Vec<f32>>, port::Error> {
    if vectors.len() != count || vectors.iter().any(|vector| vector.len() != dimension) {
        let message = format!("it did not give {count} vectors of {dimension} numbers");
        return Err(port::Error::new(port::ErrorKind::Other, message));
    }
    for vector in vectors
        .iter_mut()
        .filter(|vector| vector.iter().any(|x| !x.is_finite()))
    {
        vector.fill(0.0);
    }
    Ok(vectors)
}
