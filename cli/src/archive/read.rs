//! Reading: a run at a time. Nothing of a file is believed before all of it was read once.

use super::{FORMAT, Head, Kept, Line, Sets, Tail, WITH_FILES, files};
use crate::exit::Usage;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use troupe_core::Value;
use troupe_core::id::RunId;
use troupe_core::port::artifact::Artifacts;
use troupe_core::port::journal::Entry;

/// Bytes of the longest line: more than any journal holds in one event.
const LINE_MAX: u64 = 1 << 30;

/// A file that was read from its beginning to its end, and is whole.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    head: Head,
}

impl Archive {
    /// Reads the file once.
    ///
    /// # Errors
    /// When it is no export, was cut short or damaged, or was written by a newer version.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let mut lines = Lines::open(path)?;
        let head = lines.head()?;
        for _ in 0..head.runs {
            let kept = lines.kept()?;
            lines.entries(&kept)?;
        }
        lines.sets(&head, None).await?;
        lines.tail()?;
        Ok(Self {
            path: path.to_owned(),
            head,
        })
    }

    /// The run that it is about.
    pub fn run(&self) -> &RunId {
        &self.head.run
    }

    /// Its runs, each with the events that are its own.
    pub(super) fn runs(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(Kept, Vec<Entry>)>>> {
        let mut lines = Lines::open(&self.path)?;
        let head = lines.head()?;
        Ok((0..head.runs).map(move |_| {
            let kept = lines.kept()?;
            let entries = lines.entries(&kept)?;
            Ok((kept, entries))
        }))
    }

    /// Keeps the files that commands gave.
    pub(super) async fn keep(&self, artifacts: &dyn Artifacts) -> anyhow::Result<()> {
        let mut lines = Lines::open(&self.path)?;
        let head = lines.head()?;
        for _ in 0..head.runs {
            let kept = lines.kept()?;
            for _ in 0..kept.events {
                lines.next()?;
            }
        }
        lines.sets(&head, Some(artifacts)).await
    }
}

pub(super) struct Lines {
    path: PathBuf,
    input: BufReader<zstd::stream::read::Decoder<'static, BufReader<File>>>,
    hasher: blake3::Hasher,
    line: Vec<u8>,
}

impl Lines {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).map_err(|error| Usage::error(format!("{}: {error}", path.display())))?;
        let frame = zstd::stream::read::Decoder::new(file)?;
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::new(frame),
            hasher: blake3::Hasher::new(),
            line: Vec::new(),
        })
    }

    /// What is wrong with the file, and what can be done.
    fn wrong(&self, what: &str) -> anyhow::Error {
        Usage::error(format!("{} {what}", self.path.display()))
    }

    pub(super) fn damaged(&self, detail: &str) -> anyhow::Error {
        self.wrong(&format!("is damaged: {detail}; export the run again"))
    }

    /// The next line; it counts towards the hash unless it is the last.
    fn next(&mut self) -> anyhow::Result<&[u8]> {
        self.line.clear();
        let read = (&mut self.input).take(LINE_MAX).read_until(b'\n', &mut self.line);
        match read {
            Err(error) => Err(self.damaged(&error.to_string())),
            Ok(_) if self.line.last() != Some(&b'\n') => Err(self.damaged("it ends too early")),
            Ok(_) => Ok(&self.line),
        }
    }

    pub(super) fn parse<T: DeserializeOwned>(&mut self, what: &str) -> anyhow::Result<T> {
        let parsed = serde_json::from_slice(self.next()?);
        self.hasher.update(&self.line);
        parsed.map_err(|error| self.damaged(&format!("{what} cannot be read ({error})")))
    }

    fn head(&mut self) -> anyhow::Result<Head> {
        let mut first = [0; 4];
        let magic = File::open(&self.path).and_then(|mut file| file.read_exact(&mut first));
        if magic.is_err() || first != [0x28, 0xb5, 0x2f, 0xfd] {
            return Err(self.wrong("is no export of a run; `troupe export RUN` writes one"));
        }
        let head: Value = self.parse("its first line")?;
        match head["troupe_export"].as_u64() {
            Some(format) if format > u64::from(FORMAT) => Err(self.wrong(&format!(
                "was written by Troupe {} in format {format}, and this is Troupe {}, which reads up to {FORMAT}; use the newer one",
                head["writer"].as_str().unwrap_or("?"),
                env!("CARGO_PKG_VERSION"),
            ))),
            Some(_) => serde_json::from_value(head).map_err(|error| self.damaged(&error.to_string())),
            None => Err(self.wrong("is no export of a run; `troupe export RUN` writes one")),
        }
    }

    fn kept(&mut self) -> anyhow::Result<Kept> {
        let kept: Kept = self.parse("what is known of a run")?;
        match RunId::parse(kept.run.as_str()) {
            Some(_) => Ok(kept),
            None => Err(self.damaged(&format!("`{}` is no name of a run", kept.run))),
        }
    }

    fn entries(&mut self, kept: &Kept) -> anyhow::Result<Vec<Entry>> {
        let sequences = kept.first()..kept.first().saturating_add(kept.events);
        let mut entries = Vec::new();
        for sequence in sequences {
            entries.push(self.entry(kept, sequence)?);
        }
        Ok(entries)
    }

    fn entry(&mut self, kept: &Kept, sequence: u64) -> anyhow::Result<Entry> {
        let parsed: Result<Line, _> = serde_json::from_slice(self.next()?);
        self.hasher.update(&self.line);
        match parsed {
            Ok(Line { at_ms, event }) => Ok(Entry { sequence, at_ms, event }),
            // JSON of an unknown shape is what somebody wrote: a later version, most likely.
            Err(error) if serde_json::from_slice::<Line<Value>>(&self.line).is_ok() => Err(self.wrong(&format!(
                "holds an event that Troupe {} does not know: event {sequence} of run {}: {error}; use the version that wrote it",
                env!("CARGO_PKG_VERSION"),
                kept.run
            ))),
            Err(error) => Err(self.damaged(&format!("event {sequence} of run {}: {error}", kept.run))),
        }
    }

    async fn sets(&mut self, head: &Head, keeper: Option<&dyn Artifacts>) -> anyhow::Result<()> {
        if head.troupe_export < WITH_FILES {
            return Ok(());
        }
        let Sets { artifact_sets } = self.parse("the number of artifacts")?;
        for _ in 0..artifact_sets {
            files::read(self, keeper).await?;
        }
        Ok(())
    }

    fn tail(&mut self) -> anyhow::Result<()> {
        let expected = self.hasher.finalize().to_hex().to_string();
        let tail: Tail = self.parse("its last line")?;
        if tail.blake3 != expected {
            return Err(self.damaged("its bytes are not those that were written"));
        }
        match self.input.fill_buf() {
            Ok([]) => Ok(()),
            _ => Err(self.damaged("something follows its end")),
        }
    }
}
