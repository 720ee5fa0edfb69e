//! Whether the database file is in order, by its own means.

use super::{Check, Finding, Workspace};
use async_trait::async_trait;
use troupe_core::port::Error;

pub struct Database;

#[async_trait]
impl Check for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let Some(reader) = &workspace.reader else {
            return Ok(Vec::new());
        };
        let faults = reader.faults().await?;
        if faults.is_empty() {
            return Ok(vec![Finding::good("the file is in order")]);
        }
        let way_out = "restore the database from a backup; what the lines below can read is still whole";
        Ok(faults
            .into_iter()
            .map(|fault| Finding::damage(fault, way_out))
            .collect())
    }
}
