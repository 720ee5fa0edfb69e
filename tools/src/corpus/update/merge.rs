//! Which segments of the old index go into the new one: so that there are few, and none is mostly dead.
//!
//! A new segment takes in every segment that is no larger than itself, and any that is more than half
//! dead. So their sizes at least double from one to the next, and every document is copied about as often
//! as the size of the index has doubled (the logarithmic method of Bentley and Saxe 1980).

use super::super::loaded::Loaded;
use super::{Place, Plan};
use crate::index::draft::{Draft, Origin};

/// Sentences and documents of a segment that the new index holds.
#[derive(Debug, Clone, Copy, Default)]
struct Live {
    sentences: usize,
    documents: usize,
}

/// Moves documents of absorbed segments into the new one, and numbers the segments that stay as they are:
/// their folders and their old numbers, in the order of their new ones.
pub(super) fn absorb(plan: &mut Plan, old: Option<&Loaded>) -> Vec<(String, u32)> {
    let Some(old) = old else {
        return Vec::new();
    };
    let mut live = vec![Live::default(); old.segments.len()];
    for planned in &plan.documents {
        if let Place::Old { segment, document } = planned.place {
            live[segment as usize].sentences += old.sentences_of(segment, document);
            live[segment as usize].documents += 1;
        }
    }
    let absorbed = chosen(&live, old, plan.draft.sentences.len(), plan.draft.documents.is_empty());
    let mut kept = Vec::new();
    let mut numbers = vec![None; live.len()];
    for (at, live) in live.iter().enumerate() {
        if !absorbed[at] && live.documents > 0 {
            numbers[at] = Some(kept.len() as u32);
            kept.push((old.manifest.segments[at].clone(), at as u32));
        }
    }
    for planned in &mut plan.documents {
        let Place::Old { segment, document } = planned.place else {
            continue;
        };
        planned.place = match numbers[segment as usize] {
            Some(segment) => Place::Old { segment, document },
            None => Place::New {
                document: copy(&mut plan.draft, old, segment, document),
            },
        };
    }
    kept
}

/// Which segments are taken in, smallest first.
fn chosen(live: &[Live], old: &Loaded, new: usize, nothing_new: bool) -> Vec<bool> {
    let dead = |at: usize| live[at].documents > 0 && 2 * live[at].sentences < old.segments[at].sentences();
    let mut absorbed: Vec<bool> = (0..live.len()).map(dead).collect();
    let taken = |absorbed: &[bool]| -> usize {
        let sizes = live.iter().zip(absorbed).filter(|(_, absorbed)| **absorbed);
        sizes.map(|(live, _)| live.sentences).sum()
    };
    let mut size = new + taken(&absorbed);
    if nothing_new && !absorbed.contains(&true) {
        return absorbed;
    }
    let mut order: Vec<usize> = (0..live.len()).filter(|at| live[*at].documents > 0).collect();
    order.sort_by_key(|at| live[*at].sentences);
    for at in order {
        if !absorbed[at] && live[at].sentences <= size {
            absorbed[at] = true;
            size += live[at].sentences;
        }
    }
    absorbed
}

/// Copies a document and, by name, its vectors.
fn copy(draft: &mut Draft, old: &Loaded, segment: u32, document: u32) -> u32 {
    let from = &old.segments[segment as usize];
    let chunks = from.document(document);
    let mut rows = chunks.clone().flat_map(|chunk| from.rows(chunk));
    let texts = chunks.map(|chunk| from.text(chunk));
    // sentences are cut as they were, so rows and sentences go side by side
    let origin = |_: &str| {
        rows.next()
            .map_or(Origin::Embedder, |row| Origin::Segment { segment, row })
    };
    draft.push(from.name(document), from.metadata(document), texts, origin)
}
