//! Inputs, models, corpora, MCP servers.

use super::{Key, Mapping, Names, Takes, key, one_or_more};
use crate::tool_types::RETRIEVAL_TOOLS;

/// An input: its type, or a mapping with more.
pub(crate) const INPUT_FORMS: Takes = Takes::Or(&[Takes::Type, Takes::Mapping(&INPUT)]);

pub(crate) const INPUT: Mapping = Mapping {
    what: "an input",
    name: "input",
    keys: &[
        key("type", Takes::Type, "What the value must be.").required(),
        key(
            "default",
            Takes::Data,
            "Used when the caller gives nothing; without one the input is required.",
        ),
        key("description", Takes::Text, "What the input is, for people."),
    ],
};

pub(crate) const MODEL: Mapping = Mapping {
    what: "a model",
    name: "model",
    keys: &[
        key(
            "provider",
            Takes::Words(&["builtin", "openai", "local"]),
            "Who serves it: `builtin` (no language model), `openai` (any OpenAI-compatible endpoint), `local`.",
        )
        .required(),
        key("model", Takes::Text, "The provider's name of the model.").required(),
        key(
            "base_url",
            Takes::Template,
            "Where the endpoint is, up to `/v1`. May read `env` and `secrets`.",
        ),
        key(
            "api_key",
            Takes::Template,
            "The key, by name: `${{ secrets.NAME }}`. Default: the provider's own environment variable.",
        ),
        key(
            "temperature",
            Takes::Number(0.0, 2.0),
            "Sampling temperature. Default: the provider's.",
        ),
        key(
            "top_p",
            Takes::Number(0.0, 1.0),
            "Only the likeliest tokens that have this probability together.",
        ),
        key(
            "top_k",
            Takes::Integer(1, 1 << 20),
            "Only so many of the likeliest tokens.",
        ),
        key(
            "min_p",
            Takes::Number(0.0, 1.0),
            "Only tokens with this share of the likeliest one's probability.",
        ),
        key(
            "repetition_penalty",
            Takes::Number(0.0, 10.0),
            "Makes tokens that occurred less likely: above 1. Default: 1.",
        ),
        key(
            "frequency_penalty",
            Takes::Number(-2.0, 2.0),
            "Taken from a token's logit for each time that the answer has it. Default: 0.",
        ),
        key(
            "presence_penalty",
            Takes::Number(-2.0, 2.0),
            "Taken from a token's logit once the answer has it. Default: 0.",
        ),
        key(
            "seed",
            Takes::Integer(0, u64::MAX),
            "The same seed gives the same answer, where the provider keeps that.",
        ),
        key(
            "stop",
            one_or_more!(Takes::Text),
            "Texts that end an answer and are not part of it.",
        ),
        key(
            "max_tokens",
            Takes::Integer(1, 1 << 30),
            "Tokens that one answer may have.",
        ),
        key(
            "timeout",
            Takes::Duration,
            "How long one request may take. Default: 5m.",
        ),
        key(
            "attempts",
            Takes::Integer(1, 100),
            "Attempts at one request, the first included. Default: 4.",
        ),
        key(
            "parallel",
            Takes::Integer(1, 10_000),
            "Requests at once. Default: 16, or 64 for what runs in this process.",
        ),
        key(
            "price",
            Takes::Mapping(&PRICE),
            "What its tokens cost, for `troupe run --dry-run`.",
        ),
    ],
};

pub(crate) const PRICE: Mapping = Mapping {
    what: "a price",
    name: "price",
    keys: &[
        key(
            "input",
            Takes::Number(0.0, 1e6),
            "US dollars for a million tokens of prompts.",
        )
        .required(),
        key(
            "output",
            Takes::Number(0.0, 1e6),
            "US dollars for a million tokens of answers.",
        )
        .required(),
    ],
};

