//! The scripts of an environment, as they are run and as they are handed on.

use super::instance::{named, touched};
use super::plan::script::quote;

/// Where a repository lies in its image (the convention of SWE-bench images).
pub const FOLDER: &str = "/testbed";

/// The exit code of an evaluation whose test patch does not apply.
pub const PATCH_CODE: i32 = 97;

/// A script that applies the test patch and runs the tests; its exit code is theirs.
pub fn evaluation(test_patch: &str, test: &str) -> String {
    let mark = mark(test_patch);
    let patch = if test_patch.ends_with('\n') {
        test_patch.to_owned()
    } else {
        format!("{test_patch}\n")
    };
    let restored = restored(&named(test_patch));
    format!(
        "#!/bin/bash\n# Applies the tests and runs them; the exit code is 0 when they pass.\ncd {FOLDER} || exit {PATCH_CODE}\n{restored}\
         git apply --whitespace=nowarn - <<'{mark}' || exit {PATCH_CODE}\n{patch}{mark}\n{test}\n"
    )
}

/// Brings files back as they were committed, and removes those that were not: a setup may have written over what a
/// patch is made for.
pub fn restored(files: &[String]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let files: Vec<String> = files.iter().map(|file| quote(file)).collect();
    format!(
        "for file in {}; do\n  if git cat-file -e \"HEAD:$file\" 2>/dev/null; then git checkout --quiet HEAD -- \"$file\"; else rm -f \"$file\"; fi\ndone\n",
        files.join(" ")
    )
}

/// Files that say what a repository depends on, by their names or the ends of these.
const MANIFESTS: [&str; 17] = [
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "go.mod",
    "go.sum",
    "Gemfile",
    "Gemfile.lock",
    ".gemspec",
    "composer.json",
    "pom.xml",
    "cpanfile",
];

/// Those among the files of patches that say what the repository depends on.
pub fn manifests(patches: &[&str]) -> Vec<String> {
    let is_one = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_list = name.starts_with("requirements") && name.ends_with(".txt");
        is_list
            || MANIFESTS
                .iter()
                .any(|end| name == *end || end.starts_with('.') && name.ends_with(end))
    };
    let mut found: Vec<String> = patches.iter().flat_map(|patch| touched(patch)).filter(is_one).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Applies the part of a patch on stdin that changes these files.
pub fn applied_alone(files: &[String]) -> String {
    let files: Vec<String> = files.iter().map(|file| quote(&format!("--include={file}"))).collect();
    format!("cd {FOLDER} && git apply --whitespace=nowarn {} -", files.join(" "))
}

/// Runs a script that comes through stdin: a command line has a limit.
pub fn from_stdin(name: &str) -> String {
    format!("cat > /tmp/{name} && cd {FOLDER} && exec bash /tmp/{name} </dev/null")
}

/// A line that the text does not have.
fn mark(text: &str) -> String {
    let mut mark = "END_OF_TEST_PATCH".to_owned();
    while text.lines().any(|line| line == mark) {
        mark.push('_');
    }
    mark
}

/// Makes the folder a repository of one commit: nothing later can be looked at, and what is changed can be told.
/// Needs the sources in the folder; installs git where it is missing.
pub fn repository() -> String {
    format!(
        "set -e\ncd {FOLDER}\n\
         if ! command -v git >/dev/null; then\n  \
         apt-get -o Acquire::Retries=3 update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends git ca-certificates\n\
         fi\n\
         rm -rf .git\n\
         git init --quiet .\n\
         git add --all --force .\n\
         git -c user.name=troupe -c user.email=troupe@localhost commit --quiet --allow-empty --message base\n"
    )
}

/// Empties the folder, but for installed dependencies that lie in it: an environment of another commit is used for
/// these, and never for what it has of the repository.
pub fn emptied(kept: &[&str]) -> String {
    let kept: Vec<String> = kept.iter().map(|name| format!("! -name '{name}'")).collect();
    format!(
        "set -e\nmkdir -p {FOLDER}\ncd {FOLDER}\nfind . -mindepth 1 -maxdepth 1 {} -exec rm -rf {{}} +\n",
        kept.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_repository_depends_on_is_known_by_its_files() {
        let patch = "--- a/Cargo.toml\n+++ b/Cargo.toml\n--- a/l.rs\n+++ b/l.rs\n--- a/a\n+++ b/a/x.gemspec\n--- a/r\n+++ b/requirements-dev.txt\n";
        assert_eq!(
            manifests(&[patch, patch]),
            ["Cargo.toml", "a/x.gemspec", "requirements-dev.txt"]
        );
    }

    #[test]
    fn a_patch_may_hold_the_mark() {
        let script = evaluation("+END_OF_TEST_PATCH\nEND_OF_TEST_PATCH", "make test");
        assert!(script.contains("<<'END_OF_TEST_PATCH_'"));
        assert!(script.ends_with("\nEND_OF_TEST_PATCH\nEND_OF_TEST_PATCH_\nmake test\n"));
    }
}
