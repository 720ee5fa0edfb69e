//! The commands of a run: each in a sandbox of its own, or on the machine itself where that is allowed.

use crate::capture::end_line;
use crate::docker::{Container, Docker};
use crate::host::{EFFECT_KEY, Host};
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, RwLock};
use tokio::time::timeout;
use troupe_core::effect::{Command, Place};
use troupe_core::input::Exit;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::sandbox::{
    Blueprint, Deaf, Ended, Execution, Mount, Reason, Resources, Sandbox as _, SandboxEngine as _,
};
use troupe_core::port::{Error, ErrorKind};

/// Where a command in a sandbox starts: an empty folder of its own.
pub const WORK: &str = "/work";

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
}

impl Places {
    /// For a workflow in `folder`; commands on the machine itself go to `host`, and are refused without one.
    pub fn new(folder: impl Into<PathBuf>, host: Option<Host>) -> Self {
        Self {
            folder: folder.into(),
            host,
            engine: OnceCell::new(),
            open: Arc::default(),
        }
    }

    async fn in_sandbox(&self, key: &str, command: Command, place: &Place) -> Result<Exit, Error> {
        let engine = self.engine.get_or_try_init(Docker::connect).await?;
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let blueprint = Blueprint {
            network: place.network,
            resources: place.resources,
            mounts: vec![Mount {
                host: folder,
                inside: WORKFLOW.to_owned(),
            }],
            ..Blueprint::new(&place.image, WORK, format!("run {key}"))
        };
        let open = self.open.clone().read_owned().await;
        let (sandbox, mut left) = made(engine.clone(), blueprint, open).await?;
        let mut env = command.env;
        env.push((EFFECT_KEY.to_owned(), key.to_owned()));
        let execution = Execution {
            arguments: command.arguments,
            env,
            stdin: command.stdin.map(String::into_bytes),
            timeout: None,
            output_bytes: OUTPUT_BYTES,
        };
        let ended = sandbox.execute(execution, &mut Deaf).await;
        let ended = ended?;
        sandbox.remove().await?;
        left.sandbox = None;
        Ok(exit(ended, &place.resources))
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
    made.await.unwrap_or_else(|error| {
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

/// How a command ended, as a process tells it: a reason that is no exit code stands on a last line of stderr.
fn exit(ended: Ended, resources: &Resources) -> Exit {
    let Ended {
        reason,
        stdout,
        mut stderr,
    } = ended;
    let mebibytes = |most: Option<u32>| most.map(|most| format!(" of {most} MiB")).unwrap_or_default();
    let (code, why) = match reason {
        Reason::Exited(code) => (code, None),
        Reason::Signal(signal) => (-1, Some(format!("ended by signal {signal}"))),
        Reason::Timeout => (-1, Some("ended: it took too long".to_owned())),
        Reason::OutOfMemory => (
            -1,
            Some(format!(
                "ended: it wanted more than its memory{}",
                mebibytes(resources.memory_mb)
            )),
        ),
        Reason::DiskFull => (
            -1,
            Some(format!(
                "ended: it wrote more than its disk{}",
                mebibytes(resources.disk_mb)
            )),
        ),
    };
    if let Some(why) = why {
        end_line(&mut stderr);
        stderr.push_str(&format!("{why}\n"));
    }
    Exit { code, stdout, stderr }
}

#[cfg(test)]
mod tests;
