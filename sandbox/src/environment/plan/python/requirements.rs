//! What a Python project says its tests need: extras, groups and lists of requirements, wherever they are written.

use crate::environment::plan::facts::{Facts, base_name};
use crate::environment::plan::manifest::{self, Entry};

/// Names of extras and groups for testing, the most fitting first.
const FOR_TESTS: [&str; 10] = [
    "test",
    "tests",
    "testing",
    "tests-require",
    "pytest",
    "unittest",
    "hatch-test",
    "dev",
    "develop",
    "development",
];

/// What is to be installed beside the project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Requirements {
    /// Extras of the project.
    pub(super) extras: Vec<String>,
    /// Files of requirements, the project's own first.
    pub(super) files: Vec<String>,
    /// Single requirements.
    pub(super) single: Vec<String>,
}

impl Requirements {
    /// Reads a project's manifests.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let project = facts.toml("pyproject.toml");
        let setup = manifest::ini(&facts.read("setup.cfg"));
        let code = facts.read("setup.py");
        let mut found = Self {
            extras: for_tests(extras(&project, &setup, &code)),
            files: files(facts),
            single: grouped(&project),
        };
        found.single.extend(
            manifest::bracketed(&code, "tests_require")
                .map(manifest::strings)
                .unwrap_or_default(),
        );
        let required = manifest::value(&setup, "options", "tests_require").unwrap_or_default();
        found.single.extend(required.lines().map(str::to_owned));
        found.add_tox(facts);
        found.single.retain(|it| is_requirement(it));
        found.single.sort_unstable();
        found.single.dedup();
        found
    }

    /// Adds the dependencies of tox's test environment.
    fn add_tox(&mut self, facts: &Facts<'_>) {
        let tox = manifest::ini(&facts.read("tox.ini"));
        for line in manifest::value(&tox, "testenv", "deps").unwrap_or_default().lines() {
            let line = line.replace("{toxinidir}/", "");
            match line.strip_prefix("-r") {
                Some(file) if facts.has(file.trim()) && !self.files.iter().any(|it| it == file.trim()) => {
                    self.files.push(file.trim().to_owned());
                }
                Some(_) => {}
                // A condition, such as `py27: mock`, is about other versions more often than not.
                None if line.contains(':') || line.contains('{') || line.starts_with('-') => {}
                None => self.single.push(line),
            }
        }
    }
}

/// Names of extras, wherever they are defined.
fn extras(project: &[Entry], setup: &[Entry], code: &str) -> Vec<String> {
    let table = |entries: &[Entry], name: &str| -> Vec<String> {
        let inside = entries.iter().filter(|it| it.table == name);
        inside.map(|it| it.key.clone()).collect()
    };
    let mut names = table(project, "project.optional-dependencies");
    names.extend(table(project, "tool.poetry.extras"));
    names.extend(table(setup, "options.extras_require"));
    let written = manifest::bracketed(code, "extras_require").unwrap_or_default();
    let keys = FOR_TESTS.iter().filter(|name| {
        let key = |quote: char| written.contains(&format!("{quote}{name}{quote}:"));
        key('"') || key('\'')
    });
    names.extend(keys.map(|name| (*name).to_owned()));
    names
}

/// Those for testing. The developers' own tools count only where there is nothing else.
fn for_tests(names: Vec<String>) -> Vec<String> {
    let known = FOR_TESTS.iter().filter(|wanted| names.iter().any(|it| it == *wanted));
    let known: Vec<String> = known.map(|name| (*name).to_owned()).collect();
    let narrow: Vec<String> = known.iter().filter(|name| !name.starts_with("dev")).cloned().collect();
    if narrow.is_empty() { known } else { narrow }
}

/// Requirements in groups of `pyproject.toml`: standard ones, hatch's and poetry's.
fn grouped(project: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in project {
        let hatch = entry.table.strip_prefix("tool.hatch.envs.").is_some_and(is_wide);
        let poetry = entry
            .table
            .strip_prefix("tool.poetry.group.")
            .and_then(|it| it.strip_suffix(".dependencies"));
        if entry.table == "dependency-groups" && is_wide(&entry.key) || hatch && entry.key.ends_with("dependencies") {
            found.extend(entry.strings());
        } else if poetry.is_some_and(is_wide) || entry.table == "tool.poetry.dev-dependencies" {
            found.push(entry.key.clone());
        }
    }
    found
}

fn is_wide(name: &str) -> bool {
    name == "default" || FOR_TESTS.contains(&name)
}

/// Files of requirements: the project's, and those for tests and developers.
fn files(facts: &Facts<'_>) -> Vec<String> {
    let is_list = |path: &&str| {
        let folder = path.strip_suffix(base_name(path)).unwrap_or_default();
        let near = ["", "requirements/", "requirement/", "tests/", "test/", "tools/"].contains(&folder);
        near && path.contains("requirement") && path.ends_with(".txt")
    };
    let wanted = |path: &&str| {
        let name = base_name(path).trim_end_matches(".txt");
        let parts: Vec<&str> = name.split(['-', '_', '.']).collect();
        let tests = parts.iter().any(|part| FOR_TESTS.contains(part) || *part == "ci");
        tests || name == "requirements" || name == "base" || path.starts_with("test")
    };
    let mut files: Vec<String> = facts.own().filter(is_list).filter(wanted).map(str::to_owned).collect();
    files.sort_by_key(|path| (path != "requirements.txt", path.clone()));
    files
}

/// Whether a text can be a requirement that stands alone.
fn is_requirement(text: &str) -> bool {
    let first = |it: char| it.is_ascii_alphanumeric();
    text.starts_with(first) && text != "python" && !text.contains("://") && text.len() < 200
}
