//! CMake: tests switched on, built beside the repository, and run by `ctest`.

use super::{System, runner};
use crate::environment::plan::Runner;
use crate::environment::plan::facts::{Facts, base_name, stem};
use crate::environment::plan::manifest::following;
use crate::environment::plan::script::{quote, words};
use std::collections::BTreeSet;

/// What is never switched on: it changes how things are built, or needs more programs.
const NEVER: [&str; 11] = [
    "VALGRIND", "SANITI", "COVERAGE", "FUZZ", "WERROR", "NO_", "WITHOUT", "SKIP", "DISABLE", "MEMCHECK", "DOC",
];

/// How CMake is used here, if it is.
pub(super) fn system(facts: &Facts<'_>) -> Option<System> {
    if !facts.has("CMakeLists.txt") {
        return None;
    }
    // Debian's libraries stand in for those that would be downloaded.
    let mut options = vec![
        "-DBUILD_TESTING=ON".to_owned(),
        "-DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=ALWAYS".to_owned(),
        "-DCMAKE_POLICY_VERSION_MINIMUM=3.5".to_owned(),
    ];
    options.extend(switches(facts).into_iter().map(|name| format!("-D{name}=ON")));
    if facts.remedies.builds > 0 {
        options.push("-DCMAKE_COMPILE_WARNING_AS_ERROR=OFF".to_owned());
    }
    Some(System {
        name: "CMake",
        programs: &[("cmake", &["cmake"])],
        configure: vec![format!("cmake -S . -B /opt/build {}", words(options))],
        build: "cmake --build /opt/build -j \"$(workers)\" -- -k".to_owned(),
        test: vec![run(facts)],
        runner: runner(facts, Runner::Ctest),
    })
}

/// Runs the tests, and shows what they print as they print it.
fn run(facts: &Facts<'_>) -> String {
    let all = "ctest -V --no-tests=error";
    let shown = "sed -E 's/^[0-9]+: //'";
    let stems = asked(facts);
    if stems.is_empty() || facts.remedies.simpler > 0 {
        return format!("(cd /opt/build && {all}) | {shown}");
    }
    let pattern = quote(&format!(
        "^({})(_?tests?)?$",
        stems.into_iter().collect::<Vec<_>>().join("|")
    ));
    let some = format!("ctest -N -R {pattern} | grep -q 'Test *#'");
    format!("(cd /opt/build && if {some}; then {all} -R {pattern}; else {all}; fi) | {shown}")
}

/// Names that the tests of the asked sources may have; none where a folder is asked for.
fn asked(facts: &Facts<'_>) -> BTreeSet<String> {
    let chosen = facts.select(|path| {
        let source = super::is_source(path) && !path.ends_with(".h") && !path.ends_with(".hpp");
        source && path.to_ascii_lowercase().contains("test")
    });
    if !chosen.folders.is_empty() {
        return BTreeSet::new();
    }
    let plain = |name: &&str| {
        name.chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-')
    };
    chosen
        .files
        .iter()
        .map(|path| stem(path))
        .filter(plain)
        .map(str::to_owned)
        .collect()
}

/// Options that switch tests on: those that are named for tests, and those that tests are built under.
fn switches(facts: &Facts<'_>) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut conditions = BTreeSet::new();
    for path in facts
        .own()
        .filter(|path| base_name(path) == "CMakeLists.txt" || path.ends_with(".cmake"))
    {
        let text = facts.read(path);
        for start in ["option(", "option ("] {
            let names = following(&text, start, &[' ', '\n', ')']).map(str::trim);
            named.extend(names.filter(|it| is_name(it)).map(str::to_owned));
        }
        if path.to_ascii_lowercase().contains("test") {
            for start in ["if(", "if ("] {
                let names = following(&text, start, &[')']).map(str::trim);
                conditions.extend(names.filter(|it| is_name(it)).map(str::to_owned));
            }
        }
    }
    let wanted = |name: &String| {
        let upper = name.to_ascii_uppercase();
        let fits = upper.contains("TEST") || conditions.contains(name);
        fits && !NEVER.iter().any(|part| upper.contains(part))
    };
    named.into_iter().filter(wanted).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}
