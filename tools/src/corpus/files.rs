//! Which files a corpus has: glob patterns → a sorted list of files, each with its document id.

use crate::Error;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Folders deeper than this below a pattern's fixed part are not entered: a guard against loops of links.
const DEPTH_MAX: usize = 64;

/// The kinds of files that have text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.md`: text with fenced blocks.
    Markdown,
    /// `.txt`.
    Text,
    /// `.jsonl`: one object with `id`, `title` and `text` a line.
    Lines,
    /// `.json`: A-RAG's `chunks.json`.
    Chunks,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "txt" | "text" => Some(Self::Text),
            "jsonl" | "ndjson" => Some(Self::Lines),
            "json" => Some(Self::Chunks),
            _ => None,
        }
    }
}

/// A file of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusFile {
    /// Where it is.
    pub path: PathBuf,
    /// The path as shown in warnings: relative to the workflow's folder where it lies below it.
    pub shown: String,
    /// The path relative to the longest common folder of all matches, without the extension.
    pub document: String,
    /// How it is read.
    pub kind: Kind,
}

/// The files that match any of the patterns, sorted by path; files of other kinds become warnings.
pub fn find(
    corpus: &str,
    root: &Path,
    patterns: &[String],
    warnings: &mut Vec<String>,
) -> Result<Vec<CorpusFile>, Error> {
    // keyed by the path with forward slashes, which is the corpus order
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for pattern in patterns {
        let (base, glob) = split_pattern(corpus, root, pattern)?;
        match glob {
            None if base.is_file() => {
                found.insert(slashed(&base), base);
            }
            None => walk(&base, &base, None, 0, &mut found, warnings),
            Some(glob) => walk(&base, &base, Some(&glob), 0, &mut found, warnings),
        }
    }
    let root = normal(root);
    let shown = |path: &Path| slashed(path.strip_prefix(&root).unwrap_or(path));
    let (known, other): (Vec<PathBuf>, Vec<PathBuf>) = found.into_values().partition(|p| Kind::of(p).is_some());
    for path in other {
        warnings.push(format!(
            "{}: not a .md, .txt, .jsonl or .json file, left out",
            shown(&path)
        ));
    }
    let common = common_folder(&known);
    let files = known.into_iter().filter_map(|path| {
        let kind = Kind::of(&path)?;
        let document = slashed(&path.strip_prefix(&common).unwrap_or(&path).with_extension(""));
        Some(CorpusFile {
            shown: shown(&path),
            document,
            kind,
            path,
        })
    });
    Ok(files.collect())
}

/// The fixed leading folders of a pattern below `root`, and the glob for what follows them.
fn split_pattern(corpus: &str, root: &Path, pattern: &str) -> Result<(PathBuf, Option<GlobMatcher>), Error> {
    let mut base = root.to_owned();
    let mut rest = pattern;
    if rest.starts_with('/') {
        base = PathBuf::from("/");
        rest = rest.trim_start_matches('/');
    }
    while !rest.is_empty() {
        let (part, after) = rest.split_once('/').unwrap_or((rest, ""));
        if part.contains(['*', '?', '[', '{', '\\']) {
            break;
        }
        base.push(part);
        rest = after;
    }
    if rest.is_empty() {
        return Ok((normal(&base), None));
    }
    let glob = GlobBuilder::new(rest)
        .literal_separator(true)
        .build()
        .map_err(|e| Error::Pattern {
            corpus: corpus.to_owned(),
            pattern: pattern.to_owned(),
            reason: e.kind().to_string(),
        })?;
    Ok((normal(&base), Some(glob.compile_matcher())))
}

/// Collects the files below `folder` whose path relative to `base` matches. Hidden folders are entered
/// only as a pattern's fixed part: they hold version control and our own index.
fn walk(
    base: &Path,
    folder: &Path,
    glob: Option<&GlobMatcher>,
    depth: usize,
    found: &mut BTreeMap<String, PathBuf>,
    warnings: &mut Vec<String>,
) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // a missing base folder is said by the "no text" error, with the pattern
        Err(error) if depth == 0 && error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => {
            warnings.push(format!("{}: the folder cannot be read: {error}", folder.display()));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let Ok(metadata) = std::fs::metadata(&path) else {
            if !hidden && glob.is_none_or(|glob| matches(glob, base, &path)) {
                warnings.push(format!("{}: cannot be read: a broken link", path.display()));
            }
            continue;
        };
        if metadata.is_dir() {
            if !hidden && depth < DEPTH_MAX {
                walk(base, &path, glob, depth + 1, found, warnings);
            }
        } else if glob.map_or(!hidden, |glob| matches(glob, base, &path)) {
            found.insert(slashed(&path), path);
        }
    }
}

fn matches(glob: &GlobMatcher, base: &Path, path: &Path) -> bool {
    path.strip_prefix(base).is_ok_and(|relative| glob.is_match(relative))
}

/// The path without `.` and `..`, by its letters alone.
fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

fn common_folder(paths: &[PathBuf]) -> PathBuf {
    let mut parents = paths.iter().filter_map(|path| path.parent());
    let Some(first) = parents.next() else {
        return PathBuf::new();
    };
    let mut common = first.to_owned();
    for parent in parents {
        while !parent.starts_with(&common) {
            common.pop();
        }
    }
    common
}
