//! A set of chunks, one bit each.

/// Some of a number of chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkSet {
    bits: Vec<u64>,
}

impl ChunkSet {
    /// None of `count` chunks.
    pub fn none(count: usize) -> Self {
        let bits = vec![0; count.div_ceil(64)];
        Self { bits }
    }

    /// All of `count` chunks.
    pub fn all(count: usize) -> Self {
        let mut bits = vec![u64::MAX; count / 64];
        let rest = count % 64;
        if rest > 0 {
            bits.push((1 << rest) - 1);
        }
        Self { bits }
    }

    /// Those of `count` chunks that are `wanted`.
    pub fn new(count: usize, wanted: impl Fn(u32) -> bool) -> Self {
        let mut set = Self::none(count);
        for chunk in (0..count as u32).filter(|chunk| wanted(*chunk)) {
            set.insert(chunk);
        }
        set
    }

    /// Puts in a chunk, if it is one of the number.
    pub fn insert(&mut self, chunk: u32) {
        if let Some(bits) = self.bits.get_mut(chunk as usize / 64) {
            *bits |= 1 << (chunk % 64);
        }
    }

    /// Whether a chunk is one of them.
    pub fn has(&self, chunk: u32) -> bool {
        let bits = self.bits.get(chunk as usize / 64);
        bits.is_some_and(|bits| bits >> (chunk % 64) & 1 == 1)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Keeps those that are also in a set of the same number.
    pub fn keep(&mut self, other: &Self) {
        for (bits, other) in self.bits.iter_mut().zip(&other.bits) {
            *bits &= other;
        }
    }

    /// Takes in those of a set of the same number.
    pub fn add(&mut self, other: &Self) {
        for (bits, other) in self.bits.iter_mut().zip(&other.bits) {
            *bits |= other;
        }
    }

    /// They, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.bits).flat_map(|(at, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let lowest = bits.trailing_zeros();
                // the lowest bit goes
                bits &= bits.wrapping_sub(1);
                (lowest < 64).then_some(at * 64 + lowest)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(
            one in prop::collection::btree_set(0u32..200, 0..60),
            other in prop::collection::btree_set(0u32..200, 0..60),
        ) {
            let set = |chunks: &BTreeSet<u32>| ChunkSet::new(200, |chunk| chunks.contains(&chunk));
            let is = |set: &ChunkSet, chunks: &BTreeSet<u32>| {
                set.len() == chunks.len()
                    && set.iter().eq(chunks.iter().copied())
                    && (0..300).all(|chunk| set.has(chunk) == chunks.contains(&chunk))
            };
            prop_assert!(is(&set(&one), &one));
            let (mut kept, mut sum, mut all) = (set(&one), set(&one), ChunkSet::all(200));
            kept.keep(&set(&other));
            sum.add(&set(&other));
            all.keep(&set(&other));
            prop_assert!(is(&kept, &(&one & &other)));
            prop_assert!(is(&sum, &(&one | &other)));
            prop_assert!(is(&all, &other));
        }
    }
}
