//! Wiring: a compiled workflow's models, corpora and tools become live ports.

pub mod corpora;
mod encoders;
mod toolbox;

pub use encoders::encoders;
pub use toolbox::{Toolbox, place};

use crate::exit::Usage;
use crate::places;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;
use troupe_agents::{Gates, Secrets};
use troupe_core::Value;
use troupe_core::expression::{EvaluationError, Scope, Template};
use troupe_core::ir::{self, Workflow};
use troupe_core::port::model::Model;
use troupe_models::catalog::{self, ModelOptions};

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

/// Connects every model that an agent uses; those of this process are looked for from `folder` on. A missing key or
/// model is reported before anything runs.
pub fn models(workflow: &Workflow, folder: &Path) -> anyhow::Result<Vec<Arc<dyn Model>>> {
    workflow.models.iter().map(|model| connect(model, folder)).collect()
}

fn connect(model: &ir::Model, folder: &Path) -> anyhow::Result<Arc<dyn Model>> {
    let (base_url, api_key) = access_to(model)?;
    let options = ModelOptions {
        api_key,
        base_url,
        timeout: Duration::from_secs(model.timeout_seconds),
        attempts: model.attempts,
        places: places::models(folder),
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

/// The address of what is served, and the key to it: as its settings say, or the provider's usual variable.
fn access(
    provider: &str,
    base_url: &Option<Template>,
    api_key: &Option<Template>,
) -> Result<(Option<String>, Option<String>), EvaluationError> {
    let text = |template: &Option<Template>| template.as_ref().map(|t| t.evaluate_text(&Surroundings)).transpose();
    let base_url = text(base_url)?;
    // A key in the environment belongs to the provider's own address, not to any server at all.
    let own_key = || {
        let variable = catalog::provider(provider).and_then(catalog::Provider::key_variable);
        std::env::var(variable.filter(|_| base_url.is_none())?).ok()
    };
    let key = text(api_key)?.or_else(own_key);
    Ok((base_url, key))
}

/// The key that the environment holds for a provider's own address.
#[cfg(feature = "local")]
pub fn key_of(provider: &str) -> Option<String> {
    std::env::var(catalog::provider(provider)?.key_variable()?).ok()
}

fn access_to(model: &ir::Model) -> anyhow::Result<(Option<String>, Option<String>)> {
    access(&model.provider, &model.base_url, &model.api_key).map_err(|error| of_model(model, &error))
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

/// The keys of models and encoders: nothing is given them by a marker, and none may be written anywhere.
fn model_keys(workflow: &Workflow, keys: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    for model in &workflow.models {
        let (_, key) = access_to(model)?;
        keys.extend(key.map(|key| (format!("models.{}.api_key", model.alias), key)));
    }
    for corpus in &workflow.corpora {
        keys.extend(encoders::keys(corpus)?);
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

#[cfg(test)]
mod tests;
