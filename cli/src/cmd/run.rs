//! `troupe run`: from a file to its outputs. What it shares with `resume` is here too.

mod plan;

use super::block_on;
use crate::args::Run;
use crate::crew::Interrupt;
use crate::environments::Concealed;
use crate::exit::{Exit, Usage};
use crate::live::{self, Feed};
use crate::load::{self, Loaded};
use crate::past::Told;
use crate::report::{self, Ended};
use crate::rooms::{self, Keeper};
use crate::settings::Settings;
use crate::stream::Speaker;
use crate::telemetry::Telemetry;
use crate::watch::{Own, Words, interrupted};
use crate::{person, redact, values, wire, workspace};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use troupe_agents::{Clock as _, Handle, Observer, Outcome, Ports, Remote, Secrets, Silent, SystemClock};
use troupe_core::Object;
use troupe_core::id::RunId;
use troupe_core::input::Edit;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::ErrorKind;
use troupe_core::port::approver::Approver;
use troupe_core::port::journal::{Journal, Leases as _, RunHeader, RunRecord, RunStatus};
use troupe_core::port::process::ProcessRunner;
use troupe_sandbox::environment::{EnvironmentTool, Options};
use troupe_sandbox::{Places, host};
use troupe_store::{Artifacts, Store};
use troupe_tools::Corpus;
use troupe_tui::watch::leave;

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
    /// `--set`, as given, for a fork whose first event never got to the disk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
}

impl Choices {
    /// Those that a run was started with.
    pub fn of(record: &RunRecord, settings: &Settings) -> Self {
        serde_json::from_str(&record.header.settings).unwrap_or_else(|error| {
            let run = &record.header.run;
            settings.say(format!("warning: the settings of run {run} cannot be read: {error}"));
            Self::default()
        })
    }
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
    let env = values::environment(&loaded.workflow, settings);
    (choices.inputs, choices.env) = (inputs.clone(), env.clone());
    let state = workspace::folder(settings)?;
    if arguments.watch && !settings.terminal {
        return Err(Usage::error(
            "--watch needs a terminal; `troupe watch --plain` prints lines",
        ));
    }
    let settings = &Settings {
        watch: arguments.watch,
        ..settings.clone()
    };
    let wired = Wired::new(&loaded, &choices, &state, settings)?;
    block_on(async {
        let store = Store::open(&state).await?;
        let (run, lease) = claim(&store).await?;
        let header = header(&run, &loaded, &choices)?;
        let started_ms = header.started_ms;
        settings.say(format!("run {run} of {}{}", loaded.workflow.name, wired.labels()));
        let begin = Begin::Start { header, inputs, env };
        let exit = drive(&run, &wired, &store, begin, started_ms, settings).await;
        let page = match &arguments.web {
            Some(file) => crate::watch::page(&state, &run, None, file).await,
            None => Ok(()),
        };
        drop(lease);
        store.close().await;
        match (exit, page) {
            (Ok(Exit::Succeeded), Err(error)) => Err(error),
            // How the run ended says more than that there is no page of it.
            (exit, Err(error)) => {
                settings.say(format!("warning: there is no page of the run: {error:#}"));
                exit
            }
            (exit, Ok(())) => exit,
        }
    })
}

/// A name that nobody has, and the right to work on it.
pub async fn claim(store: &Store) -> anyhow::Result<(RunId, Box<dyn troupe_core::port::journal::Lease>)> {
    loop {
        let run = workspace::new_run_id();
        match store.acquire(&run, &workspace::holder()).await {
            Err(error) if error.kind == ErrorKind::Conflict => {}
            acquired => return Ok((run, acquired?)),
        }
    }
}

/// What is known of a run before its first event.
pub fn header(run: &RunId, loaded: &Loaded, choices: &Choices) -> anyhow::Result<RunHeader> {
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
        forked: None,
    })
}

