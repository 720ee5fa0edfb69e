//! The commands of a run: in sandboxes of their own, in ones that stay, or on the machine itself where that is allowed.

mod handed;
mod kept;

use crate::artifact::Taking;
use crate::certificates;
use crate::docker::Docker;
use crate::held::{Held, Pending, SETTLE};
use crate::host::{EFFECT_KEY, Host};
use async_trait::async_trait;
use kept::Kept;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use troupe_core::artifact::Given;
use troupe_core::effect::{Command, Place};
use troupe_core::input::Exit;
use troupe_core::port::artifact::Artifacts;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::room::{Executed, Found, Rooms};
use troupe_core::port::sandbox::{Blueprint, Deaf, Execution, Mount, Network, Room, SandboxEngine};
use troupe_core::port::{Error, ErrorKind};

/// Where a sandbox sees the workflow's folder, which it cannot write.
pub const WORKFLOW: &str = "/workflow";

/// Bytes kept of each output, as on the machine.
const OUTPUT_BYTES: usize = 1 << 20;

/// Runs commands where they ask to run.
pub struct Places {
    folder: PathBuf,
    /// Where the runs are kept whose commands these are.
    workspace: String,
    host: Option<Host>,
    engine: OnceCell<Docker>,
    pending: Pending,
    /// Those that stay, by name.
    kept: Kept,
    /// Keeps the files that commands give.
    artifacts: Option<Arc<dyn Artifacts>>,
    /// What sandboxes with a network see besides, and their variables: the certificates of this machine, where nobody
    /// says otherwise.
    equipment: Equipment,
}

/// Files and folders that sandboxes see, and environment variables.
#[derive(Debug, Clone, Default)]
pub struct Equipment {
    /// Never to be written.
    pub mounts: Vec<Mount>,
    /// Of all commands.
    pub env: BTreeMap<String, String>,
}

impl Equipment {
    /// The certificates that this machine trusts.
    pub fn of_machine() -> Self {
        let file = certificates::of_machine();
        Self {
            mounts: file.iter().map(|file| certificates::mount(file)).collect(),
            env: file.iter().flat_map(|_| certificates::variables()).collect(),
        }
    }
}

impl Places {
    /// For a workflow in `folder`; commands on the machine itself go to `host`, and are refused without one.
    pub fn new(folder: impl Into<PathBuf>, host: Option<Host>) -> Self {
        Self {
            folder: folder.into(),
            workspace: String::new(),
            host,
            engine: OnceCell::new(),
            pending: Pending::default(),
            kept: Kept::default(),
            artifacts: None,
            equipment: Equipment::of_machine(),
        }
    }

    /// For runs that are kept in this folder: sandboxes that stay are told apart by it.
    pub fn of_workspace(self, workspace: String) -> Self {
        Self { workspace, ..self }
    }

    /// With other equipment for sandboxes that have a network.
    pub fn equipped(self, equipment: Equipment) -> Self {
        Self { equipment, ..self }
    }

    /// With the files that commands give kept in `artifacts`, and there for those that come later.
    pub fn keeping(self, artifacts: Arc<dyn Artifacts>) -> Self {
        Self {
            artifacts: Some(artifacts),
            ..self
        }
    }

