//! Arguments of `troupe models`.

use clap::{Args, Subcommand};

/// `troupe models`
#[derive(Debug, Args)]
pub struct Models {
    /// What to do
    #[command(subcommand)]
    pub command: ModelsCommand,
}

/// What `troupe models` does
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Get a model from a hub (HF_ENDPOINT, HF_TOKEN) or from a path, and check it
    Pull(Pull),
    /// List the models on this machine
    Ls,
    /// Remove a model that was pulled
    Rm {
        /// Its name, without `local/`
        name: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Say everything that a model's files say, and how much memory it takes
    Info(Info),
    /// Measure what a language model reads and writes in a second of one thread's processor time
    Bench(Bench),
    /// Check a model's files: checksums, tensors, tokenizer; exit code 1 on faults
    Verify {
        /// Its name, without `local/`
        name: String,
    },
}

/// `troupe models pull`
#[derive(Debug, Args)]
pub struct Pull {
    /// A repository, such as `Qwen/Qwen3-4B` or `Qwen/Qwen3-4B@main`; or a path that begins with `/`, `./` or `../`
    #[arg(value_name = "REPO[@REVISION]|PATH")]
    pub source: String,
    /// What it is called behind `local/` [default: as the repository or the file]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Which weights, where there are several: `*Q4_K_M.gguf`
    #[arg(long, value_name = "PATTERN")]
    pub file: Option<String>,
}

/// `troupe models bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Its name, without `local/`
    pub name: String,
    /// Tokens of each prompt
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub prompt: usize,
    /// Tokens of each answer
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub tokens: usize,
}

/// `troupe models info`
#[derive(Debug, Args)]
pub struct Info {
    /// Its name, without `local/`
    pub name: String,
    /// Plan the memory for so many tokens a sequence [default: the model's own, 8192 at most]
    #[arg(long, value_name = "TOKENS")]
    pub context: Option<usize>,
    /// Plan the memory for so many sequences at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub parallel: u16,
}
