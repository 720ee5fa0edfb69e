//! Which targets of a package or a workspace the asked tests are, and the features that they want.

use crate::environment::plan::facts::{Facts, Selection, folder_of, stem};
use crate::environment::plan::manifest::{self, Entry};
use crate::environment::plan::script::{quote, words};
use std::collections::{BTreeMap, BTreeSet};

/// Test files that are read for the features that they depend on.
const READ_TESTS: usize = 200;

/// What follows `cargo test` for the asked tests, for each package.
pub(super) fn commands(facts: &Facts<'_>, root: &str) -> Vec<String> {
    let chosen = facts.select(|path| path.ends_with(".rs"));
    let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in chosen.paths() {
        let home = package_folder(facts, path);
        let inside = path.strip_prefix(&home).unwrap_or(path).trim_start_matches('/');
        let wanted = targets.entry(home.clone()).or_default();
        wanted.extend(target(facts, &home, inside, &chosen));
    }
    let mut commands = Vec::new();
    for (home, wanted) in targets {
        let entries = facts.toml(&joined(&home, "Cargo.toml"));
        let package = match manifest::value(&entries, "package", "name") {
            Some(name) if home != root => format!("-p {} ", quote(name)),
            _ => String::new(),
        };
        // All tests of a package have the chosen ones among them.
        let all = wanted.contains("--tests");
        let wanted: Vec<&str> = wanted
            .iter()
            .map(String::as_str)
            .filter(|it| !all || *it == "--tests")
            .collect();
        let conditions = conditions(facts, &home, &wanted);
        let features = features(&entries, &wanted, &conditions);
        commands.push(format!("{package}{}{features}", wanted.join(" ")));
    }
    commands
}

/// The target that a path belongs to.
fn target(facts: &Facts<'_>, home: &str, inside: &str, chosen: &Selection) -> Option<String> {
    let entries = facts.toml(&joined(home, "Cargo.toml"));
    if let Some(name) = declared(&entries, inside) {
        return Some(format!("--test {}", quote(&name)));
    }
    let parts: Vec<&str> = inside.split('/').collect();
    match parts.as_slice() {
        ["tests", file] if file.ends_with(".rs") => Some(format!("--test {}", quote(stem(file)))),
        ["tests", folder, rest @ ..] => {
            let main = joined(home, &format!("tests/{folder}/main.rs"));
            let added = chosen.files.contains(&main);
            if facts.has(&main) || added {
                return Some(format!("--test {}", quote(folder)));
            }
            // A module that tests share: which of them use it is not known.
            (rest.is_empty() || chosen.files.len() == 1).then(|| "--tests".to_owned())
        }
        ["benches" | "examples", ..] => None,
        ["src", rest @ ..] if facts.has(&joined(home, "src/lib.rs")) && rest.first() != Some(&"bin") => {
            Some("--lib".to_owned())
        }
        _ => Some("--tests".to_owned()),
    }
}

/// The name that a manifest gives to the test at a path.
fn declared(entries: &[Entry], inside: &str) -> Option<String> {
    let tests = || entries.iter().filter(|it| it.table == "test");
    let at = tests().find(|it| it.key == "path" && it.strings().first().is_some_and(|path| path == inside))?;
    let name = tests().find(|it| it.place == at.place && it.key == "name")?;
    name.strings().into_iter().next()
}

/// Features that the chosen tests require.
fn features(entries: &[Entry], wanted: &[&str], conditions: &BTreeSet<String>) -> String {
    let tests = || entries.iter().filter(|it| it.table == "test");
    let unrun = |it: &&Entry| {
        let mut own = tests().filter(|other| other.place == it.place);
        own.any(|other| other.key == "test" && other.value == "false")
    };
    let required = tests()
        .filter(|it| it.key == "required-features" && !unrun(it))
        .filter(|it| {
            let mut names = tests().filter(|other| other.place == it.place && other.key == "name");
            let name = names
                .next()
                .and_then(|name| name.strings().into_iter().next())
                .unwrap_or_default();
            wanted.contains(&"--tests") || wanted.contains(&format!("--test {}", quote(&name)).as_str())
        });
    let mut names: BTreeSet<String> = required.flat_map(Entry::strings).collect();
    names.extend(conditions.iter().filter(|name| has_feature(entries, name)).cloned());
    if names.is_empty() {
        return String::new();
    }
    format!(
        " --features {}",
        words([names.into_iter().collect::<Vec<_>>().join(",")])
    )
}

/// Features on which whole files of tests depend: without them these are compiled to nothing.
fn conditions(facts: &Facts<'_>, home: &str, wanted: &[&str]) -> BTreeSet<String> {
    let folder = joined(home, "tests");
    let is_wanted = |path: &str| {
        let named = format!("--test {}", quote(stem(path)));
        folder_of(path) == folder && path.ends_with(".rs") && wanted.iter().any(|it| *it == "--tests" || *it == named)
    };
    let mut found = BTreeSet::new();
    for text in facts.texts(READ_TESTS, is_wanted) {
        let conditions = text.lines().filter_map(|line| line.trim().strip_prefix("#![cfg("));
        let positive = conditions.filter(|line| !line.contains("not("));
        found.extend(positive.flat_map(|line| {
            manifest::following(line, "feature = \"", &['"'])
                .map(str::to_owned)
                .collect::<Vec<_>>()
        }));
    }
    found
}

/// Whether a manifest has a feature, or a dependency that is one.
fn has_feature(entries: &[Entry], name: &str) -> bool {
    let table = format!("dependencies.{name}");
    let optional = |entry: &&Entry| entry.key == "optional" && entry.value == "true" && entry.table == table;
    let inline =
        |entry: &&Entry| entry.table == "dependencies" && entry.key == name && entry.value.contains("optional = true");
    entries
        .iter()
        .any(|entry| entry.table == "features" && entry.key == name || optional(&entry) || inline(&entry))
}

/// The folder of the package that a file belongs to.
fn package_folder(facts: &Facts<'_>, path: &str) -> String {
    let mut folder = path;
    loop {
        if facts
            .toml(&joined(folder, "Cargo.toml"))
            .iter()
            .any(|it| it.table == "package")
        {
            return folder.to_owned();
        }
        if folder.is_empty() {
            return String::new();
        }
        folder = folder_of(folder);
    }
}

pub(super) fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