    /// What is still under way in the engine: others may add to it what is to be waited for.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    async fn in_sandbox(&self, key: &str, command: Command, place: &Place) -> Result<Exit, Error> {
        self.refuse_absent(&command).await?;
        let execution = Execution {
            arguments: command.arguments,
            env: command.env,
            stdin: command.stdin.map(String::into_bytes),
            timeout: None,
            output_bytes: OUTPUT_BYTES,
        };
        let taking = self.taking(command.artifacts.as_ref())?;
        let (executed, artifacts) = self.work(key, place, execution, taking).await?;
        Ok(Exit {
            artifacts,
            ..executed.ended.into_exit(&place.resources)
        })
    }

    async fn on_machine(&self, host: &Host, key: &str, command: Command) -> Result<Exit, Error> {
        self.refuse_absent(&command).await?;
        let wanted = command.artifacts.clone();
        let taking = self.taking(wanted.as_ref())?;
        let exit = host.run(key, self.relocated(command).await?).await?;
        let artifacts = match taking {
            Some(taking) if exit.code == 0 => Some(taking.from(&self.folder).await?),
            _ => None,
        };
        Ok(Exit { artifacts, ..exit })
    }

    /// Runs a command in a sandbox, and takes the files that it gives.
    async fn work(
        &self,
        key: &str,
        place: &Place,
        mut execution: Execution,
        taking: Option<Taking<'_>>,
    ) -> Result<(Executed, Option<Given>), Error> {
        execution.env.push((EFFECT_KEY.to_owned(), key.to_owned()));
        let mut blueprint = self.blueprint(key, place);
        blueprint.mounts.extend(self.handed(&blueprint, &execution).await?);
        if blueprint.room.is_none() {
            return self.alone(blueprint, execution, taking).await;
        }
        let (engine, open) = (self.engine().await?, self.pending.begin().await);
        self.kept.execute(engine, blueprint, execution, taking, open).await
    }

    async fn engine(&self) -> Result<&Docker, Error> {
        self.engine.get_or_try_init(Docker::connect).await
    }

    fn blueprint(&self, key: &str, place: &Place) -> Blueprint {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let room = place.room.as_ref().map(|name| Room {
            run: name.split('/').next().unwrap_or_default().to_owned(),
            name: name.clone(),
            workspace: self.workspace.clone(),
        });
        let mut mounts = vec![Mount {
            host: folder,
            inside: WORKFLOW.to_owned(),
        }];
        let mut env = BTreeMap::new();
        if place.network != Network::None {
            let Equipment {
                mounts: more,
                env: given,
            } = self.equipment.clone();
            mounts.extend(more);
            env.extend(given);
        }
        Blueprint {
            network: place.network.clone(),
            rights: place.rights,
            resources: place.resources,
            mounts,
            env,
            room,
            ..Blueprint::new(&place.image, &place.directory, format!("run {key}"))
        }
    }

    /// In a sandbox that is made for the command and gone afterwards.
    async fn alone(
        &self,
        blueprint: Blueprint,
        execution: Execution,
        taking: Option<Taking<'_>>,
    ) -> Result<(Executed, Option<Given>), Error> {
        let directory = blueprint.directory.clone();
        let engine: Arc<dyn SandboxEngine> = Arc::new(self.engine().await?.clone());
        let sandbox = Held::make(&engine, blueprint, &self.pending).await?;
        let ended = sandbox.execute(execution, &mut Deaf).await?;
        let given = match taking {
            Some(taking) if ended.succeeded() => Some(taking.out_of(&*sandbox, &directory).await?),
            _ => None,
        };
        sandbox.remove().await?;
        let executed = Executed {
            ended,
            found: Found::Nothing,
        };
        Ok((executed, given))
    }
}

#[async_trait]
impl ProcessRunner for Places {
    async fn run(&self, key: &str, command: Command) -> Result<Exit, Error> {
        match (&command.sandbox, &self.host) {
            (Some(place), _) => {
                let place = place.clone();
                self.in_sandbox(key, command, &place).await
            }
            (None, Some(host)) => self.on_machine(host, key, command).await,
            (None, None) => Err(Error::new(
                ErrorKind::Denied,
                "commands on this machine are not allowed: give the step a `sandbox`, or allow them with --allow-host-commands",
            )),
        }
    }

    async fn settle(&self) {
        self.pending.settle().await;
    }
}

#[async_trait]
impl Rooms for Places {
    async fn execute(&self, key: &str, place: &Place, execution: Execution) -> Result<Executed, Error> {
        let (executed, _) = self.work(key, place, execution, None).await?;
        Ok(executed)
    }

    async fn leave(&self, run: &str, has_succeeded: bool) {
        if has_succeeded {
            self.put_away(run).await;
        }
        // What cannot be reached now is found by its labels later.
        let Ok(engine) = self.engine().await.cloned() else {
            return;
        };
        let (slots, open) = (self.kept.taken(run), self.pending.begin().await);
        let run = run.to_owned();
        let left = tokio::spawn(async move {
            // Whoever makes one of them, or ends a command in it, comes first.
            for slot in slots {
                *slot.lock_owned().await = None;
            }
            let _ = engine.leave(&run, has_succeeded).await;
            drop(open);
        });
        // An image that is being pulled takes longer: then it goes on by itself.
        let _ = timeout(SETTLE, left).await;
    }
}

#[cfg(test)]
mod tests;
