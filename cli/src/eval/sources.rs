//! What a variant's answers can cite: the chunks of its corpora.

use std::sync::Arc;
use troupe_core::Value;
use troupe_core::citation::{self, Grounds, Ids, Level, Shapes};
use troupe_core::view::Reads;
use troupe_tools::Corpus;

/// See the module.
pub struct Sources<'a> {
    corpora: &'a [Arc<Corpus>],
    shapes: Shapes,
}

impl<'a> Sources<'a> {
    /// Those of `corpora`: every id is looked at once.
    pub fn new(corpora: &'a [Arc<Corpus>]) -> Self {
        let mut shapes = Shapes::default();
        for corpus in corpora {
            shapes.merge(Shapes::of(corpus.chunks().map(|chunk| chunk.id)));
        }
        Self { corpora, shapes }
    }

    /// The level of every citation in an answer.
    pub fn levels(&self, answer: &Value, reads: &Reads) -> Vec<Level> {
        let has = |id: &str| self.corpora.iter().any(|corpus| corpus.chunk(id).is_some());
        let seen = |id: &str| reads.read.contains(id) || reads.shown.contains(id);
        let in_index = |id: &str| Some(seen(id) || has(id));
        let ids = Ids {
            known: &|id| in_index(id) == Some(true),
            shapes: &self.shapes,
        };
        // The answer is the run's, whoever of it read what it cites.
        let grounds = Grounds {
            in_index: &in_index,
            own: &reads.read,
            run: &reads.read,
        };
        let found = citation::find(answer, ids).into_iter();
        found.map(|citation| grounds.level(&citation.id)).collect()
    }
}
