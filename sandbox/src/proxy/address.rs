//! Names into addresses that may be called.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use troupe_core::port::sandbox::{Hosts, is_inner};

/// How long one of a name's addresses is called: another one may be there where it is not.
const CALL: Duration = Duration::from_secs(10);

/// Names that are looked up at once. Each takes a thread for as long as a name server likes, whoever still waits, and
/// the threads are those of all that this process does.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

/// Connects to a host that is allowed by name, at an address that is allowed too: the very one that was looked at.
pub(super) async fn connect(hosts: &Hosts, host: &str, port: u16) -> Result<TcpStream, String> {
    let mut last = String::new();
    for address in allowed(hosts, port, &found(host, port).await?)? {
        last = match timeout(CALL, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => format!("{address}: {error}"),
            Err(_) => format!("{address} did not answer within {} s", CALL.as_secs()),
        };
    }
    Err(last)
}

/// The addresses of a name, if it has any.
pub(super) async fn found(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let unknown = |error: &dyn std::fmt::Display| format!("its name is not known: {error}");
    let turn = LOOKUPS.acquire().await.map_err(|error| unknown(&error))?;
    let host = host.to_owned();
    let looked_up = tokio::task::spawn_blocking(move || {
        let found = (host, port).to_socket_addrs();
        // The turn ends with the lookup, not with the patience of whoever asked.
        drop(turn);
        found
    });
    let found = looked_up.await.map_err(|error| unknown(&error))?;
    Ok(found.map_err(|error| unknown(&error))?.collect())
}

/// Those of a name's addresses that may be called, one at least: any one of the world outside, and one of the machine
/// or its networks only where it is listed itself. Else whoever owns a name could point it inside.
pub(super) fn allowed(hosts: &Hosts, port: u16, found: &[SocketAddr]) -> Result<Vec<SocketAddr>, String> {
    let networks = networks().map_err(|error| format!("the networks of this machine are not known: {error}"))?;
    outer(hosts, port, found, &networks)
}

fn outer(hosts: &Hosts, port: u16, found: &[SocketAddr], networks: &[Network]) -> Result<Vec<SocketAddr>, String> {
    let is_near = |address| is_inner(address) || networks.iter().any(|network| network.has(address));
    let allowed = found
        .iter()
        .filter(|it| hosts.list(it.ip(), port) || !is_near(it.ip()))
        .copied();
    let allowed: Vec<SocketAddr> = allowed.collect();
    match (allowed.is_empty(), found.first()) {
        (false, _) => Ok(allowed),
        (true, Some(near)) => Err(format!(
            "its name stands for {}, an address of this machine or its networks, which has to be listed itself",
            near.ip()
        )),
        (true, None) => Err("its name has no address".to_owned()),
    }
}

/// A network, by an address in it and the bits that all of it share. An address of the world outside may be one of the
/// machine's own: what listens on all of them is reached by it, whatever a firewall in front of the machine says.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    mask: u128,
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && (bits(address) ^ bits(self.address)) & self.mask == 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The networks that this machine's own addresses are in.
fn networks() -> std::io::Result<Vec<Network>> {
    let ip = |address: Option<nix::sys::socket::SockaddrStorage>| {
        let address = address?;
        let v4 = address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
    };
    let networks = nix::ifaddrs::getifaddrs()?.filter_map(|interface| {
        let mask = ip(interface.netmask).map_or(0, bits);
        // One that has all there is in it would leave nothing outside.
        let mask = if mask == 0 { u128::MAX } else { mask };
        Some(Network {
            address: ip(interface.address)?,
            mask,
        })
    });
    Ok(networks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|it| SocketAddr::new(it.parse().unwrap(), 443))
            .collect()
    }

    #[test]
    fn an_address_of_the_world_may_be_one_of_the_machine() {
        let network = |address: &str, mask: &str| Network {
            address: address.parse().unwrap(),
            mask: bits(mask.parse().unwrap()),
        };
        let networks = [
            network("93.184.216.34", "255.255.255.240"),
            network("2606:2800:220:1::1", "ffff:ffff:ffff:ffff::"),
        ];
        let hosts = |listed: &[&str]| Hosts::new(listed.iter().map(|it| it.parse().unwrap()).collect());
        let near = [
            "93.184.216.34",
            "93.184.216.33",
            "::ffff:93.184.216.34",
            "2606:2800:220:1::2",
        ];
        for near in near {
            let found = addresses(&[near]);
            let refused = outer(&hosts(&["example.com"]), 443, &found, &networks).unwrap_err();
            assert!(refused.contains("has to be listed itself"), "{near}: {refused}");
            assert_eq!(
                outer(&hosts(&["example.com", near]), 443, &found, &networks),
                Ok(found.clone())
            );
            assert!(outer(&hosts(&["example.com", near]), 8080, &found, &networks).is_err());
        }
        let far = ["93.184.216.50", "2606:2800:220:2::1", "10.0.0.1"];
        let allowed = outer(&hosts(&["example.com"]), 443, &addresses(&far), &networks);
        assert_eq!(
            allowed,
            Ok(addresses(&far[..2])),
            "those that may be called, and no other one"
        );
        assert!(outer(&hosts(&["example.com"]), 443, &[], &networks).is_err());
    }

    #[test]
    fn the_machine_knows_its_own_addresses() {
        let networks = networks().unwrap();
        let has = |address: &str| networks.iter().any(|it| it.has(address.parse().unwrap()));
        assert!(has("127.0.0.1") && !has("93.184.216.34"));
    }
}
