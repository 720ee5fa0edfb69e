//! Which versions wrote what, and which one reads it.

use super::{Check, Finding, Workspace};
use async_trait::async_trait;
use serde_json::json;
use troupe_core::port::Error;

pub struct Versions;

#[async_trait]
impl Check for Versions {
    fn name(&self) -> &'static str {
        "versions"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let this = env!("CARGO_PKG_VERSION");
        let Some(reader) = &workspace.reader else {
            return Ok(vec![Finding::good(format!("Troupe {this}"))]);
        };
        let versions = reader.versions().await?;
        let message = format!("Troupe {this}, schema {}, SQLite {}", versions.schema, versions.sqlite);
        let data = json!({
            "troupe": this, "schema": versions.schema, "sqlite": versions.sqlite, "writers": versions.writers,
        });
        let mut findings = vec![Finding::good(message).with(data)];
        let others: Vec<&str> = versions
            .writers
            .iter()
            .map(String::as_str)
            .filter(|writer| *writer != this)
            .collect();
        if !others.is_empty() {
            findings.push(Finding::good(format!(
                "there are runs written by Troupe {}",
                others.join(", ")
            )));
        }
        Ok(findings)
    }
}
