//! The searches of a corpus: what the segments of its index find, brought into corpus order.

use super::loaded::Loaded;
use super::{Corpus, words};
use crate::fold::fold;
use crate::index::keywords::Candidates;
use crate::index::segment::Segment;
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

/// A set of chunks that a search is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Among {
    bits: Vec<u64>,
}

impl Among {
    /// Those of `count` chunks that are `wanted`.
    pub(crate) fn new(count: usize, wanted: impl Fn(u32) -> bool) -> Self {
        let mut bits = vec![0u64; count.div_ceil(64)];
        for chunk in (0..count as u32).filter(|chunk| wanted(*chunk)) {
            bits[chunk as usize / 64] |= 1 << (chunk % 64);
        }
        Self { bits }
    }

    /// Whether a chunk is one of them.
    pub(crate) fn has(&self, chunk: u32) -> bool {
        self.bits[chunk as usize / 64] >> (chunk % 64) & 1 == 1
    }
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

    /// The chunks that may hold a folded keyword, ascending.
    pub(crate) fn candidates(&self, folded: &str) -> Result<Candidates, port::Error> {
        self.sound()?;
        let mut found = Vec::new();
        let mut narrowed = false;
        for (segment, positions) in self.segments.all() {
            match segment
                .keywords
                .candidates(folded)
                .map_err(|error| self.unreadable(error))?
            {
                Candidates::All => found.extend_from_slice(positions),
                Candidates::Chunks(chunks) => {
                    narrowed = true;
                    found.extend(chunks.iter().map(|chunk| positions[*chunk as usize]));
                }
            }
        }
        if !narrowed {
            return Ok(Candidates::All);
        }
        found.retain(|chunk| *chunk != DEAD);
        found.sort_unstable();
        Ok(Candidates::Chunks(found))
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
        among: Option<&Among>,
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
        among: Option<&Among>,
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
