//! The commands of a run: in sandboxes of their own, in ones that stay, or on the machine itself where that is allowed.

mod kept;

use crate::certificates;
use crate::docker::{Container, Docker};
use crate::host::{EFFECT_KEY, Host};
use async_trait::async_trait;
use kept::Kept;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, RwLock};
use tokio::time::timeout;
use troupe_core::effect::{Command, Place};
use troupe_core::input::Exit;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::room::{Executed, Rooms};
use troupe_core::port::sandbox::{Blueprint, Deaf, Execution, Mount, Network, Room, Sandbox as _, SandboxEngine as _};
use troupe_core::port::{Error, ErrorKind};

/// Where a sandbox sees the workflow's folder, which it cannot write.
pub const WORKFLOW: &str = "/workflow";

/// Bytes kept of each output, as on the machine.
const OUTPUT_BYTES: usize = 1 << 20;

/// How long an engine may take to do away with what nobody waits for.
const SETTLE: Duration = Duration::from_secs(10);

/// Runs commands where they ask to run.
#[derive(Debug)]
pub struct Places {
    folder: PathBuf,
    host: Option<Host>,
    engine: OnceCell<Docker>,
    /// Read by each sandbox until it is gone.
    open: Arc<RwLock<()>>,
    /// Those that stay, by name.
    kept: Kept,
}

impl Places {
    /// For a workflow in `folder`; commands on the machine itself go to `host`, and are refused without one.
    pub fn new(folder: impl Into<PathBuf>, host: Option<Host>) -> Self {
        Self {
            folder: folder.into(),
            host,
            engine: OnceCell::new(),
            open: Arc::default(),
            kept: Kept::default(),
        }
    }

    async fn in_sandbox(&self, key: &str, command: Command, place: &Place) -> Result<Exit, Error> {
        let execution = Execution {
            arguments: command.arguments,
            env: command.env,
            stdin: command.stdin.map(String::into_bytes),
            timeout: None,
            output_bytes: OUTPUT_BYTES,
        };
        let executed = self.execute(key, place, execution).await?;
        Ok(executed.ended.into_exit(&place.resources))
    }

    async fn engine(&self) -> Result<&Docker, Error> {
        self.engine.get_or_try_init(Docker::connect).await
    }

    fn blueprint(&self, key: &str, place: &Place) -> Blueprint {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let room = place.room.as_ref().map(|name| Room {
            run: name.split('/').next().unwrap_or_default().to_owned(),
            name: name.clone(),
        });
        let mut mounts = vec![Mount {
            host: folder,
            inside: WORKFLOW.to_owned(),
        }];
        let mut env = BTreeMap::new();
        if place.network != Network::None
            && let Some(file) = certificates::of_machine()
        {
            mounts.push(certificates::mount(&file));
            env.extend(certificates::variables());
        }
        Blueprint {
            network: place.network,
            rights: place.rights,
            resources: place.resources,
            mounts,
            env,
            room,
            ..Blueprint::new(&place.image, &place.directory, format!("run {key}"))
        }
    }

    /// In a sandbox that is made for the command and gone afterwards.
    async fn alone(&self, blueprint: Blueprint, execution: Execution) -> Result<Executed, Error> {
        let open = self.open.clone().read_owned().await;
        let (sandbox, mut left) = made(self.engine().await?.clone(), blueprint, open).await?;
        let ended = sandbox.execute(execution, &mut Deaf).await?;
        sandbox.remove().await?;
        left.sandbox = None;
        Ok(Executed { ended, is_new: true })
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
            (None, Some(host)) => host.run(key, command).await,
            (None, None) => Err(Error::new(
                ErrorKind::Denied,
                "commands on this machine are not allowed: give the step a `sandbox`, or allow them with --allow-host-commands",
            )),
        }
    }

    async fn settle(&self) {
        // What takes longer is found by its label later.
        let _ = timeout(SETTLE, self.open.write()).await;
    }
}

#[async_trait]
impl Rooms for Places {
    async fn execute(&self, key: &str, place: &Place, mut execution: Execution) -> Result<Executed, Error> {
        execution.env.push((EFFECT_KEY.to_owned(), key.to_owned()));
        let blueprint = self.blueprint(key, place);
        match &place.room {
            None => self.alone(blueprint, execution).await,
            Some(_) => self.kept.execute(self.engine().await?, blueprint, execution).await,
        }
    }

    async fn leave(&self, run: &str, is_over: bool) {
        self.kept.forget(run);
        // What cannot be reached now is found by its labels later.
        if let Ok(engine) = self.engine().await {
            let _ = engine.leave(run, is_over).await;
        }
    }
}

/// A sandbox, made in a task of its own: whoever stops waiting in the middle would not learn what to remove.
async fn made(
    engine: Docker,
    blueprint: Blueprint,
    open: OwnedRwLockReadGuard<()>,
) -> Result<(Container, Left), Error> {
    let made = tokio::spawn(async move {
        let sandbox = engine.start(&blueprint).await?;
        let left = Left {
            sandbox: Some((engine, sandbox.id().to_owned())),
            open: Some(open),
        };
        Ok((sandbox, left))
    });
    joined(made.await)
}

fn joined<T>(made: Result<Result<T, Error>, tokio::task::JoinError>) -> Result<T, Error> {
    made.unwrap_or_else(|error| {
        Err(Error::new(
            ErrorKind::Other,
            format!("the sandbox was not made: {error}"),
        ))
    })
}

/// A sandbox that is removed when nobody waits for its command any more.
struct Left {
    sandbox: Option<(Docker, String)>,
    open: Option<OwnedRwLockReadGuard<()>>,
}

impl Drop for Left {
    fn drop(&mut self) {
        let Some((engine, id)) = self.sandbox.take() else {
            return;
        };
        let open = self.open.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // One that cannot be removed now is found by its label later.
            runtime.spawn(async move {
                let _ = engine.remove(&id).await;
                drop(open);
            });
        }
    }
}

#[cfg(test)]
mod tests;
