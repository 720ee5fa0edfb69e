//! Where the files of models may be, and where those go that are pulled.

use std::path::{Path, PathBuf};

/// Where a model of this process is looked for: beside the workflow, where `TROUPE_MODELS` says, and where a user's
/// data is kept.
pub fn models(folder: &Path) -> Vec<PathBuf> {
    std::iter::once(folder.to_owned()).chain(said()).chain(own()).collect()
}

/// Where pulled models go: where `TROUPE_MODELS` says, or else where a user's data is kept.
#[cfg(feature = "local")]
pub fn pulled_models() -> Option<PathBuf> {
    said().or_else(own)
}

fn said() -> Option<PathBuf> {
    std::env::var_os("TROUPE_MODELS")
        .filter(|said| !said.is_empty())
        .map(PathBuf::from)
}

fn own() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let data = data.filter(|data| data.is_absolute()).or(home);
    data.map(|data| data.join("troupe/models"))
}
