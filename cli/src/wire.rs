//! Wiring: a compiled workflow's models, corpora and tools become live ports.

use crate::exit::Usage;
use crate::load::Loaded;
use crate::settings::Settings;
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;
use troupe_agents::{Gates, Secrets};
use troupe_core::Value;
use troupe_core::expression::{Scope, Template};
use troupe_core::ir::{self, ToolSource, Workflow};
use troupe_core::port::model::Model;
use troupe_core::port::tool::Tool;
use troupe_models::catalog::{self, ModelOptions};
use troupe_models::embed::StaticTable;
use troupe_tools::{Corpus, CorpusOptions, Encoders, Face, GRAPH_FROM, Progress};

/// Puts other models behind aliases, as `--model alias=provider/name` asks; in called workflows too.
pub fn override_models(workflow: &mut Workflow, overrides: &[String]) -> anyhow::Result<()> {
    for given in overrides {
        let parts = given
            .split_once('=')
            .and_then(|(alias, model)| Some((alias, model.split_once('/')?)));
        let Some((alias, (provider, name))) = parts else {
            return Err(Usage::error(format!("`--model {given}` is not ALIAS=PROVIDER/NAME")));
        };
        let mut known = BTreeSet::new();
        if !put_behind(workflow, alias, provider, name, &mut known) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Usage::error(format!(
                "`--model {given}`: the workflow has no model `{alias}`; it has {known}"
            )));
        }
    }
    Ok(())
}

/// Whether anything was behind `alias`; whatever else there is goes into `known`.
fn put_behind(workflow: &mut Workflow, alias: &str, provider: &str, name: &str, known: &mut BTreeSet<String>) -> bool {
    let mut found = false;
    known.extend(workflow.models.iter().map(|model| model.alias.clone()));
    for model in workflow.models.iter_mut().filter(|model| model.alias == alias) {
        if model.provider != provider {
            (model.base_url, model.api_key) = (None, None);
        }
        if (model.provider.as_str(), model.name.as_str()) != (provider, name) {
            model.price = None;
        }
        (model.provider, model.name) = (provider.to_owned(), name.to_owned());
        found = true;
    }
    for called in &mut workflow.workflows {
        found |= put_behind(Arc::make_mut(called), alias, provider, name, known);
    }
    found
}

/// The gates of this process.
static GATES: LazyLock<Gates> = LazyLock::new(Gates::new);

/// The models of this process: where two are the same, a rate limit of one is one of the other.
static MODELS: Mutex<Vec<(ModelOptions, Weak<dyn Model>)>> = Mutex::new(Vec::new());

/// How many calls go on at once, for all runs of this process together.
pub fn gates() -> Gates {
    GATES.clone()
}

/// Connects every model that an agent uses. A missing key is reported before anything runs.
pub fn models(workflow: &Workflow) -> anyhow::Result<Vec<Arc<dyn Model>>> {
    workflow.models.iter().map(connect).collect()
}

fn connect(model: &ir::Model) -> anyhow::Result<Arc<dyn Model>> {
    let options = ModelOptions {
        api_key: api_key(model)?,
        base_url: text(model, &model.base_url)?,
        temperature: model.temperature,
        max_tokens: model.max_tokens,
        timeout: Duration::from_secs(model.timeout_seconds),
        attempts: model.attempts,
        ..ModelOptions::new(&model.provider, &model.name)
    };
    let mut connected = MODELS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = connected.iter().find(|(known, _)| *known == options);
    if let Some(same) = known.and_then(|(_, model)| model.upgrade()) {
        return Ok(same);
    }
    connected.retain(|(_, model)| model.strong_count() > 0);
    let port = catalog::connect(options.clone()).map_err(|error| of_model(model, &error))?;
    connected.push((options, Arc::downgrade(&port)));
    Ok(port)
}

fn of_model(model: &ir::Model, error: &dyn std::fmt::Display) -> anyhow::Error {
    Usage::error(format!("model `{}`: {error}", model.alias))
}

fn text(model: &ir::Model, template: &Option<Template>) -> anyhow::Result<Option<String>> {
    let evaluated = template.as_ref().map(|t| t.evaluate_text(&Surroundings)).transpose();
    evaluated.map_err(|error| of_model(model, &error))
}

fn api_key(model: &ir::Model) -> anyhow::Result<Option<String>> {
    let key_variable = catalog::provider(&model.provider).and_then(catalog::Provider::key_variable);
    let base_url = text(model, &model.base_url)?;
    // A key in the environment belongs to the provider's own address, not to any server at all.
    let own_key = || {
        key_variable
            .filter(|_| base_url.is_none())
            .and_then(|name| std::env::var(name).ok())
    };
    Ok(text(model, &model.api_key)?.or_else(own_key))
}

/// The secrets of a workflow and of those that it calls, from environment variables of their names.
/// What is missing is reported before anything runs.
pub fn secrets(workflow: &Workflow) -> anyhow::Result<Secrets> {
    let mut given = Vec::new();
    let mut missing = Vec::new();
    for name in workflow.all_secrets() {
        match std::env::var(name) {
            Ok(value) => given.push((name.to_owned(), value)),
            Err(_) => missing.push(format!(
                "the workflow uses `secrets.{name}`: set the environment variable {name}"
            )),
        }
    }
    if !missing.is_empty() {
        return Err(Usage::error(missing.join("\n")));
    }
    let mut keys = Vec::new();
    model_keys(workflow, &mut keys)?;
    Ok(Secrets::new(given, keys))
}

/// Those secrets that can be recognised here: for texts that somebody types.
pub fn known_secrets(workflow: &Workflow) -> Secrets {
    let given = workflow.all_secrets().into_iter();
    let given = given.filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let mut keys = Vec::new();
    // Whoever goes on with the run is told what is wrong with a model's settings.
    let _ = model_keys(workflow, &mut keys);
    Secrets::new(given.collect(), keys)
}

/// The keys of models: nothing is given them by a marker, and none may be written anywhere.
fn model_keys(workflow: &Workflow, keys: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    for model in &workflow.models {
        let key = api_key(model)?;
        keys.extend(key.map(|key| (format!("models.{}.api_key", model.alias), key)));
    }
    workflow
        .workflows
        .iter()
        .try_for_each(|called| model_keys(called, keys))
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

fn open(corpus: &ir::Corpus, folder: &Path, state: &Path, settings: &Settings) -> anyhow::Result<Arc<Corpus>> {
    let options = CorpusOptions {
        name: corpus.name.clone(),
        root: folder.to_owned(),
        patterns: corpus.files.clone(),
        chunk_tokens: corpus.chunk_tokens as usize,
        index_folder: state.join("corpora"),
        graph_from: GRAPH_FROM,
    };
    let encoders = Encoders {
        embedder: Arc::new(StaticTable::embedded()),
        tokens: Arc::new(StaticTable::embedded()),
        reranker: None,
    };
    let bar = bar(settings);
    let opened = Corpus::open(&options, encoders, &|progress| show(&bar, progress));
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
            "indexed corpus `{}`: {} chunks, {} sentences",
            corpus.name,
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
