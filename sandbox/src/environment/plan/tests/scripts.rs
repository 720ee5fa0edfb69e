//! Whole plans, a small repository for each language.

use super::{Made, Repository, is_bash, own, planned};

/// A plan as text: what the language's rules wrote, and why.
fn shown(files: &[(&str, &str)], tests: &[&str]) -> String {
    let plan = planned(files, tests);
    let language = Repository::of(files).language(tests).unwrap();
    assert!(is_bash(&plan.setup) && is_bash(&plan.test));
    let reasons = plan.reasons.join("\n");
    format!(
        "{} {:?}\n{reasons}\n\n# setup\n{}\n# test\n{}",
        language.name(),
        plan.runner,
        own(&plan.setup),
        plan.test
    )
}

#[test]
fn python_reads_all_manifests() {
    let project = "[build-system]\nrequires = ['setuptools', 'setuptools_scm']\n[project]\nname = 'a'\n\
        [project.optional-dependencies]\ntest = ['x']\ndev = ['y']\n[dependency-groups]\ntests = ['responses>=1']\n\
        [tool.pytest.ini_options]\naddopts = '--cov=a'\n";
    insta::assert_snapshot!(shown(
        &[
            ("pyproject.toml", project),
            ("PKG-INFO", "Name: a\nVersion: 1.2\n"),
            ("requirements-dev.txt", "z"),
            ("requirements/docs.txt", "z"),
            (
                "tox.ini",
                "[testenv]\ndeps =\n  -r{toxinidir}/other.txt\n  pytest\n  py27: old\n  six\n"
            ),
            ("other.txt", ""),
            ("tests/test_a.py", "import hypothesis\ndef test_a(mocker): pass\n"),
        ],
        &["tests"],
    ));
}

#[test]
fn compiled_python_is_built_again() {
    let setup = "setup(ext_modules=[Extension('a', ['a.c'])], tests_require=['mock'])";
    insta::assert_snapshot!(shown(&[("setup.py", setup), ("test_a.py", "")], &[]));
}

#[test]
fn tap_runs_file_by_file() {
    let package =
        r#"{"engines": {"node": ">=20"}, "scripts": {"test": "tape 'test/*.js'"}, "devDependencies": {"tape": "5"}}"#;
    insta::assert_snapshot!(shown(
        &[("package.json", package), ("test/a.js", ""), ("test/deep/b.js", "")],
        &["test"]
    ));
}

#[test]
fn typescript_is_built_where_tests_use_the_result() {
    let package = r#"{"main": "dist/a.js", "scripts": {"build": "tsc", "test": "vitest"}}"#;
    let files = [
        ("package.json", package),
        ("package-lock.json", "{}"),
        ("tsconfig.json", "{}"),
        ("src/a.ts", ""),
        ("test/a.test.ts", "import a from '../dist/a.js';"),
    ];
    insta::assert_snapshot!(shown(&files, &["test/a.test.ts"]));
}

#[test]
fn rust_fetches_and_builds() {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = 'a'\n[dependencies]\n\"openssl-sys\" = '1'",
        ),
        ("tests/a.rs", ""),
    ];
    insta::assert_snapshot!(shown(&files, &["tests/a.rs"]));
}

#[test]
fn go_has_debians_sources_at_hand() {
    let module =
        "module x.org/a\ngo 1.21\nrequire (\n\tgithub.com/b/c_d/v2 v2.0.0 // indirect\n\tgolang.org/x/e v1.0.0\n)\n";
    insta::assert_snapshot!(shown(&[("go.mod", module), ("a_test.go", "")], &[]));
}

#[test]
fn java_falls_back_to_the_compiler() {
    let files = [
        ("pom.xml", ""),
        ("src/main/java/a/A.java", "import com.google.gson.Gson;"),
        ("src/test/java/a/ATest.java", "import static org.mockito.Mockito.mock;"),
    ];
    insta::assert_snapshot!(shown(&files, &["src/test/java/a/ATest.java"]));
}

#[test]
fn cmake_finds_libraries() {
    let files = [
        (
            "CMakeLists.txt",
            "find_package(ZLIB REQUIRED)\npkg_check_modules(X REQUIRED libcurl>=7)",
        ),
        ("tests/test_a.c", "#include <check.h>\n#include <own.h>"),
        ("include/own.h", ""),
    ];
    insta::assert_snapshot!(shown(&files, &["tests/test_a.c"]));
}

#[test]
fn automake_runs_the_named_checks() {
    let files = [
        ("configure.ac", "AC_INIT"),
        ("tests/Makefile.am", "TESTS = one two.sh \\\n  three"),
        ("tests/one.c", ""),
    ];
    insta::assert_snapshot!(shown(&files, &["tests/one.c", "tests/two.sh"]));
}

