//! Python: a virtual environment with the project in it, and pytest or unittest.

mod distributions;
mod requirements;
mod setup;

use super::facts::{Facts, Selection, base_name};
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned};

/// Where the project is installed; the image's own Python stays as it is.
const BEGIN: &str = "export PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore";

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
    let setup = setup::setup(facts, &mut reasons);
    reasons.push(match (chosen.is_all(), style) {
        (_, Style::Unittest) => "pytest did not fit: unittest runs the tests".to_owned(),
        (true, _) => "pytest runs all tests".to_owned(),
        (false, _) => format!("pytest runs {}", chosen.paths().join(", ")),
    });
    Ok(Plan {
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

/// A machine at work is slow now and then, which is no fault of a property: projects' own settings come later and win.
const NO_DEADLINES: &str = "mkdir -p /tmp/plugins
cat >/tmp/plugins/no_deadlines.py <<'END_OF_FILE'
from hypothesis import settings
settings.register_profile('no-deadlines', deadline=None)
settings.load_profile('no-deadlines')
END_OF_FILE
export PYTHONPATH=/tmp/plugins:$PYTHONPATH";

fn test(facts: &Facts<'_>, chosen: &Selection, style: Style) -> String {
    let mut script = Script::test();
    script.line(BEGIN).line("export CI=1").lines(version(facts));
    if is_package(facts) && is_native(facts) {
        script.line("pip install -q --no-build-isolation --no-deps --no-index -e . || exit 1");
    } else if facts.is_folder("src") {
        // Patches count where the project was installed as a copy too.
        script.line("export PYTHONPATH=$PWD/src:$PWD");
    } else {
        script.line("export PYTHONPATH=$PWD");
    }
    let mut options = "-rA --color=no".to_owned();
    if uses_hypothesis(facts) {
        script.line("export PYTHONPATH=${PYTHONPATH:-}").line(NO_DEADLINES);
        options.push_str(" $(python -c 'import hypothesis' 2>/dev/null && echo -p no_deadlines)");
    }
    let paths = words(chosen.paths());
    match style {
        Style::Pytest => script.attempt(format!("python -m pytest {options} {paths}").trim_end()),
        Style::PlainPytest => {
            options.push_str(" -o addopts= -p no:randomly -p no:cov");
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

fn uses_hypothesis(facts: &Facts<'_>) -> bool {
    let mut texts = facts.texts(READ_TESTS, |path| is_test(path) || base_name(path) == "conftest.py");
    texts.any(|text| text.contains("import hypothesis") || text.contains("from hypothesis"))
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
