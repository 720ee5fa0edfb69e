//! The repository on disk: its files, and what cargo says about it.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// From the root, with `/`.
    pub path: String,
    /// Its contents.
    pub text: String,
}

impl TextFile {
    /// A file with these contents.
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it exists for tests alone: `tests.rs` beside what it tests, or a folder `tests`.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// The working tree.
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository that cargo runs this program from; without cargo, the one that it was built from.
    pub fn here() -> Self {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let package = PathBuf::from(package);
        Self {
            root: package.parent().unwrap_or(&package).to_owned(),
        }
    }

    /// Every file that git tracks or would track, and that is UTF-8 text; sorted by path.
    pub fn text_files(&self) -> Result<Vec<TextFile>, String> {
        let listing = self.git_listing().map_or_else(|| self.walk(), Ok)?;
        let mut files: Vec<TextFile> = listing
            .into_iter()
            .filter(|path| is_plain_file(&self.root.join(path)))
            .filter_map(|path| {
                let bytes = fs::read(self.root.join(&path)).ok()?;
                let text = String::from_utf8(bytes).ok()?;
                Some(TextFile { path, text })
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        if files.is_empty() {
            return Err(format!("no files found in {}", self.root.display()));
        }
        Ok(files)
    }

    /// The Rust files among [`Repository::text_files`].
    pub fn rust_files(&self) -> Result<Vec<TextFile>, String> {
        let mut files = self.text_files()?;
        files.retain(TextFile::is_rust);
        Ok(files)
    }

    fn git_listing(&self) -> Option<Vec<String>> {
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .ok()?;
        let listing = output.status.success().then_some(output.stdout)?;
        let text = String::from_utf8(listing).ok()?;
        Some(text.split_terminator('\0').map(str::to_owned).collect())
    }

    /// For a copy of the tree without git.
    fn walk(&self) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let built = ["target", ".git", ".troupe"].contains(&name);
                if path.is_dir() && !path.is_symlink() && !built {
                    folders.push(path);
                } else if let Some(relative) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) {
                    found.push(relative.replace('\\', "/"));
                }
            }
        }
        Ok(found)
    }

    /// What cargo prints when it succeeds; its complaint when it does not.
    pub fn cargo(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self
            .cargo_command(arguments)
            .output()
            .map_err(|error| format!("cargo does not start: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!(
            "`cargo {}` failed:\n{}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// `cargo …` at the root.
    pub fn cargo_command(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// `cargo metadata` of the workspace's own packages.
    pub fn members(&self) -> Result<Value, String> {
        self.metadata(&["--no-deps"])
    }

    /// `cargo metadata` of everything that is built on this machine.
    pub fn dependencies(&self) -> Result<Value, String> {
        let host = host()?;
        self.metadata(&["--filter-platform", &host])
    }

    fn metadata(&self, arguments: &[&str]) -> Result<Value, String> {
        let all = [&["metadata", "--format-version", "1"], arguments].concat();
        serde_json::from_str(&self.cargo(&all)?).map_err(|error| format!("cargo metadata is not JSON: {error}"))
    }

    /// A path of cargo's as this program writes paths: from the root.
    pub fn relative(&self, path: &str) -> String {
        Path::new(path).strip_prefix(&self.root).map_or_else(
            |_| path.to_owned(),
            |inside| inside.to_string_lossy().replace('\\', "/"),
        )
    }
}

fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}

fn host() -> Result<String, String> {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("-vV")
        .output()
        .map_err(|error| format!("rustc does not start: {error}"))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "`rustc -vV` names no host".to_owned())
}
