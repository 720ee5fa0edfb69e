//! Under which licences the dependencies come.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::Repository;
use serde_json::Value;
use std::collections::BTreeSet;

/// See the module.
pub const CHECK: Check = Check {
    name: "licences",
    about: "every dependency comes under a licence that the project accepts",
    run,
};

/// SPDX identifiers that the project accepts; `deny.toml` has the same list.
const ACCEPTED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn run(repository: &Repository) -> Result<Report, String> {
    Ok(check(&repository.dependencies()?))
}

fn check(metadata: &Value) -> Report {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let built: BTreeSet<String> = list(&metadata["resolve"], "nodes")
        .iter()
        .filter_map(|node| Some(node["id"].as_str()?.to_owned()))
        .collect();
    let mut findings = Vec::new();
    for package in list(metadata, "packages") {
        if !built.contains(package["id"].as_str().unwrap_or_default()) {
            continue;
        }
        let place = format!(
            "{} {}",
            package["name"].as_str().unwrap_or_default(),
            package["version"].as_str().unwrap_or_default()
        );
        match package["license"].as_str() {
            None => findings.push(Finding::at(place, "names no licence")),
            Some(expression) if accepts(expression) => {}
            Some(expression) => findings.push(Finding::at(
                place,
                format!("comes under `{expression}`, which is not accepted (xtask/src/checks/licences.rs)"),
            )),
        }
    }
    Report::of(format!("{} packages", built.len()), findings)
}

/// Whether an SPDX expression can be met with accepted licences alone. An old `/` means `OR`.
fn accepts(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let accepted = any(&mut rest);
    accepted == Some(true) && rest.is_empty()
}

/// `a OR b`; `None` for what is no expression.
fn any(words: &mut &[&str]) -> Option<bool> {
    let mut accepted = all(words)?;
    while let ["OR", rest @ ..] = words {
        *words = rest;
        accepted |= all(words)?;
    }
    Some(accepted)
}

/// `a AND b`, which binds tighter.
fn all(words: &mut &[&str]) -> Option<bool> {
    let mut accepted = one(words)?;
    while let ["AND", rest @ ..] = words {
        *words = rest;
        accepted &= one(words)?;
    }
    Some(accepted)
}

/// A licence, a licence with an exception, or an expression in parentheses.
fn one(words: &mut &[&str]) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let accepted = any(words)?;
            *words = words.strip_prefix(&[")"])?;
            Some(accepted)
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            Some(ACCEPTED.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        [licence, rest @ ..] => {
            *words = rest;
            Some(ACCEPTED.contains(licence))
        }
        [] => None,
    }
}

#[cfg(test)]
mod tests;
