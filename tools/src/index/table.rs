//! Parts of an index in memory maps: tables of fixed rows and runs of text, read where they lie.

use bytemuck::Pod;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::path::Path;
use tantivy::Directory;
use tantivy::directory::{MmapDirectory, OwnedBytes};

/// The bytes of a file that nobody changes any more.
pub fn map(folder: &Path, name: &str) -> io::Result<OwnedBytes> {
    let directory = MmapDirectory::open(folder).map_err(io::Error::other)?;
    let file = directory.open_read(Path::new(name)).map_err(io::Error::other)?;
    file.read_bytes()
}

/// A table of rows, as they are in memory.
pub struct Table<T> {
    bytes: OwnedBytes,
    rows: PhantomData<T>,
}

impl<T: Pod> Table<T> {
    /// Maps the table `name` in `folder`; an error when it holds no whole number of rows.
    pub fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let bytes = map(folder, name)?;
        if bytes.len() % size_of::<T>() != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} ends within a row"),
            ));
        }
        Ok(Self {
            bytes,
            rows: PhantomData,
        })
    }
}

impl<T: Pod> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // an empty map points nowhere in particular
        if self.bytes.is_empty() {
            return &[];
        }
        // a map starts at a page, which is aligned for any row
        bytemuck::cast_slice(&self.bytes)
    }
}

/// Writes rows as a table.
pub fn write<T: Pod>(folder: &Path, name: &str, rows: &[T]) -> io::Result<()> {
    let mut file = std::fs::File::create(folder.join(name))?;
    file.write_all(bytemuck::cast_slice(rows))
}

/// A run of text, cut by the tables beside it.
pub struct Text(OwnedBytes);

impl Text {
    /// Maps the text `name` in `folder`.
    pub fn open(folder: &Path, name: &str) -> io::Result<Self> {
        Ok(Self(map(folder, name)?))
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes of a range; empty when it lies outside.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.0.get(range).unwrap_or_default()
    }

    /// The text of a range; empty when it is none, which only damage can bring about.
    pub fn get(&self, range: Range<usize>) -> &str {
        std::str::from_utf8(self.bytes(range)).unwrap_or_default()
    }
}
