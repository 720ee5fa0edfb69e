//! Whether every kept content is what was kept.

use super::{Check, Finding, Workspace};
use crate::report::plural;
use async_trait::async_trait;
use serde_json::json;
use troupe_core::port::Error;

/// Damaged blobs that are named.
const NAMED: usize = 5;

pub struct Blobs;

#[async_trait]
impl Check for Blobs {
    fn name(&self) -> &'static str {
        "blobs"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let Some(reader) = &workspace.reader else {
            return Ok(Vec::new());
        };
        let (damaged, seen) = reader.damaged_blobs().await?;
        if damaged.is_empty() {
            return Ok(vec![Finding::good(format!(
                "{} as they were kept",
                plural(seen, "blob")
            ))]);
        }
        let names = damaged
            .iter()
            .take(NAMED)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!("{} of {seen} damaged: {names}", plural(damaged.len() as u64, "blob"));
        let way_out = "restore the database from a backup; the runs that need them are named above";
        Ok(vec![
            Finding::damage(message, way_out).with(json!({ "blobs": damaged })),
        ])
    }
}
