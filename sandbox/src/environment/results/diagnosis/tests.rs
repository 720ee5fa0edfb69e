//! Tests of why an attempt failed, on what tools printed.

use super::*;

fn diagnosed(runner: Runner, stage: Stage, output: &str) -> (Category, Vec<Missing>) {
    let diagnosis = diagnose(runner, stage, 1, output);
    (diagnosis.category, diagnosis.missing)
}

#[test]
fn what_is_missing_is_told_in_the_order_of_the_log() {
    let (category, missing) = diagnosed(Runner::Ctest, Stage::Setup, include_str!("../fixtures/c_setup.txt"));
    assert_eq!(category, Category::Dependency);
    assert_eq!(
        missing,
        [
            Missing::Header("zlibx.h".to_owned()),
            Missing::Library("foobar".to_owned()),
            Missing::Library("foox".to_owned()),
            Missing::Program("nosuch".to_owned()),
        ]
    );
}

#[test]
fn a_missing_module_explains_that_nothing_was_collected() {
    for (runner, output, name) in [
        (
            Runner::Pytest,
            include_str!("../fixtures/pytest_collection.txt"),
            "numpyx",
        ),
        (Runner::Tap, include_str!("../fixtures/node_missing.txt"), "@scope/tool"),
        (Runner::Rspec, include_str!("../fixtures/ruby_load.txt"), "nokogirix"),
        (Runner::Prove, include_str!("../fixtures/prove.txt"), "Nothere::Module"),
        (Runner::Cargo, include_str!("../fixtures/cargo_build.txt"), "serdex"),
    ] {
        assert_eq!(
            diagnosed(runner, Stage::Test, output),
            (Category::Dependency, vec![Missing::Module(name.to_owned())]),
            "{runner:?}"
        );
    }
}

#[test]
fn advice_names_the_package_that_brings_a_module() {
    let output = "ModuleNotFoundError: No module named 'yaml'\n";
    assert_eq!(
        diagnose(Runner::Pytest, Stage::Test, 1, output).guidance,
        ["Install `PyYAML`, which brings the module `yaml`."]
    );
    let other = "Error: Cannot find module 'yaml'\n";
    assert_eq!(
        diagnose(Runner::Tap, Stage::Test, 1, other).guidance,
        ["Install the package that brings the module `yaml`."]
    );
}

#[test]
fn each_other_category_is_told_with_what_to_do() {
    for (stage, code, output, expected) in [
        (
            Stage::Setup,
            6,
            "curl: (6) Could not resolve host: example.com",
            Category::Network,
        ),
        (Stage::Setup, 1, "npm error code ETIMEDOUT", Category::Network),
        (Stage::Test, 1, "test says: Connection refused", Category::Unknown),
        (Stage::Setup, 1, "tar: a: No space left on device", Category::Resource),
        (Stage::Setup, 137, "", Category::Resource),
        (Stage::Setup, 1, "error: a.py: patch does not apply", Category::Patch),
        (
            Stage::Test,
            4,
            "ERROR: file or directory not found: a.py",
            Category::TestCommand,
        ),
        (
            Stage::Test,
            4,
            "pytest: error: unrecognized arguments: --foo",
            Category::TestCommand,
        ),
        (
            Stage::Test,
            1,
            "npm error Missing script: \"test\"",
            Category::TestCommand,
        ),
        (Stage::Test, 5, "no tests ran in 0.01s", Category::TestCommand),
        (
            Stage::Test,
            2,
            "ERROR t.py::A - pytest.PytestCollectionWarning\n! Interrupted: 1 error during collection !",
            Category::TestCommand,
        ),
        (
            Stage::Test,
            0,
            "?   \texample.com/a\t[no test files]",
            Category::TestCommand,
        ),
        (
            Stage::Setup,
            100,
            "E: Unable to locate package nosuch",
            Category::Dependency,
        ),
        (
            Stage::Setup,
            1,
            "ERROR: Package 'a' requires a different Python: 3.11.2 not in '>=3.13'",
            Category::Dependency,
        ),
        (Stage::Setup, 1, "a.c:3:5: error: expected ';'", Category::Build),
        (Stage::Test, 1, "AssertionError: 1 != 2", Category::Unknown),
    ] {
        let diagnosis = diagnose(Runner::Pytest, stage, code, output);
        assert_eq!(diagnosis.category, expected, "{output}");
        assert_eq!(diagnosis.guidance.len(), 1, "{output}: {:?}", diagnosis.guidance);
    }
}

#[test]
fn packages_without_tests_are_no_fault_beside_those_that_have_some() {
    let output = "?   \texample.com/a\t[no test files]\n=== RUN   TestA\n--- FAIL: TestA (0.00s)\nFAIL\n";
    assert_eq!(diagnosed(Runner::GoText, Stage::Test, output).0, Category::Unknown);
}

#[test]
fn without_the_network_what_was_not_installed_is_no_cause() {
    let output = "Temporary failure in name resolution\nModuleNotFoundError: No module named 'six'\n";
    assert_eq!(diagnosed(Runner::Pytest, Stage::Setup, output).0, Category::Network);
}
