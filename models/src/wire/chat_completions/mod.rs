//! OpenAI's chat completions: the dialect that most hosted and local servers speak.
//!
//! [`request`] writes, [`chunk`] reads, [`exchange`] carries one request through rate limits, attempts
//! and stream, [`fault`] decides what went wrong and whether to try again.

mod ask;
mod attempts;
mod chunk;
mod exchange;
mod fault;
mod names;
mod request;
mod thinking;

use crate::catalog::{ModelOptions, Quirks};
use crate::wire::brake::Brake;
use crate::wire::retry::Backoff;
use async_trait::async_trait;
use exchange::Exchange;
use request::Refused;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Url};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use troupe_core::port::model::{DeltaStream, Model, ModelRequest};
use troupe_core::port::{Error, ErrorKind};

/// Where requests go, and with which key.
#[derive(Debug)]
pub struct Endpoint {
    url: Url,
    key: Option<Key>,
}

/// A key: the header that carries it, and the text that no message may contain.
struct Key {
    header: HeaderValue,
    text: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// What follows the address of a server.
pub const CALL: &str = "/chat/completions";

impl Endpoint {
    /// The endpoint of a call, such as [`CALL`], under `base_url`.
    ///
    /// # Errors
    /// `Invalid` when the address is not HTTP, `Denied` when a header cannot carry the key.
    pub fn at(base_url: &str, call: &str, key: Option<&str>) -> Result<Self, Error> {
        let url = Url::parse(base_url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let mut url = url.ok_or_else(|| {
            let message = format!("`{base_url}` is no HTTP address; a base_url looks like http://localhost:8000/v1");
            Error::new(ErrorKind::Invalid, message)
        })?;
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix(call).unwrap_or(path);
        let path = format!("{path}{call}");
        url.set_path(&path);
        Ok(Self {
            url,
            key: key.map(Key::new).transpose()?,
        })
    }

    fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Takes the key out of a text of the server's.
    fn redact(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(&key.text, "[secret]"),
            None => text.to_owned(),
        }
    }
}

impl Key {
    fn new(text: &str) -> Result<Self, Error> {
        let mut header = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| {
            let message = "the key holds characters that an HTTP header cannot carry; check for line ends and spaces";
            Error::new(ErrorKind::Denied, message)
        })?;
        header.set_sensitive(true);
        Ok(Self {
            header,
            text: text.to_owned(),
        })
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Until a connection stands.
    connect: Duration,
    /// Between two pieces of the stream, and before the first.
    idle: Duration,
    /// For all attempts together, without waiting for a rate limit.
    total: Duration,
    /// Between attempts.
    backoff: Backoff,
}

impl Pace {
    /// 10 s to connect; up to 300 s of silence, since reasoning models think that long before the
    /// first byte; never more than `total`.
    fn within(total: Duration) -> Self {
        Self {
            connect: total.min(Duration::from_secs(10)),
            idle: total.min(Duration::from_secs(300)),
            total,
            backoff: Backoff::STANDARD,
        }
    }
}

/// A model behind an endpoint. Cheap to make: the HTTP client is built by the first request.
#[derive(Debug)]
pub struct ChatCompletions {
    shared: Arc<Shared>,
}

/// What every request of one model shares.
#[derive(Debug)]
pub struct Shared {
    provider: String,
    name: String,
    endpoint: Endpoint,
    quirks: Quirks,
    attempts: u32,
    pace: Pace,
    brake: Brake,
    client: OnceLock<Client>,
    refused: AtomicU8,
}

impl ChatCompletions {
    /// The model that `options` name, at `endpoint`.
    pub fn new(options: &ModelOptions, endpoint: Endpoint, quirks: Quirks) -> Self {
        Self {
            shared: Arc::new(Shared::new(options, endpoint, quirks)),
        }
    }
}

#[async_trait]
impl Model for ChatCompletions {
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error> {
        let exchange = Exchange::new(Arc::clone(&self.shared), request);
        let stream = futures_util::stream::unfold(exchange, |mut exchange| async move {
            let item = exchange.next().await?;
            Some((item, exchange))
        });
        Ok(Box::pin(stream))
    }

    fn label(&self) -> String {
        self.shared.label()
    }

    fn identity(&self) -> String {
        let mut url = self.shared.endpoint.url.clone();
        // Both may hold credentials, and neither says which model it is.
        url.set_query(None);
        let bare = url.set_username("").and_then(|()| url.set_password(None));
        let place = bare.map_or_else(|()| String::new(), |()| format!(" at {url}"));
        format!("{}{place}", self.shared.label())
    }
}

impl Shared {
    /// What the requests to `endpoint` share.
    pub fn new(options: &ModelOptions, endpoint: Endpoint, quirks: Quirks) -> Self {
        Self {
            provider: options.provider.clone(),
            name: options.name.clone(),
            endpoint,
            quirks,
            attempts: options.attempts.max(1),
            pace: Pace::within(options.timeout),
            brake: Brake::default(),
            client: OnceLock::new(),
            refused: AtomicU8::new(0),
        }
    }

    fn label(&self) -> String {
        format!("{}/{}", self.provider, self.name)
    }

    /// The client, built once.
    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .connect_timeout(self.pace.connect)
            // A redirected POST would lose its key or its body; the address is better corrected.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("troupe/", env!("CARGO_PKG_VERSION")));
        if self.endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Error::new(ErrorKind::Other, "the HTTP client could not be set up").caused_by(error))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// A POST with the key, without a body.
    fn post(&self) -> Result<reqwest::RequestBuilder, Error> {
        let post = self.client()?.post(self.endpoint.url.clone());
        Ok(match &self.endpoint.key {
            Some(key) => post.header(AUTHORIZATION, key.header.clone()),
            None => post,
        })
    }

    /// The optional parameters that the server has refused so far.
    fn refused(&self) -> Refused {
        Refused::from_bits(self.refused.load(Ordering::Relaxed))
    }

    fn refuse(&self, parameter: Refused) {
        self.refused.fetch_or(parameter.bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(super) mod tests;
