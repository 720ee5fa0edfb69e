//! Which language is recognised.

use super::{Language, Repository, Unplanned};

fn detected(files: &[&str], tests: &[&str]) -> Option<Language> {
    let files: Vec<(&str, &str)> = files.iter().map(|&path| (path, "")).collect();
    Repository::of(&files).language(tests)
}

#[test]
fn a_manifest_names_the_language() {
    assert_eq!(
        detected(&["Cargo.toml", "build.py", "other.py"], &[]),
        Some(Language::Rust)
    );
    assert_eq!(detected(&["go.mod", "a.go"], &[]), Some(Language::Go));
    assert_eq!(detected(&["a.gemspec", "lib/a.rb"], &[]), Some(Language::Ruby));
    assert_eq!(detected(&["Makefile.PL", "lib/A.pm"], &[]), Some(Language::Perl));
}

#[test]
fn of_two_manifests_the_one_with_more_files_counts() {
    assert_eq!(
        detected(&["package.json", "pyproject.toml", "a.py", "b.py", "c.js"], &[]),
        Some(Language::Python)
    );
}

#[test]
fn the_asked_tests_tell_between_manifests() {
    assert_eq!(
        detected(&["package.json", "setup.py", "a.py", "b.py"], &["test/a.js"]),
        Some(Language::JavaScript)
    );
}

#[test]
fn a_compilers_configuration_makes_typescript_of_javascript() {
    assert_eq!(
        detected(&["package.json", "tsconfig.json", "a.ts", "b.js", "c.js"], &[]),
        Some(Language::TypeScript)
    );
    assert_eq!(
        detected(&["package.json", "index.d.ts", "b.js"], &[]),
        Some(Language::JavaScript)
    );
}

#[test]
fn c_and_cpp_are_told_apart_by_their_files() {
    assert_eq!(detected(&["CMakeLists.txt", "a.cpp", "a.h"], &[]), Some(Language::Cpp));
    assert_eq!(detected(&["configure.ac", "a.c", "b.c"], &[]), Some(Language::C));
}

#[test]
fn without_a_manifest_files_are_counted() {
    assert_eq!(detected(&["a.java", "b.java", "c.py"], &[]), Some(Language::Java));
}

#[test]
fn other_peoples_code_does_not_count() {
    assert_eq!(
        detected(&["a.php", "node_modules/a.js", "node_modules/b.js"], &[]),
        Some(Language::Php)
    );
}

#[test]
fn nothing_known_is_no_plan() {
    let planned = Repository::of(&[("README", "")]).planned(&[], &[]);
    assert_eq!(planned, Err(Unplanned::UnknownLanguage));
    assert_eq!(
        Unplanned::UnknownLanguage.to_string(),
        "no file tells the repository's language"
    );
}
