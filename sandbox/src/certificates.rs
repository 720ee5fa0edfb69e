//! The certificates that this machine trusts, for programs in sandboxes with a network: a proxy of a company signs with
//! its own.

use std::path::{Path, PathBuf};
use troupe_core::port::sandbox::Mount;

/// Where machines keep the certificates that they trust: Debian's place, and Fedora's.
const PLACES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
/// Where sandboxes see them: nothing of an image lies there.
pub const INSIDE: &str = "/run/troupe/ca-certificates.crt";
/// The variables by which programs are told of certificates.
pub const VARIABLES: [&str; 8] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
    "COMPOSER_CAFILE",
];

/// The file of this machine, if it is where one is looked for.
pub fn of_machine() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// How a sandbox sees a file of certificates.
pub fn mount(file: &Path) -> Mount {
    Mount {
        host: file.canonicalize().unwrap_or_else(|_| file.to_owned()),
        inside: INSIDE.to_owned(),
    }
}

/// What its programs are told.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    VARIABLES.into_iter().map(|name| (name.to_owned(), INSIDE.to_owned()))
}
