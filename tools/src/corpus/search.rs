//! The searches of a corpus: what the segments of its index find, brought into corpus order.

use super::loaded::Loaded;
use super::{Corpus, words};
use crate::fold::fold;
use crate::index::chunk_set::ChunkSet;
use crate::index::segment::Segment;
use memchr::memmem::Finder;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use troupe_core::port;

/// The segments, and which of their chunks belong to the corpus: a chunk that was replaced is dead.
pub(super) struct Segments {
    pub(super) loaded: Loaded,
    /// Where each chunk is: its segment's number, and its number there.
    places: Vec<(u32, u32)>,
    /// The other way round, by segment; [`DEAD`] for those that do not belong.
    positions: Vec<Vec<u32>>,
    /// Words of a chunk on average.
    mean_words: OnceLock<f32>,
}

const DEAD: u32 = u32::MAX;

impl Segments {
    pub(super) fn new(loaded: Loaded) -> Self {
        let mut places = Vec::with_capacity(loaded.catalog.chunks());
        let sizes = loaded.segments.iter().map(Segment::chunks);
        let mut positions: Vec<Vec<u32>> = sizes.map(|size| vec![DEAD; size]).collect();
        for row in loaded.catalog.documents() {
            for chunk in loaded.segments[row.segment as usize].document(row.document) {
                positions[row.segment as usize][chunk as usize] = places.len() as u32;
                places.push((row.segment, chunk));
            }
        }
        Self {
            loaded,
            places,
            positions,
            mean_words: OnceLock::new(),
        }
    }

    /// The segment of a chunk, and its number there.
    pub(super) fn place(&self, chunk: u32) -> (&Segment, u32) {
        let (segment, chunk) = self.places[chunk as usize];
        (&self.loaded.segments[segment as usize], chunk)
    }

    /// Segments with the positions of their chunks.
    fn all(&self) -> impl Iterator<Item = (&Segment, &[u32])> {
        self.loaded
            .segments
            .iter()
            .zip(self.positions.iter().map(Vec::as_slice))
    }

    fn mean_words(&self) -> f32 {
        *self.mean_words.get_or_init(|| {
            let words = (0..self.places.len() as u32).map(|chunk| {
                let (segment, chunk) = self.place(chunk);
                u64::from(segment.words(chunk))
            });
            words.sum::<u64>() as f32 / self.places.len().max(1) as f32
        })
    }
}

/// A sentence near to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found<'a> {
    /// Position of its chunk.
    pub(crate) chunk: u32,
    /// First byte in the chunk's text.
    pub(crate) start: usize,
    /// Itself.
    pub(crate) sentence: &'a str,
    /// Its cosine with the query.
    pub(crate) score: f32,
}

impl Corpus {
    /// The `count` sentences nearest to a unit vector, best first: chunk id, sentence, cosine.
    pub fn nearest_sentences(&self, query: &[f32], count: usize) -> Result<Vec<(&str, &str, f32)>, port::Error> {
        let near = self.nearest(query, count, None)?.into_iter();
        Ok(near
            .map(|near| (self.id(near.chunk), near.sentence, near.score))
            .collect())
    }

    /// The `count` chunks that a question's words speak for most, best first: id, BM25 score.
    pub fn chunks_by_words(&self, question: &str, count: usize) -> Result<Vec<(&str, f32)>, port::Error> {
        let found = self.by_words(question, count, None)?.into_iter();
        Ok(found.map(|(chunk, score)| (self.id(chunk), score)).collect())
    }

    /// Tells the chunks that hold a folded keyword and how often, in no order, a chunk at times in several parts.
    pub(crate) fn occurrences(
        &self,
        keyword: &str,
        among: Option<&ChunkSet>,
        mut tell: impl FnMut(u32, u64),
    ) -> Result<(), port::Error> {
        self.sound()?;
        let finder = Finder::new(keyword);
        for (segment, positions) in self.segments.all() {
            let wanted = |chunk: u32| {
                let position = positions
                    .get(chunk as usize)
                    .copied()
                    .filter(|position| *position != DEAD)?;
                among.is_none_or(|among| among.has(position)).then_some(position)
            };
            let found = segment.keywords.find(keyword, |chunk, count| {
                if let Some(position) = wanted(chunk) {
                    tell(position, count);
                }
            });
            for chunk in found.map_err(|error| self.unreadable(error))?.iter() {
                if let Some(position) = wanted(chunk)
                    && let count @ 1.. = count(&finder, segment.folded(chunk))
                {
                    tell(position, count);
                }
            }
        }
        Ok(())
    }

