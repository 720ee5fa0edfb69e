//! Repositories of a few files in, plans out.

mod detection;
mod feedback;
mod scripts;
mod selection;

use super::{Made, Plan, Task, Unplanned, detect, plan};
use crate::environment::results::{Category, Diagnosis, Missing};
use crate::environment::{Language, Moment, Snapshot};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A folder with files.
struct Repository {
    folder: TempDir,
    made: Made,
}

impl Repository {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (path, text) in files {
            let full = folder.path().join(path);
            std::fs::create_dir_all(full.parent().unwrap_or(Path::new("/"))).unwrap();
            std::fs::write(full, text).unwrap();
        }
        Self {
            folder,
            made: Made::Unknown,
        }
    }

    fn made(self, time: &str) -> Self {
        Self {
            made: Made::At(Moment::read(time).unwrap()),
            ..self
        }
    }

    fn language(&self, tests: &[&str]) -> Option<Language> {
        let tests: Vec<String> = tests.iter().map(|&path| path.to_owned()).collect();
        detect::language(&Snapshot::open(self.folder.path()).unwrap(), &tests)
    }

    fn planned(&self, tests: &[&str], feedback: &[Diagnosis]) -> Result<Plan, Unplanned> {
        let snapshot = Snapshot::open(self.folder.path()).unwrap();
        let tests: Vec<String> = tests.iter().map(|&path| path.to_owned()).collect();
        plan(Task {
            snapshot: &snapshot,
            tests: &tests,
            language: None,
            made: self.made,
            feedback,
        })
    }
}

fn planned(files: &[(&str, &str)], tests: &[&str]) -> Plan {
    Repository::of(files).planned(tests, &[]).unwrap()
}

fn diagnosis(category: Category, missing: &[Missing]) -> Diagnosis {
    Diagnosis {
        category,
        missing: missing.to_vec(),
        guidance: Vec::new(),
    }
}

/// What a setup does of its own, without the functions that all begin with.
fn own(setup: &str) -> &str {
    let common = super::script::Script::setup().finish();
    setup.strip_prefix(&common).unwrap_or(setup)
}

/// The last command that collects a failure.
fn command(plan: &Plan) -> &str {
    let mut lines = plan.test.lines().map(str::trim);
    lines.rfind(|line| line.ends_with("|| rc=1")).unwrap_or_default()
}

fn is_bash(script: &str) -> bool {
    Command::new("bash")
        .args(["-n", "-c", script])
        .status()
        .is_ok_and(|it| it.success())
}