/// Everything that a run needs besides the store.
pub struct Wired {
    /// What is run.
    pub workflow: Arc<Workflow>,
    models: Vec<Arc<dyn troupe_core::port::model::Model>>,
    tools: Vec<Arc<dyn troupe_core::port::tool::Tool>>,
    places: Arc<Places>,
    /// The folder in which the run is kept.
    state: PathBuf,
    /// What builds environments, where a step does.
    builds: Option<Arc<EnvironmentTool>>,
    secrets: Secrets,
    /// The corpora that its tools and those of the workflows that it calls look into.
    pub corpora: Vec<Arc<Corpus>>,
    /// The workflows that it calls, in its own order.
    called: Vec<Wired>,
}

impl Wired {
    /// Connects models, opens corpora, and asks whether commands may run: all that can go wrong
    /// before a run exists goes wrong here.
    pub fn new(loaded: &Loaded, choices: &Choices, state: &Path, settings: &Settings) -> anyhow::Result<Self> {
        Self::building(loaded, choices, state, None, settings)
    }

    /// The same, with environments built as `options` say, and sandboxes with a network equipped like them.
    pub fn building(
        loaded: &Loaded,
        choices: &Choices,
        state: &Path,
        options: Option<Options>,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let workflow = Arc::new(loaded.workflow.clone());
        refuse_unavailable(&workflow)?;
        if let Some(step) = command(&workflow).filter(|_| !choices.allow_host_commands) {
            return Err(Usage::error(format!(
                "step `{step}` runs a command on this machine: read the workflow, then allow it with --allow-host-commands, or give the step a `sandbox`",
            )));
        }
        let host = choices
            .allow_host_commands
            .then(|| host::Host::new(host::Options::in_directory(&loaded.folder)));
        let mut places = Places::new(&loaded.folder, host)
            .of_workspace(workspace::place(state))
            .keeping(Arc::new(Artifacts::of(state)));
        if let Some(options) = &options {
            places = places.equipped(options.equipment.clone());
        }
        let places = Arc::new(places);
        let secrets = wire::secrets(&workflow)?;
        redact::know(&secrets);
        let mut toolbox = wire::Toolbox::new(loaded, state, settings, places.clone()).building(options);
        let wired = Self::of(workflow, &places, &secrets, &mut toolbox, (&loaded.folder, state))?;
        Ok(Self {
            corpora: toolbox.opened(),
            builds: toolbox.builds(),
            ..wired
        })
    }

    fn of(
        workflow: Arc<Workflow>,
        places: &Arc<Places>,
        secrets: &Secrets,
        toolbox: &mut wire::Toolbox<'_>,
        (folder, state): (&Path, &Path),
    ) -> anyhow::Result<Self> {
        let called = workflow.workflows.iter();
        Ok(Self {
            models: wire::models(&workflow, folder)?,
            tools: toolbox.tools(&workflow, &|_| true)?.into_values().collect(),
            places: places.clone(),
            state: state.to_owned(),
            builds: None,
            secrets: secrets.clone(),
            corpora: Vec::new(),
            called: called
                .map(|called| Self::of(called.clone(), places, secrets, toolbox, (folder, state)))
                .collect::<Result<_, _>>()?,
            workflow,
        })
    }

    /// The ports of a run that is kept in `journal` and `store`, watched by `observer`, and answered by `approver`.
    pub fn ports(
        &self,
        journal: Arc<dyn Journal>,
        store: &Store,
        observer: Arc<dyn Observer>,
        approver: Arc<dyn Approver>,
    ) -> Ports {
        let silent: Arc<dyn Observer> = Arc::new(Silent);
        if let Some(builds) = &self.builds {
            builds.keep_in(Arc::new(Concealed(store.clone())));
        }
        let below = |called: &Wired| called.ports(journal.clone(), store, silent.clone(), approver.clone());
        Ports {
            dispatch: Arc::new(store.clone()),
            models: self.models.clone(),
            tools: self.tools.clone(),
            processes: Some(self.places.clone()),
            rooms: Some(Arc::new(Keeper::new(
                self.places.clone(),
                store.clone(),
                self.state.clone(),
            ))),
            gates: wire::gates(),
            cache: Some(Arc::new(store.clone())),
            secrets: self.secrets.clone(),
            clock: Arc::new(SystemClock),
            observer,
            children: self.called.iter().map(below).collect(),
            approver: approver.clone(),
            journal: journal.clone(),
        }
    }

