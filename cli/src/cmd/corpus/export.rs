//! `troupe corpus export`: the chunks of a corpus, for other programs.

use super::Meant;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::wire::corpora;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use troupe_tools::Corpus;

pub(super) fn run(meant: &Meant, output: Option<&Path>, settings: &Settings) -> anyhow::Result<Exit> {
    let corpus = corpora::open(meant.one()?, &meant.loaded.folder, &meant.state, settings)?;
    match output {
        None => match write(&corpus, io::stdout().lock()) {
            // whoever reads has read enough
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written?,
        },
        Some(path) => {
            let told = || format!("{} cannot be written", path.display());
            let file = std::fs::File::create(path).with_context(told)?;
            write(&corpus, file).with_context(told)?;
            settings.say(format!("{} chunks in {}", corpus.len(), path.display()));
        }
    }
    Ok(Exit::Succeeded)
}

/// A chunk a line, in corpus order.
fn write(corpus: &Corpus, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for chunk in corpus.chunks() {
        let metadata: Value = serde_json::from_str(chunk.metadata).unwrap_or_default();
        let line = json!({ "id": chunk.id, "text": chunk.text, "file": chunk.file, "metadata": metadata });
        writeln!(out, "{line}")?;
    }
    out.flush()
}
