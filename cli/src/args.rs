//! The command line as typed. What it means is decided in `settings` and in the commands.

use crate::report::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

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
    /// Where models of this process compute: auto, cpu, cuda or metal
    #[cfg(feature = "local")]
    #[arg(
        long,
        global = true,
        value_name = "DEVICE",
        env = "TROUPE_DEVICE",
        default_value = "auto"
    )]
    pub device: troupe_models::local::device::Choice,
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
    /// Lay out files in one way; comments stay
    Fmt(Fmt),
    /// Bring a file of an older version of the language to this one
    Migrate(Migrate),
    /// Run a workflow
    Run(Run),
    /// Go on with a run that was interrupted, cancelled or failed, or with all that are due
    Resume(Resume),
    /// Go on from a moment of another run, in a run of its own: the past is shared
    Fork(Fork),
    /// Answer a run that asks a person, and go on with it unless a process works on it
    Approve(Approve),
    /// Cancel a run, or stop a part of it, whoever works on it
    Cancel(Cancel),
    /// Let a run use more than its file says, whoever works on it
    Raise(Raise),
    /// Go on with runs as they become due: interrupted ones, deadlines, answers
    Serve(Serve),
    /// List runs, newest first
    Ls(List),
    /// Show a run: its steps, agents, turns, tools and tokens
    Show(Show),
    /// Look at runs on full screens while they work and afterwards, and act on them
    Watch(Watch),
    /// Compare two runs: inputs, steps, outputs, answers, and what they used
    Diff(Diff),
    /// Derive every decision of a run again, offline, and say where one differs
    Replay(Replay),
    /// Forget runs, old answers and what nobody needs any more
    Gc(Gc),
    /// Look for damage and leftovers, and say the way out
    Doctor,
    /// Run a workflow over a dataset, and say what it scored, what it cost and how sure that is
    Eval(Eval),
    /// Print a run as a trace, or send it to OpenTelemetry
    Trace(Trace),
    /// Check the citations of a run's answers against its corpora and what it read
    Citations(Citations),
    /// Write a run into one file, with the runs that it started
    Export(Export),
    /// Take up a run from the file that `export` wrote
    Import(Import),
    /// Call one tool of a workflow
    Call(Call),
    /// Build, search and check the indexes of a workflow's corpora
    Corpus(Corpus),
    /// Build, list and show environments: images in which the tests of repositories run
    Env(Env),
    /// Look for sandboxes that processes left behind, and remove them
    Sandbox(Sandbox),
    /// Get, list, check and remove the models on this machine
    Models(Models),
    /// Draw a workflow's steps and who waits for whom
    Graph(Graph),
    /// Explain a diagnostic's code
    Explain(Explain),
    /// Start a workflow of your own from a template
    New(New),
    /// Print the JSON Schema of workflow files, for editors
    Schema(Schema),
    /// Serve editors: the language server protocol on stdin and stdout
    Lsp,
}

/// `troupe check`
#[derive(Debug, Args)]
pub struct Check {
    /// Workflow files, or folders: their `workflow.yaml`, or else all workflows in them
    #[arg(value_name = "FILE", default_value = ".")]
    pub files: Vec<PathBuf>,
    /// In which form to report [default: human; on GitHub annotations beside it]
    #[arg(long, value_name = "FORM")]
    pub format: Option<Format>,
    /// Fail on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `troupe fmt`
#[derive(Debug, Args)]
pub struct Fmt {
    /// Workflow files, or folders with a `workflow.yaml`; `-` reads stdin and writes stdout
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change nothing: show what would change, and exit with 1 if anything would
    #[arg(long)]
    pub check: bool,
    /// Read stdin and write stdout
    #[arg(long)]
    pub stdin: bool,
}

/// `troupe migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// A workflow file, or a folder with a `workflow.yaml`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write the file, and not only show what changes
    #[arg(long)]
    pub write: bool,
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
    /// Let `run` steps without a `sandbox` start commands on this machine
    #[arg(long)]
    pub allow_host_commands: bool,
    /// Show what the run would do, what it needs and what it costs at most, and call nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Show the run on full screens while it works, as `troupe watch` does
    #[arg(long)]
    pub watch: bool,
    /// Write the run's screens into one page when it ends
    #[arg(long, value_name = "FILE")]
    pub web: Option<PathBuf>,
}

