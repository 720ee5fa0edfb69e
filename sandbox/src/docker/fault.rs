//! What the engine's errors mean, in the words of the port.

use bollard::errors::Error as Backend;
use troupe_core::port::{Error, ErrorKind};

/// Tells what went wrong at an engine.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    host: String,
}

impl Fault {
    /// Those of the engine at `host`.
    pub(super) fn at(host: &str) -> Self {
        Self { host: host.to_owned() }
    }

    /// The engine does not answer at all.
    pub(super) fn unreachable(&self, error: Backend) -> Error {
        let why = words(&error);
        let message = format!(
            "no Docker engine answers at {}: {why}; start one, or name another one in DOCKER_HOST",
            self.host
        );
        Error::new(ErrorKind::Unavailable, message).caused_by(error)
    }

    /// `what` could not be done.
    pub(super) fn of(&self, what: &str, error: Backend) -> Error {
        let kind = match &error {
            Backend::DockerResponseServerError { status_code, message } => match status_code {
                _ if message.contains("no space left on device") => ErrorKind::Storage,
                400 => ErrorKind::Invalid,
                403 => ErrorKind::Denied,
                404 => ErrorKind::Missing,
                409 => ErrorKind::Conflict,
                _ => ErrorKind::Other,
            },
            Backend::RequestTimeoutError => ErrorKind::Timeout,
            error if is_gone(error) => return self.gone(what, error),
            _ => ErrorKind::Other,
        };
        Error::new(kind, format!("{what}: {}", words(&error))).caused_by(error)
    }

    fn gone(&self, what: &str, error: &Backend) -> Error {
        let message = format!(
            "{what}: the Docker engine at {} does not answer any more: {}; start it, and the same command goes on",
            self.host,
            words(error)
        );
        Error::new(ErrorKind::Unavailable, message)
    }
}

/// Whether the connection broke off: whatever is no answer of the engine, in time and in its form.
fn is_gone(error: &Backend) -> bool {
    !matches!(
        error,
        Backend::DockerResponseServerError { .. }
            | Backend::DockerStreamError { .. }
            | Backend::JsonDataError { .. }
            | Backend::JsonSerdeError { .. }
            | Backend::RequestTimeoutError
    )
}

/// Whether the engine has no such thing.
pub(super) fn is_missing(error: &Backend) -> bool {
    matches!(error, Backend::DockerResponseServerError { status_code: 404, .. })
}

/// Whether a container that is there has no such file: what else is missing is trouble.
pub(super) fn is_no_file(error: &Backend) -> bool {
    let said = words(error).to_lowercase();
    is_missing(error)
        && ["could not find", "could not be found"]
            .iter()
            .any(|it| said.contains(it))
}

/// Whether somebody else is at it.
pub(super) fn is_conflict(error: &Backend) -> bool {
    matches!(error, Backend::DockerResponseServerError { status_code: 409, .. })
}

/// The innermost words: those around them say less.
pub(super) fn words(error: &Backend) -> String {
    if let Backend::DockerResponseServerError { message, .. } = error {
        return message.trim().to_owned();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_broke_off_is_told_from_one_that_refuses() {
        let fault = Fault::at("unix:///socket");
        let broken = Backend::IOError {
            err: std::io::Error::from(std::io::ErrorKind::BrokenPipe),
        };
        let error = fault.of("cannot do it", broken);
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let told = "cannot do it: the Docker engine at unix:///socket does not answer any more: ";
        assert!(error.message.starts_with(told), "{error}");
        let refused = Backend::DockerResponseServerError {
            status_code: 409,
            message: "in use\n".into(),
        };
        let error = fault.of("cannot do it", refused);
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::Conflict, "cannot do it: in use")
        );
    }
}
