//! What is wrong with a request, in the shape that OpenAI's clients read.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use troupe_core::port::{Error, ErrorKind};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    /// The parameter that is meant, such as `messages[2].content`.
    parameter: Option<String>,
    code: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            parameter: None,
            code: None,
        }
    }

    /// A parameter that cannot be followed.
    pub fn parameter(parameter: impl Into<String>, what: impl std::fmt::Display) -> Self {
        let parameter = parameter.into();
        Self {
            parameter: Some(parameter.clone()),
            ..Self::new(StatusCode::BAD_REQUEST, format!("`{parameter}`: {what}"))
        }
    }

    /// A body that is no JSON object, or not the one that is asked for.
    pub fn body(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("the body: {what}"))
    }

    /// A model that is not served.
    pub fn model(message: &str) -> Self {
        Self {
            parameter: Some("model".to_owned()),
            code: Some("model_not_found"),
            ..Self::new(StatusCode::NOT_FOUND, message)
        }
    }

    /// No such endpoint.
    pub fn missing(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// An endpoint that is asked in another way.
    pub fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this endpoint does not take that method",
        )
    }

    /// A body of another kind: pages in a browser send those to anybody, and JSON only to whom they may.
    pub fn media() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send JSON: Content-Type: application/json",
        )
    }

    /// A key that is absent or wrong.
    pub fn key() -> Self {
        Self {
            code: Some("invalid_api_key"),
            ..Self::new(StatusCode::UNAUTHORIZED, "a key is needed: Authorization: Bearer KEY")
        }
    }

    /// The error as its clients read it.
    pub fn object(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            400..500 => "invalid_request_error",
            _ => "server_error",
        };
        json!({ "error": { "message": self.message, "type": kind, "param": self.parameter, "code": self.code } })
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            // The model's own server, or its key to it: nothing that the client could change.
            ErrorKind::Denied | ErrorKind::Missing => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.message)
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.object())).into_response()
    }
}
