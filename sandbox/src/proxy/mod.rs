//! The one way out of a sandbox that may reach some hosts only: a proxy of ours, at a socket that it sees.
//!
//! Such a sandbox has no network at all, so what ignores the proxy reaches nothing. Inside, a program of ours hands
//! connections on ([`inside`]); here every request is looked at before anybody is called.

mod address;
mod folder;
pub mod inside;
mod relay;
mod request;
mod serve;
mod upstream;
mod without;

pub use inside::Forwarder;
pub use upstream::Upstream;

use folder::{Folder, SOCKET};
use serve::serve;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;
use troupe_core::port::sandbox::{Hosts, Mount};
use troupe_core::port::{Error, ErrorKind};

/// Where a sandbox sees the folder with the proxy's socket.
pub(crate) const DOOR: &str = "/run/troupe/door";
/// The port at which programs in a sandbox find the proxy: the usual one of proxies.
pub(crate) const PORT: u16 = 3128;
/// Hosts that are remembered as refused until somebody asks: what they are told with is read by a model.
const REMEMBERED: usize = 32;

/// The proxy of one sandbox; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    folder: Folder,
    refused: Arc<Refused>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Listens in a folder of this name, for a sandbox that may reach these hosts.
    pub(crate) fn open(name: &str, hosts: Hosts, upstream: Upstream) -> Result<Self, Error> {
        let folder = Folder::take(name).map_err(trouble)?;
        let listener = folder.listen().map_err(trouble)?;
        let refused = Arc::new(Refused::default());
        let serving = tokio::spawn(serve(listener, Arc::new(hosts), Arc::new(upstream), refused.clone()));
        Ok(Self {
            folder,
            refused,
            serving,
        })
    }

    /// How the sandbox sees it.
    pub(crate) fn mount(&self) -> Mount {
        Mount {
            host: self.folder.path.clone(),
            inside: DOOR.to_owned(),
        }
    }

    /// What was not reached since this was last asked, a line for each host.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.refused.take()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The folder of a proxy that is gone, for as long as somebody takes files out of its sandbox: the engine mounts what the
/// sandbox sees for that, and takes nothing where it is missing.
#[derive(Debug)]
pub(crate) struct StandIn {
    _folder: Option<Folder>,
}

impl StandIn {
    /// For the proxy of this name; nothing where somebody serves there.
    pub(crate) fn of(name: &str) -> Result<Self, Error> {
        match Folder::take(name) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(Self { _folder: None }),
            taken => taken.map(|folder| Self { _folder: Some(folder) }).map_err(trouble),
        }
    }
}

fn trouble(error: std::io::Error) -> Error {
    let message = format!("the proxy of a sandbox cannot listen: {error}");
    Error::new(ErrorKind::Storage, message).caused_by(error)
}

/// Hosts that were not reached, and why.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<BTreeMap<String, String>>);

impl Refused {
    fn note(&self, host: &str, why: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < REMEMBERED || all.contains_key(host) {
            all.insert(host.to_owned(), why.to_owned());
        }
    }

    fn take(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter()
            .map(|(host, why)| format!("network: {host} was not reached: {why}"))
            .collect()
    }
}

/// What programs in the sandbox are told. No name of this list is a secret.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    let proxy = format!("http://127.0.0.1:{PORT}");
    let names = [
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ];
    let proxies = names.map(|name| (name.to_owned(), proxy.clone()));
    let own = ["no_proxy", "NO_PROXY"].map(|name| (name.to_owned(), "localhost,127.0.0.1,::1".to_owned()));
    // Node's own client asks for this (its documentation of command-line options).
    let node = [("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned())];
    proxies.into_iter().chain(own).chain(node)
}

#[cfg(test)]
pub(crate) mod tests;
