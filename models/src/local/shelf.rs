//! The models on this machine: where they are looked for, and which files make one.

use std::path::{Path, PathBuf};
use troupe_core::port::{Error, ErrorKind};

/// What holds a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// A folder as models are published: `config.json`, `tokenizer.json` and safetensors, whole or in parts.
    Folder(PathBuf),
    /// One file with everything in it.
    Gguf(PathBuf),
}

/// A model that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What stands behind `local/`.
    pub name: String,
    /// Its files.
    pub files: Files,
}

/// The end of a GGUF file's name.
const GGUF: &str = "gguf";

impl Files {
    /// The model at `path`: a folder with a `config.json`, a folder with one `.gguf`, or such a file itself.
    pub fn at(path: &Path) -> Option<Self> {
        if path.is_file() {
            return is_gguf(path).then(|| Self::Gguf(path.to_owned()));
        }
        let has = |name: &str| path.join(name).is_file();
        let published = has("config.json");
        if published && (has("model.safetensors") || has("model.safetensors.index.json")) {
            return Some(Self::Folder(path.to_owned()));
        }
        match ggufs(path).as_slice() {
            [one] => Some(Self::Gguf(one.clone())),
            _ => published.then(|| Self::Folder(path.to_owned())),
        }
    }

    /// The folder, or the file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Gguf(path) => path,
        }
    }

    /// The folder that a file of the model lies in, such as its `tokenizer.json`.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Gguf(path) => path.parent().unwrap_or(Path::new(".")),
        }
    }
}

/// Finds `name` in one of `places`: the first that has it, be it in other capitals.
///
/// # Errors
/// `Missing`, with all places that were looked at.
pub fn find(name: &str, places: &[PathBuf]) -> Result<Files, Error> {
    let at = |path: &Path| Files::at(path).or_else(|| Files::at(&with_ending(path)));
    let exact = places.iter().find_map(|place| at(&place.join(name)));
    let alike = || {
        let stored = places.iter().flat_map(|place| on(place));
        let mut alike = stored.filter(|stored| stored.name.eq_ignore_ascii_case(name));
        alike.next().map(|stored| stored.files)
    };
    exact.or_else(alike).ok_or_else(|| missing(name, places))
}

/// Every model in `places`; of two with one name the one that [`find`] gives.
pub fn all(places: &[PathBuf]) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    for stored in places.iter().flat_map(|place| on(place)) {
        if !all.iter().any(|known| known.name == stored.name) {
            all.push(stored);
        }
    }
    all
}

/// The models that lie in one place, by name.
fn on(place: &Path) -> Vec<Stored> {
    let mut stored: Vec<Stored> = entries(place)
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let name = name.strip_suffix(".gguf").unwrap_or(name).to_owned();
            // What is being fetched, and what is none of ours.
            let visible = !name.starts_with('.');
            let files = visible.then(|| Files::at(&path)).flatten()?;
            Some(Stored { name, files })
        })
        .collect();
    stored.sort_by(|a, b| a.name.cmp(&b.name));
    stored
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn ggufs(folder: &Path) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|path| is_gguf(path) && path.is_file());
    files
}

fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(GGUF))
}

/// `qwen3-0.6b` → `qwen3-0.6b.gguf`: what follows a point in a name is no ending.
fn with_ending(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(GGUF);
    path.into()
}

fn missing(name: &str, places: &[PathBuf]) -> Error {
    let paths: Vec<PathBuf> = places.iter().map(|place| place.join(name)).collect();
    if let Some(crowded) = paths.iter().find(|path| ggufs(path).len() > 1) {
        let message = format!(
            "{} holds several .gguf files; say which one: local/{name}/FILE.gguf",
            crowded.display()
        );
        return Error::new(ErrorKind::Missing, message);
    }
    let looked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let message = format!(
        "there is no folder with the files of local/{name} (config.json, tokenizer.json and model.safetensors, or one \
         .gguf); looked at {}; `troupe models pull` gets models",
        looked.join(", ")
    );
    Error::new(ErrorKind::Missing, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for file in [
            "Whole/config.json",
            "Whole/model.safetensors",
            "quantised/one.gguf",
            "quantised/config.json",
            "several/a.gguf",
            "several/b.gguf",
            "loose-0.6b.gguf",
            ".hidden.partial/config.json",
            "other/notes.txt",
        ] {
            let path = place.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        place
    }

    #[test]
    fn a_name_is_a_folder_or_a_file() {
        let place = place();
        let places = [PathBuf::from("/nowhere"), place.path().to_owned()];
        let found =
            |name: &str| find(name, &places).map(|files| files.path().strip_prefix(place.path()).unwrap().to_owned());
        for (name, path) in [
            ("Whole", "Whole"),
            ("whole", "Whole"),
            ("quantised", "quantised/one.gguf"),
            ("loose-0.6b", "loose-0.6b.gguf"),
            ("several/b.gguf", "several/b.gguf"),
        ] {
            assert_eq!(found(name).unwrap(), Path::new(path));
        }
        assert!(found("several").unwrap_err().message.contains("several .gguf files"));
        let message = found("absent").unwrap_err().message;
        assert!(message.contains("/nowhere/absent"), "{message}");
    }

    #[test]
    fn the_first_place_of_a_name_counts() {
        let (first, second) = (place(), place());
        let places = [first.path().to_owned(), second.path().to_owned()];
        let all = all(&places);
        let names: Vec<&str> = all.iter().map(|stored| stored.name.as_str()).collect();
        assert_eq!(names, ["Whole", "loose-0.6b", "quantised"]);
        assert!(all.iter().all(|stored| stored.files.path().starts_with(first.path())));
    }
}
