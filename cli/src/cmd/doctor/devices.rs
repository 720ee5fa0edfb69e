//! What this machine has for models that run in this process.

use super::{Check, Finding, Workspace};
use async_trait::async_trait;
use troupe_core::port::Error;

pub struct Devices;

#[async_trait]
impl Check for Devices {
    fn name(&self) -> &'static str {
        "devices"
    }

    #[cfg(not(feature = "local"))]
    async fn look(&self, _: &Workspace) -> Result<Vec<Finding>, Error> {
        let message = "built without models of its own (`--features local`)";
        Ok(vec![Finding::good(message).with(serde_json::json!({ "local": false }))])
    }

    #[cfg(feature = "local")]
    async fn look(&self, _: &Workspace) -> Result<Vec<Finding>, Error> {
        use troupe_models::local::machine;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let instructions = machine::instructions();
        let memory = machine::available_memory();
        let cuda = machine::has_cuda();
        let data = serde_json::json!({
            "local": true, "processors": processors, "instructions": instructions,
            "memory_available": memory, "cuda": cuda,
        });
        let memory = memory.map_or_else(
            || "memory unknown".to_owned(),
            |memory| format!("{} of memory available", crate::report::bytes(memory)),
        );
        let cuda = if cuda {
            "CUDA compiled in"
        } else {
            "no CUDA compiled in"
        };
        let message = format!("processor with {}, {memory}, {cuda}", instructions.join(" "));
        // The x86 kernels are compiled for both, and for nothing between them and the oldest instructions.
        let slow = cfg!(target_arch = "x86_64") && !(instructions.contains(&"avx2") && instructions.contains(&"fma"));
        let finding = match slow {
            true => Finding::warning(message, "models run correctly and very slowly without avx2 and fma"),
            false => Finding::good(message),
        };
        Ok(vec![finding.with(data)])
    }
}
