//! OTLP over HTTP: what collectors speak.

use super::options::{Protocol, Target};
use super::{Exporter, Options, encode};
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use std::time::Duration;
use tokio::runtime::Runtime;
use troupe_core::view::metrics::Series;
use troupe_core::view::trace::Span;

/// Tries at one message, where the collector asks for patience.
const ATTEMPTS: u32 = 3;
/// Before the second try; doubled before the third.
const PAUSE: Duration = Duration::from_millis(200);

/// See the module.
pub struct Otlp {
    runtime: Runtime,
    client: reqwest::Client,
    traces: Option<Target>,
    metrics: Option<Target>,
    resource: Vec<(String, String)>,
}

impl Otlp {
    /// An exporter for the targets that the options name; none when they name none.
    pub fn new(options: &Options) -> Option<Self> {
        if options.is_off() {
            return None;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("troupe/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .ok()?;
        Some(Self {
            runtime,
            client,
            traces: options.traces.clone(),
            metrics: options.metrics.clone(),
            resource: options.resource.clone(),
        })
    }

    fn send(&self, target: &Target, message: &(impl Message + Serialize)) -> Result<(), String> {
        let sent = self.runtime.block_on(post(&self.client, target, message));
        sent.map_err(|reason| {
            format!(
                "telemetry cannot be sent to {}: {reason}",
                without_userinfo(&target.url)
            )
        })
    }
}

impl Exporter for Otlp {
    fn spans(&mut self, spans: &[Span]) -> Result<(), String> {
        let Some(target) = &self.traces else { return Ok(()) };
        self.send(target, &encode::traces(&self.resource, spans))
    }

    fn metrics(&mut self, series: &[Series], start_ms: u64, end_ms: u64) -> Result<(), String> {
        let Some(target) = self.metrics.as_ref().filter(|_| !series.is_empty()) else {
            return Ok(());
        };
        self.send(target, &encode::metrics(&self.resource, series, start_ms, end_ms))
    }
}

async fn post(client: &reqwest::Client, target: &Target, message: &(impl Message + Serialize)) -> Result<(), String> {
    let (kind, body) = match target.protocol {
        Protocol::Protobuf => ("application/x-protobuf", message.encode_to_vec()),
        Protocol::Json => (
            "application/json",
            serde_json::to_vec(message).map_err(|error| error.to_string())?,
        ),
    };
    let mut pause = PAUSE;
    for attempt in 1.. {
        let request = client
            .post(&target.url)
            .timeout(target.timeout)
            .headers(headers(target)?);
        let sent = request.header(CONTENT_TYPE, kind).body(body.clone()).send().await;
        let status = sent.map_err(|error| root_cause(&error))?.status();
        if status.is_success() {
            return Ok(());
        }
        // The answers that the protocol says may be tried again.
        let passes = [429, 502, 503, 504].contains(&status.as_u16());
        if !passes || attempt == ATTEMPTS {
            return Err(format!("it answers {status}"));
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Ok(())
}

fn headers(target: &Target) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &target.headers {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_str(&value.0).ok());
        let (header, mut value) = parsed.ok_or_else(|| format!("the header `{name}` cannot be written"))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// The innermost reason: what a person can do something about.
fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it does not answer in time".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// An address may hold a password.
fn without_userinfo(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut parsed) => {
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            parsed.set_query(None);
            parsed.to_string()
        }
        Err(_) => "an address that cannot be read".into(),
    }
}
