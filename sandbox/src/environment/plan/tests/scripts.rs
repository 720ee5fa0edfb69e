//! Whole plans, a small repository for each language.

use super::{is_bash, own, planned};

/// A plan as text: what the language's rules wrote, and why.
fn shown(files: &[(&str, &str)], tests: &[&str]) -> String {
    let plan = planned(files, tests);
    assert!(is_bash(&plan.setup) && is_bash(&plan.test));
    let reasons = plan.reasons.join("\n");
    format!(
        "{} {:?}\n{reasons}\n\n# setup\n{}\n# test\n{}",
        plan.language,
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
