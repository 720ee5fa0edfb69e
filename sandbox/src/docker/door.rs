//! The way out of a container that may reach some hosts only.

use super::container::Container;
use crate::proxy::inside::READY;
use crate::proxy::{Forwarder, Proxy, Upstream, variables};
use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use troupe_core::port::sandbox::{Blueprint, Mount, Network};
use troupe_core::port::{Error, ErrorKind};

/// How long the program inside may take to begin.
const BEGIN: Duration = Duration::from_secs(20);

/// By what containers reach listed hosts.
#[derive(Debug, Clone)]
pub(super) struct WayOut {
    pub(super) forwarder: Forwarder,
    pub(super) upstream: Upstream,
}

/// A proxy, and the program in the container that hands connections on to it.
#[derive(Debug)]
pub(super) struct Door {
    proxy: Proxy,
    mounts: Vec<Mount>,
    program: Vec<String>,
    /// The program's run in the container, by the engine's name for it, where it was begun.
    begun: Mutex<Option<String>>,
}

impl Door {
    /// The door of a container of this name, where its blueprint lists hosts.
    pub(super) fn open(blueprint: &Blueprint, name: &str, way: &WayOut) -> Result<Option<Self>, Error> {
        let Network::Hosts(hosts) = &blueprint.network else {
            return Ok(None);
        };
        let program = way.forwarder.program();
        let (mut mounts, program) = program.map_err(|error| {
            let message = format!("a sandbox cannot be given this program: {error}");
            Error::new(ErrorKind::Storage, message).caused_by(error)
        })?;
        let proxy = Proxy::open(name, hosts.clone(), way.upstream.clone())?;
        mounts.push(proxy.mount());
        Ok(Some(Self {
            proxy,
            mounts,
            program,
            begun: Mutex::default(),
        }))
    }

    /// What the container has to see.
    pub(super) fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// What its commands are told.
    pub(super) fn variables(&self) -> impl Iterator<Item = String> + use<> {
        variables().map(|(name, value)| format!("{name}={value}"))
    }

    /// Hosts that were not reached since this was last asked, a line for each.
    pub(super) fn refused(&self) -> Vec<String> {
        self.proxy.refused()
    }

    /// Sees to it that the program inside runs: a command may have ended it.
    pub(super) async fn ready(&self, container: &Container) -> Result<(), Error> {
        let mut begun = self.begun.lock().await;
        if let Some(run) = &*begun
            && self.is_there(container, run).await
        {
            return Ok(());
        }
        let began = timeout(BEGIN, self.begin(container, &mut begun)).await;
        let late = || Err("it does not begin".to_owned());
        began.unwrap_or_else(|_| late()).map_err(|why| {
            let message = format!(
                "the sandbox has no way to its hosts: the program `{}` does not run in it: {why}",
                self.program.join(" ")
            );
            Error::new(ErrorKind::Other, message)
        })
    }

    /// Whether the program is among the container's processes. The engine's own record of it lags behind: right after
    /// a command killed it, it still says that it runs. Only an engine that cannot list processes is asked for that.
    async fn is_there(&self, container: &Container, run: &str) -> bool {
        let client = &container.client;
        match client.top_processes(&container.id, None).await {
            Ok(listed) => {
                let program = self.program.join(" ");
                let is_program =
                    |process: &Vec<String>| process.last().is_some_and(|command| command.contains(&program));
                listed.processes.unwrap_or_default().iter().any(is_program)
            }
            Err(_) => {
                let run = client.inspect_exec(run).await;
                run.is_ok_and(|run| run.running == Some(true))
            }
        }
    }

    async fn begin(&self, container: &Container, begun: &mut Option<String>) -> Result<(), String> {
        let config = ExecConfig {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(self.program.clone()),
            working_dir: Some("/".to_owned()),
            ..ExecConfig::default()
        };
        let client = &container.client;
        let created = client.create_exec(&container.id, config).await;
        let run = begun.insert(created.map_err(|error| error.to_string())?.id);
        let started = client.start_exec(run, None::<StartExecOptions>).await;
        let StartExecResults::Attached { mut output, .. } = started.map_err(|error| error.to_string())? else {
            return Err("the engine does not let it be heard".to_owned());
        };
        let mut heard = String::new();
        while let Some(piece) = output.next().await {
            let (LogOutput::StdOut { message } | LogOutput::StdErr { message } | LogOutput::Console { message }) =
                piece.map_err(|error| error.to_string())?
            else {
                continue;
            };
            heard.push_str(&String::from_utf8_lossy(&message));
            if heard.contains(READY) {
                return Ok(());
            }
        }
        Err(heard.trim().to_owned())
    }
}
