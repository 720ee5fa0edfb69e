//! Python: a virtual environment with the project in it, and pytest or unittest.

mod distributions;
mod requirements;

use super::facts::{Facts, Selection, base_name, unique};
use super::manifest;
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned};
use requirements::Requirements;

/// Where the project is installed; the image's own Python stays as it is.
const BEGIN: &str = "export PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore";

/// Installs what it can of a list: at once if they fit together, else each on its own.
const PIECES: &str = r#"pieces() {
  pip install -q "$@" || for piece in "$@"; do pip install -q "$piece" || echo "not installed: $piece"; done
}"#;

/// Tests whose texts are read for the modules they use.
const READ_TESTS: usize = 200;

/// How tests are asked for, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Pytest,
    /// Without the project's own options and plugins that change which tests run.
    PlainPytest,
    Unittest,
}

/// Plans for a Python project.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let mut reasons = Vec::new();
    let mut chosen = facts.select(is_test);
    if chosen.is_all() && !facts.own().any(is_found) {
        chosen
            .files
            .extend(facts.own().filter(|path| is_test(path)).map(str::to_owned));
    }
    let ladder = [Style::Pytest, Style::PlainPytest, Style::Unittest];
    let style = *facts.remedies.rung(&ladder).unwrap_or(&Style::Pytest);
    let setup = setup(facts, &mut reasons);
    reasons.push(match (chosen.is_all(), style) {
        (_, Style::Unittest) => "pytest did not fit: unittest runs the tests".to_owned(),
        (true, _) => "pytest runs all tests".to_owned(),
        (false, _) => format!("pytest runs {}", chosen.paths().join(", ")),
    });
    Ok(Plan {
        language: facts.language,
        setup,
        test: test(facts, &chosen, style),
        runner: if style == Style::Unittest {
            Runner::Unittest
        } else {
            Runner::Pytest
        },
        reasons,
    })
}

fn setup(facts: &Facts<'_>, reasons: &mut Vec<String>) -> String {
    let required = Requirements::of(facts);
    let mut script = Script::setup();
    script.program("python3", &["python3", "python3-venv"]);
    script.line("python3 -c 'import ensurepip, venv' 2>/dev/null || packages python3-venv");
    if is_native(facts) {
        reasons.push("it has parts in C: they are compiled again before the tests".to_owned());
        script.program("cc", &["build-essential"]);
        script.wishes(&["python3-dev", "pkg-config"]);
    }
    script.wishes(&facts.remedies.packages);
    script.line("[ -x /opt/venv/bin/python ] || python3 -m venv /opt/venv");
    script.line(BEGIN).line(PIECES).lines(version(facts));
    // Later ones have no `pkg_resources`, which older projects import.
    script.line("pip install -q --upgrade pip 'setuptools<81' wheel");
    for file in &required.files {
        script.line(format!(
            "pip install -q -r {0} || echo {0}: not all installed",
            quote(file)
        ));
    }
    if is_package(facts) {
        reasons.push("the project is installed so that its files are used where they lie".to_owned());
        install(&mut script, &required, is_native(facts), facts);
    }
    let mut wanted = vec!["pytest".to_owned()];
    wanted.extend(plugins(facts));
    wanted.extend(required.single.iter().filter(|it| !it.starts_with("pytest=")).cloned());
    wanted.extend(
        facts
            .remedies
            .modules
            .iter()
            .map(|module| distributions::of_module(module)),
    );
    script.line(format!("pieces {}", words(unique(wanted))));
    script.line("python -c 'import pytest'");
    script.finish()
}

/// Installs the project in place; without extras where these do not fit, and as a copy where nothing else does.
fn install(script: &mut Script, required: &Requirements, native: bool, facts: &Facts<'_>) {
    let extras = required.extras.join(",");
    let isolation = if native { " --no-build-isolation" } else { "" };
    if native {
        let project = facts.toml("pyproject.toml");
        let build = project
            .iter()
            .find(|it| it.table == "build-system" && it.key == "requires");
        let build = build.map(manifest::Entry::strings).unwrap_or_default();
        script.line(format!("pieces {} ninja", words(build)).replace("  ", " "));
    }
    let plain = format!("pip install -q{isolation} -e . || pip install -q{isolation} .");
    if extras.is_empty() {
        script.line(plain);
    } else {
        script.line(format!(
            "pip install -q{isolation} -e {} || {plain}",
            quote(&format!(".[{extras}]"))
        ));
    }
}

