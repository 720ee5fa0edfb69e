//! The proxy that this machine itself has to go through, as companies have them.

use super::{address, request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use troupe_core::port::sandbox::Hosts;

/// Which proxy is asked for which hosts.
#[derive(Debug, Clone, Default)]
pub struct Upstream {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// Names, each with all below it, and addresses that are called without; `*` for all.
    without: Vec<String>,
}

/// A proxy that speaks plain HTTP.
#[derive(Clone)]
pub(super) struct Proxy {
    host: String,
    port: u16,
    /// `NAME:PASSWORD` in base64.
    credentials: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Upstream {
    /// As variables of these names say, in small letters or in large ones: `http_proxy`, `https_proxy`, `all_proxy`,
    /// `no_proxy`. A proxy that is no `http://` one is passed over: it cannot be asked.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| {
            let both = variable(name).or_else(|| variable(&name.to_ascii_uppercase()));
            both.filter(|value| !value.trim().is_empty())
        };
        let proxy = |name: &str| Proxy::read(&variable(name).or_else(|| variable("all_proxy"))?);
        let without = variable("no_proxy").unwrap_or_default();
        let without = without.split(',').map(|it| it.trim().to_ascii_lowercase());
        Self {
            http: proxy("http_proxy"),
            https: proxy("https_proxy"),
            without: without.filter(|it| !it.is_empty()).collect(),
        }
    }

    /// As the environment of this process says.
    pub fn of_machine() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    /// The proxy for a host, for a tunnel or for plain HTTP.
    pub(super) fn of_host(&self, host: &str, tunnel: bool) -> Option<&Proxy> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let own = host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback()) || host == "localhost";
        let passed_by = |it: &String| {
            let name = it.trim_start_matches("*.").trim_start_matches('.');
            it == "*" || host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
        };
        let proxy = if tunnel { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !own && !self.without.iter().any(passed_by))
    }
}

impl Proxy {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some(_) => return None,
            None => text,
        };
        let rest = rest.split('/').next()?;
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(STANDARD.encode(decoded(credentials))), authority),
            None => (None, rest),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        (!host.is_empty()).then_some(Self {
            host,
            port,
            credentials,
        })
    }

    /// The headers by which it is asked.
    pub(super) fn headers(&self) -> String {
        let credentials = self.credentials.as_ref();
        credentials.map_or_else(String::new, |it| format!("Proxy-Authorization: Basic {it}\r\n"))
    }

    /// A connection to it, for a request to this host. Where the host's name can be resolved here, it may not stand
    /// for an inner address; where it cannot, the proxy alone knows.
    pub(super) async fn connect(&self, hosts: &Hosts, host: &str, port: u16) -> Result<TcpStream, String> {
        if tokio::net::lookup_host((host, port))
            .await
            .is_ok_and(|mut found| found.next().is_some())
        {
            address::allowed(hosts, host, port).await?;
        }
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        connected.map_err(|error| format!("the proxy {self:?} of this machine cannot be reached: {error}"))
    }

    /// A connection to a host through it (RFC 9110, 9.3.6).
    pub(super) async fn tunnel(&self, hosts: &Hosts, host: &str, port: u16) -> Result<TcpStream, String> {
        let mut stream = self.connect(hosts, host, port).await?;
        let authority = request::authority(host, port, 0);
        let head = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{}\r\n",
            self.headers()
        );
        let broken = |error: std::io::Error| format!("the proxy {self:?} of this machine broke off: {error}");
        stream.write_all(head.as_bytes()).await.map_err(broken)?;
        let answer = request::head(&mut stream).await.map_err(broken)?.unwrap_or_default();
        let first = answer.lines().next().unwrap_or("nothing");
        match first.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
            true => Ok(stream),
            false => Err(format!("the proxy {self:?} of this machine answers: {first}")),
        }
    }
}

/// A text with its `%41` as letters.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}