/// `troupe resume`
#[derive(Debug, Args)]
pub struct Resume {
    /// The run, the beginning of its name, or `last`
    #[arg(required_unless_present = "all")]
    pub run: Option<String>,
    /// Go on with every run that was interrupted or is due, and not with those that only wait for a person
    #[arg(long, conflicts_with_all = ["run", "accept_changes", "allow_host_commands"])]
    pub all: bool,
    /// With `--all`: at most so many runs at once
    #[arg(long, value_name = "N", default_value_t = 4, requires = "all", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Go on although the workflow's files changed since the run started
    #[arg(long)]
    pub accept_changes: bool,
    /// Let `run` steps start commands on this machine, if the run was not started with it
    #[arg(long)]
    pub allow_host_commands: bool,
}

/// `troupe approve`
#[derive(Debug, Args)]
pub struct Approve {
    /// The run, the beginning of its name, or `last`
    pub run: String,
    /// The step that asks, such as `sign_off` or `review/sign_off[2]`, unless only one does; and the choice
    #[arg(value_names = ["STEP", "CHOICE"], num_args = 1..=2, required = true)]
    pub answer: Vec<String>,
    /// What there is to say about it; the workflow sees it as `comment`
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Go on although the workflow's files changed since the run started
    #[arg(long)]
    pub accept_changes: bool,
    /// Let `run` steps start commands on this machine, if the run was not started with it
    #[arg(long)]
    pub allow_host_commands: bool,
}

/// `troupe cancel`
#[derive(Debug, Args)]
pub struct Cancel {
    /// The run, the beginning of its name, or `last`
    pub run: String,
    /// Stop this part alone: a step (`check`), an item (`check[7]`) or an agent as `troupe show` names it
    /// (`check[7]/lead/seeker[2]`); it fails as `stopped`, and the rest goes on
    pub part: Option<String>,
}

/// `troupe raise`
#[derive(Debug, Args)]
pub struct Raise {
    /// The run, the beginning of its name, or `last`; at work, waiting or over
    pub run: String,
    /// What it may use in all: `tokens=500000`, `cost=2.50`, `turns`, `working_seconds`, `gpu_seconds`, `agents`
    #[arg(required = true, value_name = "LIMIT=NUMBER")]
    pub limits: Vec<String>,
}

/// `troupe serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// At most so many runs at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// How often to look for runs that are due: 500ms, 2s, 1m
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = crate::values::duration)]
    pub every: Duration,
}

/// `troupe ls`
#[derive(Debug, Args)]
pub struct List {
    /// Show the runs that other runs and `troupe eval` started too
    #[arg(long, short)]
    pub all: bool,
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
    /// As it was after its first N events
    #[arg(long, value_name = "N")]
    pub at: Option<u64>,
    /// Write its screens into one page instead, which needs no server
    #[arg(long, value_name = "FILE")]
    pub web: Option<PathBuf>,
    /// Write the files that its commands gave into a folder instead, those of each step in one of the step's name
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["events", "web"])]
    pub artifacts: Option<PathBuf>,
}

/// `troupe watch`
#[derive(Debug, Args)]
pub struct Watch {
    /// The run, the beginning of its name, or `last` [default: all runs of the workspace]
    pub run: Option<String>,
    /// Print lines and draw nothing: for screen readers and logs
    #[arg(long)]
    pub plain: bool,
    /// Let the mouse choose and turn; the terminal's own selection then needs Shift
    #[arg(long)]
    pub mouse: bool,
    /// Write the run's screens into one page instead, which needs no server
    #[arg(long, value_name = "FILE", requires = "run")]
    pub web: Option<PathBuf>,
}

/// `troupe fork`
#[derive(Debug, Args)]
pub struct Fork {
    /// The run, the beginning of its name, or `last`; nothing is written to it, and it may be at work
    pub run: String,
    /// Share its first N events alone [default: all of them]
    #[arg(long, value_name = "N")]
    pub at: Option<u64>,
    /// Put an output in the place of a step's own, or of one item's: `check[7].output`; what comes after it is due
    /// again. `@FILE` is a file's text
    #[arg(long = "set", value_name = "STEP.output=JSON|@FILE")]
    pub outputs: Vec<String>,
    /// Go on with another workflow, or with another text of this one [default: the run's own file]
    #[arg(long, value_name = "FILE")]
    pub workflow: Option<PathBuf>,
    /// Put another model behind an alias
    #[arg(long = "model", value_name = "ALIAS=PROVIDER/NAME")]
    pub models: Vec<String>,
    /// Let `run` steps start commands on this machine, if the other run was not started with it
    #[arg(long)]
    pub allow_host_commands: bool,
}

