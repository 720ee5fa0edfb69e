//! `troupe run`: from a file to its outputs. What it shares with `resume` is here too.

mod plan;

use super::block_on;
use crate::args::Run;
use crate::exit::{Exit, Usage};
use crate::live::{self, Feed};
use crate::load::{self, Loaded};
use crate::report::{self, Ended};
use crate::settings::Settings;
use crate::{values, wire, workspace};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use troupe_agents::{Clock as _, Handle, Outcome, Ports, SystemClock};
use troupe_core::Object;
use troupe_core::id::RunId;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Leases as _, RunHeader};
use troupe_core::port::process::ProcessRunner;
use troupe_sandbox::host;
use troupe_store::Store;

/// What a resume must repeat: journaled with the run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Choices {
    /// `--model`, as given.
    #[serde(default)]
    pub models: Vec<String>,
    /// `--allow-host-commands`.
    #[serde(default)]
    pub allow_host_commands: bool,
    /// The inputs, for a run whose first event never got to the disk.
    #[serde(default)]
    pub inputs: Object,
    /// The environment variables that its expressions read.
    #[serde(default)]
    pub env: Object,
}

pub fn run(arguments: &Run, settings: &Settings) -> anyhow::Result<Exit> {
    let mut choices = Choices {
        models: arguments.models.clone(),
        allow_host_commands: arguments.allow_host_commands,
        ..Choices::default()
    };
    let mut loaded = load::load(&arguments.file, settings)?;
    wire::override_models(&mut loaded.workflow, &choices.models)?;
    if arguments.dry_run {
        return plan::run(arguments, &loaded, settings);
    }
    let inputs = values::inputs(arguments, &loaded.workflow)?;
    let env = values::environment(&loaded.workflow.env)?;
    (choices.inputs, choices.env) = (inputs.clone(), env.clone());
    let state = workspace::folder(settings)?;
    let wired = Wired::new(&loaded, &choices, &state, settings)?;
    block_on(async {
        let store = Store::open(&state).await?;
        let (run, lease) = claim(&store).await?;
        let header = header(&run, &loaded, &choices)?;
        let started_ms = header.started_ms;
        settings.say(format!("run {run} of {}{}", loaded.workflow.name, wired.labels()));
        let feed = live::feed(&wired.workflow, settings);
        let run_it = troupe_agents::Run {
            run: run.clone(),
            workflow: wired.workflow.clone(),
            ports: wired.ports(&store, &feed),
        };
        let handle = troupe_agents::start(run_it, header, inputs, env).await?;
        let exit = finish(&run, handle, feed, started_ms, settings).await;
        drop(lease);
        store.close().await;
        exit
    })
}

/// A name that nobody has, and the right to work on it.
async fn claim(store: &Store) -> anyhow::Result<(RunId, Box<dyn troupe_core::port::journal::Lease>)> {
    loop {
        let run = workspace::new_run_id();
        match store.acquire(&run, &workspace::holder()).await {
            Err(error) if error.kind == ErrorKind::Conflict => {}
            acquired => return Ok((run, acquired?)),
        }
    }
}

fn header(run: &RunId, loaded: &Loaded, choices: &Choices) -> anyhow::Result<RunHeader> {
    Ok(RunHeader {
        run: run.clone(),
        workflow: loaded.workflow.name.clone(),
        path: loaded.path.display().to_string(),
        fingerprint: loaded.workflow.fingerprint.clone(),
        sources: loaded
            .sources
            .files
            .iter()
            .map(|file| (file.name.clone(), file.text.clone()))
            .collect(),
        settings: serde_json::to_string(choices)?,
        started_ms: SystemClock.now_ms(),
    })
}

/// Everything that a run needs besides the store.
pub struct Wired {
    /// What is run.
    pub workflow: Arc<Workflow>,
    models: Vec<Arc<dyn troupe_core::port::model::Model>>,
    tools: Vec<Arc<dyn troupe_core::port::tool::Tool>>,
    processes: Option<Arc<dyn ProcessRunner>>,
}

impl Wired {
    /// Connects models, opens corpora, and asks whether commands may run: all that can go wrong
    /// before a run exists goes wrong here.
    pub fn new(loaded: &Loaded, choices: &Choices, state: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let workflow = Arc::new(loaded.workflow.clone());
        let commands = workflow.steps.iter().find(|step| matches!(step.verb, Verb::Run { .. }));
        if let Some(step) = commands.filter(|_| !choices.allow_host_commands) {
            return Err(Usage::error(format!(
                "step `{}` runs a command on this machine, unsandboxed: read the workflow, then allow it with --allow-host-commands",
                step.name
            )));
        }
        let processes = choices
            .allow_host_commands
            .then(|| Arc::new(host::Host::new(host::Options::in_directory(&loaded.folder))) as Arc<dyn ProcessRunner>);
        let models = wire::models(&workflow)?;
        let mut tools: Vec<_> = wire::tools(loaded, state, settings, &|_| true)?.into_iter().collect();
        tools.sort_by_key(|(index, _)| *index);
        Ok(Self {
            workflow,
            models,
            tools: tools.into_iter().map(|(_, tool)| tool).collect(),
            processes,
        })
    }

    /// The ports of a run that is kept in `store` and shown by `feed`.
    pub fn ports(&self, store: &Store, feed: &Feed) -> Ports {
        Ports {
            journal: Arc::new(store.clone()),
            models: self.models.clone(),
            tools: self.tools.clone(),
            processes: self.processes.clone(),
            clock: Arc::new(SystemClock),
            observer: feed.observer(),
        }
    }

    /// Which models answer, said before they do.
    pub fn labels(&self) -> String {
        let mut labels: Vec<String> = self.models.iter().map(|model| model.label()).collect();
        labels.dedup();
        if labels.is_empty() {
            String::new()
        } else {
            format!(" with {}", labels.join(", "))
        }
    }
}

/// Watches a run to its end; Ctrl-C once winds it down, twice stops at once.
pub async fn finish(
    run: &RunId,
    handle: Handle,
    feed: Feed,
    started_ms: u64,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let remote = handle.remote();
    let name = run.clone();
    let interrupts = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            anstream::eprintln!("cancelling run {name}; Ctrl-C again stops at once");
            remote.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            anstream::eprintln!("stopped; `troupe resume {name}` goes on with the run");
            std::process::exit(Exit::Cancelled as i32);
        }
    });
    let outcome = handle.outcome().await;
    interrupts.abort();
    feed.finish().await;
    let outcome: Outcome =
        outcome.map_err(|error| anyhow::anyhow!("{error}\n`troupe resume {run}` goes on with the run"))?;
    let duration_ms = SystemClock.now_ms().saturating_sub(started_ms);
    report::outcome(
        &Ended {
            run,
            outcome: &outcome,
            duration_ms,
        },
        settings,
    )?;
    Ok(outcome.status.into())
}
