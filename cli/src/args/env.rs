//! Arguments of `troupe env` and `troupe sandbox`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

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
    /// Remove all but the newest environments of each repository, and those whose images are gone
    Gc {
        /// How many of a repository stay
        #[arg(long, value_name = "N", default_value_t = 5)]
        keep: usize,
        /// Say what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
    },
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
        default_value = "debian:bookworm"
    )]
    pub base: String,
    /// Build these instances only
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Attempts from scratch
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub attempts: u32,
    /// Times that each state is tested: what is now so and now so is called flaky
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: u32,
    /// Seconds that a setup may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    pub setup_timeout: u64,
    /// Seconds that one run of the tests may take
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
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
    /// Start every environment from the base image
    #[arg(long)]
    pub no_reuse: bool,
    /// Certificates that sandboxes trust [default: this machine's]
    #[arg(long, value_name = "FILE", env = "TROUPE_CA_CERTIFICATES")]
    pub ca_certificates: Option<PathBuf>,
    /// Let sandboxes read a file or a folder, such as a package manager's configuration
    #[arg(long, value_name = "PATH:INSIDE")]
    pub mount: Vec<String>,
    /// Set an environment variable in sandboxes, such as a proxy
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub env: Vec<String>,
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
    /// List sandboxes whose makers are gone
    Ls,
    /// Remove them, except for those with which runs may go on
    Gc {
        /// These too
        #[arg(long)]
        all: bool,
    },
}
