//! `troupe corpus`: the indexes of a workflow's corpora.

mod build;
mod export;
mod search;
mod status;
mod verify;

use crate::args::{Corpus, CorpusCommand, OfCorpus};
use crate::exit::{Exit, Usage};
use crate::load::{self, Loaded};
use crate::settings::Settings;
use crate::wire::corpora;
use crate::workspace;
use std::path::PathBuf;
use troupe_core::ir;
use troupe_tools::CorpusOptions;

pub fn run(arguments: &Corpus, settings: &Settings) -> anyhow::Result<Exit> {
    match &arguments.command {
        CorpusCommand::Build { of, rebuild } => build::run(&Meant::find(of, settings)?, *rebuild, settings),
        CorpusCommand::Status { of } => status::run(&Meant::find(of, settings)?, settings),
        CorpusCommand::Search { of, query, tool, top_k } => {
            let arguments = search::arguments(*tool, query, *top_k);
            search::run(&Meant::find(of, settings)?, *tool, arguments, settings)
        }
        CorpusCommand::Verify { of } => verify::run(&Meant::find(of, settings)?, settings),
        CorpusCommand::Export { of, output } => export::run(&Meant::find(of, settings)?, output.as_deref(), settings),
    }
}

/// The corpora that were meant.
struct Meant {
    loaded: Loaded,
    state: PathBuf,
    corpora: Vec<ir::Corpus>,
}

impl Meant {
    fn find(of: &OfCorpus, settings: &Settings) -> anyhow::Result<Self> {
        let loaded = load::load(&of.file, settings)?;
        let all = &loaded.workflow.corpora;
        let wanted = |corpus: &&ir::Corpus| of.corpus.as_ref().is_none_or(|name| *name == corpus.name);
        let corpora: Vec<ir::Corpus> = all.iter().filter(wanted).cloned().collect();
        if corpora.is_empty() {
            let names: Vec<&str> = all.iter().map(|corpus| corpus.name.as_str()).collect();
            return Err(Usage::error(match &of.corpus {
                Some(name) if !names.is_empty() => {
                    format!("there is no corpus `{name}`; the workflow has {}", names.join(", "))
                }
                _ => "the workflow declares no `corpora`".to_owned(),
            }));
        }
        let state = workspace::folder(settings)?;
        Ok(Self { loaded, state, corpora })
    }

    /// The one corpus, for what can be done with one only.
    fn one(&self) -> anyhow::Result<&ir::Corpus> {
        match self.corpora.as_slice() {
            [one] => Ok(one),
            many => {
                let names: Vec<&str> = many.iter().map(|corpus| corpus.name.as_str()).collect();
                let names = names.join(", ");
                Err(Usage::error(format!(
                    "the workflow has several corpora: say which with --corpus: {names}"
                )))
            }
        }
    }

    fn options(&self, corpus: &ir::Corpus) -> CorpusOptions {
        corpora::options(corpus, &self.loaded.folder, &self.state)
    }
}
