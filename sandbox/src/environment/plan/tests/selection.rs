//! Which of the asked tests run, and as what.

use super::{command, is_bash, planned};
use crate::environment::results::Runner;

const PYTHON: [(&str, &str); 3] = [
    ("pyproject.toml", "[project]\nname='a'"),
    ("tests/test_a.py", ""),
    ("tests/data/x.txt", ""),
];

#[test]
fn a_file_that_comes_with_the_patch_is_run() {
    let plan = planned(&PYTHON, &["tests/test_new.py"]);
    assert_eq!(
        command(&plan),
        "python -m pytest -rA --color=no tests/test_new.py || rc=1"
    );
}

#[test]
fn data_and_helpers_are_left_out() {
    let plan = planned(&PYTHON, &["tests/data/x.txt", "tests/conftest.py", "tests/test_a.py"]);
    assert_eq!(
        command(&plan),
        "python -m pytest -rA --color=no tests/test_a.py || rc=1"
    );
}

#[test]
fn where_nothing_can_be_run_all_tests_are() {
    let plan = planned(&PYTHON, &["tests/data/x.txt"]);
    assert_eq!(command(&plan), "python -m pytest -rA --color=no || rc=1");
}

#[test]
fn tests_with_names_that_pytest_does_not_look_for_are_named() {
    let plan = planned(&[PYTHON[0], ("test.py", "")], &[]);
    assert_eq!(command(&plan), "python -m pytest -rA --color=no test.py || rc=1");
}

#[test]
fn a_path_that_leads_out_is_not_taken() {
    let plan = planned(&PYTHON, &["../test_a.py", "/test_b.py", "./tests//test_a.py"]);
    assert_eq!(
        command(&plan),
        "python -m pytest -rA --color=no tests/test_a.py || rc=1"
    );
}

#[test]
fn names_of_files_stay_words() {
    let name = "tests/test_$(touch x) 'a'.py";
    let plan = planned(&[PYTHON[0], (name, "")], &[name]);
    assert_eq!(
        command(&plan),
        r"python -m pytest -rA --color=no 'tests/test_$(touch x) '\''a'\''.py' || rc=1"
    );
    assert!(is_bash(&plan.test));
}

#[test]
fn tests_of_a_workspace_run_by_package() {
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = ['a']"),
        (
            "a/Cargo.toml",
            "[package]\nname = 'first'\n[[test]]\nname = 'odd'\npath = 'tests/x.rs'\nrequired-features = ['f']",
        ),
        ("a/tests/x.rs", ""),
        ("a/tests/big/main.rs", ""),
    ];
    let plan = planned(&files, &["a/tests/x.rs", "a/tests/big/part.rs", "a/tests/y.rs"]);
    assert_eq!(
        command(&plan),
        "cargo test --no-fail-fast -p first --test big --test odd --test y --features f || rc=1"
    );
}

#[test]
fn a_folder_of_cargos_tests_is_all_targets() {
    let plan = planned(
        &[
            ("Cargo.toml", "[package]\nname = 'a'"),
            ("tests/x.rs", ""),
            ("src/lib.rs", ""),
        ],
        &["tests"],
    );
    assert_eq!(command(&plan), "cargo test --no-fail-fast --tests || rc=1");
}

#[test]
fn go_runs_the_packages_of_files() {
    let plan = planned(
        &[("go.mod", "module x.org/a"), ("b/b_test.go", ""), ("a_test.go", "")],
        &["b/b_test.go", "a_test.go", "b/testdata/x"],
    );
    assert_eq!(command(&plan), "go test -json -vet=off . ./b || rc=1");
}

#[test]
fn options_of_mocha_are_kept_but_for_its_output() {
    let package = r#"{"scripts": {"test": "nyc mocha -r ts-node/register --reporter dot --timeout 5000 'test/**/*.ts' && echo done"}}"#;
    let files = [("package.json", package), ("test/a.ts", ""), ("test/b.ts", "")];
    let plan = planned(&files, &["test/a.ts"]);
    let shown = "npx --no-install mocha --reporter spec --no-color -r ts-node/register --timeout 5000";
    assert_eq!(command(&plan), format!("{shown} test/a.ts || rc=1"));
    assert_eq!(
        command(&planned(&files, &[])),
        format!("{shown} 'test/**/*.ts' || rc=1")
    );
}

#[test]
fn scripts_that_name_others_are_followed() {
    let package =
        r#"{"scripts": {"test": "npm run lint && npm run unit", "lint": "eslint .", "unit": "jest --coverage"}}"#;
    let plan = planned(&[("package.json", package), ("a.test.js", "")], &["a.test.js"]);
    assert_eq!(
        command(&plan),
        r"npx --no-install jest --ci --verbose --colors=false 'a\.test\.js' 2>&1 || rc=1"
    );
}

#[test]
fn perl_runs_test_files_only() {
    let files = [
        ("Makefile.PL", ""),
        ("t/a.t", ""),
        ("t/data/x.txt", ""),
        ("t/lib/Help.pm", ""),
    ];
    let plan = planned(&files, &["t/a.t", "t/data/x.txt", "t/lib/Help.pm"]);
    assert_eq!(command(&plan), "prove -r -b -l t/a.t || rc=1");
}

#[test]
fn the_library_of_the_tests_tells_what_they_print() {
    let google = [
        ("CMakeLists.txt", "enable_testing()"),
        ("test/a.cpp", "#include <gtest/gtest.h>"),
    ];
    assert_eq!(planned(&google, &[]).runner, Runner::Gtest);
    let plain = [("CMakeLists.txt", "enable_testing()"), ("test/a.c", "")];
    assert_eq!(planned(&plain, &[]).runner, Runner::Ctest);
    let automake = [("configure.ac", "AC_INIT"), ("Makefile.am", "TESTS = a"), ("a.c", "")];
    assert_eq!(planned(&automake, &[]).runner, Runner::Automake);
}

#[test]
fn options_for_tests_are_switched_on() {
    let files = [
        (
            "CMakeLists.txt",
            "option(A_TESTS \"x\" OFF)\noption(WITH_X \"x\" OFF)\noption(OTHER \"x\" OFF)\noption(TEST_COVERAGE \"\" OFF)",
        ),
        ("tests/CMakeLists.txt", "if (WITH_X)\nendif()"),
        ("a.c", ""),
    ];
    let test = planned(&files, &[]).test;
    assert!(test.contains("-DA_TESTS=ON -DWITH_X=ON"), "{test}");
    assert!(!test.contains("OTHER") && !test.contains("COVERAGE"), "{test}");
}
