//! What the language has at a place: keys, and what their values are.

use super::cursor::Part;
use crate::language::{Key, Mapping, SHARED, Takes, WORKFLOW};

/// Everything that may stand at the end of a path; alternatives side by side.
pub(super) fn at(path: &[Part]) -> Vec<Takes> {
    let mut here = vec![Takes::Mapping(&WORKFLOW)];
    for part in path {
        here = here.iter().flat_map(|takes| inside(takes, part)).collect();
    }
    here.iter().flat_map(alternatives).collect()
}

/// The key at the end of a path, with its mapping, where it is the language's own.
pub(super) fn key(path: &[Part]) -> Option<(&'static Mapping, &'static Key)> {
    let (last, before) = path.split_last()?;
    let Part::Key(name) = last else { return None };
    at(before).into_iter().find_map(|takes| match takes {
        Takes::Mapping(mapping) => mapping.key(name).map(|key| (mapping, key)),
        _ => None,
    })
}

/// Whether a file with these keys at its top is one that others import.
pub(super) fn is_shared<'k>(mut keys: impl Iterator<Item = &'k str>) -> bool {
    let mut declares = false;
    keys.all(|key| {
        declares |= key != "troupe";
        SHARED.has(key)
    }) && declares
}

fn alternatives(takes: &Takes) -> Vec<Takes> {
    match takes {
        Takes::Or(parts) => parts.iter().flat_map(alternatives).collect(),
        one => vec![*one],
    }
}

fn inside(takes: &Takes, part: &Part) -> Vec<Takes> {
    match (takes, part) {
        (Takes::Or(parts), part) => parts.iter().flat_map(|takes| inside(takes, part)).collect(),
        (Takes::Mapping(mapping), Part::Key(name)) => mapping.key(name).map(|key| key.takes).into_iter().collect(),
        (Takes::Each(each), Part::Key(_)) => vec![**each],
        (Takes::List(item), Part::Item) => vec![**item],
        (Takes::Value | Takes::Data | Takes::Type, _) => vec![*takes],
        _ => Vec::new(),
    }
}
