//! Which environments grew from which.

use std::collections::HashSet;
use troupe_core::port::pool::Environment;

/// Every environment below the one that it grew from, with how many stand above it; the newest line first.
pub fn grown(all: &[Environment]) -> Vec<(&Environment, usize)> {
    let mut open: Vec<(&Environment, usize)> = all
        .iter()
        .rev()
        .filter(|it| parent(it, all).is_none())
        .map(|it| (it, 0))
        .collect();
    let mut seen = HashSet::new();
    let mut grown = Vec::new();
    while let Some((environment, depth)) = open.pop() {
        if !seen.insert(environment.image.as_str()) {
            continue;
        }
        grown.push((environment, depth));
        open.extend(children(environment, all).rev().map(|child| (child, depth + 1)));
    }
    grown
}

/// Those that an environment grew from, the nearest first; the last is the first of its line that is kept.
pub fn ancestors<'a>(environment: &'a Environment, all: &'a [Environment]) -> Vec<&'a Environment> {
    let mut ancestors: Vec<&Environment> = Vec::new();
    let mut next = parent(environment, all);
    while let Some(found) = next.filter(|found| ancestors.iter().all(|it| it.image != found.image)) {
        ancestors.push(found);
        next = parent(found, all);
    }
    ancestors
}

/// Those that grew from an environment, the newest first.
pub fn children<'a>(
    environment: &'a Environment,
    all: &'a [Environment],
) -> impl DoubleEndedIterator<Item = &'a Environment> {
    all.iter()
        .filter(|it| parent(it, all).is_some_and(|parent| parent.image == environment.image))
}

/// What an environment grew from, where that is kept. One that claims to have grown from itself has no parent.
fn parent<'a>(environment: &Environment, all: &'a [Environment]) -> Option<&'a Environment> {
    let image = environment
        .parent
        .as_deref()
        .filter(|image| *image != environment.image)?;
    all.iter().find(|it| it.image == image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(image: &str, parent: Option<&str>) -> Environment {
        Environment {
            image: image.to_owned(),
            parent: parent.map(str::to_owned),
            ..Environment::default()
        }
    }

    #[test]
    fn each_stands_below_what_it_grew_from() {
        let all = [
            environment("leaf", Some("branch")),
            environment("alone", Some("gone")),
            environment("branch", Some("root")),
            environment("twig", Some("root")),
            environment("root", None),
            environment("odd", Some("odd")),
        ];
        let rows: Vec<String> = grown(&all)
            .iter()
            .map(|(it, depth)| format!("{depth} {}", it.image))
            .collect();
        assert_eq!(rows, ["0 alone", "0 root", "1 branch", "2 leaf", "1 twig", "0 odd"]);
        let names = |found: Vec<&Environment>| found.iter().map(|it| it.image.clone()).collect::<Vec<_>>();
        assert_eq!(names(ancestors(&all[0], &all)), ["branch", "root"]);
        assert_eq!(names(children(&all[4], &all).collect()), ["branch", "twig"]);
    }
}
