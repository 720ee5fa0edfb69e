//! `troupe doctor`: looks at all that a workspace keeps, and says what is wrong and the way out.

mod blobs;
mod database;
mod devices;
mod engine;
mod leftovers;
mod machine;
mod runs;
mod sizes;
mod versions;

use super::block_on;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use troupe_core::Value;
use troupe_core::port::{Error, ErrorKind};
use troupe_store::Reader;

/// What is looked at, in this order.
const CHECKS: &[&dyn Check] = &[
    &versions::Versions,
    &database::Database,
    &runs::Runs,
    &blobs::Blobs,
    &leftovers::Leftovers,
    &sizes::Sizes,
    &machine::Machine,
    &devices::Devices,
    &engine::Engine,
];

/// One thing to look at.
#[async_trait]
trait Check: Sync {
    /// Its name in the report.
    fn name(&self) -> &'static str;

    /// What was found; an error is damage that ended the look.
    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error>;
}

/// What is looked at.
struct Workspace {
    /// The `.troupe/` folder, which may not be there.
    folder: PathBuf,
    /// None where there is no database, or none that can be opened.
    reader: Option<Reader>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Good,
    Warning,
    Damage,
}

impl Mark {
    fn sign(self) -> String {
        let (sign, colour) = match self {
            Self::Good => ('✓', anstyle::AnsiColor::Green),
            Self::Warning => ('!', anstyle::AnsiColor::Yellow),
            Self::Damage => ('✗', anstyle::AnsiColor::Red),
        };
        let style = colour.on_default();
        format!("{style}{sign}{style:#}")
    }
}

/// What a look found.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    mark: Mark,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_out: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    data: Value,
}

impl Finding {
    fn good(message: impl Into<String>) -> Self {
        Self {
            mark: Mark::Good,
            message: message.into(),
            way_out: None,
            data: Value::Null,
        }
    }

    fn warning(message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            mark: Mark::Warning,
            way_out: Some(way_out.into()),
            ..Self::good(message)
        }
    }

    fn damage(message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            mark: Mark::Damage,
            ..Self::warning(message, way_out)
        }
    }

    /// What a port says holds its own way out.
    fn of(error: &Error) -> Self {
        Self {
            mark: Mark::Damage,
            ..Self::good(error.message.clone())
        }
    }

    fn with(self, data: Value) -> Self {
        Self { data, ..self }
    }
}

pub fn run(settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let found = block_on(async { Ok(look(&folder).await) })?;
    let is_damaged = found.iter().any(|(_, finding)| finding.mark == Mark::Damage);
    if settings.json {
        let checks: Vec<Value> = found.iter().map(|(check, finding)| object(check, finding)).collect();
        report::print_json(&json!({ "folder": folder, "damaged": is_damaged, "checks": checks }))?;
    } else {
        let lines: Vec<String> = found.iter().map(|(check, finding)| text(check, finding)).collect();
        report::line(&lines.join("\n"))?;
    }
    Ok(if is_damaged { Exit::Failed } else { Exit::Succeeded })
}

async fn look(folder: &Path) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    let reader = match Reader::open(folder).await {
        Ok(reader) => Some(reader),
        Err(error) if error.kind == ErrorKind::Missing => {
            found.push((
                "database",
                Finding::warning(error.message, "`troupe run FILE` starts one"),
            ));
            None
        }
        Err(error) => {
            found.push(("database", Finding::of(&error)));
            None
        }
    };
    let workspace = Workspace {
        folder: folder.to_owned(),
        reader,
    };
    for check in CHECKS {
        let findings = check.look(&workspace).await;
        let findings = findings.unwrap_or_else(|error| vec![Finding::of(&error)]);
        found.extend(findings.into_iter().map(|finding| (check.name(), finding)));
    }
    found
}

fn text(check: &str, finding: &Finding) -> String {
    let mut line = format!("{} {check}: {}", finding.mark.sign(), finding.message);
    if let Some(way_out) = &finding.way_out {
        line.push_str(&format!("\n    {way_out}"));
    }
    line
}

fn object(check: &str, finding: &Finding) -> Value {
    let mut object = json!(finding);
    object["check"] = check.into();
    object
}