    /// What decides the answers of its tools, such as the content of corpora; the same for equal ones.
    pub fn tool_identities(&self) -> Vec<Option<String>> {
        let own = self.tools.iter().map(|tool| tool.identity());
        let called = self.called.iter().flat_map(Self::tool_identities);
        own.chain(called).collect()
    }

    /// Which models answer, said before they do.
    pub fn labels(&self) -> String {
        let mut labels = Vec::new();
        self.collect_labels(&mut labels);
        if labels.is_empty() {
            String::new()
        } else {
            format!(" with {}", labels.join(", "))
        }
    }

    fn collect_labels(&self, labels: &mut Vec<String>) {
        for label in self.models.iter().map(|model| model.label()) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        self.called.iter().for_each(|called| called.collect_labels(labels));
    }
}

/// What this version can check and not run is never begun.
fn refuse_unavailable(workflow: &Workflow) -> anyhow::Result<()> {
    if workflow.unavailable.is_empty() {
        Ok(())
    } else {
        Err(Usage::error(workflow.unavailable.join("\n")))
    }
}

/// A step that runs a command on this machine, here or in a called workflow.
fn command(workflow: &Workflow) -> Option<&str> {
    let is_on_host = |verb: &Verb| matches!(verb, Verb::Run { command, .. } if command.sandbox.is_none());
    let own = workflow.steps.iter().find(|step| is_on_host(&step.verb));
    own.map(|step| step.name.as_str())
        .or_else(|| workflow.workflows.iter().find_map(|called| command(called)))
}

/// How a run comes to be driven.
pub enum Begin {
    /// It is new.
    Start {
        /// What is known of it before its first event.
        header: RunHeader,
        /// Its inputs.
        inputs: Object,
        /// The environment variables that its expressions read.
        env: Object,
    },
    /// It is new and shares another one's past.
    Fork {
        /// What is known of it before its own first event.
        header: RunHeader,
        /// The outputs that a person set.
        edits: Vec<Edit>,
        /// The inputs of the other one, should nothing be shared.
        inputs: Object,
        /// The environment variables that its expressions read.
        env: Object,
    },
    /// It goes on; with these, should not even its first event be there.
    Resume {
        /// Its inputs.
        inputs: Object,
        /// The environment variables that its expressions read.
        env: Object,
    },
}

impl Begin {
    /// Starts the run's driver.
    pub async fn go(self, run: troupe_agents::Run) -> Result<Handle, troupe_agents::Error> {
        match self {
            Self::Start { header, inputs, env } => troupe_agents::start(run, header, inputs, env).await,
            Self::Fork {
                header,
                edits,
                inputs,
                env,
            } => troupe_agents::fork(run, header, edits, inputs, env).await,
            Self::Resume { inputs, env } => troupe_agents::resume(run, inputs, env).await,
        }
    }
}

/// Drives a run until it is over, or until it waits for somebody who is not at the terminal.
pub async fn drive(
    run: &RunId,
    wired: &Wired,
    store: &Store,
    begin: Begin,
    started_ms: u64,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let telemetry = Telemetry::start(&wired.workflow, settings);
    let journal = telemetry.journal(Arc::new(Told(store.clone())));
    let driven = drive_on(run, wired, (journal, store), begin, settings).await;
    telemetry.finish(settings).await;
    wired.places.settle().await;
    let outcome = driven?;
    let duration_ms = SystemClock.now_ms().saturating_sub(started_ms);
    report::outcome(
        &Ended {
            run,
            outcome: &outcome,
            duration_ms,
        },
        settings,
    )?;
    if matches!(outcome.status, RunStatus::Failed | RunStatus::Cancelled) {
        rooms::told(run, &wired.workflow, settings).await;
    }
    if !outcome.questions.is_empty() {
        settings.say(person::instructions(run, &outcome.questions));
    }
    Ok(outcome.status.into())
}

