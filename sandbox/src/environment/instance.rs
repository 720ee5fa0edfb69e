//! Instances: a repository at a commit, a test patch and a fix patch, as SWE-bench and MEnvBench write them.

use super::{Language, NamedLanguage};
use crate::error::Error;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// One task: make an image in which the tests of `test_patch` fail, and pass with `fix_patch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its name, unlike every other one in the file.
    pub id: String,
    /// The repository: those of one name share environments.
    pub repository: String,
    /// Where its files come from.
    pub source: Source,
    /// Its version, `MAJOR.MINOR` or longer; empty where none is known.
    pub version: String,
    /// When the base commit was made, as it is written (ISO 8601 sorts by time); empty where it is not known.
    pub created_at: String,
    /// The language, where it is told.
    pub language: Option<NamedLanguage>,
    /// The patch with the tests.
    pub test_patch: String,
    /// The patch with the fix.
    pub fix_patch: String,
    /// The tests to run; those that the test patch touches where it is empty.
    pub tests: Vec<String>,
    /// All fields, as they came.
    pub record: Map<String, Value>,
}

/// Where a repository's files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An archive: `.tar`, `.tar.gz` or `.tgz`.
    Archive(PathBuf),
    /// A folder as it is now.
    Folder(PathBuf),
    /// A commit of a git repository at a URL or a path.
    Git {
        /// What git clones from.
        from: String,
        /// The commit.
        commit: String,
    },
}

/// Languages that are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Languages {
    /// Those that rules plan for.
    Known,
    /// All: agents plan, or nobody does.
    Any,
}

/// Reads a file of instances, a JSON object a line. Paths in it are seen from its folder.
///
/// # Errors
/// With the line that cannot be used and why.
pub fn read(file: &Path, languages: Languages) -> Result<Vec<Instance>, Error> {
    let text = std::fs::read_to_string(file).map_err(Error::at(file))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut instances: Vec<Instance> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: String| Error::Instance {
            file: file.to_owned(),
            line: at + 1,
            what,
        };
        let record = serde_json::from_str(line).map_err(|error| wrong(format!("this is no JSON object: {error}")))?;
        let instance = instance(record, folder).map_err(wrong)?;
        if let (Languages::Known, Some(NamedLanguage::Other(name))) = (languages, &instance.language) {
            return Err(wrong(unknown(name)));
        }
        if instances.iter().any(|other| other.id == instance.id) {
            return Err(wrong(format!("`{}` stands here a second time", instance.id)));
        }
        instances.push(instance);
    }
    Ok(instances)
}

/// An instance from its fields. `folder` is where its paths are seen from.
///
/// # Errors
/// What is missing or wrong, and the way out.
pub fn instance(record: Map<String, Value>, folder: &Path) -> Result<Instance, String> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let id = text("instance_id").to_owned();
    if id.is_empty() {
        return Err("`instance_id` is missing: the name by which the instance is told from others".to_owned());
    }
    if id.starts_with('.') || id.contains(['/', '\\', '\0']) {
        return Err(format!(
            "`instance_id`: `{id}` names a folder, so it has no slashes and does not begin with a dot"
        ));
    }
    let test_patch = patch(text("test_patch"), folder, "test_patch")?;
    if !test_patch.contains("\n+++ ") {
        return Err("`test_patch` changes no file: without it there is nothing that could fail".to_owned());
    }
    let fix_patch = patch(text("patch"), folder, "patch")?;
    let version = [text("version"), text("base_version")]
        .into_iter()
        .find(|it| !it.is_empty());
    Ok(Instance {
        repository: repository(&record, &id),
        source: source(&record, folder)?,
        version: version.unwrap_or_default().to_owned(),
        created_at: text("created_at").to_owned(),
        language: Some(text("language").trim())
            .filter(|it| !it.is_empty())
            .map(NamedLanguage::of),
        tests: tests(&record, &test_patch),
        test_patch,
        fix_patch,
        id,
        record,
    })
}

fn unknown(name: &str) -> String {
    format!(
        "`language`: no rules plan for `{name}`, only for {}: let agents plan with --model MODEL, or leave `language` \
         out where the repository's files tell it",
        Language::names()
    )
}

