//! What a workflow says of a corpus.

use crate::expression::Template;
use crate::port::embedder::Pooling;

/// Files that are searched by the retrieval tools.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    /// The name in the workflow.
    pub name: String,
    /// Glob patterns relative to the workflow's folder.
    pub files: Vec<String>,
    /// Size of a chunk in tokens.
    pub chunk_tokens: u32,
    /// What turns its sentences into vectors.
    pub embedder: Encoder,
    /// What looks a second time at what the hybrid search finds.
    pub reranker: Option<Encoder>,
    /// The fields of its documents that searches can be narrowed by.
    pub metadata: Vec<String>,
    /// What agents are offered.
    pub offer: Offer,
}

/// A model that reads and does not write: an embedder or a reranker.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    /// A row of the catalog, such as `builtin`, `local` or `openai`.
    pub provider: String,
    /// The model's name there, or the folder of its files.
    pub name: String,
    /// Where it is served.
    pub base_url: Option<Template>,
    /// The key to it.
    pub api_key: Option<Template>,
    /// Length of the vectors to ask for; the model's own when absent.
    pub dimension: Option<u32>,
    /// How tokens become one vector; what the model's files say when absent.
    pub pooling: Option<Pooling>,
    /// What is put before a query; what the model's files say when absent.
    pub query_prefix: Option<String>,
    /// What is put before a passage; what the model's files say when absent.
    pub passage_prefix: Option<String>,
}

/// How a corpus is shown to the agents that search it. Without extras, and with snippets, its tools are
/// those of the A-RAG paper (§1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The tools that come with the corpus, by their plain names.
    pub tools: Vec<String>,
    /// What searches show of the chunks that they list.
    pub results: Results,
    /// What searches and reads tell beyond the paper.
    pub extras: Vec<Extra>,
}

/// What a search shows of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Results {
    /// The sentences that match.
    Snippets,
    /// Its whole text, which then counts as read (the paper's ablation without `read_chunk`).
    Full,
}

/// Something that searches and reads can tell beyond the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extra {
    /// Which of the listed chunks the agent has read already.
    Marks,
    /// The ids of the chunks before and after a listed one.
    Neighbours,
    /// What is left of the agent's limits.
    Budget,
}

impl Encoder {
    /// A model by its provider and name, with nothing else said.
    pub fn new(provider: &str, name: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
            base_url: None,
            api_key: None,
            dimension: None,
            pooling: None,
            query_prefix: None,
            passage_prefix: None,
        }
    }

    /// The table of token vectors that is part of the program.
    pub fn builtin() -> Self {
        Self::new("builtin", "static")
    }
}

impl Offer {
    /// The three tools of the A-RAG paper, as it has them.
    pub fn faithful() -> Self {
        Self {
            tools: ["keyword_search", "semantic_search", "read_chunk"]
                .map(str::to_owned)
                .to_vec(),
            results: Results::Snippets,
            extras: Vec::new(),
        }
    }
}
