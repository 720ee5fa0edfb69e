//! Wiring: a compiled workflow's models, corpora and tools become live ports.

use crate::exit::Usage;
use crate::load::Loaded;
use crate::settings::Settings;
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use troupe_core::Value;
use troupe_core::expression::{Scope, Template};
use troupe_core::ir::{self, ToolSource, Workflow};
use troupe_core::port::embedder::Embedder;
use troupe_core::port::model::Model;
use troupe_core::port::tool::Tool;
use troupe_models::catalog::{self, ModelOptions};
use troupe_models::embed::StaticTable;
use troupe_tools::{Corpus, CorpusOptions, GRAPH_FROM, Progress};

/// Puts other models behind aliases, as `--model alias=provider/name` asks.
pub fn override_models(workflow: &mut Workflow, overrides: &[String]) -> anyhow::Result<()> {
    for given in overrides {
        let parts = given
            .split_once('=')
            .and_then(|(alias, model)| Some((alias, model.split_once('/')?)));
        let Some((alias, (provider, name))) = parts else {
            return Err(Usage::error(format!("`--model {given}` is not ALIAS=PROVIDER/NAME")));
        };
        let known = || {
            workflow
                .models
                .iter()
                .map(|model| model.alias.clone())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let known = known();
        let Some(model) = workflow.models.iter_mut().find(|model| model.alias == alias) else {
            return Err(Usage::error(format!(
                "`--model {given}`: the workflow has no model `{alias}`; it has {known}"
            )));
        };
        if model.provider != provider {
            (model.base_url, model.api_key) = (None, None);
        }
        if (model.provider.as_str(), model.name.as_str()) != (provider, name) {
            model.price = None;
        }
        (model.provider, model.name) = (provider.to_owned(), name.to_owned());
    }
    Ok(())
}

/// Connects every model that an agent uses. A missing key is reported before anything runs.
pub fn models(workflow: &Workflow) -> anyhow::Result<Vec<Arc<dyn Model>>> {
    workflow.models.iter().map(connect).collect()
}

fn connect(model: &ir::Model) -> anyhow::Result<Arc<dyn Model>> {
    let place = || format!("model `{}`", model.alias);
    let text = |template: &Option<Template>| -> anyhow::Result<Option<String>> {
        template
            .as_ref()
            .map(|t| t.evaluate_text(&Surroundings))
            .transpose()
            .map_err(|error| Usage::error(format!("{}: {error}", place())))
    };
    let key_variable = catalog::provider(&model.provider).and_then(catalog::Provider::key_variable);
    let base_url = text(&model.base_url)?;
    // A key in the environment belongs to the provider's own address, not to any server at all.
    let own_key = || {
        key_variable
            .filter(|_| base_url.is_none())
            .and_then(|name| std::env::var(name).ok())
    };
    let options = ModelOptions {
        api_key: text(&model.api_key)?.or_else(own_key),
        base_url,
        temperature: model.temperature,
        max_tokens: model.max_tokens,
        timeout: Duration::from_secs(model.timeout_seconds),
        attempts: model.attempts,
        parallel: model.parallel,
        ..ModelOptions::new(&model.provider, &model.name)
    };
    catalog::connect(options).map_err(|error| Usage::error(format!("{}: {error}", place())))
}

/// What a model's settings may read: the environment, and secrets, which are environment variables too.
struct Surroundings;

impl Scope for Surroundings {
    fn root(&self, _: &str, _: Option<&[String]>) -> Option<Value> {
        None
    }

    fn path<'a>(&'a self, path: &[String]) -> Option<std::borrow::Cow<'a, Value>> {
        match path {
            [root, name] if root == "env" || root == "secrets" => std::env::var(name)
                .ok()
                .map(|value| std::borrow::Cow::Owned(value.into())),
            _ => None,
        }
    }
}

/// Opens the corpora behind the wanted tools and gives the tools by index; those that are not wanted
/// share the corpus of another or are left out of the returned map.
pub fn tools(
    loaded: &Loaded,
    state: &Path,
    settings: &Settings,
    wanted: &dyn Fn(&ir::Tool) -> bool,
) -> anyhow::Result<HashMap<usize, Arc<dyn Tool>>> {
    let mut corpora: HashMap<&str, Arc<Corpus>> = HashMap::new();
    let mut tools = HashMap::new();
    for (index, tool) in loaded
        .workflow
        .tools
        .iter()
        .enumerate()
        .filter(|(_, tool)| wanted(tool))
    {
        let ToolSource::Corpus { corpus, tool: name } = &tool.source;
        if !corpora.contains_key(corpus.as_str()) {
            corpora.insert(corpus, open(loaded, corpus, state, settings)?);
        }
        let port = troupe_tools::tool(&corpora[corpus.as_str()], name, &prefix(&loaded.workflow, index, name));
        tools.insert(
            index,
            port.with_context(|| format!("the tool `{}` is not built into this program", tool.path))?,
        );
    }
    Ok(tools)
}

/// What stands before a tool's name for the agents that see it, so that descriptions name siblings rightly.
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

fn open(loaded: &Loaded, name: &str, state: &Path, settings: &Settings) -> anyhow::Result<Arc<Corpus>> {
    let corpus = loaded.workflow.corpora.iter().find(|corpus| corpus.name == name);
    let corpus = corpus.with_context(|| format!("there is no corpus `{name}`"))?;
    let options = CorpusOptions {
        name: corpus.name.clone(),
        root: loaded.folder.clone(),
        patterns: corpus.files.clone(),
        chunk_tokens: corpus.chunk_tokens as usize,
        index_folder: state.join("corpora"),
        graph_from: GRAPH_FROM,
    };
    let embedder: Arc<dyn Embedder> = Arc::new(StaticTable::embedded());
    let bar = bar(settings);
    let opened = Corpus::open(&options, embedder, &|progress| show(&bar, progress));
    bar.finish_and_clear();
    let opened = opened.map_err(|error| match error {
        troupe_tools::Error::Empty { .. } | troupe_tools::Error::Pattern { .. } => Usage::error(error.to_string()),
        _ => error.into(),
    })?;
    opened
        .warnings
        .iter()
        .for_each(|warning| settings.say(format!("warning: {warning}")));
    if opened.built {
        settings.say(format!(
            "indexed corpus `{name}`: {} chunks, {} sentences",
            opened.corpus.len(),
            opened.corpus.sentences()
        ));
    }
    Ok(opened.corpus)
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

#[cfg(test)]
mod tests;
