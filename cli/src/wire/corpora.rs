//! Corpora: declared ones become open ones, with the models that they read with.

use crate::exit::Usage;
use crate::settings::Settings;
use crate::wire::encoders;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::sync::Arc;
use troupe_core::ir;
use troupe_tools::{Corpus, CorpusOptions, GRAPH_FROM, Progress};

/// What decides which index is a corpus's own.
pub fn options(corpus: &ir::Corpus, folder: &Path, state: &Path) -> CorpusOptions {
    let ir::Encoder {
        provider,
        name,
        dimension,
        ..
    } = &corpus.embedder;
    let embedder = match corpus.embedder == ir::Encoder::builtin() {
        true => String::new(),
        false => format!("{provider}/{name} {}", dimension.unwrap_or_default()),
    };
    CorpusOptions {
        name: corpus.name.clone(),
        root: folder.to_owned(),
        patterns: corpus.files.clone(),
        chunk_tokens: corpus.chunk_tokens as usize,
        embedder,
        index_folder: state.join("corpora"),
        graph_from: GRAPH_FROM,
    }
}

/// Opens a corpus, and says what is wrong with its files and whether its index was made.
pub fn open(corpus: &ir::Corpus, folder: &Path, state: &Path, settings: &Settings) -> anyhow::Result<Arc<Corpus>> {
    let (options, encoders) = (options(corpus, folder, state), encoders(corpus, folder)?);
    let bar = bar(settings);
    let opened = Corpus::open(&options, encoders, &|progress| show(&bar, progress));
    bar.finish_and_clear();
    let opened = opened.map_err(told)?;
    opened
        .warnings
        .iter()
        .for_each(|warning| settings.say(format!("warning: {warning}")));
    if opened.built {
        settings.say(format!(
            "indexed corpus `{}`: {} chunks, {} sentences",
            corpus.name,
            opened.corpus.len(),
            opened.corpus.sentences()
        ));
    }
    Ok(opened.corpus)
}

/// An error of the file's author, or one of the machine.
pub fn told(error: troupe_tools::Error) -> anyhow::Error {
    match error {
        troupe_tools::Error::Empty { .. } | troupe_tools::Error::Pattern { .. } => Usage::error(error.to_string()),
        _ => error.into(),
    }
}

fn bar(settings: &Settings) -> ProgressBar {
    if settings.quiet || !settings.terminal {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:12} [{bar:30}] {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("=> "))
}

fn show(bar: &ProgressBar, progress: Progress) {
    let (what, done, total) = match progress {
        Progress::Waiting => ("waiting", 0, 0),
        Progress::Reading { done, total } => ("reading", done, total),
        Progress::Embedding { done, total } => ("embedding", done, total),
        Progress::Linking { done, total } => ("linking", done, total),
    };
    bar.set_message(what);
    bar.set_length(total as u64);
    bar.set_position(done as u64);
}
