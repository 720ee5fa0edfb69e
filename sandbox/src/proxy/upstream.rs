//! The proxy that this machine itself has to go through, as companies have them.

use super::without::Without;
use super::{address, request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use troupe_core::port::sandbox::Hosts;

/// Which proxy is asked for which hosts.
#[derive(Debug, Clone, Default)]
pub struct Upstream {
    http: Way,
    https: Way,
    without: Without,
}

/// How hosts are called that are called by no other way.
#[derive(Debug, Clone, Default)]
enum Way {
    #[default]
    Direct,
    Through(Proxy),
    /// Through a proxy that cannot be asked; going past it is for whoever set it to decide. Why it cannot.
    Barred(String),
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
    /// `no_proxy`. Through a proxy that is no `http://` one nothing is reached.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &'static str| {
            let both = variable(name).or_else(|| variable(&name.to_ascii_uppercase()));
            both.filter(|value| !value.trim().is_empty()).map(|value| (name, value))
        };
        let way = |name| match variable(name).or_else(|| variable("all_proxy")) {
            Some((name, text)) => Way::of(name, text.trim()),
            None => Way::Direct,
        };
        Self {
            http: way("http_proxy"),
            https: way("https_proxy"),
            without: Without::of(&variable("no_proxy").map(|(_, text)| text).unwrap_or_default()),
        }
    }

    /// As the environment of this process says.
    pub fn of_machine() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    /// Why sandboxes that may reach some hosts reach none of them, or none by TLS, where the machine's proxy is one that
    /// cannot be asked.
    pub fn barred(&self) -> Option<&str> {
        [&self.https, &self.http].into_iter().find_map(|way| match way {
            Way::Barred(why) => Some(why.as_str()),
            Way::Direct | Way::Through(_) => None,
        })
    }

    /// The proxy for a host, for a tunnel or for plain HTTP; none where it is called directly.
    pub(super) fn of_host(&self, host: &str, port: u16, tunnel: bool) -> Result<Option<&Proxy>, String> {
        let way = if tunnel { &self.https } else { &self.http };
        match way {
            Way::Direct => Ok(None),
            _ if self.without.has(host, port) => Ok(None),
            Way::Through(proxy) => Ok(Some(proxy)),
            Way::Barred(why) => Err(why.clone()),
        }
    }
}

impl Way {
    /// As a variable of this name says.
    fn of(name: &str, text: &str) -> Self {
        Proxy::read(text).map_or_else(
            || {
                // What it is asked with is nobody else's.
                let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
                let rest = rest.rsplit('@').next().unwrap_or_default();
                let shown = if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") };
                Self::Barred(format!(
                    "this machine goes through the proxy `{shown}` (`{name}`), and sandboxes can go only through one like `http://HOST:PORT`; `no_proxy` names hosts that are called without"
                ))
            },
            Self::Through,
        )
    }
}

impl Proxy {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
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
    /// for an address of this machine or its networks. The proxy is told the name and resolves it anew, since it may
    /// decide by names itself: what it calls then is up to it.
    pub(super) async fn connect(&self, hosts: &Hosts, host: &str, port: u16) -> Result<TcpStream, String> {
        if let Ok(found) = address::found(host, port).await
            && !found.is_empty()
        {
            address::allowed(hosts, port, &found)?;
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
