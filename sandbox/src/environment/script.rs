//! The scripts of an environment, as they are run and as they are handed on.

use super::instance::changed;
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
    let restored = restored(&changed(test_patch));
    format!(
        "#!/bin/bash\n# Applies the tests and runs them; the exit code is 0 when they pass.\ncd {FOLDER} || exit {PATCH_CODE}\n{restored}\
         git apply --whitespace=nowarn - <<'{mark}' || exit {PATCH_CODE}\n{patch}{mark}\n{test}\n"
    )
}

/// Brings files back as they were committed: a setup may have written over what a patch is made for. Those that were
/// not committed stay.
pub fn restored(files: &[String]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let files: Vec<String> = files.iter().map(|file| quote(file)).collect();
    format!(
        "for file in {}; do\n  if git cat-file -e \"HEAD:$file\" 2>/dev/null; then git checkout --quiet HEAD -- \"$file\"; fi\ndone\n",
        files.join(" ")
    )
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
    fn a_patch_may_hold_the_mark() {
        let script = evaluation("+END_OF_TEST_PATCH\nEND_OF_TEST_PATCH", "make test");
        assert!(script.contains("<<'END_OF_TEST_PATCH_'"));
        assert!(script.ends_with("\nEND_OF_TEST_PATCH\nEND_OF_TEST_PATCH_\nmake test\n"));
    }
}
