//! Which package may use which: an edge that is not in the table fails, and so does an absent package.
//!
//! `core` has no arrow out and the crates beside it do not see each other, so that each can be read, built,
//! tested and replaced knowing only `core`.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::Repository;
use serde_json::Value;

/// See the module.
pub const CHECK: Check = Check {
    name: "layers",
    about: "packages use only what the layer table allows; the core pulls in no IO and no async runtime",
    run,
};

/// A package and those of ours that it may use in its own code.
struct Layer {
    package: &'static str,
    may_use: &'static [&'static str],
}

const CORE: &str = "troupe-core";
const TESTKIT: &str = "troupe-testkit";
const XTASK: &str = "xtask";

const LAYERS: [Layer; 11] = [
    layer(CORE, &[]),
    layer("troupe-dsl", &[CORE]),
    layer("troupe-agents", &[CORE]),
    layer("troupe-models", &[CORE]),
    layer("troupe-tools", &[CORE]),
    layer("troupe-sandbox", &[CORE]),
    layer("troupe-store", &[CORE]),
    layer("troupe-tui", &[CORE]),
    layer(
        "troupe",
        &[
            CORE,
            "troupe-dsl",
            "troupe-agents",
            "troupe-models",
            "troupe-tools",
            "troupe-sandbox",
            "troupe-store",
            "troupe-tui",
        ],
    ),
    layer(TESTKIT, &[CORE]),
    layer(XTASK, &[]),
];

/// Uses that are allowed only as an optional dependency, behind a feature that is off by default.
const OPTIONAL: [(&str, &str); 1] = [(XTASK, "troupe-models")];

/// Packages that the core must not pull in, by any way.
const IMPURE: [(&str, &str); 12] = [
    ("tokio", "an async runtime"),
    ("async-std", "an async runtime"),
    ("smol", "an async runtime"),
    ("futures-executor", "an async runtime"),
    ("mio", "IO"),
    ("sqlx", "IO"),
    ("sqlx-core", "IO"),
    ("reqwest", "IO"),
    ("hyper", "IO"),
    ("rand", "randomness"),
    ("fastrand", "randomness"),
    ("getrandom", "randomness"),
];

/// Seeds its hash tables at random, which decides no answer; the JSON Schema validator uses it.
const SEEDED: &str = "ahash";

const fn layer(package: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { package, may_use }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
    Development,
}

/// One of ours uses another of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    kind: Kind,
    optional: bool,
}

fn run(repository: &Repository) -> Result<Report, String> {
    let metadata = repository.members()?;
    let packages = packages(&metadata);
    let edges = edges(&metadata);
    let mut findings = unknown_packages(&packages);
    findings.extend(edges.iter().filter_map(forbidden));
    let tree = repository.cargo(&[
        "tree", "-p", CORE, "-e", "normal", "--prefix", "none", "--format", "{p}", "--prune", SEEDED,
    ])?;
    findings.extend(impurities(&tree));
    let checked = format!("{} edges between {} packages", edges.len(), packages.len());
    Ok(Report::of(checked, findings))
}

fn packages(metadata: &Value) -> Vec<&str> {
    members(metadata)
        .filter_map(|package| package["name"].as_str())
        .collect()
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// Every dependency with a path is one of ours, or wants to be.
fn edges(metadata: &Value) -> Vec<Edge> {
    let mut found = Vec::new();
    for package in members(metadata) {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["path"].is_null() {
                continue;
            }
            found.push(Edge {
                from: text(&package["name"]),
                to: text(&dependency["name"]),
                kind: match dependency["kind"].as_str() {
                    Some("dev") => Kind::Development,
                    Some("build") => Kind::Build,
                    _ => Kind::Normal,
                },
                optional: dependency["optional"] == true,
            });
        }
    }
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Packages that the table does not know, and those that it names and that are gone.
fn unknown_packages(packages: &[&str]) -> Vec<Finding> {
    let table = "the table in xtask/src/checks/layers.rs";
    let new = packages
        .iter()
        .filter(|package| LAYERS.iter().all(|layer| layer.package != **package))
        .map(|package| Finding::at(*package, format!("is not in {table}: say there what it may use")));
    let gone = LAYERS
        .iter()
        .filter(|layer| !packages.contains(&layer.package))
        .map(|layer| Finding::at(layer.package, format!("is in {table} and absent from the workspace")));
    new.chain(gone).collect()
}

fn forbidden(edge: &Edge) -> Option<Finding> {
    let Edge {
        from,
        to,
        kind,
        optional,
    } = edge;
    let allowed = LAYERS
        .iter()
        .any(|layer| layer.package == *from && layer.may_use.contains(&to.as_str()));
    let allowed_if_optional = OPTIONAL.contains(&(from.as_str(), to.as_str()));
    let message = match kind {
        Kind::Development if to == TESTKIT => return None,
        _ if allowed => return None,
        _ if allowed_if_optional && *optional => return None,
        _ if allowed_if_optional => format!("`{from}` may use `{to}` only as an optional dependency"),
        _ if to == TESTKIT => format!("`{to}` is for tests: move it to [dev-dependencies]"),
        Kind::Development => format!(
            "the tests of `{from}` may use `{TESTKIT}`, and not `{to}`: test the two together in the package `troupe`"
        ),
        Kind::Normal | Kind::Build => {
            format!(
                "`{from}` may not use `{to}`: what both need belongs in `{CORE}`, and only `troupe` wires them together"
            )
        }
    };
    Some(Finding::at(format!("{from} → {to}"), message))
}

fn impurities(tree: &str) -> Vec<Finding> {
    IMPURE
        .iter()
        .filter(|(package, _)| tree.lines().any(|line| line.split(' ').next() == Some(package)))
        .map(|(package, what)| {
            let way = format!(
                "brings {what} into the core; `cargo tree -p {CORE} -e normal -i {package}` shows how it gets there"
            );
            Finding::at(format!("{CORE} → {package}"), way)
        })
        .collect()
}

#[cfg(test)]
mod tests;
