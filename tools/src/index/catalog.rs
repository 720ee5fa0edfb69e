//! The catalog of an index: which files a corpus has, which documents are in them and where those are
//! kept, and the ids of all chunks. In corpus order: by file path, then by place in the file.

use super::table::{self, Table, Text};
use bytemuck::{Pod, Zeroable};
use std::io;
use std::ops::Range;
use std::path::Path;

/// BLAKE3 of something, cut to 128 bits.
pub type Hash = [u8; 16];

/// A file as it was when indexed; ends, so that texts begin where the ones before end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FileRow {
    /// Length in bytes; [`FileRow::UNREADABLE`] when it could not be read.
    pub bytes: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// Of the content; zeros when it could not be read.
    pub hash: Hash,
    /// End of its path as shown to people.
    pub path: u32,
    /// End of what is wrong with it, a line each.
    pub warnings: u32,
}

impl FileRow {
    /// [`FileRow::bytes`] of a file that could not be read.
    pub const UNREADABLE: u64 = u64::MAX;
}

/// A document in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DocumentRow {
    /// Of the entry that it was read from; documents of one entry share line and hash.
    pub entry: Hash,
    /// Its file's number.
    pub file: u32,
    /// The line where its entry starts, from 1; 0 for a whole file.
    pub line: u32,
    /// The segment that it is kept in.
    pub segment: u32,
    /// Its number there.
    pub document: u32,
    /// One past its last chunk, in corpus order.
    pub chunks: u32,
    /// Keeps rows a multiple of eight bytes.
    pub unused: u32,
}

const FILES: &str = "files";
const DOCUMENTS: &str = "documents";
const TEXTS: &str = "texts";
const IDS: &str = "ids";
const ID_ENDS: &str = "id-ends";
const BY_ID: &str = "by-id";

/// A catalog as it grows.
#[derive(Debug, Default)]
pub struct Draft {
    /// One row a file.
    pub files: Vec<FileRow>,
    /// One row a document.
    pub documents: Vec<DocumentRow>,
    texts: String,
    ids: String,
    id_ends: Vec<u32>,
}

impl Draft {
    /// Appends a file; the ends in `row` are set here.
    pub fn file(&mut self, mut row: FileRow, path: &str, warnings: &str) {
        self.texts.push_str(path);
        row.path = self.texts.len() as u32;
        self.texts.push_str(warnings);
        row.warnings = self.texts.len() as u32;
        self.files.push(row);
    }

    /// Appends a chunk's id.
    pub fn id(&mut self, id: &str) {
        self.ids.push_str(id);
        self.id_ends.push(self.ids.len() as u32);
    }

    /// Number of chunks with an id.
    pub fn chunks(&self) -> usize {
        self.id_ends.len()
    }

    /// Writes the catalog into `folder`, which exists and is empty.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let id = |at: u32| &self.ids[range(&self.id_ends, at)];
        let mut by_id: Vec<u32> = (0..self.id_ends.len() as u32).collect();
        by_id.sort_unstable_by_key(|at| id(*at));
        table::write(folder, FILES, &self.files)?;
        table::write(folder, DOCUMENTS, &self.documents)?;
        table::write(folder, TEXTS, self.texts.as_bytes())?;
        table::write(folder, IDS, self.ids.as_bytes())?;
        table::write(folder, ID_ENDS, &self.id_ends)?;
        table::write(folder, BY_ID, &by_id)
    }
}

/// A catalog, mapped.
pub struct Catalog {
    files: Table<FileRow>,
    documents: Table<DocumentRow>,
    texts: Text,
    ids: Text,
    id_ends: Table<u32>,
    by_id: Table<u32>,
}

impl Catalog {
    /// Maps the catalog in `folder`.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let catalog = Self {
            files: Table::open(folder, FILES)?,
            documents: Table::open(folder, DOCUMENTS)?,
            texts: Text::open(folder, TEXTS)?,
            ids: Text::open(folder, IDS)?,
            id_ends: Table::open(folder, ID_ENDS)?,
            by_id: Table::open(folder, BY_ID)?,
        };
        let chunks = catalog.documents.last().map_or(0, |row| row.chunks as usize);
        let ids = <[u32]>::last(&catalog.id_ends).map_or(0, |end| *end as usize);
        let texts = catalog.files.last().map_or(0, |row| row.warnings as usize);
        let whole = chunks == catalog.id_ends.len()
            && chunks == catalog.by_id.len()
            && ids == catalog.ids.len()
            && texts == catalog.texts.len();
        if whole {
            Ok(catalog)
        } else {
            let message = "the tables of its catalog do not belong together";
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }

    /// All files.
    pub fn files(&self) -> &[FileRow] {
        &self.files
    }

    /// A file's path as shown to people.
    pub fn path(&self, file: u32) -> &str {
        let start = (file as usize).checked_sub(1).and_then(|at| self.files.get(at));
        let end = self.files.get(file as usize);
        let start = start.map_or(0, |row| row.warnings as usize);
        self.texts.get(start..end.map_or(0, |row| row.path as usize))
    }

    /// What is wrong with a file, a line each.
    pub fn warnings(&self, file: u32) -> &str {
        let row = self.files.get(file as usize);
        let range = row.map_or(0..0, |row| row.path as usize..row.warnings as usize);
        self.texts.get(range)
    }

    /// All documents.
    pub fn documents(&self) -> &[DocumentRow] {
        &self.documents
    }

    /// The number of the document that a chunk belongs to.
    pub fn document_of(&self, chunk: u32) -> usize {
        self.documents.partition_point(|row| row.chunks <= chunk)
    }

    /// The chunks of a document.
    pub fn chunks_of(&self, document: usize) -> Range<u32> {
        let start = document.checked_sub(1).and_then(|at| self.documents.get(at));
        let end = self.documents.get(document).map_or(0, |row| row.chunks);
        start.map_or(0, |row| row.chunks)..end
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.id_ends.len()
    }

    /// The id of a chunk.
    pub fn id(&self, chunk: u32) -> &str {
        if chunk as usize >= self.id_ends.len() {
            return "";
        }
        self.ids.get(range(&self.id_ends, chunk))
    }

    /// The chunk of this id.
    pub fn position(&self, id: &str) -> Option<u32> {
        let found = self.by_id.binary_search_by(|chunk| self.id(*chunk).cmp(id));
        found.ok().map(|at| self.by_id[at])
    }
}

fn range(ends: &[u32], at: u32) -> Range<usize> {
    let at = at as usize;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    start as usize..ends[at] as usize
}
