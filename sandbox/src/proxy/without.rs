//! Hosts that are called without a proxy: the list of `no_proxy`, as curl and Go read it.

use std::net::IpAddr;

/// Hosts that are called without a proxy.
#[derive(Debug, Clone, Default)]
pub(super) struct Without(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    All,
    /// This name and all below it, at one port or at all.
    Name(String, Option<u16>),
    Address(IpAddr, Option<u16>),
    /// Addresses that begin with so many bits of this one.
    Network(IpAddr, u32),
}

impl Without {
    /// A list with commas.
    pub(super) fn of(text: &str) -> Self {
        let entries = text.split([',', ' ']).map(str::trim).filter(|it| !it.is_empty());
        Self(entries.filter_map(Entry::of).collect())
    }

    /// Whether a host is among them. The machine itself always is.
    pub(super) fn has(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok().map(|it| it.to_canonical());
        let is_own = address.map_or(host == "localhost", |it| it.is_loopback());
        is_own || self.0.iter().any(|entry| entry.has(&host, address, port))
    }
}

impl Entry {
    /// None where it is neither a name nor an address.
    fn of(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if let Some((address, length)) = text.split_once('/') {
            let address = address.parse::<IpAddr>().ok()?;
            return Some(Self::Network(address, length.parse().ok()?));
        }
        let address = |text: &str| text.parse::<IpAddr>().ok().map(|it| it.to_canonical());
        if let Some(address) = address(text) {
            return Some(Self::Address(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        if let Some(address) = address(host.trim_start_matches('[').trim_end_matches(']')) {
            return Some(Self::Address(address, port));
        }
        let name = host.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
        (!name.is_empty()).then_some(Self::Name(name, port))
    }

    fn has(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        let at = |own: &Option<u16>| own.is_none_or(|own| own == port);
        match self {
            Self::All => true,
            Self::Name(name, own) => {
                let above = host.strip_suffix(name.as_str());
                at(own) && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            Self::Address(of, own) => at(own) && address == Some(*of),
            Self::Network(of, length) => address.is_some_and(|address| begins(address, *of, *length)),
        }
    }
}

/// Whether two addresses of one version have so many first bits in common.
fn begins(address: IpAddr, with: IpAddr, length: u32) -> bool {
    let common = match (address, with) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    common >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ports_addresses_and_networks_are_called_without() {
        let without = Without::of(
            "near.example, .inner.example *.star.example,10.0.0.0/8,[fd00::1]:8443,ported.example:8080,1.2.3.4,nonsense/x",
        );
        for (host, port) in [
            ("near.example", 443),
            ("NEAR.example.", 443),
            ("a.near.example", 443),
            ("a.inner.example", 443),
            ("a.star.example", 443),
            ("10.255.0.1", 443),
            ("fd00::1", 8443),
            ("ported.example", 8080),
            ("1.2.3.4", 80),
            ("localhost", 80),
            ("127.0.0.2", 80),
            ("::1", 80),
        ] {
            assert!(without.has(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("far.example", 443),
            ("notnear.example", 443),
            ("11.0.0.1", 443),
            ("fd00::1", 443),
            ("ported.example", 443),
            ("1.2.3.40", 80),
            ("10.example", 80),
        ] {
            assert!(!without.has(host, port), "{host}:{port}");
        }
        assert!(Without::of("*").has("anything.example", 1));
        assert!(!Without::of("0.0.0.0/0").has("anything.example", 1));
    }
}
