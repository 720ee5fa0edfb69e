//! What OpenTelemetry's standard variables say: where telemetry goes, how, and what it holds.

use std::fmt;
use std::time::Duration;

/// What is exported where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Where traces go; none keeps them here.
    pub traces: Option<Target>,
    /// Where metrics go.
    pub metrics: Option<Target>,
    /// What every span and metric says of this program: `service.name` and what else was asked for.
    pub resource: Vec<(String, String)>,
    /// Whether prompts, answers, arguments and results go along.
    pub contents: bool,
    /// What was asked for and cannot be done.
    pub warnings: Vec<String>,
}

/// An address that takes telemetry.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The whole address.
    pub url: String,
    /// How messages are written.
    pub protocol: Protocol,
    /// What is sent along.
    pub headers: Vec<(String, Hidden)>,
    /// How long one message may take.
    pub timeout: Duration,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`
    Protobuf,
    /// `http/json`
    Json,
}

/// A text that is not printed: headers hold keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Options {
    /// Reads the variables through `variable`.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let mut options = Self::default();
        if set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return options;
        }
        let mut warnings = Vec::new();
        options.traces = target(&set, "TRACES", "v1/traces", &mut warnings);
        options.metrics = target(&set, "METRICS", "v1/metrics", &mut warnings);
        warnings.dedup();
        options.warnings = warnings;
        options.resource = resource(&set);
        let contents = set("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT").unwrap_or_default();
        let asks = ["true", "span_only", "span_and_event"];
        options.contents = asks.contains(&contents.to_lowercase().as_str());
        options
    }

    /// Whether nothing is exported.
    pub fn is_off(&self) -> bool {
        self.traces.is_none() && self.metrics.is_none()
    }
}

/// Where one signal goes. Without an endpoint, and unless the exporter is asked for by name, nowhere.
fn target(
    set: &dyn Fn(&str) -> Option<String>,
    signal: &str,
    path: &str,
    warnings: &mut Vec<String>,
) -> Option<Target> {
    let exporter = set(&format!("OTEL_{signal}_EXPORTER"));
    if exporter.as_deref() == Some("none") {
        return None;
    }
    if let Some(other) = exporter.as_deref().filter(|exporter| *exporter != "otlp") {
        warnings.push(format!(
            "OTEL_{signal}_EXPORTER={other} is not known: `otlp` and `none` are"
        ));
        return None;
    }
    let of_signal = |name: &str| {
        let own = set(&format!("OTEL_EXPORTER_OTLP_{signal}_{name}"));
        own.or_else(|| set(&format!("OTEL_EXPORTER_OTLP_{name}")))
    };
    let own = set(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));
    let shared = set("OTEL_EXPORTER_OTLP_ENDPOINT").or_else(|| exporter.map(|_| "http://localhost:4318".to_owned()));
    // An endpoint of a signal is used as it is; the shared one has a path for each signal.
    let url = own.or_else(|| shared.map(|base| format!("{}/{path}", base.trim_end_matches('/'))))?;
    let protocol = match of_signal("PROTOCOL").as_deref() {
        None | Some("http/protobuf") => Protocol::Protobuf,
        Some("http/json") => Protocol::Json,
        Some(other) => {
            warnings.push(format!(
                "telemetry is not sent: OTLP over `{other}` is not spoken; set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json, \
                 and the endpoint to the collector's port for HTTP, often 4318"
            ));
            return None;
        }
    };
    let timeout_ms = of_signal("TIMEOUT").and_then(|ms| ms.parse().ok()).unwrap_or(10_000);
    let headers = pairs(&of_signal("HEADERS").unwrap_or_default());
    Some(Target {
        url,
        protocol,
        headers: headers.into_iter().map(|(name, value)| (name, Hidden(value))).collect(),
        timeout: Duration::from_millis(timeout_ms),
    })
}

fn resource(set: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let mut resource = pairs(&set("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default());
    let named = set("OTEL_SERVICE_NAME");
    if let Some(name) = named {
        resource.retain(|(known, _)| known != "service.name");
        resource.insert(0, ("service.name".into(), name));
    } else if !resource.iter().any(|(known, _)| known == "service.name") {
        resource.insert(0, ("service.name".into(), "troupe".into()));
    }
    resource.push(("service.version".into(), env!("CARGO_PKG_VERSION").into()));
    resource
}

/// `a=1,b=2`, with values percent-encoded where they hold a comma.
fn pairs(list: &str) -> Vec<(String, String)> {
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    let trimmed = pairs.map(|(name, value)| (name.trim().to_owned(), decoded(value.trim())));
    trimmed.filter(|(name, _)| !name.is_empty()).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = hex
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
