//! What the machine offers: processors, and how long a durable write takes.

use super::{Check, Finding, Workspace};
use async_trait::async_trait;
use serde_json::json;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};
use troupe_core::port::Error;

/// Writes of which the median is taken.
const WRITES: usize = 9;

pub struct Machine;

#[async_trait]
impl Check for Machine {
    fn name(&self) -> &'static str {
        "machine"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = format!("{system} on {architecture}, {processors} processors");
        let mut data = json!({ "system": system, "architecture": architecture, "processors": processors });
        if !workspace.folder.exists() {
            return Ok(vec![Finding::good(machine).with(data)]);
        }
        Ok(vec![match durable_write(&workspace.folder) {
            Ok(time) => {
                let milliseconds = time.as_secs_f64() * 1e3;
                data["durable_write_ms"] = milliseconds.into();
                Finding::good(format!("{machine}, a durable write takes {milliseconds:.2} ms")).with(data)
            }
            Err(error) => {
                let message = format!("{machine}; {} cannot be written: {error}", workspace.folder.display());
                Finding::warning(
                    message,
                    "runs cannot be started or resumed here: check permissions and space",
                )
                .with(data)
            }
        }])
    }
}

/// Writes 4 KiB through to the disk, as every group of events is; the median of several times.
fn durable_write(folder: &Path) -> io::Result<Duration> {
    let path = folder.join(format!("doctor-{}.probe", std::process::id()));
    let mut file = File::create_new(&path)?;
    let write = |_| {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        Ok(start.elapsed())
    };
    let times: io::Result<Vec<Duration>> = (0..WRITES).map(write).collect();
    std::fs::remove_file(&path)?;
    let mut times = times?;
    times.sort();
    Ok(times[times.len() / 2])
}
