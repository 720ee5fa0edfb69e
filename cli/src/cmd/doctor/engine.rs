//! Whether there is an engine for sandboxes, and what others left in it.

use super::{Check, Finding, Workspace};
use async_trait::async_trait;
use troupe_core::port::Error;
use troupe_core::port::sandbox::SandboxEngine as _;
use troupe_sandbox::docker::Docker;

pub struct Engine;

#[async_trait]
impl Check for Engine {
    fn name(&self) -> &'static str {
        "sandboxes"
    }

    async fn look(&self, _: &Workspace) -> Result<Vec<Finding>, Error> {
        let engine = match Docker::connect().await {
            Ok(engine) => engine,
            // Most workflows need none.
            Err(error) => {
                let message = format!("none can be made: {}", error.message);
                return Ok(vec![Finding::good(message).with(serde_json::json!({ "engine": null }))]);
            }
        };
        let left = engine.leftovers().await?;
        let version = engine.version();
        let data = serde_json::json!({ "engine": version, "left_over": left.len() });
        if left.is_empty() {
            return Ok(vec![Finding::good(format!("engine {version}")).with(data)]);
        }
        // They may be of any workspace: this one is no worse for them.
        let count = left.len();
        let message =
            format!("engine {version}; processes that are gone left {count}: `troupe sandbox gc` removes them");
        Ok(vec![Finding::good(message).with(data)])
    }
}
