//! The checks that cargo makes itself.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::Repository;

/// Formatting.
pub const FORMAT: Check = Check {
    name: "format",
    about: "every file is formatted by rustfmt",
    run: |repository| quietly(repository, &["fmt", "--all", "--", "--check", "--color", "never"]),
};

/// Lints.
pub const CLIPPY: Check = Check {
    name: "clippy",
    about: "no lint of the workspace warns, tests and benches included",
    run: |repository| {
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            "cuda",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ];
        aloud(repository, &arguments)
    },
};

/// Documentation.
pub const DOCUMENTATION: Check = Check {
    name: "documentation",
    about: "the documentation builds without a warning",
    run: |repository| {
        let arguments = ["doc", "--workspace", "--no-deps", "--quiet", "--features", "cuda"];
        aloud(repository, &arguments)
    },
};

/// Runs a command whose output is worth seeing only when it fails.
fn quietly(repository: &Repository, arguments: &[&str]) -> Result<Report, String> {
    let checked = format!("`cargo {}`", arguments.join(" "));
    let findings = match repository.cargo(arguments) {
        Ok(_) => vec![],
        Err(output) => vec![Finding::at("cargo", output)],
    };
    Ok(Report::of(checked, findings))
}

/// Runs a command that takes minutes and shows what it says meanwhile.
fn aloud(repository: &Repository, arguments: &[&str]) -> Result<Report, String> {
    let status = repository
        .cargo_command(arguments)
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    let findings = if status.success() {
        vec![]
    } else {
        vec![Finding::at(
            "cargo",
            format!("ended with {status}; its output is above"),
        )]
    };
    Ok(Report::of(format!("`cargo {}`", arguments.join(" ")), findings))
}
