//! Files of an older version of the language become files of this one, comments and all.
//!
//! Each migration has a file of its own and a line in [`MIGRATIONS`]. It looks at the tree and gives
//! textual edits, so that what it does not touch stays as it was written.

mod draft;

use crate::format::{Read, refused};
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use crate::{Refused, code};
use troupe_core::diagnostic::{Diagnostic, SourceFile, SourceId, Span};

/// The version that this compiler reads.
const CURRENT: u32 = 1;

/// What a stretch of text becomes.
pub(crate) struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// The step from one version to the next.
struct Migration {
    /// The version that it reads.
    from: u32,
    edits: fn(text: &str, root: &Node) -> Vec<Edit>,
}

const MIGRATIONS: &[Migration] = &[Migration {
    from: 0,
    edits: draft::edits,
}];

/// The text in this version of the language; the same text when it is in this version already.
///
/// # Errors
/// [`Refused`] with all diagnostics when the text is not YAML, or is of a version that is not known;
/// `name` is the file's name in them.
pub fn migrate(name: &str, bytes: &[u8]) -> Result<String, Refused> {
    let mut read = Read::of(name, bytes)?;
    loop {
        let version = read.root.as_ref().and_then(version);
        let Some((version, root)) = version.zip(read.root.as_ref()) else {
            return Err(unknown(name, read));
        };
        let Some(migration) = MIGRATIONS.iter().find(|migration| migration.from == version) else {
            return if version == CURRENT {
                Ok(read.text)
            } else {
                Err(unknown(name, read))
            };
        };
        let text = edited(&read.text, (migration.edits)(&read.text, root));
        read = Read::of(name, text.as_bytes())?;
    }
}

/// Whether `troupe migrate` can make a file of this version of it.
pub(crate) fn is_older(root: &Node) -> bool {
    version(root).is_some_and(|version| version < CURRENT)
}

/// The version of a file; a workflow without one is a draft.
fn version(root: &Node) -> Option<u32> {
    let Kind::Map(entries) = &root.kind else { return None };
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let Some(Entry { value, .. }) = find("troupe") else {
        return find("steps").map(|_| 0);
    };
    let Kind::Scalar(scalar) = &value.kind else { return None };
    let draft = scalar.text.starts_with("0.");
    if draft { Some(0) } else { scalar.text.parse().ok() }
}

fn unknown(name: &str, read: Read) -> Refused {
    let mut report = Report::new(name);
    let span = match read.root.as_ref().map(|root| &root.kind) {
        Some(Kind::Map(entries)) => entries
            .iter()
            .find(|entry| entry.key == "troupe")
            .map(|entry| entry.value.span),
        _ => None,
    };
    let newer = read
        .root
        .as_ref()
        .and_then(version)
        .is_some_and(|version| version > CURRENT);
    let (message, hint) = if newer {
        (
            "the file is of a newer version of the language than this program knows",
            "use a newer version of troupe",
        )
    } else {
        (
            "the file is no workflow of a version that is known",
            "a workflow starts with `troupe: 1` and has `steps`",
        )
    };
    let span = span.unwrap_or(Span::new(SourceId(0), 0, 0));
    report.add(Diagnostic::error(code::VERSION, span, message).hint(hint));
    report.sources.files[0] = SourceFile {
        name: name.to_owned(),
        text: read.text,
    };
    refused(report)
}

/// The text with all edits made; of two that overlap the first counts.
fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits.into_iter().filter(|edit| edit.start <= edit.end) {
        if edit.start < at {
            continue;
        }
        out.push_str(&text[at..edit.start]);
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(&text[at..]);
    out
}