    fn unreadable(&self, error: std::io::Error) -> port::Error {
        let message = format!(
            "the keyword index of corpus `{}` cannot be read; open it again",
            self.name()
        );
        port::Error::new(port::ErrorKind::Corrupt, message).caused_by(error)
    }

    /// The `count` chunks that a question's words speak for most, best first, ties in corpus order.
    pub(crate) fn by_words(
        &self,
        question: &str,
        count: usize,
        among: Option<&ChunkSet>,
    ) -> Result<Vec<(u32, f32)>, port::Error> {
        self.sound()?;
        let question = fold(question);
        let terms: BTreeSet<&str> = words::words(&question).collect();
        let mean = self.segments.mean_words();
        let mut scores = vec![0.0f32; self.len()];
        for term in terms {
            let holding = self.holding(term)?;
            let rarity = words::rarity(self.len(), holding.len());
            for (chunk, found) in holding {
                let (segment, local) = self.segments.place(chunk);
                let length = segment.words(local) as f32;
                scores[chunk as usize] += words::weight(rarity, found as f32, length, mean);
            }
        }
        let mut found: Vec<(u32, f32)> = (0..).zip(scores).filter(|(_, score)| *score > 0.0).collect();
        found.retain(|(chunk, _)| among.is_none_or(|among| among.has(*chunk)));
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if found.len() > count {
            found.select_nth_unstable_by(count, order);
            found.truncate(count);
        }
        found.sort_unstable_by(order);
        Ok(found)
    }

    /// The chunks that hold a folded word, and how often.
    fn holding(&self, word: &str) -> Result<Vec<(u32, u32)>, port::Error> {
        let mut found = Vec::new();
        for (segment, positions) in self.segments.all() {
            let tell = |chunk: u32, count| match positions.get(chunk as usize) {
                None | Some(&DEAD) => {}
                Some(chunk) => found.push((*chunk, count)),
            };
            segment
                .keywords
                .holding(word, tell)
                .map_err(|error| self.unreadable(error))?;
        }
        Ok(found)
    }

    /// The `count` sentences nearest to a unit `query`, best first, ties in corpus order. Cosines are
    /// exact; whether every sentence is looked at is decided by [`super::CorpusOptions::graph_from`].
    pub(crate) fn nearest(
        &self,
        query: &[f32],
        count: usize,
        among: Option<&ChunkSet>,
    ) -> Result<Vec<Found<'_>>, port::Error> {
        self.sound()?;
        let mut found = Vec::new();
        for (segment, positions) in self.segments.all() {
            let position = |row: u32| positions.get(segment.row(row).chunk as usize).copied().unwrap_or(DEAD);
            let whole = among.is_none() && !positions.contains(&DEAD);
            let keep = |row: u32| {
                let chunk = position(row);
                chunk != DEAD && among.is_none_or(|among| among.has(chunk))
            };
            let near = segment.vectors.nearest(query, count, (!whole).then_some(&keep));
            found.extend(near.into_iter().map(|near| {
                let row = segment.row(near.row);
                Found {
                    chunk: position(near.row),
                    start: row.start as usize,
                    sentence: segment.sentence(row),
                    score: near.score,
                }
            }));
        }
        found.sort_by(|a, b| {
            let place = |found: &Found<'_>| (found.chunk, found.start);
            b.score.total_cmp(&a.score).then(place(a).cmp(&place(b)))
        });
        found.truncate(count);
        Ok(found)
    }
}

/// Occurrences of a keyword from the left that do not overlap.
fn count(finder: &Finder<'_>, text: &[u8]) -> u64 {
    match finder.needle() {
        // counting a byte is much faster than finding it
        [byte] => memchr::memchr_iter(*byte, text).count() as u64,
        _ => finder.find_iter(text).count() as u64,
    }
}
