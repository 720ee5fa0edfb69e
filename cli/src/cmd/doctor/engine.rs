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
        let message = match left.len() {
            0 => format!("engine {version}"),
            // They may be of any workspace: this one is no worse for them.
            count => {
                format!("engine {version}; processes that are gone left {count}: `troupe sandbox gc` removes them")
            }
        };
        let barred = engine.barred().map(|why| {
            Finding::warning(
                format!("those with a list of hosts as their `network` do not reach them: {why}"),
                "give `http_proxy` and `https_proxy` a proxy that is asked over plain HTTP, or name the hosts in `no_proxy`",
            )
        });
        Ok([Finding::good(message).with(data)].into_iter().chain(barred).collect())
    }
}
