//! Libraries that a project in C or C++ names, in its build files or with its headers.

use super::is_source;
use crate::environment::plan::debian;
use crate::environment::plan::facts::{Facts, base_name};
use crate::environment::plan::manifest::following;
use std::collections::BTreeSet;

/// Sources that are read for the headers they include.
const READ_SOURCES: usize = 400;

/// What names a library in a build file, and what ends the name.
const NAMED: [(&str, &[char]); 9] = [
    ("find_package(", &[' ', ')', '\n']),
    ("find_package (", &[' ', ')', '\n']),
    ("find_library(", &[')', '\n']),
    ("pkg_check_modules(", &[')']),
    ("PKG_CHECK_MODULES(", &[')']),
    ("AC_CHECK_LIB(", &[',', ')']),
    ("AC_SEARCH_LIBS(", &[')']),
    ("dependency('", &['\'']),
    ("find_library('", &['\'']),
];

/// Debian packages of the libraries that everybody knows.
pub(super) fn packages(facts: &Facts<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    let is_build = |path: &str| {
        let name = base_name(path);
        ["CMakeLists.txt", "configure.ac", "configure.in", "meson.build"].contains(&name) || name.ends_with(".cmake")
    };
    for text in facts.texts(READ_SOURCES, is_build) {
        for (start, ends) in NAMED {
            for inside in following(&text, start, ends) {
                let names = inside.split(|it: char| it.is_whitespace() || "[],\"".contains(it));
                found.extend(names.filter_map(debian::known_library));
            }
        }
    }
    for text in facts.texts(READ_SOURCES, is_source) {
        found.extend(following(&text, "#include <", &['>', '\n']).filter_map(|header| outside(facts, header)));
    }
    if facts
        .texts(READ_SOURCES, is_build)
        .any(|text| text.contains("PKG_") || text.contains("PkgConfig"))
    {
        found.insert("pkg-config".to_owned());
    }
    found.into_iter().collect()
}

/// The package of a header that the repository neither brings nor makes from a template.
fn outside(facts: &Facts<'_>, header: &str) -> Option<String> {
    let package = debian::known_header(header)?;
    let brings = |path: &String| {
        let path = path.strip_suffix(".in").unwrap_or(path);
        path == header || path.ends_with(&format!("/{header}"))
    };
    (!facts.snapshot.files().iter().any(brings)).then_some(package)
}
