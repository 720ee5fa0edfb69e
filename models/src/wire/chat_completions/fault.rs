//! What can go wrong with a request, and whether to try again.

use super::Shared;
use super::chunk::ChunkError;
use super::request::Refused;
use crate::wire::retry;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};
use troupe_core::Value;
use troupe_core::port::{Error, ErrorKind};

/// Most characters of a server's message that are shown.
const MESSAGE_CHARACTERS_MAX: usize = 500;
/// Characters of an unreadable line that are shown.
const LINE_CHARACTERS_MAX: usize = 80;

/// Trouble with one attempt.
#[derive(Debug)]
pub enum Fault {
    /// The same request may go through later.
    Passing {
        /// What to say when it does not.
        error: Error,
        /// How long the server asks to wait.
        wait: Option<Duration>,
        /// Whether the wait is for a rate limit, which is queueing and no work.
        limited: bool,
    },
    /// Repeating is useless.
    Final(Error),
    /// The request may go through without an optional parameter.
    Parameter(Refused, Error),
}

impl Fault {
    /// A passing fault without a wait.
    pub fn passing(error: Error) -> Self {
        Self::Passing {
            error,
            wait: None,
            limited: false,
        }
    }
}

impl Shared {
    /// A sentence that begins with the model's name.
    pub fn error(&self, kind: ErrorKind, what: impl std::fmt::Display) -> Error {
        Error::new(kind, format!("{}: {what}", self.label()))
    }

    /// The fault behind a transport error. Addresses are left out: they may hold credentials.
    pub fn transport_fault(&self, error: reqwest::Error) -> Fault {
        let error = error.without_url();
        let host = self.endpoint.url.host_str().unwrap_or_default();
        let (kind, what) = if error.is_timeout() {
            (
                ErrorKind::Timeout,
                format!("{host} did not accept a connection in time"),
            )
        } else if error.is_connect() {
            (
                ErrorKind::Unavailable,
                format!("no connection to {host}; is the server running and the base_url right?"),
            )
        } else if error.is_builder() {
            return Fault::Final(
                self.error(ErrorKind::Invalid, "the request could not be built")
                    .caused_by(error),
            );
        } else {
            (ErrorKind::Unavailable, format!("{host} broke the connection off"))
        };
        Fault::passing(self.error(kind, what).caused_by(error))
    }

    /// The fault behind a status that is no success, from its headers and body.
    pub fn status_fault(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Fault {
        let body = String::from_utf8_lossy(body);
        let report = Report::read(&body);
        let said = match self.shown(&report.message) {
            said if said.is_empty() => "the server gave no reason".to_owned(),
            said => said,
        };
        let what = format!("the server answered {status}: {said}{}", self.way_out(status));
        if retry::is_passing(status) && !report.is_quota() {
            let wait = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = wait.and_then(|value| retry::retry_after(value, SystemTime::now()));
            return Fault::Passing {
                error: self.error(ErrorKind::Unavailable, what),
                limited: status == 429 || wait.is_some(),
                wait,
            };
        }
        let kind = match status {
            401 | 403 | 429 => ErrorKind::Denied,
            404 => ErrorKind::Missing,
            _ => ErrorKind::Invalid,
        };
        let error = self.error(kind, what);
        match report.parameter() {
            Some(parameter) if matches!(status, 400 | 422) => Fault::Parameter(parameter, error),
            _ => Fault::Final(error),
        }
    }

    /// The fault behind a chunk that could not be taken.
    pub fn chunk_fault(&self, data: &str, error: ChunkError) -> Fault {
        match error {
            ChunkError::Malformed(source) => {
                let line = cut(&self.endpoint.redact(data), LINE_CHARACTERS_MAX);
                let what = format!("the stream holds a line that is no chunk of chat completions: `{line}`");
                Fault::passing(self.error(ErrorKind::Unavailable, what).caused_by(source))
            }
            ChunkError::Reported(value) => {
                let report = Report::of(&value);
                let what = format!(
                    "the server ended the stream with an error: {}",
                    self.shown(&report.message)
                );
                let passing = report.is_passing();
                match passing {
                    true => Fault::Passing {
                        error: self.error(ErrorKind::Unavailable, what),
                        wait: None,
                        limited: report.code.contains("rate_limit") || report.code == "429",
                    },
                    false => Fault::Final(self.error(ErrorKind::Other, what)),
                }
            }
        }
    }

    /// A server's message on one line, without the key, cut to a readable length.
    fn shown(&self, message: &str) -> String {
        cut(&self.endpoint.redact(message), MESSAGE_CHARACTERS_MAX)
    }

    fn way_out(&self, status: u16) -> &'static str {
        match (status, &self.endpoint.key) {
            (401, None) => " (no key was sent: give the model an api_key)",
            (401, Some(_)) => " (check the model's key)",
            (404, _) => " (check the model's name and its base_url)",
            (300..=399, _) => " (the address has moved: correct the base_url)",
            _ => "",
        }
    }
}

/// An error object, whatever its server calls its parts.
#[derive(Debug, Default)]
struct Report {
    message: String,
    code: String,
    parameter: String,
}

impl Report {
    /// From a body: OpenAI's `{"error": {…}}`, a bare object, or any text.
    fn read(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(value) => Self::of(value.get("error").unwrap_or(&value)),
            Err(_) => Self {
                message: body.to_owned(),
                ..Self::default()
            },
        }
    }

    fn of(value: &Value) -> Self {
        let text = |name: &str| match value.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let whole = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self {
            message: text("message").or_else(|| text("detail")).unwrap_or_else(whole),
            code: text("code").or_else(|| text("type")).unwrap_or_default(),
            parameter: text("param").unwrap_or_default(),
        }
    }

    /// A spent budget is reported as 429 too, and no patience helps.
    fn is_quota(&self) -> bool {
        self.code == "insufficient_quota"
    }

    fn is_passing(&self) -> bool {
        let by_number = self.code.parse().is_ok_and(retry::is_passing);
        let by_word = ["rate_limit", "server_error", "overloaded", "timeout", "unavailable"];
        !self.is_quota() && (by_number || by_word.iter().any(|word| self.code.contains(word)))
    }

    /// The optional parameter that the complaint is about.
    fn parameter(&self) -> Option<Refused> {
        let quoted = || {
            self.message
                .split(['\'', '"', '`'])
                .skip(1)
                .step_by(2)
                .find_map(Refused::named)
        };
        let bare = || {
            self.message
                .split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
                .filter(|word| word.contains('_'))
                .find_map(Refused::named)
        };
        Refused::named(&self.parameter).or_else(quoted).or_else(bare)
    }
}

/// A text on one line, cut after `most` characters.
fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
