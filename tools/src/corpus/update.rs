//! Making an index, or making it new in part: entries of changed files that are still there are carried
//! over, the rest is read and goes into a new segment, and a manifest that takes the old one's place tells
//! readers of it. Whoever reads the old index goes on reading it.

use super::files::CorpusFile;
use super::loaded::Loaded;
use super::reading::{self, Cut};
use super::{CorpusOptions, Encoders, Progress};
use crate::Error;
use crate::index::catalog::{self, DocumentRow, FileRow, Hash};
use crate::index::draft::Draft;
use crate::index::manifest::{self, Manifest};
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

mod ids;
mod left;
mod merge;
mod vectors;

use left::Left;

/// So many warnings are kept for a file; the rest is counted.
const WARNINGS_MAX: usize = 20;

/// One update.
pub(super) struct Update<'a> {
    pub(super) options: &'a CorpusOptions,
    pub(super) files: &'a [CorpusFile],
    pub(super) encoders: &'a Encoders,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
    /// The index that is replaced, where it can be used.
    pub(super) old: Option<&'a Loaded>,
}

/// A document of the new index.
#[derive(Debug, Clone, Copy)]
struct Planned {
    file: u32,
    line: u32,
    entry: Hash,
    place: Place,
}

/// Where a document is kept.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In a segment of the old index.
    Old { segment: u32, document: u32 },
    /// In the new segment.
    New { document: u32 },
}

/// What the files hold.
#[derive(Default)]
struct Plan {
    files: Vec<FileRow>,
    warnings: Vec<String>,
    documents: Vec<Planned>,
    draft: Draft,
}

impl Update<'_> {
    /// Writes the new index into `folder` and gives its manifest. With no chunk at all nothing is written,
    /// and what is wrong with the files comes back.
    pub(super) fn run(&self, folder: &Path) -> Result<Result<Manifest, Vec<String>>, Error> {
        let checked_ns = manifest::nanoseconds(SystemTime::now());
        let mut plan = self.read();
        if plan.documents.is_empty() {
            return Ok(Err(plan
                .warnings
                .iter()
                .flat_map(|warnings| warnings.lines())
                .map(str::to_owned)
                .collect()));
        }
        let kept = merge::absorb(&mut plan, self.old);
        let mut sequence = self.old.map_or_else(|| last_used(folder), |old| old.manifest.sequence);
        let mut segments: Vec<String> = kept.iter().map(|(name, _)| name.clone()).collect();
        std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
        let mut made = Vec::new();
        if !plan.draft.documents.is_empty() {
            sequence += 1;
            let name = format!("segment-{sequence:06}");
            made.push(name.clone());
            if let Err(error) = self.write_segment(&folder.join(&name), &plan.draft) {
                // a full disk should get its room back; the first error is the one to tell
                let _ = remove(&folder.join(&name));
                return Err(error);
            }
            segments.push(name);
        }
        sequence += 1;
        let catalog = format!("catalog-{sequence:06}");
        made.push(catalog.clone());
        let (draft, warnings) = ids::catalog(&plan, self.files, self.old, &kept);
        let place = folder.join(&catalog);
        remove(&place)?;
        std::fs::create_dir(&place).map_err(Error::write(&place))?;
        draft.write(&place).map_err(Error::write(&place))?;
        let mut manifest = self.manifest(
            folder,
            &plan,
            &draft,
            (sequence, catalog, segments),
            (&made, checked_ns),
        )?;
        manifest.warnings = warnings;
        let hashes = plan.files.iter().map(|row| row.hash);
        manifest.fingerprint = fingerprint(&manifest, self.files.iter().zip(hashes));
        manifest.write(folder).map_err(Error::write(folder))?;
        sweep(folder, &manifest);
        Ok(Ok(manifest))
    }

    fn manifest(
        &self,
        folder: &Path,
        plan: &Plan,
        draft: &catalog::Draft,
        (sequence, catalog, segments): (u32, String, Vec<String>),
        (made, checked_ns): (&[String], u64),
    ) -> Result<Manifest, Error> {
        let kept = |name: &&String| !made.contains(*name);
        let mut parts = std::collections::BTreeMap::new();
        for (name, part) in self.old.iter().flat_map(|old| &old.manifest.parts) {
            let folder = name.split('/').next().unwrap_or_default();
            if segments.iter().filter(kept).any(|segment| segment == folder) {
                parts.insert(name.clone(), part.clone());
            }
        }
        for name in made {
            manifest::parts(folder, name, &mut parts).map_err(Error::write(folder))?;
        }
        Ok(Manifest {
            format: manifest::FORMAT,
            recipe: self.encoders.embedder.recipe().clone(),
            chunk_tokens: self.options.chunk_tokens,
            fingerprint: String::new(),
            sequence,
            catalog,
            segments,
            documents: plan.documents.len(),
            chunks: draft.chunks(),
            sentences: self.sentences(plan),
            warnings: Vec::new(),
            parts,
            checked_ns,
        })
    }

    /// Sentences of all documents of the new index.
    fn sentences(&self, plan: &Plan) -> usize {
        let old = plan.documents.iter().filter_map(|planned| match planned.place {
            Place::Old { segment, document } => Some(self.old?.sentences_of(segment, document)),
            Place::New { .. } => None,
        });
        plan.draft.sentences.len() + old.sum::<usize>()
    }

    /// Looks at every file, and reads those that are not what they were.
    fn read(&self) -> Plan {
        let mut plan = Plan::default();
        let known = self.old.map(Loaded::files).unwrap_or_default();
        let mut sames = Vec::with_capacity(self.files.len());
        for file in self.files {
            let (bytes, modified_ns) = manifest::stamp(&file.path);
            let known = known.get(file.shown.as_str());
            let same = known.filter(|known| self.is_same(file, known, (bytes, modified_ns)));
            plan.files.push(FileRow {
                bytes,
                modified_ns,
                hash: same.map_or(Hash::default(), |known| known.row.hash),
                path: 0,
                warnings: 0,
            });
            sames.push(same);
        }
        let mut left = Left::default();
        if let Some(old) = self.old {
            left.gather(old, &known, &sames);
        }
        let (mut read, total) = (0, sames.iter().filter(|same| same.is_none()).count());
        for (number, same) in sames.into_iter().enumerate() {
            let Some(known) = same else {
                let warnings = self.read_file(number, &mut left, &mut plan);
                plan.warnings.push(warnings);
                read += 1;
                (self.progress)(Progress::Reading { done: read, total });
                continue;
            };
            plan.warnings.push(known.warnings.to_owned());
            let rows = self.old.map(|old| &old.catalog.documents()[known.documents.clone()]);
            let rows = rows.unwrap_or_default().iter();
            plan.documents
                .extend(rows.map(|row| carried(number as u32, row.line, row)));
        }
        plan
    }

    /// Whether a file is what it was: by length and time, and by content where those are no proof.
    fn is_same(&self, file: &CorpusFile, known: &KnownFile<'_>, stamp: (u64, u64)) -> bool {
        let row = known.row;
        let Some(old) = self.old.filter(|_| row.hash != Hash::default()) else {
            return false;
        };
        old.manifest.trusts((row.bytes, row.modified_ns), stamp)
            || row.bytes == stamp.0 && manifest::content_hash(&file.path).is_ok_and(|hash| hash == row.hash)
    }

    /// Carries over what a file still holds and reads what is new in it.
    /// What is wrong with it comes back, a line each.
    fn read_file(&self, number: usize, left: &mut Left, plan: &mut Plan) -> String {
        let file = &self.files[number];
        let bytes = match reading::load(file) {
            Ok(bytes) => bytes,
            Err(warning) => return warning,
        };
        // it may have grown since it was looked at; then its time differs too, and the next opening sees it
        plan.files[number].bytes = bytes.len() as u64;
        plan.files[number].hash = manifest::cut(blake3::hash(&bytes));
        let count = |text: &str| self.encoders.tokens.count(text);
        let cut = Cut {
            tokens: self.options.chunk_tokens.max(1),
            count: &count,
        };
        let mut warnings = Vec::new();
        for entry in reading::entries(file, &bytes, &mut warnings) {
            let mut hasher = blake3::Hasher::new();
            hasher.update(format!("{:?}\0{}\0", file.kind, entry.head.len()).as_bytes());
            hasher.update(entry.head).update(entry.body);
            let hash = manifest::cut(hasher.finalize());
            if let (Some(old), Some(documents)) = (self.old, left.take(&hash)) {
                let rows = &old.catalog.documents()[documents];
                plan.documents
                    .extend(rows.iter().map(|row| carried(number as u32, entry.line, row)));
                continue;
            }
            for document in reading::documents(file, &entry, &cut, &mut warnings) {
                let metadata = serde_json::to_string(&document.metadata).unwrap_or_default();
                let chunks = document.chunks.iter().map(String::as_str);
                let origin = |sentence: &str| left.origin(self.old, sentence);
                let new = plan.draft.push(document.id.as_deref(), &metadata, chunks, origin);
                plan.documents.push(Planned {
                    file: number as u32,
                    line: entry.line,
                    entry: hash,
                    place: Place::New { document: new },
                });
            }
        }
        let more = warnings.len().saturating_sub(WARNINGS_MAX);
        warnings.truncate(WARNINGS_MAX);
        if more > 0 {
            warnings.push(format!("{}: {more} more entries like these were left out", file.shown));
        }
        warnings.join("\n")
    }
}

