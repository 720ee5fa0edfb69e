//! The command line as typed. What it means is decided in `settings` and in the commands.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Runs teams of language-model agents from a YAML file.
#[derive(Debug, Parser)]
#[command(name = "troupe", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 succeeded, 1 failed, 2 wrong usage or workflow, 3 waiting for a person, 130 cancelled";

/// What applies to every command.
#[derive(Debug, Args)]
pub struct Global {
    /// The folder whose `.troupe/` keeps runs and indexes [default: the nearest one with a `.troupe/`, or here]
    #[arg(long, global = true, value_name = "DIR", env = "TROUPE_WORKSPACE")]
    pub workspace: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Print one JSON value on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to do something that depends on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find every mistake in a workflow, without running it
    Check(Check),
    /// Run a workflow
    Run(Run),
    /// Go on with a run that was interrupted, cancelled or failed
    Resume(Resume),
    /// List runs, newest first
    Ls(List),
    /// Show a run: its steps, agents, turns, tools and tokens
    Show(Show),
    /// Call one tool of a workflow
    Call(Call),
    /// Explain a diagnostic's code
    Explain(Explain),
    /// Serve editors: the language server protocol on stdin and stdout
    Lsp,
}

/// `troupe check`
#[derive(Debug, Args)]
pub struct Check {
    /// Workflow files, or folders with a `workflow.yaml`
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `troupe run`
#[derive(Debug, Args)]
pub struct Run {
    /// A workflow file, or a folder with a `workflow.yaml`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// An input: text as it is, everything else as JSON
    #[arg(short, long = "input", value_name = "NAME=VALUE")]
    pub inputs: Vec<String>,
    /// Inputs as a JSON object in a file; `-` reads stdin
    #[arg(long = "inputs", value_name = "FILE")]
    pub inputs_file: Option<PathBuf>,
    /// Put another model behind an alias
    #[arg(long = "model", value_name = "ALIAS=PROVIDER/NAME")]
    pub models: Vec<String>,
    /// Let `run` steps start commands on this machine, unsandboxed
    #[arg(long)]
    pub allow_host_commands: bool,
}

/// `troupe resume`
#[derive(Debug, Args)]
pub struct Resume {
    /// The run, the beginning of its name, or `last`
    pub run: String,
    /// Go on although the workflow's files changed since the run started
    #[arg(long)]
    pub accept_changes: bool,
    /// Let `run` steps start commands on this machine, if the run was not started with it
    #[arg(long)]
    pub allow_host_commands: bool,
}

/// `troupe ls`
#[derive(Debug, Args)]
pub struct List {
    /// At most so many runs
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
    pub limit: u32,
}

/// `troupe show`
#[derive(Debug, Args)]
pub struct Show {
    /// The run, the beginning of its name, or `last`
    pub run: String,
    /// Print the events instead, one JSON object a line
    #[arg(long)]
    pub events: bool,
}

/// `troupe call`
#[derive(Debug, Args)]
pub struct Call {
    /// A workflow file, or a folder with a `workflow.yaml`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The tool: `keyword_search`, or `papers.keyword_search` where several corpora have one
    pub tool: String,
    /// The tool's arguments as a JSON object; `-` reads stdin
    #[arg(long = "with", value_name = "JSON", default_value = "{}")]
    pub arguments: String,
}

/// `troupe explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, such as `T0201`; without one, all codes
    pub code: Option<String>,
}
