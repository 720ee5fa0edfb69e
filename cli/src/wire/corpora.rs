//! Corpora: declared ones become open ones, with the models that they read with.

use crate::exit::Usage;
use crate::load::Loaded;
use crate::settings::Settings;
use crate::wire::encoders;
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use troupe_core::ir::{self, ToolSource, Workflow};
use troupe_core::port::tool::Tool;
use troupe_tools::{Corpus, CorpusOptions, Face, GRAPH_FROM, Progress};

/// The corpora of a workflow and of those that it calls, each opened once.
pub struct Corpora<'a> {
    /// The folder that their patterns start from.
    folder: &'a Path,
    state: &'a Path,
    settings: &'a Settings,
    open: Vec<(ir::Corpus, Arc<Corpus>)>,
}

impl<'a> Corpora<'a> {
    /// None is open yet.
    pub fn new(loaded: &'a Loaded, state: &'a Path, settings: &'a Settings) -> Self {
        Self {
            folder: &loaded.folder,
            state,
            settings,
            open: Vec::new(),
        }
    }

    /// Opens the corpora behind the wanted tools and gives the tools by index; those that are not wanted
    /// are left out of the returned map.
    pub fn tools(
        &mut self,
        workflow: &Workflow,
        wanted: &dyn Fn(&ir::Tool) -> bool,
    ) -> anyhow::Result<BTreeMap<usize, Arc<dyn Tool>>> {
        let mut tools = BTreeMap::new();
        for (index, tool) in workflow.tools.iter().enumerate().filter(|(_, tool)| wanted(tool)) {
            let ToolSource::Corpus { corpus, tool: name } = &tool.source else {
                let path = &tool.path;
                return Err(Usage::error(format!(
                    "`{path}`: calling tools of MCP servers is not available yet"
                )));
            };
            let declared = workflow.corpora.iter().find(|declared| declared.name == *corpus);
            let declared = declared.with_context(|| format!("there is no corpus `{corpus}`"))?;
            let face = Face::of(&prefix(workflow, index, name), &declared.offer, &declared.metadata);
            let port = troupe_tools::tool(&self.corpus(declared)?, name, &face);
            tools.insert(
                index,
                port.with_context(|| format!("the tool `{}` is not built into this program", tool.path))?,
            );
        }
        Ok(tools)
    }

    /// Those that are open.
    pub fn opened(&self) -> Vec<Arc<Corpus>> {
        self.open.iter().map(|(_, corpus)| corpus.clone()).collect()
    }

    fn corpus(&mut self, declared: &ir::Corpus) -> anyhow::Result<Arc<Corpus>> {
        // how a corpus is shown is no part of what is opened
        let declared = ir::Corpus {
            offer: ir::Offer::faithful(),
            metadata: Vec::new(),
            ..declared.clone()
        };
        if let Some((_, corpus)) = self.open.iter().find(|(known, _)| *known == declared) {
            return Ok(corpus.clone());
        }
        let corpus = open(&declared, self.folder, self.state, self.settings)?;
        self.open.push((declared, corpus.clone()));
        Ok(corpus)
    }
}

/// What stands before a tool's name for the agents that see it, so that its messages name it rightly.
fn prefix(workflow: &Workflow, index: usize, name: &str) -> String {
    let grants = workflow.agents.iter().flat_map(|agent| &agent.tools);
    let seen = grants
        .filter(|(_, tool)| tool.at() == index)
        .map(|(seen, _)| seen.as_str())
        .next();
    seen.and_then(|seen| seen.strip_suffix(name))
        .unwrap_or_default()
        .to_owned()
}

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
