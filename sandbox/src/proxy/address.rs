//! Names into addresses that may be called.

use std::net::SocketAddr;
use tokio::net::{TcpStream, lookup_host};
use troupe_core::port::sandbox::Hosts;

/// Connects to a host that is allowed by name, at an address that is allowed too: the very one that was looked at.
pub(super) async fn connect(hosts: &Hosts, host: &str, port: u16) -> Result<TcpStream, String> {
    let mut last = String::new();
    for address in allowed(hosts, host, port).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

/// The addresses of a name that may be called, one at least.
pub(super) async fn allowed(hosts: &Hosts, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let found = lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found
        .map_err(|error| format!("its name is not known: {error}"))?
        .collect();
    let inner = found.first().map(|it| it.ip());
    let allowed: Vec<_> = found
        .into_iter()
        .filter(|it| hosts.allow_address(it.ip(), port))
        .collect();
    match (allowed.is_empty(), inner) {
        (false, _) => Ok(allowed),
        (true, Some(address)) => Err(format!(
            "its name stands for {address}, an address of this machine or its networks, which has to be listed itself"
        )),
        (true, None) => Err("its name has no address".to_owned()),
    }
}
