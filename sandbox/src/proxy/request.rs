//! The head of a request to a proxy (RFC 9112), read strictly: what is read in two ways gets past somebody.

use std::io::{Error, ErrorKind};
use std::net::Ipv6Addr;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Names and values, in their order.
type Headers = Vec<(String, String)>;

/// Bytes of a head.
const HEAD_BYTES: usize = 32 << 10;

/// Bytes of a host's name, at most (RFC 1035, 2.3.4).
const HOST_BYTES: usize = 255;

/// Headers of one connection, which are not handed on (RFC 9110, 7.6.1), and those to a proxy.
const OWN: [&str; 8] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
];

/// What a program in the sandbox wants of the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A connection to a host.
    Connect { host: String, port: u16 },
    /// One request over plain HTTP.
    Plain(Plain),
}

/// A request over plain HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) host: String,
    pub(super) port: u16,
    method: String,
    path: String,
    /// The asking program's own: it is not answered in a later one.
    version: String,
    headers: Headers,
    /// Bytes of its body.
    pub(super) body: u64,
}

impl Plain {
    /// Its head as it is handed on, to the host itself or to another proxy with these headers.
    pub(super) fn head(&self, proxy: Option<&str>) -> String {
        let authority = authority(&self.host, self.port, 80);
        let target = match proxy {
            Some(_) => format!("http://{authority}{}", self.path),
            None => self.path.clone(),
        };
        let mut head = format!("{} {target} {}\r\nHost: {authority}\r\n", self.method, self.version);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(proxy.unwrap_or_default());
        // One request a connection: the next one is looked at again.
        head.push_str("Connection: close\r\n\r\n");
        head
    }
}

/// A host and a port as they are written where `usual` is the port that needs not be said.
pub(super) fn authority(host: &str, port: u16, usual: u16) -> String {
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    };
    match port == usual {
        true => host,
        false => format!("{host}:{port}"),
    }
}

/// Reads a head up to its empty line, a byte at a time: what follows is somebody else's. None at the end of a
/// connection; what can be no head is [`ErrorKind::InvalidData`].
pub(super) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
        if head.len() > HEAD_BYTES {
            return Err(Error::new(ErrorKind::InvalidData, "the head is too long"));
        }
    }
    let text = String::from_utf8(head);
    text.map(Some)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "the head is no text"))
}

/// What a head asks for.
pub(super) fn read(head: &str) -> Result<Request, &'static str> {
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let first = lines.next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, version @ ("HTTP/1.1" | "HTTP/1.0")] = words[..] else {
        return Err("this is no HTTP/1 request");
    };
    if first.contains(|letter: char| letter.is_control()) || !is_token(method) {
        return Err("the request's first line is no good");
    }
    if method == "CONNECT" {
        let (host, port) = split(target, None)?;
        return Ok(Request::Connect { host, port });
    }
    let rest = match target.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http://") => &target[7..],
        _ => return Err("a proxy is asked with CONNECT or with a whole http:// address"),
    };
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, port) = split(&rest[..at], Some(80))?;
    let path = match &rest[at..] {
        path if path.starts_with('/') => path.to_owned(),
        query => format!("/{query}"),
    };
    let (headers, body) = headers(lines)?;
    Ok(Request::Plain(Plain {
        host,
        port,
        method: method.to_owned(),
        path,
        version: version.to_owned(),
        headers,
        body,
    }))
}

/// The headers that are handed on, and the length of the body.
fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<(Headers, u64), &'static str> {
    let (mut kept, mut body) = (Vec::new(), None);
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("a header has no colon")?;
        let value = value.trim_matches([' ', '\t']);
        if !is_token(name) || value.contains(|letter: char| letter.is_control() && letter != '\t') {
            return Err("a header is no good");
        }
        match name.to_ascii_lowercase().as_str() {
            "transfer-encoding" => return Err("a body needs its length said (`Content-Length`), or HTTPS"),
            "content-length" if body.is_some() => return Err("the body has two lengths"),
            "content-length" if value.bytes().all(|it| it.is_ascii_digit()) => {
                body = Some(value.parse().map_err(|_| "the body's length is no good")?);
            }
            "content-length" => return Err("the body's length is no good"),
            // Written anew, after what was looked at.
            "host" => continue,
            name if OWN.contains(&name) => continue,
            _ => {}
        }
        kept.push((name.to_owned(), value.to_owned()));
    }
    Ok((kept, body.unwrap_or(0)))
}

/// A token (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&letter);
    !text.is_empty() && text.bytes().all(is_letter)
}

/// A host and its port: an address of version 6 stands in brackets, and nothing else does.
fn split(authority: &str, usual: Option<u16>) -> Result<(String, u16), &'static str> {
    const WRONG: &str = "the host or its port is no good";
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or(WRONG)?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_host = match authority.starts_with('[') {
        true => host.parse::<Ipv6Addr>().is_ok(),
        false => {
            let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b"-._".contains(&letter);
            (1..=HOST_BYTES).contains(&host.len()) && host.bytes().all(is_letter)
        }
    };
    let port = match port.strip_prefix(':') {
        // A number with a sign is read by some and not by others.
        Some(port) if port.bytes().all(|it| it.is_ascii_digit()) => port.parse().ok(),
        None if port.is_empty() => usual,
        _ => None,
    };
    match port {
        Some(port) if port > 0 && is_host => Ok((host.to_owned(), port)),
        _ => Err(WRONG),
    }
}