#[test]
fn meson_prints_its_report() {
    insta::assert_snapshot!(shown(&[("meson.build", "dependency('glib-2.0')"), ("a.c", "")], &[]));
}

#[test]
fn php_has_debians_packages_at_hand() {
    let composer = r#"{"require": {"ext-gmp": "*", "psr/log": "1"}, "require-dev": {"phpunit/phpunit": "9"}}"#;
    insta::assert_snapshot!(shown(
        &[("composer.json", composer), ("tests/ATest.php", "")],
        &["tests/ATest.php"]
    ));
}

#[test]
fn ruby_specs_run_with_or_without_bundler() {
    let gemspec = "Gem::Specification.new do |s|\n s.add_dependency 'rack_x', '~> 1'\n s.add_development_dependency(\"rspec\")\nend";
    let files = [
        ("a.gemspec", gemspec),
        ("Gemfile", "gemspec"),
        ("spec/a_spec.rb", ""),
        ("spec/spec_helper.rb", ""),
    ];
    insta::assert_snapshot!(shown(&files, &["spec/a_spec.rb", "spec/spec_helper.rb"]));
}

#[test]
fn ruby_tests_run_file_by_file() {
    insta::assert_snapshot!(shown(
        &[("Gemfile", ""), ("test/test_a.rb", ""), ("test/test_helper.rb", "")],
        &["test"]
    ));
}

#[test]
fn perl_builds_what_is_compiled() {
    let meta = r#"{"prereqs": {"test": {"requires": {"Test::Deep": "0", "perl": "5.8"}}, "develop": {"requires": {"No": "0"}}}}"#;
    insta::assert_snapshot!(shown(
        &[
            ("Makefile.PL", ""),
            ("META.json", meta),
            ("A.xs", ""),
            ("t/a.t", "use Foo::Bar 1;")
        ],
        &[]
    ));
}

#[test]
fn packages_are_no_newer_than_the_commit_and_interpreters_as_asked() {
    let package = r#"{"name": "a", "version": "1.0.0", "engines": {"node": "<17"}, "scripts": {"test": "mocha"}}"#;
    let node = Repository::of(&[("package.json", package), ("test/a.js", "")]).made("2021-12-31");
    let setup = node.planned(&["test"], &[]).unwrap().setup;
    assert!(setup.contains("before=2022-01-30T00:00:00Z\n"), "{setup}");
    assert!(setup.contains("node_of '<17'\n"), "{setup}");
    let project = "[project]\nname = 'a'\nrequires-python = '>= 3.8, < 3.11'\n";
    let python = Repository::of(&[("pyproject.toml", project), ("test_a.py", "")]);
    let setup = python.planned(&[], &[]).unwrap().setup;
    assert!(
        setup.contains("asked='>=3.8,<3.11'\n") && setup.contains("\nbefore=\n"),
        "{setup}"
    );
}

#[test]
fn a_release_asks_the_registry_when_it_was_made() {
    let released = |files: &[(&str, &str)]| {
        let repository = Repository {
            made: Made::Published,
            ..Repository::of(files)
        };
        let setup = repository.planned(&[], &[]).unwrap().setup;
        assert!(is_bash(&setup));
        let line = setup
            .lines()
            .find(|line| line.starts_with("before="))
            .map(str::to_owned);
        line.unwrap_or_default()
    };
    let asked = [
        released(&[
            ("setup.py", ""),
            ("PKG-INFO", "Name: a.b\nVersion: 1.2\n"),
            ("test_a.py", ""),
        ]),
        released(&[("setup.py", ""), ("test_a.py", "")]),
        released(&[
            ("package.json", r#"{"name": "@a/b", "version": "2.0.0"}"#),
            ("test/a.js", ""),
        ]),
        released(&[
            ("Cargo.toml", "[package]\nname = \"c\"\nversion = \"3.0.0\""),
            ("tests/a.rs", ""),
        ]),
    ];
    insta::assert_snapshot!(asked.join("\n"), @r#"
    before=$(later 30 "$(published a.b 1.2)") || before=
    before=
    before=$(later 30 "$(published @a/b 2.0.0)") || before=
    before=$(later 30 "$(published c 3.0.0)") || before=
    "#);
}

#[test]
fn features_of_whole_test_files_are_asked_for() {
    let manifest =
        "[package]\nname = 'a'\n[features]\nalloc = []\n[dependencies]\nserde = { version = '1', optional = true }\n";
    let files = [
        ("Cargo.toml", manifest),
        ("tests/a.rs", "#![cfg(all(feature = \"serde\", feature = \"later\"))]\n"),
        ("tests/b.rs", "#![cfg(not(feature = \"alloc\"))]\n"),
    ];
    let command = super::command(&planned(&files, &["tests/a.rs", "tests/b.rs"])).to_owned();
    assert_eq!(
        command,
        "cargo test --no-fail-fast --test a --test b --features serde || rc=1"
    );
}
