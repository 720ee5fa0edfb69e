//! Which files a corpus has: glob patterns → a sorted list of files, each with its document id.

use crate::Error;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The kinds of files that have text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.md`: text with fenced blocks.
    Markdown,
    /// `.txt`.
    Text,
    /// `.html`: a page.
    Page,
    /// `.pdf`.
    Print,
    /// `.jsonl`: one object with `id`, `title` and `text` a line.
    Lines,
    /// `.csv` and `.tsv`: one row a document.
    Rows,
    /// `.json`: A-RAG's `chunks.json`.
    Chunks,
    /// Source code, cut between its blocks.
    Code,
}

/// Endings by kind. A further one is a word here.
const ENDINGS: [(Kind, &[&str]); 8] = [
    (Kind::Markdown, &["md", "markdown"]),
    (Kind::Text, &["txt", "text"]),
    (Kind::Page, &["html", "htm", "xhtml"]),
    (Kind::Print, &["pdf"]),
    (Kind::Lines, &["jsonl", "ndjson"]),
    (Kind::Rows, &["csv", "tsv"]),
    (Kind::Chunks, &["json"]),
    (
        Kind::Code,
        &[
            "rs", "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "go", "java", "kt", "scala", "c", "h", "cc",
            "cpp", "hpp", "cs", "swift", "rb", "php", "pl", "pm", "lua", "sh", "bash", "sql", "r", "jl", "hs", "ml",
            "ex", "exs", "erl", "clj", "yaml", "yml", "toml", "ini", "cfg", "proto", "css", "scss", "cmake", "gradle",
            "tf",
        ],
    ),
];

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        let row = ENDINGS.iter().find(|(_, endings)| endings.contains(&ending.as_str()))?;
        Some(row.0)
    }
}

/// A file of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusFile {
    /// Where it is.
    pub path: PathBuf,
    /// The path as shown in warnings: relative to the workflow's folder where it lies below it.
    pub shown: String,
    /// The path relative to the longest common folder of all matches; without the extension, but for pages,
    /// prints and code.
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
        if glob.is_none() && base.is_file() {
            found.insert(slashed(&base), base);
        } else if base.exists() {
            // a missing folder is said by the "no text" error, with the pattern
            let mut walk = Walk {
                base: &base,
                glob,
                found: &mut found,
                warnings,
            };
            walk.enter(&base);
        }
    }
    let root = normal(root);
    let shown = |path: &Path| slashed(path.strip_prefix(&root).unwrap_or(path));
    let (known, other): (Vec<PathBuf>, Vec<PathBuf>) = found.into_values().partition(|p| Kind::of(p).is_some());
    for path in other {
        warnings.push(format!(
            "{}: not a kind of file that has text to search, left out",
            shown(&path)
        ));
    }
    let common = common_folder(&known);
    let files = known.into_iter().filter_map(|path| {
        let kind = Kind::of(&path)?;
        let document = path.strip_prefix(&common).unwrap_or(&path);
        // `list.c` and `list.h`, `paper.md` and `paper.pdf` stand side by side
        let document = match kind {
            Kind::Code | Kind::Page | Kind::Print => slashed(document),
            _ => slashed(&document.with_extension("")),
        };
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

/// Collects the files below `base` whose path relative to it matches. Hidden files and folders count
/// only as a pattern's fixed part: they hold version control and our own index. Links to folders are
/// not followed, so that nothing is met twice; links to files are files.
struct Walk<'a> {
    base: &'a Path,
    glob: Option<GlobMatcher>,
    found: &'a mut BTreeMap<String, PathBuf>,
    warnings: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &Path) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.warn(folder, &format!("the folder cannot be read ({error})")),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && link => self.warn(&path, "a link to a folder, not followed"),
                Ok(metadata) if metadata.is_dir() => self.enter(&path),
                Ok(metadata) if metadata.is_file() && self.matches(&path) => {
                    self.found.insert(slashed(&path), path);
                }
                Err(_) if self.matches(&path) => self.warn(&path, "cannot be read: a broken link"),
                // pipes and devices have no end
                _ => {}
            }
        }
    }

    fn matches(&self, path: &Path) -> bool {
        let relative = path.strip_prefix(self.base).unwrap_or(path);
        self.glob.as_ref().is_none_or(|glob| glob.is_match(relative))
    }

    fn warn(&mut self, path: &Path, what: &str) {
        self.warnings.push(format!("{}: {what}", path.display()));
    }
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
