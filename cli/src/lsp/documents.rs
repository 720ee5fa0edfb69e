//! The files that the editor has open: their texts come before those on disk.

use super::position::{Encoding, Lines};
use super::uri;
use lsp_types::TextDocumentContentChangeEvent;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use troupe_dsl::editor::Analysis;
use troupe_dsl::{FileError, Files, Folder};

/// An open file.
pub struct Document {
    /// What analyses are named after: the path, or the address of what is no file yet.
    pub name: String,
    /// The text as the editor has it.
    pub text: String,
    /// The editor's count of its changes.
    pub version: i32,
    /// Absent until the text was looked at once.
    pub analysis: Option<Analysis>,
    /// Whether it, or a file that it names, changed since.
    pub is_stale: bool,
}

/// All open files, by their addresses.
#[derive(Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

impl Documents {
    /// Opens a file.
    pub fn open(&mut self, uri: &str, text: String, version: i32) {
        let name = uri::path(uri).map_or_else(|| uri.to_owned(), |path| path.display().to_string());
        self.changed(&name);
        let document = Document {
            name,
            text,
            version,
            analysis: None,
            is_stale: true,
        };
        self.open.insert(uri.to_owned(), document);
    }

    /// Changes a text, one change after the other.
    pub fn change(
        &mut self,
        uri: &str,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) {
        let Some(document) = self.open.get_mut(uri) else { return };
        document.version = version;
        for change in changes {
            match change.range {
                None => document.text = change.text,
                Some(range) => {
                    let lines = Lines::of(&document.text, encoding);
                    let (start, end) = (lines.offset(range.start), lines.offset(range.end));
                    document.text.replace_range(start..end.max(start), &change.text);
                }
            }
        }
        document.is_stale = true;
        let name = document.name.clone();
        self.changed(&name);
    }

    /// Closes a file: what is on disk counts again.
    pub fn close(&mut self, uri: &str) {
        if let Some(document) = self.open.remove(uri) {
            self.changed(&document.name);
        }
    }

    /// Notes that a file changed, for those that name it.
    pub fn changed(&mut self, name: &str) {
        for document in self.open.values_mut() {
            let sources = document.analysis.iter().flat_map(|analysis| &analysis.sources().files);
            document.is_stale |= sources.skip(1).any(|file| file.name == name);
        }
    }

    /// Notes that any file may have changed.
    pub fn changed_all(&mut self) {
        self.open.values_mut().for_each(|document| document.is_stale = true);
    }

    /// An open file.
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.open.get(uri)
    }

    /// The address of a file that is to be looked at again.
    pub fn next_stale(&self) -> Option<String> {
        let mut open = self.open.iter();
        open.find(|(_, document)| document.is_stale).map(|(uri, _)| uri.clone())
    }

    /// Looks at a file again.
    pub fn analyse(&mut self, uri: &str) {
        let Some(document) = self.open.get_mut(uri) else { return };
        document.is_stale = false;
        let (name, text) = (document.name.clone(), document.text.clone());
        let known = document.analysis.take();
        let files = self.files(uri);
        let analysis = match known {
            Some(mut analysis) => {
                analysis.update(&text, &files);
                analysis
            }
            None => Analysis::of(&name, &text, &files),
        };
        if let Some(document) = self.open.get_mut(uri) {
            document.analysis = Some(analysis);
        }
    }

    /// The files as the one at an address sees them.
    pub fn files(&self, uri: &str) -> Overlay<'_> {
        let path = uri::path(uri);
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new("/"));
        Overlay {
            documents: self,
            folder: folder.to_owned(),
        }
    }
}

/// The files of a folder, those that are open as they are in the editor.
pub struct Overlay<'a> {
    documents: &'a Documents,
    folder: PathBuf,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let name = self.name(path);
        let mut open = self.documents.open.values();
        match open.find(|document| document.name == name) {
            Some(document) => Ok(document.text.clone().into_bytes()),
            None => Folder::new(&self.folder).read(path),
        }
    }

    fn any_match(&self, pattern: &str) -> Result<bool, FileError> {
        Folder::new(&self.folder).any_match(pattern)
    }

    fn name(&self, path: &str) -> String {
        uri::plain(&self.folder.join(path)).display().to_string()
    }
}
