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
        let data = serde_json::json!({
            "local": true, "processors": processors, "instructions": instructions,
            "memory_available": memory, "cuda": machine::HAS_CUDA,
        });
        let memory = memory.map_or_else(
            || "memory unknown".to_owned(),
            |memory| format!("{} of memory available", crate::report::bytes(memory)),
        );
        let message = format!("processor with {}, {memory}", instructions.join(" "));
        // The x86 kernels are compiled for both, and for nothing between them and the oldest instructions.
        let slow = cfg!(target_arch = "x86_64") && !(instructions.contains(&"avx2") && instructions.contains(&"fma"));
        let finding = match slow {
            true => Finding::warning(message, "models run correctly and very slowly without avx2 and fma"),
            false => Finding::good(message),
        };
        Ok([finding.with(data), cuda()].into_iter().chain(metal()).collect())
    }
}

#[cfg(all(feature = "local", not(feature = "cuda")))]
fn cuda() -> Finding {
    Finding::good("no CUDA compiled in (`--features cuda`)").with(serde_json::json!({ "cuda": null }))
}

/// Apple's device, where this program was built for it.
#[cfg(all(feature = "local", not(feature = "metal")))]
fn metal() -> Option<Finding> {
    None
}

/// Apple's device.
#[cfg(feature = "metal")]
fn metal() -> Option<Finding> {
    let memory = troupe_models::local::device::tensors::metal_memory();
    let data =
        serde_json::json!({ "metal": { "memory_free": memory.as_ref().ok(), "trouble": memory.as_ref().err() } });
    let message = match memory {
        Ok(memory) => format!("Metal with {} for models", crate::report::bytes(memory)),
        Err(why) => format!("no Metal device: {why}"),
    };
    Some(Finding::good(message).with(data))
}

/// Nvidia's first device, and the libraries that it takes.
#[cfg(feature = "cuda")]
fn cuda() -> Finding {
    use troupe_models::local::device::{Choice, chosen, cuda};
    let (version, device) = (cuda::version(), cuda::found());
    let (compiler, products) = (cuda::has_compiler(), cuda::has_blas());
    let data = serde_json::json!({ "cuda": {
        "driver": version.as_ref().ok(), "device": device.as_ref().ok().map(|device| serde_json::json!({
            "name": device.name, "compute_capability": device.capability as f64 / 10.0,
            "memory": device.total, "memory_free": device.free,
        })),
        "trouble": device.as_ref().err(), "nvrtc": compiler, "cublas": products,
    }});
    let finding = match (version, device) {
        (Ok(version), Ok(device)) => {
            let message = format!(
                "{}, compute capability {}.{}, {} of {} free, driver for CUDA {}.{}",
                device.name,
                device.capability / 10,
                device.capability % 10,
                crate::report::bytes(device.free as u64),
                crate::report::bytes(device.total as u64),
                version / 1000,
                version % 1000 / 10
            );
            let missing = cuda::missing();
            if device.capability < cuda::OLDEST {
                Finding::warning(
                    message,
                    "models compute on the processor: 8.0 is the oldest that is followed",
                )
            } else if missing.is_empty() {
                Finding::good(message)
            } else {
                Finding::warning(
                    message,
                    format!(
                        "no model is loaded: {} not found; put the folder of CUDA's libraries into LD_LIBRARY_PATH, or choose `--device cpu`",
                        missing.join(" and ")
                    ),
                )
            }
        }
        (Err(why), _) | (_, Err(why)) if chosen() == Choice::Cuda => Finding::warning(
            format!("no CUDA device: {why}"),
            "one was asked for: choose `--device auto` or `cpu`",
        ),
        (Err(why), _) | (_, Err(why)) => Finding::good(format!("no CUDA device: {why}")),
    };
    finding.with(data)
}
