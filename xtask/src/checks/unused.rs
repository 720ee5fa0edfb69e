//! Every dependency that a package names is named in its sources, and in those that its kind is for.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::{Repository, TextFile};
use crate::source;
use serde_json::Value;
use std::collections::BTreeSet;

/// See the module.
pub const CHECK: Check = Check {
    name: "unused",
    about: "every dependency of a package occurs in its sources",
    run,
};

/// Dependencies that do their work without being named: package, dependency, reason.
const UNNAMED: [(&str, &str, &str); 0] = [];

/// Where the code of a dependency's kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
    Development,
}

#[derive(Debug)]
struct Dependency {
    /// As the manifest writes it.
    name: String,
    /// As code writes it.
    identifier: String,
    kind: Kind,
}

fn run(repository: &Repository) -> Result<Report, String> {
    let files = repository.rust_files()?;
    let metadata = repository.members()?;
    let mut findings = Vec::new();
    let mut count = 0;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = repository.relative(package["manifest_path"].as_str().unwrap_or_default());
        let name = package["name"].as_str().unwrap_or_default();
        let sources = Sources::of(manifest.trim_end_matches("Cargo.toml"), &files);
        let dependencies = dependencies(package);
        count += dependencies.len();
        let complaints = dependencies
            .iter()
            .filter(|dependency| !UNNAMED.iter().any(|(p, d, _)| *p == name && *d == dependency.name))
            .filter_map(|dependency| complaint(dependency, &sources));
        findings.extend(complaints.map(|message| Finding::at(&manifest, message)));
    }
    Ok(Report::of(format!("{count} dependencies"), findings))
}

fn dependencies(package: &Value) -> Vec<Dependency> {
    let list = package["dependencies"].as_array().into_iter().flatten();
    list.map(|dependency| {
        let name = dependency["rename"].as_str().or(dependency["name"].as_str());
        let name = name.unwrap_or_default().to_owned();
        Dependency {
            identifier: name.replace('-', "_"),
            name,
            kind: match dependency["kind"].as_str() {
                Some("dev") => Kind::Development,
                Some("build") => Kind::Build,
                _ => Kind::Normal,
            },
        }
    })
    .collect()
}

/// The identifiers of one package's code, by what the code is for.
#[derive(Default)]
struct Sources {
    library: BTreeSet<String>,
    build: BTreeSet<String>,
    tests: BTreeSet<String>,
}

impl Sources {
    /// Those of the package in `folder`, which ends with `/`.
    fn of(folder: &str, files: &[TextFile]) -> Self {
        let mut sources = Self::default();
        for file in files {
            let Some(inside) = file.path.strip_prefix(folder) else {
                continue;
            };
            let side = match inside {
                "build.rs" => &mut sources.build,
                _ if inside.starts_with("src/") && !file.is_test() => &mut sources.library,
                _ => &mut sources.tests,
            };
            let code = source::code(&file.text);
            side.extend(source::identifiers(&code).map(|(_, word)| word.to_owned()));
        }
        sources
    }
}

fn complaint(dependency: &Dependency, sources: &Sources) -> Option<String> {
    let Dependency { name, identifier, kind } = dependency;
    let in_library = sources.library.contains(identifier);
    let in_tests = sources.tests.contains(identifier);
    match kind {
        Kind::Normal if in_library => None,
        Kind::Normal if in_tests => Some(format!("only tests use `{name}`: move it to [dev-dependencies]")),
        Kind::Build if sources.build.contains(identifier) => None,
        Kind::Development if in_tests || in_library => None,
        _ => Some(format!("nothing uses `{name}`: remove it")),
    }
}

#[cfg(test)]
mod tests;
