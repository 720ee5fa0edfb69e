//! Plans by agents, for instances that rules do not get verified: each a journaled run of `std/environment`.

use crate::cmd::{Choices, Wired};
use crate::eval::{Making, Ready, ask};
use crate::exit::Usage;
use crate::load::Loaded;
use crate::report;
use crate::settings::Settings;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::path::Path;
use tokio::sync::watch;
use troupe_core::Object;
use troupe_dsl::Folder;
use troupe_sandbox::environment::results::Runner;
use troupe_sandbox::environment::{Given, Instance, Options};
use troupe_store::Store;

/// What agents came to.
#[derive(Debug, Default)]
pub struct Advice {
    /// The plan, where they verified one.
    pub given: Option<Given>,
    /// What it took.
    pub tokens: u64,
}

/// A model that agents think with.
#[derive(Debug, Clone, Copy)]
pub struct Mind<'a> {
    /// `PROVIDER/NAME`.
    pub model: &'a str,
    /// The address of its endpoint, where it is not its provider's own.
    pub url: Option<&'a str>,
}

/// Agents behind a model.
pub struct Advisor<'a> {
    ready: Ready<'static>,
    making: Making<'a>,
}

impl<'a> Advisor<'a> {
    /// Agents that think with a model, for instances whose paths are seen from `folder` and whose
    /// environments are built as `options` say.
    pub fn new(
        mind: Mind<'_>,
        folder: &Path,
        options: Options,
        (state, store): (&Path, &'a Store),
        stops: watch::Receiver<bool>,
        settings: &'a Settings,
    ) -> anyhow::Result<Self> {
        let Mind { model, url } = mind;
        let (provider, name) = model.split_once('/').unwrap_or(("", model));
        let url = url.map(|url| format!(", base_url: {}", json!(url))).unwrap_or_default();
        let text = format!(
            "troupe: 1\nname: environment\ninputs: {{ instance: any, last: any }}\n\
             models: {{ planner: {{ provider: {}, model: {}{url} }} }}\ndefaults: {{ model: planner }}\nsteps:\n  build:\n    workflow: std/environment\n    \
             with: {{ instance: \"${{{{ inputs.instance }}}}\", last: \"${{{{ inputs.last }}}}\" }}\n\
             outputs: {{ environment: \"${{{{ steps.build.output.environment }}}}\" }}\n",
            json!(provider),
            json!(name)
        );
        let compiled = troupe_dsl::compile("environment.yaml", text.as_bytes(), &Folder::new(folder));
        report::diagnostics(&compiled, settings);
        let Some(workflow) = compiled.workflow else {
            return Err(Usage::error(format!("`--model {model}`: agents cannot think with it")));
        };
        let loaded = Loaded {
            workflow,
            sources: compiled.sources,
            path: folder.join("environment.yaml"),
            folder: folder.to_owned(),
        };
        let choices = Choices::default();
        let wired = Wired::building(&loaded, &choices, state, Some(options), settings)?;
        Ok(Self {
            ready: Ready {
                name: "environment",
                loaded,
                wired,
                choices,
            },
            making: Making {
                store,
                // A model that could not be reached may be back.
                retry_failed: true,
                stops,
                settings,
            },
        })
    }

    /// All that decides what they are asked.
    pub fn fingerprint(&self) -> &str {
        &self.ready.loaded.workflow.fingerprint
    }

    /// What they came to, after rules got no further than `last` says. `key` is all that decides it: the same is asked
    /// once.
    ///
    /// # Errors
    /// When their run failed or was stopped: that says nothing about the repository.
    pub async fn plan(&self, instance: &Instance, last: Value, key: &str) -> anyhow::Result<Advice> {
        let mut record = instance.record.clone();
        record.insert("test_patch".to_owned(), instance.test_patch.as_str().into());
        record.insert("patch".to_owned(), instance.fix_patch.as_str().into());
        let inputs = Object::from_iter([
            ("instance".to_owned(), Value::Object(record)),
            ("last".to_owned(), last),
        ]);
        let asked = ask(
            &self.ready,
            &json!(["environment", instance.id, key]),
            inputs,
            &self.making,
        )
        .await?;
        let run = asked.context("the agents that plan were stopped; the same command goes on")?;
        if let Some((place, failure)) = run.failure {
            let place = place.map(|place| format!(" at `{place}`")).unwrap_or_default();
            anyhow::bail!("the agents that plan failed{place}: {}", failure.message);
        }
        Ok(Advice {
            given: given(&run.outputs),
            tokens: run.usage.total(),
        })
    }
}

fn given(outputs: &Object) -> Option<Given> {
    let environment = outputs.get("environment")?;
    let text = |key: &str| environment[key].as_str().map(str::to_owned);
    environment["verified"].as_bool().filter(|verified| *verified)?;
    Some(Given {
        setup: text("setup")?,
        test: text("test")?,
        runner: Runner::named(&text("runner")?)?,
    })
}
