//! What the rules of a language look at: a repository's files, the tests that are asked for, and what failed before.

use super::manifest;
use super::remedies::{Era, Remedies};
use crate::environment::plan::Made;
use crate::environment::{Language, Snapshot};

/// Folders whose files are data for tests, or other people's code.
const ASIDE: [&str; 8] = [
    "node_modules",
    "vendor",
    "fixtures",
    "third_party",
    "data",
    "__snapshots__",
    "testdata",
    "target",
];

/// Days in which a fix may ask for something new.
const FIX_DAYS: i64 = 30;

/// What is known of a repository.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// Its files.
    pub(super) snapshot: &'a Snapshot,
    /// The tests that are asked for, as they were told.
    pub(super) tests: &'a [String],
    /// Its language.
    pub(super) language: Language,
    /// When the commit was made.
    pub(super) made: Made,
    /// What is to be mended.
    pub(super) remedies: Remedies,
}

/// Tests to run: all of the project's where both are empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// Files that the runner can run.
    pub(super) files: Vec<String>,
    /// Folders that have such files, or come with a patch.
    pub(super) folders: Vec<String>,
}

impl Selection {
    /// Whether all tests run.
    pub(super) fn is_all(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// Its paths: folders first.
    pub(super) fn paths(&self) -> Vec<&str> {
        self.folders.iter().chain(&self.files).map(String::as_str).collect()
    }
}

impl Facts<'_> {
    /// Sets `before` to the moment after which nothing is installed: a fix comes some time after its commit, with
    /// what it asks for. It is empty where that is not known, and where what there was then did not do. `published`
    /// is the command that asks a registry.
    pub(super) fn before(&self, published: &str) -> String {
        match self.made {
            _ if self.remedies.era == Era::Now => "before=".to_owned(),
            Made::At(moment) => format!("before={}", moment.days_later(FIX_DAYS)),
            Made::Published if !published.is_empty() => {
                format!("before=$(later {FIX_DAYS} \"$({published})\") || before=")
            }
            Made::Published | Made::Unknown => "before=".to_owned(),
        }
    }

    /// The asked tests that can be run, by a rule for files. What lies in a chosen folder is not named again.
    pub(super) fn select(&self, runnable: impl Fn(&str) -> bool) -> Selection {
        let mut chosen = Selection::default();
        for path in self.tests.iter().filter_map(|path| normal(path)) {
            if self.snapshot.has(&path) {
                if runnable(&path) {
                    chosen.files.push(path);
                }
            } else if self.is_folder(&path) {
                if path.is_empty() || self.below(&path).any(&runnable) {
                    chosen.folders.push(path);
                }
            } else if runnable(&path) {
                chosen.files.push(path);
            } else if !base_name(&path).contains('.') && !is_aside(&format!("{path}/")) {
                chosen.folders.push(path);
            }
        }
        if chosen.folders.iter().any(String::is_empty) {
            return Selection::default();
        }
        let folders = chosen.folders.clone();
        let within = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        chosen
            .folders
            .retain(|path| !folders.iter().any(|folder| within(path, folder)));
        chosen
            .files
            .retain(|path| !folders.iter().any(|folder| within(path, folder)));
        chosen.folders.sort_unstable();
        chosen.folders.dedup();
        chosen.files.sort_unstable();
        chosen.files.dedup();
        chosen
    }

    /// Whether there are files below a path.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.below(path).next().is_some()
    }

    /// The files below a folder; all of them for the empty path.
    pub(super) fn below<'b>(&'b self, folder: &'b str) -> impl Iterator<Item = &'b str> {
        let files = self.snapshot.files().iter().map(String::as_str);
        files.filter(move |file| folder.is_empty() || file.strip_prefix(folder).is_some_and(|it| it.starts_with('/')))
    }

    /// The project's own files, without data for tests and other people's code.
    pub(super) fn own(&self) -> impl Iterator<Item = &str> {
        let files = self.snapshot.files().iter().map(String::as_str);
        files.filter(|file| !is_aside(file))
    }

    /// Whether there is a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.snapshot.has(path)
    }

    /// The first of some files that there is.
    pub(super) fn first_of<'b>(&self, paths: &[&'b str]) -> Option<&'b str> {
        paths.iter().copied().find(|path| self.has(path))
    }

    /// The text of a file; nothing where there is none.
    pub(super) fn read(&self, path: &str) -> String {
        self.snapshot.read(path).unwrap_or_default()
    }

    /// The entries of a TOML file; none where there is none.
    pub(super) fn toml(&self, path: &str) -> Vec<manifest::Entry> {
        manifest::toml(&self.read(path))
    }

    /// The texts of the first `most` of the project's own files that a rule chooses.
    pub(super) fn texts<'b>(
        &'b self,
        most: usize,
        chosen: impl Fn(&str) -> bool + 'b,
    ) -> impl Iterator<Item = String> + 'b {
        self.own()
            .filter(move |path| chosen(path))
            .take(most)
            .filter_map(|path| self.snapshot.read(path))
    }
}

/// Whether a file is data for tests, or other people's code.
pub(super) fn is_aside(path: &str) -> bool {
    folder_of(path).split('/').any(|folder| ASIDE.contains(&folder))
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder of a file; empty for the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path without its ending.
pub(super) fn stem(path: &str) -> &str {
    let name = base_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether a path ends in `.` and one of some endings.
pub(super) fn ends_in(path: &str, endings: &[&str]) -> bool {
    base_name(path)
        .rsplit_once('.')
        .is_some_and(|(_, ending)| endings.contains(&ending))
}

/// Each item once, where it came first.
pub(super) fn unique(items: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// A path without `.` parts and slashes at its ends; none where it leads out of the repository.
fn normal(path: &str) -> Option<String> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let inside = !path.starts_with('/') && !parts.contains(&"..");
    inside.then(|| parts.join("/"))
}
