//! What earlier diagnoses change.

use super::{Category, Diagnosis, Missing, Repository, Unplanned, command, diagnosis, own};
use crate::environment::Language;

fn python() -> Repository {
    Repository::of(&[("setup.py", "setup()"), ("tests/test_a.py", "")])
}

fn module(name: &str) -> Diagnosis {
    diagnosis(Category::Dependency, &[Missing::Module(name.to_owned())])
}

#[test]
fn a_missing_module_is_installed_by_its_distribution() {
    let plan = python()
        .planned(&[], &[module("yaml"), module("bs4.element"), module("left_pad")])
        .unwrap();
    assert!(
        own(&plan.setup).contains("pieces pytest PyYAML beautifulsoup4 left_pad"),
        "{}",
        plan.setup
    );
}

#[test]
fn a_missing_module_of_perl_is_a_package_of_debian() {
    let perl = Repository::of(&[("Makefile.PL", ""), ("t/a.t", "")]);
    let plan = perl.planned(&[], &[module("Test::Deep_Er")]).unwrap();
    assert!(
        plan.setup.contains("module Test::Deep_Er libtest-deep-er-perl"),
        "{}",
        plan.setup
    );
}

#[test]
fn a_missing_module_of_node_is_installed_by_its_package() {
    let node = Repository::of(&[
        ("package.json", r#"{"scripts": {"test": "tape test/*.js"}}"#),
        ("test/a.js", ""),
    ]);
    let plan = node
        .planned(&[], &[module("./own"), module("@a/b/c"), module("d/e")])
        .unwrap();
    let installed = own(&plan.setup);
    assert!(
        installed.contains("install --no-save @a/b ||") && installed.contains("install --no-save d ||"),
        "{installed}"
    );
    assert!(!installed.contains("./own"), "{installed}");
}

#[test]
fn programs_headers_and_libraries_become_packages() {
    let missing = [
        Missing::Program("xxd".to_owned()),
        Missing::Header("openssl/ssl.h".to_owned()),
        Missing::Library("foo_bar".to_owned()),
        Missing::Program("$(x)".to_owned()),
    ];
    let plan = python()
        .planned(&[], &[diagnosis(Category::Dependency, &missing)])
        .unwrap();
    let expected = "wishes xxd libssl-dev libfoo-bar-dev libfoo-bar1-dev foo-bar-dev\n";
    assert!(plan.setup.contains(expected), "{}", plan.setup);
}

#[test]
fn wrong_test_commands_become_simpler_until_none_is_left() {
    let wrong = diagnosis(Category::TestCommand, &[]);
    let tried = |times: usize| python().planned(&["tests/test_a.py"], &vec![wrong.clone(); times]);
    assert_eq!(
        command(&tried(0).unwrap()),
        "python -m pytest -rA --color=no tests/test_a.py || rc=1"
    );
    assert!(command(&tried(1).unwrap()).contains("addopts="));
    assert_eq!(
        command(&tried(2).unwrap()),
        "python -m unittest -v tests/test_a.py || rc=1"
    );
    assert_eq!(tried(3), Err(Unplanned::NothingNew(Language::Python)));
}

#[test]
fn a_failed_build_runs_one_compiler_at_a_time() {
    let c = Repository::of(&[("Makefile", "check:\n"), ("a.c", "")]);
    let plan = c.planned(&[], &[diagnosis(Category::Resource, &[])]).unwrap();
    assert!(plan.test.contains("workers() { echo 1; }"), "{}", plan.test);
    let again = c.planned(
        &[],
        &[diagnosis(Category::Resource, &[]), diagnosis(Category::Build, &[])],
    );
    assert_eq!(again, Err(Unplanned::NothingNew(Language::C)));
}

#[test]
fn what_was_tried_is_not_tried_again() {
    let unknown = diagnosis(Category::Unknown, &[]);
    let error = python().planned(&[], &[unknown]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rules for Python have nothing left to try after what went wrong"
    );
}

#[test]
fn the_network_may_be_back_twice() {
    let network = diagnosis(Category::Network, &[]);
    assert!(python().planned(&[], &vec![network.clone(); 2]).is_ok());
    assert_eq!(
        python().planned(&[], &vec![network; 3]),
        Err(Unplanned::NothingNew(Language::Python))
    );
}

#[test]
fn what_existed_then_comes_first_then_its_tools_then_what_is_newest() {
    let unknown = diagnosis(Category::Unknown, &[]);
    let made = "2020-01-02T03:04:05Z";
    let rust = Repository::of(&[("Cargo.toml", "[package]\nname = 'a'"), ("tests/a.rs", "")]).made(made);
    let tried = |times: usize| rust.planned(&[], &vec![unknown.clone(); times]).unwrap().setup;
    let bound = "before=2020-02-01T03:04:05Z\n";
    assert!(tried(0).contains(bound) && !tried(0).contains("\n  rustup -q toolchain"));
    assert!(tried(1).contains(bound) && tried(1).contains("\n  rustup -q toolchain"));
    assert!(tried(2).contains("before=\n") && !tried(2).contains("\n  rustup -q toolchain"));
    let fourth = rust.planned(&[], &vec![unknown.clone(); 3]);
    assert_eq!(fourth, Err(Unplanned::NothingNew(Language::Rust)));
    // Python has no tools of then: what is newest is next.
    let python = python().made(made);
    assert!(python.planned(&[], &[]).unwrap().setup.contains(bound));
    let next = python.planned(&[], std::slice::from_ref(&unknown)).unwrap();
    assert!(next.setup.contains("\nbefore=\n"), "{}", next.setup);
}

#[test]
fn an_interpreter_that_nobody_has_is_not_asked_for_again() {
    let missed = diagnosis(Category::Dependency, &[Missing::Interpreter("Python <3.8".to_owned())]);
    let error = python().planned(&[], &[missed]).unwrap_err();
    assert_eq!(error, Unplanned::NothingNew(Language::Python));
}