/// `troupe diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The run, the beginning of its name, or `last`
    pub left: String,
    /// The one to compare it with
    pub right: String,
}

/// `troupe replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// The run, the beginning of its name, or `last`
    pub run: String,
}

/// `troupe eval`
#[derive(Debug, Args)]
pub struct Eval {
    /// A suite file
    #[arg(value_name = "SUITE")]
    pub suite: PathBuf,
    /// Try runs that failed again
    #[arg(long)]
    pub retry_failed: bool,
    /// Let `run` steps without a `sandbox` start commands on this machine
    #[arg(long)]
    pub allow_host_commands: bool,
    /// Write the report as one page with plots
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the thresholds as JUnit's XML, for the test reports of build servers
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// `troupe trace`
#[derive(Debug, Args)]
pub struct Trace {
    /// The run, the beginning of its name, or `last`
    pub run: String,
    /// What is printed
    #[arg(long, value_name = "FORMAT", default_value = "tree")]
    pub format: TraceFormat,
    /// Send it to where the OTEL_EXPORTER_OTLP_… variables say, instead
    #[arg(long)]
    pub send: bool,
}

/// How a trace is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A line for each span, below the one that it is a part of
    Tree,
    /// One message of OTLP as JSON, of the spans that ended
    OtlpJson,
}

/// `troupe citations`
#[derive(Debug, Args)]
pub struct Citations {
    /// The run, the beginning of its name, or `last`
    #[arg(default_value = "last")]
    pub run: String,
}

/// `troupe export`
#[derive(Debug, Args)]
pub struct Export {
    /// The run, the beginning of its name, or `last`
    pub run: String,
    /// The file; `-` is stdout [default: RUN.troupe]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `troupe import`
#[derive(Debug, Args)]
pub struct Import {
    /// The file that `troupe export` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Give the run another name
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Keep the run's permission to start commands on this machine, if it had it
    #[arg(long)]
    pub allow_host_commands: bool,
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

mod corpus;
mod env;
#[cfg_attr(
    not(feature = "local"),
    allow(dead_code, reason = "the commands are known, and say how to build them")
)]
mod models;

pub use corpus::{Corpus, CorpusCommand, OfCorpus, SearchTool};
pub use env::{Env, EnvBuild, EnvCommand, EnvGc, EnvSandbox, EnvVerify, Sandbox, SandboxCommand, SandboxGc};
pub use models::Models;
#[cfg(feature = "local")]
pub use models::{Bench, Info, ModelsCommand, Pull, ServeModels};

/// `troupe graph`
#[derive(Debug, Args)]
pub struct Graph {
    /// A workflow file, or a folder with a `workflow.yaml`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is drawn; with `--json`, the graph itself is printed instead
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub format: GraphFormat,
    /// Open the workflows that steps call, so many levels deep
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub depth: usize,
    /// Write to a file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Boxes and arrows, as wide as the terminal
    Terminal,
    /// The same in ASCII
    Ascii,
    /// A Mermaid flowchart
    Mermaid,
    /// Graphviz
    Dot,
    /// A picture
    Svg,
}

/// `troupe explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, such as `T0201`; without one, all codes
    pub code: Option<String>,
}

/// `troupe new`
#[derive(Debug, Args)]
pub struct New {
    /// The folder to make [default: the template's name]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Which template; without one, all are listed
    #[arg(long, short, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// The workflow's name [default: the folder's]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// `troupe schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// The schema of files that workflows import, instead
    #[arg(long)]
    pub shared: bool,
}

/// `troupe gc`
#[derive(Debug, Args)]
pub struct Gc {
    /// Forget runs that ended and were not heard of for so long: `30d`, `12h`
    #[arg(long, value_name = "DURATION", value_parser = crate::values::duration)]
    pub older_than: Option<Duration>,
    /// Forget runs that ended, but the newest N
    #[arg(long, value_name = "N")]
    pub keep: Option<usize>,
    /// Forget runs that ended so; several with `,`
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub status: Vec<Over>,
    /// Forget cached answers that were kept so long ago
    #[arg(long, value_name = "DURATION", value_parser = crate::values::duration)]
    pub cache_older_than: Option<Duration>,
    /// Say what would go, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Over {
    /// All outputs are there
    Succeeded,
    /// A step failed
    Failed,
    /// It was stopped from outside
    Cancelled,
}
