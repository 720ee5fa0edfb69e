//! How the checks of environments are done, from the command line.

use crate::args::EnvSandbox;
use crate::exit::Usage;
use crate::workspace;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use troupe_core::port::sandbox::{Mount, Resources};
use troupe_sandbox::environment::Options;
use troupe_sandbox::environment::build::BASE_IMAGE;
use troupe_sandbox::{Equipment, certificates};

/// Options with what is common to all that check; what builds is as it is by default. `place` is the workspace.
pub(super) fn options(arguments: &EnvSandbox, place: &Path) -> anyhow::Result<Options> {
    let mut env = BTreeMap::new();
    let mut mounts = Vec::new();
    let certificates = match &arguments.ca_certificates {
        Some(path) => Some(path.clone()),
        None => certificates::of_machine(),
    };
    if let Some(path) = certificates {
        mounts.push(mount(&path, certificates::INSIDE)?);
        env.extend(certificates::variables());
    }
    for text in &arguments.mount {
        let Some((host, inside)) = text.rsplit_once(':').filter(|(_, inside)| inside.starts_with('/')) else {
            return Err(Usage::error(format!(
                "--mount {text}: write PATH:INSIDE, INSIDE from the root"
            )));
        };
        mounts.push(mount(Path::new(host), inside)?);
    }
    for text in &arguments.env {
        match text.split_once('=').filter(|(name, _)| !name.is_empty()) {
            Some((name, value)) => env.insert(name.to_owned(), value.to_owned()),
            None => return Err(Usage::error(format!("--env {text}: write NAME=VALUE"))),
        };
    }
    Ok(Options {
        equipment: Equipment { mounts, env },
        resources: Resources {
            memory_mb: Some(arguments.memory),
            disk_mb: Some(arguments.disk),
            cpu_thousandths: arguments.cpus.map(|cpus| (cpus * 1_000.0).max(10.0) as u32),
            ..Resources::default()
        },
        repeats: arguments.repeats,
        test_timeout: Duration::from_secs(arguments.test_timeout),
        ..Options::of_machine(BASE_IMAGE, workspace::place(place))
    })
}

fn mount(host: &Path, inside: &str) -> anyhow::Result<Mount> {
    match host.canonicalize() {
        Ok(host) => Ok(Mount {
            host,
            inside: inside.to_owned(),
        }),
        Err(error) => Err(Usage::error(format!("{}: {error}", host.display()))),
    }
}
