//! Which environments go so that the rest has room.

use std::collections::{HashMap, HashSet};
use troupe_sandbox::docker::Layer;

/// An environment and the layers of its image above its base's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its image.
    pub image: String,
    /// When it was last of use.
    pub last_used_ms: u64,
    /// Its layers, those that it shares among them.
    pub layers: Vec<Layer>,
}

/// Bytes that the layers of some environments take, each layer once.
pub fn taken<'a>(kept: impl IntoIterator<Item = &'a Kept>) -> u64 {
    let layers = kept.into_iter().flat_map(|it| &it.layers);
    let once: HashMap<&str, u64> = layers.map(|layer| (layer.id.as_str(), layer.bytes)).collect();
    once.values().sum()
}

/// Bytes of the layers that no other environment stands on: what its removal gives back.
pub fn own(one: &Kept, all: &[Kept]) -> u64 {
    let others = all.iter().filter(|it| it.image != one.image);
    let shared: HashSet<&str> = others
        .flat_map(|it| &it.layers)
        .map(|layer| layer.id.as_str())
        .collect();
    let own = one.layers.iter().filter(|layer| !shared.contains(layer.id.as_str()));
    own.map(|layer| layer.bytes).sum()
}

/// The images that go, in order, so that the rest takes no more than `most` bytes: each time the one that was of no use
/// for longest among those whose removal gives something back. One that others grew from gives nothing back before
/// these are gone.
pub fn evicted(kept: &[Kept], most: u64) -> Vec<String> {
    let mut rest = kept.to_vec();
    rest.sort_by_key(|it| it.last_used_ms);
    let mut gone = Vec::new();
    while taken(&rest) > most {
        let Some(place) = rest.iter().position(|it| own(it, &rest) > 0) else {
            break;
        };
        gone.push(rest.remove(place).image);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(image: &str, last_used_ms: u64, layers: &[(&str, u64)]) -> Kept {
        let layers = layers.iter().map(|(id, bytes)| Layer {
            id: (*id).to_owned(),
            bytes: *bytes,
        });
        Kept {
            image: image.to_owned(),
            last_used_ms,
            layers: layers.collect(),
        }
    }

    #[test]
    fn the_longest_unused_goes_first_and_no_parent_before_its_children() {
        let parent = kept("parent", 1, &[("p", 100)]);
        let child = kept("child", 3, &[("p", 100), ("c", 10)]);
        let other = kept("other", 2, &[("o", 50)]);
        let all = [child.clone(), parent.clone(), other];
        assert_eq!(taken(&all), 160);
        assert_eq!((own(&parent, &all), own(&child, &all)), (0, 10));
        assert_eq!(evicted(&all, 160), Vec::<String>::new());
        assert_eq!(evicted(&all, 110), ["other"]);
        // The child has to go before its parent gives anything back.
        assert_eq!(evicted(&all, 100), ["other", "child"]);
        assert_eq!(evicted(&all, 0), ["other", "child", "parent"]);
    }

    #[test]
    fn what_takes_no_room_is_not_removed() {
        assert_eq!(evicted(&[kept("empty", 1, &[])], 0), Vec::<String>::new());
    }
}
