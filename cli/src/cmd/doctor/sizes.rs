//! What takes how much room.

use super::{Check, Finding, Workspace};
use crate::report::{bytes, plural};
use async_trait::async_trait;
use serde_json::json;
use troupe_core::port::Error;

/// Runs that are named.
const LARGEST: usize = 10;
/// A database of which one part in so many is empty is worth being made smaller.
const WORTHWHILE: u64 = 4;

pub struct Sizes;

#[async_trait]
impl Check for Sizes {
    fn name(&self) -> &'static str {
        "sizes"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let Some(reader) = &workspace.reader else {
            return Ok(Vec::new());
        };
        let sizes = reader.sizes().await?;
        let largest = &sizes.runs[..sizes.runs.len().min(LARGEST)];
        let data = json!({
            "database": sizes.database, "log": sizes.log, "free": sizes.free,
            "blobs": sizes.blobs.0, "blob_bytes": sizes.blobs.1, "answers": sizes.answers,
            "runs": largest.iter().map(|(run, bytes)| json!({ "run": run, "bytes": bytes })).collect::<Vec<_>>(),
        });
        let message = format!(
            "database {}, of which {} are empty; log {}; {}, {}; {}",
            bytes(sizes.database),
            bytes(sizes.free),
            bytes(sizes.log),
            plural(sizes.blobs.0, "blob"),
            bytes(sizes.blobs.1),
            plural(sizes.answers, "cached answer"),
        );
        let mut findings = vec![Finding::good(message).with(data)];
        if !largest.is_empty() {
            let runs = largest.iter().map(|(run, size)| format!("{run} {}", bytes(*size)));
            let runs = runs.collect::<Vec<_>>().join(", ");
            findings.push(Finding::good(format!("events of the largest runs: {runs}")));
        }
        if sizes.free > 0 && sizes.free * WORTHWHILE >= sizes.database {
            let message = format!("{} of the database hold nothing", bytes(sizes.free));
            findings.push(Finding::warning(message, "`troupe gc` gives them back"));
        }
        Ok(findings)
    }
}