fn test(facts: &Facts<'_>, chosen: &Selection, style: Style) -> String {
    let mut script = Script::test();
    script.line(BEGIN).lines(version(facts));
    if is_package(facts) && is_native(facts) {
        script.line("pip install -q --no-build-isolation --no-deps --no-index -e . || exit 1");
    } else if facts.is_folder("src") {
        // Patches count where the project was installed as a copy too.
        script.line("export PYTHONPATH=$PWD/src:$PWD");
    } else {
        script.line("export PYTHONPATH=$PWD");
    }
    let paths = words(chosen.paths());
    match style {
        Style::Pytest => script.attempt(format!("python -m pytest -rA --color=no {paths}").trim_end()),
        Style::PlainPytest => {
            let options = "-rA --color=no -o addopts= -p no:randomly -p no:cov";
            script.attempt(format!("python -m pytest {options} {paths}").trim_end())
        }
        Style::Unittest => unittest(&mut script, chosen),
    };
    script.finish()
}

fn unittest<'a>(script: &'a mut Script, chosen: &Selection) -> &'a mut Script {
    for folder in &chosen.folders {
        script.attempt(format!("python -m unittest discover -v -t . -s {}", quote(folder)));
    }
    if !chosen.files.is_empty() {
        script.attempt(format!("python -m unittest -v {}", words(&chosen.files)));
    }
    if chosen.is_all() {
        script.attempt("python -m unittest discover -v");
    }
    script
}

/// Whether pytest or unittest take a file for tests.
fn is_test(path: &str) -> bool {
    let name = base_name(path);
    name.strip_suffix(".py")
        .is_some_and(|stem| stem.starts_with("test") || stem.ends_with("_test") || stem.ends_with("_tests"))
}

/// Whether pytest finds a file without being told of it.
fn is_found(path: &str) -> bool {
    is_test(path) && (base_name(path).starts_with("test_") || path.ends_with("_test.py"))
}

fn is_package(facts: &Facts<'_>) -> bool {
    let project = facts.toml("pyproject.toml");
    let built = project
        .iter()
        .any(|it| it.table == "project" || it.table == "build-system" || it.table == "tool.poetry");
    let setup = facts.read("setup.cfg");
    facts.has("setup.py") || built || setup.contains("[metadata]") && setup.contains("[options]")
}

/// Whether parts are compiled.
fn is_native(facts: &Facts<'_>) -> bool {
    let code = facts.read("setup.py");
    let backend = facts
        .toml("pyproject.toml")
        .into_iter()
        .find(|it| it.key == "build-backend")
        .map(|it| it.value);
    let compiles = ["mesonpy", "scikit_build", "maturin", "setuptools_rust"];
    ["ext_modules", "Extension(", "cffi_modules", "rust_extensions"]
        .iter()
        .any(|sign| code.contains(sign))
        || backend.is_some_and(|it| compiles.iter().any(|sign| it.contains(sign)))
}

/// Tells the version to projects that ask version control, which does not know it here.
fn version(facts: &Facts<'_>) -> Option<String> {
    let manifests = ["pyproject.toml", "setup.py", "setup.cfg"]
        .map(|path| facts.read(path))
        .concat();
    let asks = [
        "setuptools_scm",
        "setuptools-scm",
        "hatch-vcs",
        "pbr",
        "poetry-dynamic-versioning",
        "pdm-backend",
    ];
    if !asks.iter().any(|sign| manifests.contains(sign)) {
        return None;
    }
    let information = facts.read("PKG-INFO");
    let known = information.lines().find_map(|line| line.strip_prefix("Version: "));
    let version = quote(known.unwrap_or("999.0.0").trim());
    Some(format!(
        "export SETUPTOOLS_SCM_PRETEND_VERSION={version} PBR_VERSION={version} PDM_BUILD_SCM_VERSION={version}"
    ))
}

/// Distributions for testing that the tests and their configuration show.
fn plugins(facts: &Facts<'_>) -> Vec<String> {
    let is_read = |path: &str| is_test(path) || base_name(path) == "conftest.py";
    let configured = ["pytest.ini", "setup.cfg", "tox.ini", "pyproject.toml"].map(|path| facts.read(path));
    let texts = facts
        .texts(READ_TESTS, is_read)
        .chain(configured.into_iter().filter(|it| it.contains("pytest")));
    let mut found: Vec<String> = texts.flat_map(|text| distributions::of_text(&text)).collect();
    found.sort_unstable();
    found.dedup();
    found
}
