//! C and C++: the build system of the project, and what its tests print.

mod autotools;
mod cmake;
mod make;
mod meson;
mod needs;

use super::facts::{Facts, ends_in};
use super::script::Script;
use super::{Plan, Runner, Unplanned};

/// Test sources that are read for the library they use.
const READ_TESTS: usize = 200;

/// How a build system is used. All commands run in the repository's folder.
#[derive(Debug)]
struct System {
    name: &'static str,
    /// Its programs, and the Debian packages for each.
    programs: &'static [(&'static str, &'static [&'static str])],
    /// Prepares a build, and can be run again.
    configure: Vec<String>,
    /// Builds the project and its tests; its failure is one of the tests', and the others run.
    build: String,
    /// Runs the tests.
    test: Vec<String>,
    runner: Runner,
}

/// Plans for a project in C or C++.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let systems = [cmake::system, meson::system, autotools::system, make::system];
    let fitting: Vec<System> = systems.iter().filter_map(|system| system(facts)).collect();
    // A build system that did not get through gives way to the next one.
    let next = facts
        .remedies
        .simpler
        .saturating_sub(1)
        .min(fitting.len().saturating_sub(1));
    let system = fitting
        .into_iter()
        .nth(next)
        .ok_or(Unplanned::NoTests(facts.language))?;
    let reasons = vec![
        format!("{} builds it", system.name),
        format!("tests run by: {}", system.test.join("; ")),
    ];
    Ok(Plan {
        setup: setup(facts, &system),
        test: test(facts, &system),
        runner: system.runner,
        reasons,
    })
}

fn setup(facts: &Facts<'_>, system: &System) -> String {
    let mut script = Script::setup();
    for program in ["cc", "c++", "make"] {
        script.program(program, &["build-essential"]);
    }
    for (program, packages) in system.programs {
        script.program(program, packages);
    }
    for (program, endings) in [("flex", ["l", "ll"]), ("bison", ["y", "yy"])] {
        if facts.own().any(|path| ends_in(path, &endings)) {
            script.program(program, &[program]);
        }
    }
    script.wishes(&needs::packages(facts));
    script.wishes(&facts.remedies.packages);
    script.workers(facts.remedies.single);
    script.lines(&system.configure);
    script.line(format!("({}) || echo 'not all is built yet'", system.build));
    script.finish()
}

fn test(facts: &Facts<'_>, system: &System) -> String {
    let mut script = Script::test();
    script.workers(facts.remedies.single);
    for command in &system.configure {
        script.line(format!("{{ {command}; }} >/dev/null || exit 1"));
    }
    script.attempt(format!("({})", system.build));
    for command in &system.test {
        script.attempt(command);
    }
    script.finish()
}

/// What the tests print, by the library that their sources use; `other` where it is none of those.
fn runner(facts: &Facts<'_>, other: Runner) -> Runner {
    let is_test = |path: &str| path.to_ascii_lowercase().contains("test") && is_source(path);
    let texts: Vec<String> = facts.texts(READ_TESTS, is_test).collect();
    let used = |header: &str| texts.iter().any(|text| text.contains(header));
    if used("gtest/gtest.h") || used("gmock/gmock.h") {
        Runner::Gtest
    } else if used("unity.h\"") || used("unity_fixture.h") {
        Runner::Unity
    } else {
        other
    }
}

fn is_source(path: &str) -> bool {
    ends_in(path, &["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "hxx", "ipp"])
}
