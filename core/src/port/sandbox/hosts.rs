//! Hosts that a sandbox may reach, by name.

use core::net::{IpAddr, Ipv6Addr};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Ports of a host that is written without one: HTTP and HTTPS.
const PORTS: [u16; 2] = [80, 443];

/// Bytes of a name, at most (RFC 1035, 2.3.4, without the dots at its ends).
const NAME_BYTES: usize = 253;

/// Hosts that may be reached; all others may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hosts(Vec<HostPattern>);

impl Hosts {
    /// These, and no others.
    pub fn new(patterns: Vec<HostPattern>) -> Self {
        Self(patterns)
    }

    /// Whether a name, or an address as text, may be reached at a port.
    pub fn allow(&self, host: &str, port: u16) -> bool {
        match host.parse() {
            Ok(address) => self.list(address, port),
            Err(_) => self.0.iter().any(|it| it.has_port(port) && it.host.is_name(host)),
        }
    }

    /// Whether an address is listed itself.
    pub fn list(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        self.0
            .iter()
            .any(|it| it.has_port(port) && it.host == Host::Address(address))
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pattern) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{pattern}")?;
        }
        Ok(())
    }
}

/// One host, or all below a name: `example.com`, `*.example.com`, `example.com:8080`, `10.0.0.5`, `[::1]:8080`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    host: Host,
    /// Ports 80 and 443 where there is none.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// This name, in small letters.
    Name(String),
    /// All names that end in a dot and this one.
    Below(String),
    Address(IpAddr),
}

impl Host {
    fn is_name(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        match self {
            Self::Name(own) => name == *own,
            Self::Below(own) => {
                let below = name.strip_suffix(own.as_str()).and_then(|it| it.strip_suffix('.'));
                below.is_some_and(|below| !below.is_empty())
            }
            Self::Address(_) => false,
        }
    }
}

impl HostPattern {
    fn has_port(&self, port: u16) -> bool {
        self.port.map_or_else(|| PORTS.contains(&port), |own| own == port)
    }
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = split(text)?;
        if let Ok(address) = host.parse::<IpAddr>() {
            let host = Host::Address(address.to_canonical());
            return Ok(Self { host, port });
        }
        let (host, is_below) = match host.strip_prefix("*.") {
            Some(host) => (host, true),
            None => (host, false),
        };
        let is_label = |label: &str| {
            let bytes = label.bytes();
            (1..=63).contains(&label.len()) && { bytes }.all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
        };
        if !host.is_ascii() {
            return Err(format!(
                "`{text}` is no host: write its name as programs ask for it, in ASCII, where `m\u{fc}nchen.example` is `xn--mnchen-3ya.example`"
            ));
        }
        if host.len() > NAME_BYTES || !host.split('.').all(is_label) {
            return Err(format!(
                "`{text}` is no host: write a name (`example.com`), all below one (`*.example.com`) or an address, with a port where it is not 80 or 443 (`example.com:8080`)"
            ));
        }
        // Some resolvers read such a name as an address.
        if host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|it| it.is_ascii_digit()))
        {
            return Err(format!(
                "`{text}` is neither a name nor an address: a name does not end in a number"
            ));
        }
        let host = host.to_ascii_lowercase();
        let host = if is_below { Host::Below(host) } else { Host::Name(host) };
        Ok(Self { host, port })
    }
}

/// A host and its port: that of an address of version 6 stands in brackets where a port follows.
fn split(text: &str) -> Result<(&str, Option<u16>), String> {
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split('/').next().unwrap_or(rest);
        return Err(format!("`{text}` is a URL, and a host is wanted: `{host}`"));
    }
    let bare = |text: &'_ str| text.parse::<Ipv6Addr>().is_ok();
    if bare(text) {
        return Ok((text, None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host = host
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'))
        .filter(|it| bare(it))
        .unwrap_or(host);
    let is_number = |port: &&str| port.bytes().all(|it| it.is_ascii_digit());
    let number = |port: &str| Some(port).filter(is_number)?.parse().ok().filter(|port| *port > 0);
    let port = match port {
        Some(port) => Some(number(port).ok_or_else(|| format!("`{text}`: `{port}` is no port"))?),
        None => None,
    };
    Ok((host, port))
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (Host::Name(name), _) => write!(f, "{name}")?,
            (Host::Below(name), _) => write!(f, "*.{name}")?,
            (Host::Address(IpAddr::V6(address)), Some(_)) => write!(f, "[{address}]")?,
            (Host::Address(address), _) => write!(f, "{address}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(patterns: &[&str]) -> Hosts {
        Hosts::new(patterns.iter().map(|it| it.parse().unwrap()).collect())
    }

    #[test]
    fn a_name_is_itself_and_a_star_what_is_below_it() {
        let hosts = hosts(&["Example.com", "*.example.org", "example.net:8080"]);
        let allowed = [
            ("example.com", 443),
            ("EXAMPLE.COM.", 80),
            ("a.example.org", 443),
            ("a.b.example.org", 443),
            ("example.net", 8080),
        ];
        assert!(allowed.iter().all(|(host, port)| hosts.allow(host, *port)));
        let refused = [
            ("example.com", 22),
            ("a.example.com", 443),
            ("example.org", 443),
            (".example.org", 443),
            ("notexample.org", 443),
            ("example.org.evil.example", 443),
            ("example.net", 443),
            ("", 443),
        ];
        assert!(!refused.iter().any(|(host, port)| hosts.allow(host, *port)));
        assert_eq!(hosts.to_string(), "example.com, *.example.org, example.net:8080");
    }

    #[test]
    fn addresses_are_listed_in_whatever_way_they_are_written() {
        let hosts = hosts(&["example.com", "127.0.0.1:8080", "[::1]:80", "fd00::1", "*.example.org"]);
        assert!(hosts.allow("127.0.0.1", 8080) && hosts.allow("::ffff:127.0.0.1", 8080) && hosts.allow("::1", 80));
        assert!(!hosts.allow("127.0.0.1", 80) && !hosts.allow("127.0.0.2", 8080));
        let list = |text: &str, port| hosts.list(text.parse().unwrap(), port);
        assert!(list("127.0.0.1", 8080) && list("fd00::1", 443) && !list("127.0.0.1", 443));
        // Other ways to write an address are names, and none is listed.
        for other in ["127.0.0.1.", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "::1."] {
            assert!(!hosts.allow(other, 80) && !hosts.allow(other, 8080), "{other}");
        }
    }

    #[test]
    fn what_is_no_host_is_said() {
        for wrong in [
            "",
            "*",
            "*.",
            "a b",
            "https://example.com",
            "example.com/x",
            "a..b",
            "example.com:0",
            "example.com:x",
            "example.com:+80",
            "example.com:",
            "[example.com]:80",
            "m\u{fc}nchen.example",
            "example.com\u{ff0e}evil.example",
            &"a.".repeat(130),
            "*.*.example.com",
            "1.2.3",
            "exa*mple.com",
        ] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["example.com", "*.example.com:1", "10.0.0.5", "[::1]:8080", "::1"] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
        }
        let json = serde_json::to_string(&hosts(&["example.com", "[::1]:1"])).unwrap();
        assert_eq!(json, r#"["example.com","[::1]:1"]"#);
    }
}
