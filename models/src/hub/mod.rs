//! A hub of models, by the HTTP interface that Hugging Face's has: which files a repository holds, and one of them
//! fetched, with the part that is there already left out and its checksum compared.

mod choice;
mod download;

pub use choice::{Choice, choose};

use crate::wire::retry;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use std::time::Duration;
use troupe_core::port::{Error, ErrorKind};

/// Where models are unless `HF_ENDPOINT` says otherwise.
pub const ENDPOINT: &str = "https://huggingface.co";

/// A hub.
pub struct Hub {
    client: Client,
    endpoint: Url,
    token: Option<String>,
    /// Before the second attempt at a download; doubled before each further one.
    pause: Duration,
}

/// What a repository holds at a revision.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Its name, such as `Qwen/Qwen3-4B`.
    pub repository: String,
    /// The commit that the revision stands for.
    pub commit: String,
    /// Its files.
    pub files: Vec<Remote>,
}

/// A file on a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its path in the repository.
    pub path: String,
    /// Bytes, where the hub says so.
    pub bytes: Option<u64>,
    /// What its content comes to.
    pub digest: Digest,
}

/// How a hub names the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Digest {
    /// The SHA-256 of a large file.
    Sha256(String),
    /// Git's name of a small one: the SHA-1 of `blob LENGTH\0` and its bytes.
    Blob(String),
    /// It says nothing.
    Unknown,
}

impl Hub {
    /// The hub at `endpoint`. `token` opens what is not open to everybody.
    ///
    /// # Errors
    /// `Invalid` for an address that is not HTTP.
    pub fn new(endpoint: &str, token: Option<&str>) -> Result<Self, Error> {
        let address = Url::parse(endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let invalid = || {
            Error::new(
                ErrorKind::Invalid,
                format!("HF_ENDPOINT: `{endpoint}` is no HTTP address"),
            )
        };
        let endpoint = address.ok_or_else(invalid)?;
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .user_agent(concat!("troupe/", env!("CARGO_PKG_VERSION")));
        if endpoint
            .host_str()
            .is_some_and(|host| host == "127.0.0.1" || host == "localhost")
        {
            builder = builder.no_proxy();
        }
        let client = builder.build();
        let client = client
            .map_err(|error| Error::new(ErrorKind::Other, "the HTTP client could not be set up").caused_by(error))?;
        Ok(Self {
            client,
            endpoint,
            token: token
                .map(str::trim)
                .filter(|token| !token.is_empty())
                .map(str::to_owned),
            pause: Duration::from_millis(500),
        })
    }

    /// Lists a repository at a branch, a tag or a commit.
    ///
    /// # Errors
    /// `Denied` for what is not open to everybody, `Missing` for what is not there, `Unavailable` for a hub that is out of reach.
    pub async fn list(&self, repository: &str, revision: &str) -> Result<Listing, Error> {
        #[derive(Deserialize)]
        struct Answer {
            sha: String,
            siblings: Vec<Sibling>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Sibling {
            rfilename: String,
            size: Option<u64>,
            blob_id: Option<String>,
            lfs: Option<Large>,
        }
        #[derive(Deserialize)]
        struct Large {
            sha256: String,
            size: u64,
        }
        let mut url = self.url(&["api", "models"], repository, &["revision", revision]);
        url.set_query(Some("blobs=true"));
        let what = format!("{repository} at revision `{revision}`");
        let answer = self
            .get(url.clone(), None)
            .await
            .map_err(|error| self.unreachable(error))?;
        let answer = self.accepted(answer, &what)?;
        let wrong = |error| {
            Error::new(
                ErrorKind::Unavailable,
                format!("{url} does not answer as a hub of models"),
            )
            .caused_by(error)
        };
        let Answer { sha, siblings } = answer.json().await.map_err(wrong)?;
        let files = siblings
            .into_iter()
            .map(|sibling| match (sibling.lfs, sibling.blob_id) {
                (Some(large), _) => (sibling.rfilename, Some(large.size), Digest::Sha256(large.sha256)),
                (None, Some(blob)) => (sibling.rfilename, sibling.size, Digest::Blob(blob)),
                (None, None) => (sibling.rfilename, sibling.size, Digest::Unknown),
            });
        let files = files
            .map(|(path, bytes, digest)| Remote { path, bytes, digest })
            .collect();
        Ok(Listing {
            repository: repository.to_owned(),
            commit: sha,
            files,
        })
    }

    fn url(&self, before: &[&str], repository: &str, after: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(before)
                .extend(repository.split('/'))
                .extend(after);
        }
        url
    }

    /// Asks for something, from a byte on.
    async fn get(&self, url: Url, from: Option<u64>) -> reqwest::Result<Response> {
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            // It does not go along when another host is named instead: the client takes it off.
            request = request.bearer_auth(token);
        }
        if let Some(from) = from.filter(|from| *from > 0) {
            request = request.header(reqwest::header::RANGE, format!("bytes={from}-"));
        }
        request.send().await
    }

    fn unreachable(&self, error: reqwest::Error) -> Error {
        let message = format!(
            "the hub at {} is out of reach; HF_ENDPOINT names another one",
            self.endpoint
        );
        Error::new(ErrorKind::Unavailable, message).caused_by(error)
    }

    /// What a status other than success means, for `what` was asked for.
    fn accepted(&self, answer: Response, what: &str) -> Result<Response, Error> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let code = answer
            .headers()
            .get("x-error-code")
            .and_then(|code| code.to_str().ok())
            .unwrap_or_default();
        let way = match &self.token {
            None => "give a token of an account that may read it: HF_TOKEN=… troupe models pull …",
            Some(_) => "the token in HF_TOKEN is not allowed to read it",
        };
        let hub = &self.endpoint;
        let (kind, message) = match (status, code) {
            (_, "GatedRepo") => (
                ErrorKind::Denied,
                format!("{what} is gated: accept its terms on its page at {hub}, then {way}"),
            ),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => (
                ErrorKind::Denied,
                format!(
                    "the hub at {hub} refuses {what} ({status}): it is private or gated, or its name is wrong; {way}"
                ),
            ),
            (StatusCode::NOT_FOUND, _) => (ErrorKind::Missing, format!("there is no {what} on the hub at {hub}")),
            _ if retry::is_passing(status.as_u16()) => (
                ErrorKind::Unavailable,
                format!("the hub at {hub} cannot give {what} now ({status}); try again later"),
            ),
            _ => (
                ErrorKind::Other,
                format!("the hub at {hub} answers {status} for {what}"),
            ),
        };
        Err(Error::new(kind, message))
    }
}