/// The patch itself, or a path to it.
fn patch(text: &str, folder: &Path, key: &str) -> Result<String, String> {
    match text {
        "" => Err(format!("`{key}` is missing: the text of a patch, or a path to one")),
        text if text.contains('\n') => Ok(text.to_owned()),
        path => {
            let path = folder.join(path);
            std::fs::read_to_string(&path).map_err(|error| format!("`{key}`: {}: {error}", path.display()))
        }
    }
}

/// Whose environments it shares: the name of its repository, else of its package.
fn repository(record: &Map<String, Value>, id: &str) -> String {
    if let Some(name) = record.get("repo").and_then(Value::as_str).filter(|it| !it.is_empty()) {
        return name.trim_end_matches(".git").to_owned();
    }
    let of = |key: &str| record.get("source").and_then(|source| source[key].as_str());
    match (of("registry"), of("package")) {
        (Some(registry), Some(package)) => format!("{registry}/{package}"),
        _ => id.to_owned(),
    }
}

fn source(record: &Map<String, Value>, folder: &Path) -> Result<Source, String> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
    if let Some(archive) = ["base_archive", "archive"].iter().find_map(|key| text(key)) {
        return Ok(Source::Archive(folder.join(archive)));
    }
    let Some(place) = ["repo_url", "path", "repo"].iter().find_map(|key| text(key)) else {
        return Err("there are no sources: give `repo` with `base_commit`, `path`, or `base_archive`".to_owned());
    };
    let local = folder.join(place);
    let from = if local.exists() {
        local.display().to_string()
    } else if place.contains(':') || place.matches('/').count() != 1 {
        place.to_owned()
    } else {
        // As SWE-bench names them.
        format!("https://github.com/{place}")
    };
    match text("base_commit") {
        Some(commit) if commit.starts_with('-') => Err(format!("`base_commit`: `{commit}` is no commit")),
        Some(commit) => Ok(Source::Git {
            from,
            commit: commit.to_owned(),
        }),
        None if local.is_dir() => Ok(Source::Folder(local)),
        None => Err(format!(
            "`{place}` is no folder, and `base_commit` does not say which commit of it"
        )),
    }
}

/// The tests that the instance names, else the files that its test patch leaves behind.
fn tests(record: &Map<String, Value>, test_patch: &str) -> Vec<String> {
    let named = record.get("test_files").and_then(Value::as_array);
    let named: Vec<String> = named
        .into_iter()
        .flatten()
        .filter_map(|path| Some(path.as_str()?.to_owned()))
        .collect();
    if named.is_empty() { touched(test_patch) } else { named }
}

/// The files that a git patch leaves behind, in its order.
pub fn touched(patch: &str) -> Vec<String> {
    distinct(heads(patch).map(|(_, after)| after))
}

/// All files that a git patch names, as they are called before it and after it.
pub fn named(patch: &str) -> Vec<String> {
    distinct(heads(patch).flat_map(|(before, after)| [before, after]))
}

/// What a file is called before a patch and after it, for each file. Only both lines together are a head: one alone may
/// be a changed line that begins like it.
fn heads(patch: &str) -> impl Iterator<Item = (&str, &str)> {
    let next = patch.lines().skip(1);
    let pairs = patch.lines().zip(next);
    pairs.filter_map(|(before, after)| {
        let (before, after) = (before.strip_prefix("--- ")?, after.strip_prefix("+++ ")?);
        Some((path(before, "a/"), path(after, "b/")))
    })
}

fn path<'a>(text: &'a str, side: &str) -> &'a str {
    // What `diff` itself writes ends in a tab and a time.
    let text = text.split('\t').next().unwrap_or(text).trim().trim_matches('"');
    text.strip_prefix(side).unwrap_or(text)
}

fn distinct<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for path in paths.filter(|path| *path != "/dev/null" && !path.is_empty()) {
        if !files.iter().any(|file| file == path) {
            files.push(path.to_owned());
        }
    }
    files
}

#[cfg(test)]
mod tests;
