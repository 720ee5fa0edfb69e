//! Which files a wanted path means.

use globset::{GlobBuilder, GlobMatcher};
use troupe_core::artifact::WantedPath;
use troupe_core::port::{Error, ErrorKind};

/// Signs that make a pattern of a name.
const PATTERN: [char; 4] = ['*', '?', '[', '{'];

/// A wanted path, ready to be compared with paths of files.
#[derive(Debug)]
pub(super) struct Selector {
    /// The file or folder below which everything lies that is meant; nothing for the folder where the command started.
    base: String,
    /// None where exactly the base is meant.
    matcher: Option<GlobMatcher>,
}

impl Selector {
    pub(super) fn of(wanted: &WantedPath) -> Result<Self, Error> {
        let text = wanted.text.as_str();
        let refused = |why: &str| Error::new(ErrorKind::Invalid, format!("`{text}` under `artifacts` {why}"));
        if text.starts_with('/') {
            return Err(refused("is not relative to the folder where the command starts"));
        }
        let names: Vec<&str> = text.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        if names.contains(&"..") || text.contains('\0') {
            return Err(refused("leads out of the folder where the command starts"));
        }
        if names.is_empty() {
            return Err(refused("names no file; `*` is all that the folder holds"));
        }
        if !wanted.is_pattern {
            return Ok(Self {
                base: names.join("/"),
                matcher: None,
            });
        }
        let before = names.iter().take_while(|name| !name.contains(PATTERN)).count();
        // Something always is left to compare.
        let base = names[..before.min(names.len() - 1)].join("/");
        let glob = GlobBuilder::new(&names.join("/")).literal_separator(true).build();
        let glob = glob.map_err(|error| refused(&format!("is no pattern: {}", error.kind())))?;
        Ok(Self {
            base,
            matcher: Some(glob.compile_matcher()),
        })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// What of `path` is meant, itself or a folder that it lies in; none where neither is.
    pub(super) fn top<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some(matcher) = &self.matcher else {
            return path.get(..self.base.len());
        };
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let mut prefixes = ends.filter(|end| *end > self.base.len()).map(|end| &path[..end]);
        prefixes.find(|prefix| matcher.is_match(prefix))
    }
}
