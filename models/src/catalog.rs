//! The catalog: which providers there are, which dialect each speaks, and how to connect to one.

use crate::reader::Reader;
use crate::wire::chat_completions::{self, ChatCompletions, Endpoint};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use troupe_core::port::model::Model;
use troupe_core::port::{Error, ErrorKind};

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Nothing is spoken to: the model is part of this crate.
    Builtin,
    /// Nothing is spoken to: the model's files are loaded into this process.
    Local,
    /// OpenAI's `POST /chat/completions`, streamed as server-sent events.
    ChatCompletions {
        /// Where it is unless `base_url` says otherwise.
        base_url: &'static str,
        /// The environment variable that holds the key for that address.
        key_variable: &'static str,
        /// What the provider's own address accepts beyond the common ground of all servers.
        quirks: Quirks,
    },
}

/// What one provider's own address does differently from the other servers of its dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// The parameter that bounds the length of an answer.
    pub length_parameter: LengthParameter,
    /// Whether a JSON Schema for the answer may be sent along with tools. Servers that constrain
    /// decoding by a grammar let the schema win, and the tools are never called.
    pub schema_beside_tools: bool,
}

impl Quirks {
    /// What every server of the dialect understands; used for a `base_url` of one's own.
    pub const COMMON: Quirks = Quirks {
        length_parameter: LengthParameter::MaxTokens,
        schema_beside_tools: false,
    };
}

/// The name of the parameter that bounds the length of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthParameter {
    /// `max_tokens`, the older name, which every compatible server knows.
    MaxTokens,
    /// `max_completion_tokens`, the only name that OpenAI's reasoning models accept.
    MaxCompletionTokens,
}

/// A row of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// The word before the slash in a workflow: `openai/gpt-5-mini`.
    pub name: &'static str,
    /// How it is spoken to.
    pub dialect: Dialect,
}

/// Every provider that a workflow can name.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        name: "builtin",
        dialect: Dialect::Builtin,
    },
    Provider {
        name: "local",
        dialect: Dialect::Local,
    },
    Provider {
        name: "openai",
        dialect: Dialect::ChatCompletions {
            base_url: "https://api.openai.com/v1",
            key_variable: "OPENAI_API_KEY",
            quirks: Quirks {
                length_parameter: LengthParameter::MaxCompletionTokens,
                schema_beside_tools: true,
            },
        },
    },
];

impl Provider {
    /// The environment variable that holds the provider's key; none where no key is needed.
    pub fn key_variable(&self) -> Option<&'static str> {
        match self.dialect {
            Dialect::Builtin | Dialect::Local => None,
            Dialect::ChatCompletions { key_variable, .. } => Some(key_variable),
        }
    }
}

/// The row of a name.
pub fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|row| row.name == name)
}

/// Everything that a connection needs. Nothing is read from the environment here: the caller does that.
#[derive(Clone, PartialEq)]
pub struct ModelOptions {
    /// The catalog row, such as `openai`.
    pub provider: String,
    /// The provider's name of the model.
    pub name: String,
    /// An address of one's own, such as `http://localhost:8000/v1`; the provider's when absent.
    pub base_url: Option<String>,
    /// The key; required at the provider's own address, optional at a `base_url`.
    pub api_key: Option<String>,
    /// Until a request is given up, retries included and waiting for a rate limit left out.
    pub timeout: Duration,
    /// Attempts at one request, the first included; 0 counts as 1.
    pub attempts: u32,
    /// Folders in which a model of this process is looked for, one after the other.
    pub places: Vec<PathBuf>,
}

impl ModelOptions {
    /// Options for `provider/name`: no key, 300 seconds (A-RAG), 4 attempts.
    pub fn new(provider: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            name: name.into(),
            base_url: None,
            api_key: None,
            timeout: Duration::from_secs(300),
            attempts: 4,
            places: Vec::new(),
        }
    }
}

impl fmt::Debug for ModelOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelOptions")
            .field("provider", &self.provider)
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .field("api_key", &self.api_key.as_ref().map(|_| "[secret]"))
            .field("timeout", &self.timeout)
            .field("attempts", &self.attempts)
            .field("places", &self.places)
            .finish()
    }
}

/// Makes the model. Costs nothing and opens no connection: the first request does.
///
/// # Errors
/// `Missing` for an unknown provider or builtin model, `Denied` for a missing or unusable key,
/// `Invalid` for a `base_url` that is no HTTP address.
pub fn connect(options: ModelOptions) -> Result<Arc<dyn Model>, Error> {
    if let Some((endpoint, quirks)) = endpoint(&options, chat_completions::CALL)? {
        return Ok(Arc::new(ChatCompletions::new(&options, endpoint, quirks)));
    }
    if options.provider == "local" {
        return local(&options);
    }
    builtin(&options.name)
}

/// Where a call of a model goes, such as `/embeddings`, and what is special there; none for what is built in.
///
/// # Errors
/// As [`connect`].
pub(crate) fn endpoint(options: &ModelOptions, call: &str) -> Result<Option<(Endpoint, Quirks)>, Error> {
    let row = provider(&options.provider).ok_or_else(|| unknown_provider(&options.provider))?;
    let Dialect::ChatCompletions {
        base_url,
        key_variable,
        quirks,
    } = row.dialect
    else {
        return Ok(None);
    };
    let own = options.base_url.as_deref().map(|url| url.trim().trim_end_matches('/'));
    let own = own.filter(|url| !url.is_empty() && *url != base_url);
    let api_key = options.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    if api_key.is_none() && own.is_none() {
        return Err(missing_key(options, key_variable));
    }
    let (base_url, quirks) = own.map_or((base_url, quirks), |url| (url, Quirks::COMMON));
    Ok(Some((Endpoint::at(base_url, call, api_key)?, quirks)))
}

#[cfg(feature = "local")]
fn local(options: &ModelOptions) -> Result<Arc<dyn Model>, Error> {
    Ok(Arc::new(crate::local::LocalModel::find(
        &options.name,
        &options.places,
    )?))
}

#[cfg(not(feature = "local"))]
fn local(options: &ModelOptions) -> Result<Arc<dyn Model>, Error> {
    Err(not_compiled_in(&options.name))
}

/// What is said of `local/name` by a program that was built without such models.
#[cfg(not(feature = "local"))]
pub(crate) fn not_compiled_in(name: &str) -> Error {
    let message =
        format!("local/{name}: this program was built without models of its own; build it with `--features local`");
    Error::new(ErrorKind::Missing, message)
}

fn builtin(name: &str) -> Result<Arc<dyn Model>, Error> {
    if name == "reader" {
        return Ok(Arc::new(Reader));
    }
    let message = format!("there is no model builtin/{name}; the only one is builtin/reader");
    Err(Error::new(ErrorKind::Missing, message))
}

fn unknown_provider(name: &str) -> Error {
    let known = PROVIDERS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
    let message = format!("there is no model provider `{name}`; the providers are: {known}");
    Error::new(ErrorKind::Missing, message)
}

fn missing_key(options: &ModelOptions, variable: &str) -> Error {
    let message = format!(
        "{}/{} needs a key: set the environment variable {variable}, or give the model a `base_url` whose server needs none",
        options.provider, options.name
    );
    Error::new(ErrorKind::Denied, message)
}

#[cfg(test)]
mod tests;
