//! Arguments of `troupe env` and `troupe sandbox`.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;
use troupe_sandbox::environment::build;

/// `troupe env`
#[derive(Debug, Args)]
pub struct Env {
    /// What to do
    #[command(subcommand)]
    pub command: EnvCommand,
}

/// What `troupe env` does
#[derive(Debug, Subcommand)]
pub enum EnvCommand {
    /// Build and verify the environments of instances: images in which their tests fail before the fix and pass after it
    Build(Box<EnvBuild>),
    /// List verified environments
    Ls {
        /// Those of this repository only
        #[arg(value_name = "REPOSITORY")]
        repository: Option<String>,
    },
    /// Show a verified environment: where it comes from, and its scripts
    Show {
        /// Its image, or its instance
        #[arg(value_name = "IMAGE|INSTANCE")]
        name: String,
    },
    /// Check environments again: whether their tests still fail before the fix and pass after it
    Verify(Box<EnvVerify>),
    /// Hand environments on: records, scripts and, with `--image`, images that another machine can load
    Export {
        /// Their images, or their instances
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Where they go, a folder for each
        #[arg(long, short, value_name = "FOLDER")]
        out: PathBuf,
        /// Write the image too, as a tar archive
        #[arg(long)]
        image: bool,
    },
    /// Remove environments to make room, those whose images are gone, and images of builds that were cut off
    Gc(EnvGc),
}

/// `troupe env gc`
#[derive(Debug, Args)]
pub struct EnvGc {
    /// How many of a repository stay, the newest [default: 5, or all with `--keep-bytes`]
    #[arg(long, value_name = "N")]
    pub keep: Option<usize>,
    /// Remove those that were of no use for longest, until the rest takes no more than this above its base images
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub keep_bytes: Option<u64>,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `troupe env verify`
#[derive(Debug, Args)]
pub struct EnvVerify {
    /// A file of instances, or images or instances by name [default: all environments]
    #[arg(value_name = "INSTANCES.jsonl|NAME")]
    pub what: Vec<String>,
    /// Check so many at once
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Write the verdicts as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// What their sandboxes may do
    #[command(flatten)]
    pub sandbox: EnvSandbox,
    /// Exit with 1 when fewer than so many percent still hold
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub require: u8,
}

/// What checks are done with, when environments are built and later
#[derive(Debug, Args)]
pub struct EnvSandbox {
    /// Times that each state is tested: what is now so and now so is called flaky
    #[arg(long, value_name = "N", default_value_t = build::REPEATS, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: u32,
    /// Seconds that one run of the tests may take
    #[arg(long, value_name = "SECONDS", default_value_t = build::TEST_SECONDS, value_parser = clap::value_parser!(u64).range(1..))]
    pub test_timeout: u64,
    /// MiB of memory of a sandbox
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(64..))]
    pub memory: u32,
    /// MiB that a sandbox's own files may take
    #[arg(long, value_name = "MIB", default_value_t = 16384, value_parser = clap::value_parser!(u32).range(64..))]
    pub disk: u32,
    /// Processors of a sandbox [default: all]
    #[arg(long, value_name = "N")]
    pub cpus: Option<f32>,
    /// Certificates that sandboxes trust [default: this machine's]
    #[arg(long, value_name = "FILE", env = "TROUPE_CA_CERTIFICATES")]
    pub ca_certificates: Option<PathBuf>,
    /// Let sandboxes read a file or a folder, such as a package manager's configuration
    #[arg(long, value_name = "PATH:INSIDE")]
    pub mount: Vec<String>,
    /// Set an environment variable in sandboxes, such as a proxy
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub env: Vec<String>,
}

/// `20GB`, `500 MiB`, or bytes.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 9] = [
        ("", 1.0),
        ("b", 1.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("tb", 1e12),
        ("kib", 1_024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
    ];
    let end = text
        .find(|it: char| !it.is_ascii_digit() && it != '.')
        .unwrap_or(text.len());
    let (number, unit) = (text[..end].parse::<f64>(), text[end..].trim().to_ascii_lowercase());
    match (number, UNITS.iter().find(|(name, _)| *name == unit)) {
        (Ok(number), Some((_, times))) => Ok((number * times) as u64),
        _ => Err("write a size such as 20GB, 500MiB, or a number of bytes".to_owned()),
    }
}

/// `troupe env build`
#[derive(Debug, Args)]
pub struct EnvBuild {
    /// Instances: a JSON object a line, as SWE-bench and MEnvBench write them
    #[arg(value_name = "INSTANCES.jsonl")]
    pub instances: PathBuf,
    /// Where scripts, logs and records go; what lies there already and is of the same instances is not built again
    #[arg(long, short, value_name = "FOLDER", default_value = "environments")]
    pub out: PathBuf,
    /// Build so many at once
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Write the verdicts as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// The image that environments start from: one like Debian, with apt-get
    #[arg(
        long,
        value_name = "IMAGE",
        env = "TROUPE_BASE_IMAGE",
        default_value = build::BASE_IMAGE
    )]
    pub base: String,
    /// Let agents with this model plan where rules do not get there, by `std/environment`
    #[arg(long, value_name = "PROVIDER/NAME")]
    pub model: Option<String>,
    /// The address of the model's endpoint, where it is not its provider's own
    #[arg(long, value_name = "URL", requires = "model")]
    pub model_url: Option<String>,
    /// Build these instances only
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Attempts from scratch
    #[arg(long, value_name = "N", default_value_t = build::ATTEMPTS, value_parser = clap::value_parser!(u32).range(1..))]
    pub attempts: u32,
    /// Seconds that a setup may take
    #[arg(long, value_name = "SECONDS", default_value_t = build::SETUP_SECONDS, value_parser = clap::value_parser!(u64).range(1..))]
    pub setup_timeout: u64,
    /// Start every environment from the base image
    #[arg(long)]
    pub no_reuse: bool,
    /// What their sandboxes may do
    #[command(flatten)]
    pub sandbox: EnvSandbox,
    /// Exit with 1 when fewer than so many percent are verified
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub require: u8,
}

/// `troupe sandbox`
#[derive(Debug, Args)]
pub struct Sandbox {
    /// What to do
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// What `troupe sandbox` does
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// List sandboxes whose makers are gone, and those that are kept for runs
    Ls,
    /// Remove those whose makers are gone, and what is kept beyond its time
    Gc(SandboxGc),
    /// Hand connections on: what runs of this program in a sandbox that may reach some hosts only
    #[command(hide = true)]
    Forward,
}

/// `troupe sandbox gc`
#[derive(Debug, Args)]
pub struct SandboxGc {
    /// Remove what is kept for these runs, and nothing else
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    /// Remove what was kept for so long for runs that failed or were cancelled: `12h` [default: 7d]
    #[arg(long, value_name = "DURATION", value_parser = crate::values::duration)]
    pub older_than: Option<Duration>,
    /// Keep no more of those than fit into this, the newest, and the newest run's in any case [default: 10GB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub keep_bytes: Option<u64>,
    /// Remove all but those that are at work: what runs go on with, and what other workspaces keep
    #[arg(long, conflicts_with_all = ["runs", "older_than", "keep_bytes"])]
    pub all: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        let read = ["7", "20GB", "1.5 mb", "2KiB"].map(|text| size(text).unwrap());
        assert_eq!(read, [7, 20_000_000_000, 1_500_000, 2_048]);
        assert!(
            ["", "GB", "20XB", "-1", "1.2.3"]
                .into_iter()
                .all(|text| size(text).is_err())
        );
    }
}
