//! Which language a repository is written in: by its manifests first, then by counting its files.

use super::facts::{ends_in, is_aside};
use crate::environment::{Language, Snapshot};

/// Files at the root that name a language.
const MANIFESTS: [(&str, Language); 16] = [
    ("Cargo.toml", Language::Rust),
    ("go.mod", Language::Go),
    ("pyproject.toml", Language::Python),
    ("setup.py", Language::Python),
    ("setup.cfg", Language::Python),
    ("package.json", Language::JavaScript),
    ("pom.xml", Language::Java),
    ("build.gradle", Language::Java),
    ("build.gradle.kts", Language::Java),
    ("composer.json", Language::Php),
    ("Gemfile", Language::Ruby),
    ("Makefile.PL", Language::Perl),
    ("Build.PL", Language::Perl),
    ("cpanfile", Language::Perl),
    ("configure.ac", Language::C),
    ("CMakeLists.txt", Language::C),
];

/// Endings of source files.
const ENDINGS: [(Language, &[&str]); 11] = [
    (Language::Rust, &["rs"]),
    (Language::Go, &["go"]),
    (Language::Python, &["py"]),
    (Language::TypeScript, &["ts", "tsx", "mts", "cts"]),
    (Language::JavaScript, &["js", "jsx", "mjs", "cjs"]),
    (Language::Java, &["java"]),
    (Language::Php, &["php"]),
    (Language::Ruby, &["rb"]),
    (Language::Perl, &["pl", "pm", "t"]),
    (Language::Cpp, &["cc", "cpp", "cxx", "hpp", "hh", "hxx"]),
    (Language::C, &["c"]),
];

/// The language of a repository, if anything tells it.
pub(super) fn language(snapshot: &Snapshot, tests: &[String]) -> Option<Language> {
    let asked = most(tests.iter().map(String::as_str), &all());
    let named = manifests(snapshot);
    let own = || {
        snapshot
            .files()
            .iter()
            .map(String::as_str)
            .filter(|path| !is_aside(path))
    };
    let found = match (asked, named.as_slice()) {
        (Some(asked), named) if named.is_empty() || named.contains(&asked) => Some(asked),
        (_, []) => most(own(), &all()),
        (_, [only]) => Some(*only),
        (_, named) => most(own(), named).or_else(|| named.first().copied()),
    };
    found.map(|language| refined(language, snapshot))
}

fn all() -> Vec<Language> {
    ENDINGS.iter().map(|(language, _)| *language).collect()
}

/// The languages that manifests at the root name. Where one is C's it may be C++'s, and JavaScript's TypeScript's.
fn manifests(snapshot: &Snapshot) -> Vec<Language> {
    let mut found: Vec<Language> = Vec::new();
    for (name, language) in MANIFESTS {
        if snapshot.has(name) && !found.contains(&language) {
            found.push(language);
        }
    }
    let gemspec = |path: &String| !path.contains('/') && path.ends_with(".gemspec");
    if !found.contains(&Language::Ruby) && snapshot.files().iter().any(gemspec) {
        found.push(Language::Ruby);
    }
    if found.contains(&Language::C) {
        found.push(Language::Cpp);
    }
    if found.contains(&Language::JavaScript) {
        found.push(Language::TypeScript);
    }
    found
}

/// The one of some languages that most files are written in.
fn most<'a>(files: impl Iterator<Item = &'a str>, among: &[Language]) -> Option<Language> {
    let files: Vec<&str> = files.filter(|path| !path.ends_with(".d.ts")).collect();
    let count = |endings: &[&str]| files.iter().filter(|path| ends_in(path, endings)).count();
    let counts = ENDINGS.iter().filter(|(language, _)| among.contains(language));
    let counts = counts.map(|(language, endings)| (count(endings), *language));
    // The first of equals wins: `max_by_key` would take the last.
    counts
        .rev()
        .max_by_key(|(count, _)| *count)
        .filter(|(count, _)| *count > 0)
        .map(|(_, language)| language)
}

/// A compiler's configuration and one source file make TypeScript of JavaScript, and one file makes C++ of C.
fn refined(language: Language, snapshot: &Snapshot) -> Language {
    let some = |endings: &[&str]| {
        let mut files = snapshot.files().iter().filter(|path| !is_aside(path));
        files.any(|path| ends_in(path, endings) && !path.ends_with(".d.ts"))
    };
    match language {
        Language::JavaScript if snapshot.has("tsconfig.json") && some(&["ts", "tsx", "mts"]) => Language::TypeScript,
        Language::C if !some(&["c"]) && some(&["cc", "cpp", "cxx"]) => Language::Cpp,
        other => other,
    }
}