/// The same, without a word about how it ended.
async fn drive_on(
    run: &RunId,
    wired: &Wired,
    (journal, store): (Arc<dyn Journal>, &Store),
    mut begin: Begin,
    settings: &Settings,
) -> anyhow::Result<Outcome> {
    let mut answers: Vec<person::Given> = Vec::new();
    let state = workspace::folder(settings)?;
    let speaker = Speaker::open(&state, run);
    let mut screens = match settings.watch {
        true => Some(Own::new(run, &state, &speaker, settings)),
        false => None,
    };
    loop {
        let (feed, observer, approver): (Feed, Arc<dyn Observer>, Arc<dyn Approver>) = match &screens {
            Some(screens) => {
                let feed = live::feed_behind(run, &wired.workflow, settings);
                let observer = feed.observer();
                (feed, observer, screens.approver())
            }
            None => {
                let feed = live::feed(run, &wired.workflow, settings);
                let observer = feed.observer();
                (feed, observer, Arc::new(person::Answers::new(answers)))
            }
        };
        let driven = troupe_agents::Run {
            run: run.clone(),
            workflow: wired.workflow.clone(),
            ports: wired.ports(journal.clone(), store, speaker.observer(observer), approver),
            // Whoever waits at a terminal waits for pauses too.
            patience_ms: None,
        };
        let handle = begin.go(driven).await?;
        if let Some(screens) = &mut screens {
            screens.show();
        }
        // Screens that were closed stay closed.
        let outcome = watch(run, handle, feed, screens.take()).await?;
        answers = match outcome.status {
            RunStatus::Waiting => person::ask(&outcome.questions, settings).await,
            _ => Vec::new(),
        };
        if answers.is_empty() {
            return Ok(outcome);
        }
        let (inputs, env) = Default::default();
        begin = Begin::Resume { inputs, env };
    }
}

/// Winds a run down at the first Ctrl-C, and stops at once at the second. With screens, which have the terminal, it
/// says so on them, and stops at SIGTERM too, to give the terminal back.
async fn obey(run: RunId, remote: Remote, words: Option<Words>) {
    let stop = || {
        leave();
        anstream::eprintln!("stopped; `troupe resume {run}` goes on with the run");
        std::process::exit(Exit::Cancelled as i32);
    };
    let key = async || match words {
        Some(_) => interrupted().await == Interrupt::Key,
        None => tokio::signal::ctrl_c().await.is_ok(),
    };
    if !key().await {
        stop();
    }
    let said = format!("cancelling run {run}; Ctrl-C again stops at once");
    if words.as_ref().is_none_or(|words| !words.say(&said)) {
        anstream::eprintln!("{said}");
    }
    remote.cancel();
    key().await;
    stop();
}

/// Watches a run to its end; Ctrl-C once winds it down, twice stops at once.
async fn watch(run: &RunId, handle: Handle, feed: Feed, screens: Option<Own>) -> anyhow::Result<Outcome> {
    let words = screens.as_ref().map(Own::words);
    let screens = screens.map(|screens| {
        let show = feed.shower();
        tokio::spawn(async move {
            screens.closed().await;
            show.show();
        })
    });
    let interrupts = tokio::spawn(obey(run.clone(), handle.remote(), words));
    let outcome = handle.outcome().await;
    if let Some(screens) = screens {
        // Whoever looks at a run that is over looks for as long as they like.
        let _ = screens.await;
    }
    interrupts.abort();
    let status = outcome.as_ref().map_or(RunStatus::Running, |outcome| outcome.status);
    feed.finish(status).await;
    outcome.map_err(|error| anyhow::anyhow!("{error}\n`troupe resume {run}` goes on with the run"))
}
