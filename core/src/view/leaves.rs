//! A list whose clones share what they have in common: a run at many moments costs little more than at one.

use std::fmt;
use std::iter::FlatMap;
use std::ops::{Index, IndexMut};
use std::slice::Iter;
use std::sync::Arc;

/// A list that only grows at its end, in leaves of `N` elements. Cloning it copies one pointer for each leaf; whoever
/// changes an element of a leaf that others have too copies that leaf.
#[derive(Clone)]
pub struct Leaves<T, const N: usize = 16> {
    leaves: Vec<Arc<Vec<T>>>,
}

impl<T, const N: usize> Leaves<T, N> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        let last = self.leaves.last().map_or(0, |leaf| leaf.len());
        self.leaves.len().saturating_sub(1) * N + last
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The element at a position.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.leaves.get(at / N)?.get(at % N)
    }

    /// All elements, in order.
    pub fn iter(&self) -> Elements<'_, T> {
        self.leaves.iter().flat_map(|leaf| leaf.iter())
    }

    /// How many elements are in leaves that `other` does not have.
    pub fn own(&self, other: &Self) -> usize {
        let is_shared = |at: usize, leaf: &Arc<Vec<T>>| other.leaves.get(at).is_some_and(|it| Arc::ptr_eq(it, leaf));
        let own = self
            .leaves
            .iter()
            .enumerate()
            .filter(|(at, leaf)| !is_shared(*at, leaf));
        own.map(|(_, leaf)| leaf.len()).sum()
    }
}

/// The elements of a list, in order.
pub type Elements<'a, T> = FlatMap<Iter<'a, Arc<Vec<T>>>, Iter<'a, T>, fn(&'a Arc<Vec<T>>) -> Iter<'a, T>>;

impl<'a, T, const N: usize> IntoIterator for &'a Leaves<T, N> {
    type Item = &'a T;
    type IntoIter = Elements<'a, T>;

    fn into_iter(self) -> Elements<'a, T> {
        self.iter()
    }
}

impl<T: Clone, const N: usize> Leaves<T, N> {
    /// The element at a position, to be changed.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        Arc::make_mut(self.leaves.get_mut(at / N)?).get_mut(at % N)
    }

    /// One more element.
    pub fn push(&mut self, element: T) {
        match self.leaves.last_mut().filter(|leaf| leaf.len() < N) {
            Some(leaf) => Arc::make_mut(leaf).push(element),
            None => {
                let mut leaf = Vec::with_capacity(N);
                leaf.push(element);
                self.leaves.push(Arc::new(leaf));
            }
        }
    }

    /// Changes the elements that are to be changed; leaves without one stay shared.
    pub fn change(&mut self, mut which: impl FnMut(&T) -> bool, mut how: impl FnMut(&mut T)) {
        for leaf in &mut self.leaves {
            let mut at = 0;
            while let Some(next) = leaf[at..].iter().position(&mut which) {
                at += next;
                how(&mut Arc::make_mut(leaf)[at]);
                at += 1;
            }
        }
    }
}

impl<T, const N: usize> Default for Leaves<T, N> {
    fn default() -> Self {
        Self { leaves: Vec::new() }
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Leaves<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.leaves == other.leaves
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for Leaves<T, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<T, const N: usize> Index<usize> for Leaves<T, N> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.leaves[at / N][at % N]
    }
}

impl<T: Clone, const N: usize> IndexMut<usize> for Leaves<T, N> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut Arc::make_mut(&mut self.leaves[at / N])[at % N]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Deed {
        Push(u8),
        Set(usize, u8),
        Double(u8),
        Keep,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => any::<u8>().prop_map(Deed::Push),
            2 => (any::<usize>(), any::<u8>()).prop_map(|(at, value)| Deed::Set(at, value)),
            1 => any::<u8>().prop_map(Deed::Double),
            1 => Just(Deed::Keep),
        ]
    }

    proptest! {
        /// It is a list like any other, and a clone stays as it was.
        #[test]
        fn it_is_a_list(deeds in proptest::collection::vec(deed(), 0..120)) {
            let (mut plain, mut shared) = (Vec::new(), Leaves::<u8, 4>::default());
            let mut kept = Vec::new();
            for deed in deeds {
                match deed {
                    Deed::Push(value) => { plain.push(value); shared.push(value); }
                    Deed::Set(_, _) if plain.is_empty() => {}
                    Deed::Set(at, value) => {
                        let at = at % plain.len();
                        plain[at] = value;
                        shared[at] = value;
                    }
                    Deed::Double(than) => {
                        plain.iter_mut().filter(|it| **it > than).for_each(|it| *it = it.wrapping_mul(2));
                        shared.change(|it| *it > than, |it| *it = it.wrapping_mul(2));
                    }
                    Deed::Keep => kept.push((plain.clone(), shared.clone())),
                }
                kept.push((plain.clone(), shared.clone()));
            }
            for (plain, shared) in kept {
                prop_assert_eq!(shared.len(), plain.len());
                prop_assert_eq!(shared.is_empty(), plain.is_empty());
                prop_assert_eq!(shared.iter().rev().copied().collect::<Vec<_>>(), plain.iter().rev().copied().collect::<Vec<_>>());
                prop_assert_eq!(shared.get(plain.len()), None);
                prop_assert_eq!(shared.own(&shared.clone()), 0);
            }
        }
    }

    #[test]
    fn only_what_changes_is_copied() {
        let mut shared = Leaves::<u32, 4>::default();
        (0..12).for_each(|it| shared.push(it));
        let before = shared.clone();
        assert_eq!(shared.own(&before), 0);
        shared[5] = 7;
        assert_eq!((shared.own(&before), before[5]), (4, 5));
        shared.push(12);
        assert_eq!(shared.own(&before), 5);
    }
}
