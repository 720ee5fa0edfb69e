//! A plain makefile with a target for tests.

use super::{System, runner};
use crate::environment::plan::Runner;
use crate::environment::plan::facts::Facts;
use crate::environment::plan::script::quote;

/// Targets for tests, the most usual first.
const TARGETS: [&str; 6] = ["check", "test", "tests", "runtests", "run-tests", "unittest"];

/// How make is used here, if it is.
pub(super) fn system(facts: &Facts<'_>) -> Option<System> {
    let file = facts.first_of(&["GNUmakefile", "makefile", "Makefile"]);
    let folders = ["", "tests/", "test/"];
    let here = file.and_then(|file| Some((String::new(), target(&facts.read(file))?)));
    let below = || {
        folders.iter().skip(1).find_map(|folder| {
            let target = target(&facts.read(&format!("{folder}Makefile")));
            target.map(|target| (format!("-C {} ", quote(folder.trim_end_matches('/'))), target))
        })
    };
    let (place, target) = here.or_else(below)?;
    let build = if file.is_some() {
        "make -k -j \"$(workers)\""
    } else {
        "true"
    };
    Some(System {
        name: "make",
        programs: &[],
        configure: Vec::new(),
        build: build.to_owned(),
        test: vec![format!("make -k {place}{target}")],
        runner: runner(facts, Runner::ExitCode),
    })
}

/// The target for tests that a makefile has.
fn target(text: &str) -> Option<&'static str> {
    let has = |name: &&&str| {
        text.lines().any(|line| {
            line.strip_prefix(**name)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    TARGETS.iter().find(has).copied()
}
