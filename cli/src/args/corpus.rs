//! Arguments of `troupe corpus`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `troupe corpus`
#[derive(Debug, Args)]
pub struct Corpus {
    /// What to do
    #[command(subcommand)]
    pub command: CorpusCommand,
}

/// What `troupe corpus` does
#[derive(Debug, Subcommand)]
pub enum CorpusCommand {
    /// Bring indexes up to date: only what changed is read
    Build {
        /// Whose
        #[command(flatten)]
        of: OfCorpus,
        /// Throw the index away first
        #[arg(long)]
        rebuild: bool,
    },
    /// Say what the indexes hold and whether they are of the files that are there; exit code 1 when one is not
    Status {
        /// Whose
        #[command(flatten)]
        of: OfCorpus,
    },
    /// Search a corpus as an agent would
    Search {
        /// Whose
        #[command(flatten)]
        of: OfCorpus,
        /// What to look for; for `keyword` several, each a keyword
        #[arg(value_name = "QUERY", required = true, last = true)]
        query: Vec<String>,
        /// By exact words, by meaning, or by both
        #[arg(long, value_enum, default_value_t = SearchTool::Hybrid)]
        tool: SearchTool,
        /// How many chunks to list
        #[arg(long, value_name = "N", default_value_t = 5)]
        top_k: usize,
    },
    /// Check every part of the indexes against its hash, and a sample of the vectors; exit code 1 on faults
    Verify {
        /// Whose
        #[command(flatten)]
        of: OfCorpus,
    },
    /// Write the chunks of a corpus, one JSON object a line
    Export {
        /// Whose
        #[command(flatten)]
        of: OfCorpus,
        /// Where to; stdout when left out
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// A workflow, and one of its corpora
#[derive(Debug, Args)]
pub struct OfCorpus {
    /// A workflow file, or a folder with a `workflow.yaml`
    #[arg(value_name = "FILE", default_value = ".")]
    pub file: PathBuf,
    /// One of its corpora; all of them, or the only one, when left out
    #[arg(long, value_name = "NAME")]
    pub corpus: Option<String>,
}

/// A search
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SearchTool {
    /// `keyword_search`
    Keyword,
    /// `semantic_search`
    Semantic,
    /// `hybrid_search`
    Hybrid,
}