pub(crate) const CORPUS: Mapping = Mapping {
    what: "a corpus",
    name: "corpus",
    keys: &[
        key(
            "files",
            one_or_more!(Takes::Name(Names::Pattern)),
            "Glob patterns, relative to the file's folder: `*`, `?`, `[a-z]`, `{a,b}`, `**`.",
        )
        .required(),
        key(
            "chunk_tokens",
            Takes::Integer(16, 100_000),
            "Size of a chunk in tokens, cut at sentence ends. Default: 1000.",
        ),
        key(
            "embedder",
            Takes::Or(&[Takes::Text, Takes::Mapping(&EMBEDDER)]),
            "What turns sentences into vectors: `provider/name`, or a model with settings. Default: builtin/static.",
        ),
        key(
            "reranker",
            Takes::Or(&[Takes::Text, Takes::Mapping(&RERANKER)]),
            "What orders the best of a hybrid search anew: `provider/name`, or a model with settings. Default: none.",
        ),
        key(
            "metadata",
            one_or_more!(Takes::Text),
            "Fields of its documents by which searches can be narrowed: they take `where` then.",
        ),
        key(
            "mode",
            Takes::Words(&MODES),
            "`faithful`: the three tools of the A-RAG paper as it has them. `assisted`: all tools and extras. Default: faithful.",
        ),
        key(
            "tools",
            one_or_more!(Takes::Words(&RETRIEVAL_TOOLS)),
            "The tools that the corpus grants. Default: those of its `mode`. Others can still be named singly.",
        ),
        key(
            "results",
            Takes::Words(&RESULTS),
            "What searches show of a chunk: the sentences that match, or the whole text, which then counts as read. Default: snippets.",
        ),
        key(
            "extras",
            one_or_more!(Takes::Words(&EXTRAS)),
            "What agents are told beyond the paper: which chunks they have read, the chunks beside one, what is left of their limits. Default: those of `mode`.",
        ),
    ],
};

pub(crate) const MODES: [&str; 2] = ["faithful", "assisted"];
pub(crate) const RESULTS: [&str; 2] = ["snippets", "full"];
pub(crate) const EXTRAS: [&str; 3] = ["marks", "neighbours", "budget"];
pub(crate) const POOLINGS: [&str; 3] = ["mean", "first", "last"];

const PROVIDER: Key = key(
    "provider",
    Takes::Words(&["builtin", "openai", "local"]),
    "Who runs it: `builtin` (part of the program), `openai` (any compatible endpoint), `local` (in this process).",
)
.required();
const ENCODER_MODEL: Key = key(
    "model",
    Takes::Text,
    "The provider's name of the model; of `local`, also the folder of its files.",
)
.required();
const ENCODER_URL: Key = key(
    "base_url",
    Takes::Template,
    "Where the endpoint is, up to `/v1`. May read `env` and `secrets`.",
);
const ENCODER_KEY: Key = key(
    "api_key",
    Takes::Template,
    "The key, by name: `${{ secrets.NAME }}`. Default: the provider's own environment variable.",
);

pub(crate) const EMBEDDER: Mapping = Mapping {
    what: "an embedder",
    name: "embedder",
    keys: &[
        PROVIDER,
        ENCODER_MODEL,
        ENCODER_URL,
        ENCODER_KEY,
        key(
            "dimension",
            Takes::Integer(1, 65_536),
            "Length of the vectors to ask for. Default: the model's own.",
        ),
        key(
            "pooling",
            Takes::Words(&POOLINGS),
            "How the vectors of tokens become one. Default: what the model's files say.",
        ),
        key(
            "query_prefix",
            Takes::Text,
            "What is put before a query. Default: what the model's files say.",
        ),
        key(
            "passage_prefix",
            Takes::Text,
            "What is put before a sentence of the corpus. Default: what the model's files say.",
        ),
    ],
};

pub(crate) const RERANKER: Mapping = Mapping {
    what: "a reranker",
    name: "reranker",
    keys: &[PROVIDER, ENCODER_MODEL, ENCODER_URL, ENCODER_KEY],
};

pub(crate) const MCP_SERVER: Mapping = Mapping {
    what: "an MCP server",
    name: "mcp_server",
    keys: &[
        key(
            "run",
            Takes::List(&Takes::Text),
            "The program that serves on stdin and stdout, and its arguments.",
        )
        .required(),
        key(
            "env",
            Takes::Each(&Takes::Template),
            "Environment variables for it. May read `env` and `secrets`.",
        ),
        key(
            "tools",
            Takes::Name(Names::File),
            "A JSON file with what the server answers to `tools/list`: calls are checked against these schemas.",
        )
        .required(),
    ],
};