/// A file of the old index.
pub(super) struct KnownFile<'a> {
    pub(super) row: FileRow,
    pub(super) warnings: &'a str,
    /// Its documents in the old catalog.
    pub(super) documents: Range<usize>,
}

fn carried(file: u32, line: u32, row: &DocumentRow) -> Planned {
    Planned {
        file,
        line,
        entry: row.entry,
        place: Place::Old {
            segment: row.segment,
            document: row.document,
        },
    }
}

/// A hash of all that the answers of searches depend on: not of times, nor of where the index is.
pub(super) fn fingerprint<'a>(manifest: &Manifest, files: impl Iterator<Item = (&'a CorpusFile, Hash)>) -> String {
    let files: Vec<_> = files.map(|(file, hash)| (&file.shown, &file.document, hash)).collect();
    let made_of = (manifest.format, &manifest.recipe, manifest.chunk_tokens, files);
    let made_of = serde_json::to_vec(&made_of).expect("texts and numbers always serialise");
    manifest::hash(&made_of)
}

/// The highest number of any folder that is there: without a manifest nothing else tells it.
fn last_used(folder: &Path) -> u32 {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = names.filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.rsplit_once('-')?.1.parse().ok()
    });
    numbers.max().unwrap_or(0)
}

/// Removes what the manifest does not name. Readers that have it open keep it until they close it; what
/// cannot be removed is tried again next time.
fn sweep(folder: &Path, manifest: &Manifest) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != manifest::FILE && name != manifest.catalog && !manifest.segments.contains(&name) {
            let path = entry.path();
            let _ = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
        }
    }
}

fn remove(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Write {
            path: folder.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}
