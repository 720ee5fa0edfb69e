//! The top of a file.

use super::{
    AGENT, AGENT_LIMITS, CORPUS, Key, MCP_SERVER, MODEL, Mapping, Names, RETRY, RUN_LIMITS, SANDBOX_DECLARED, STEP,
    Takes, declarations, key, one_or_more, steps::CACHE_FORMS,
};

const VERSION: Key = key("troupe", Takes::Version, "The version of the language: 1.").required();
const IMPORTS: Key = key(
    "imports",
    one_or_more!(Takes::Name(Names::File)),
    "Files whose models, corpora, sandboxes, MCP servers and agents are as if declared here. Their paths are relative to themselves.",
);
const MODELS: Key = key(
    "models",
    Takes::Each(&Takes::Or(&[Takes::Text, Takes::Mapping(&MODEL)])),
    "What agents think with: an alias for `provider/name`, or for a model with settings of its own.",
);
const CORPORA: Key = key(
    "corpora",
    Takes::Each(&Takes::Or(&[
        one_or_more!(Takes::Name(Names::Pattern)),
        Takes::Mapping(&CORPUS),
    ])),
    "Files to search. Each corpus brings tools: keyword_search, semantic_search and read_chunk, unless it says otherwise.",
);
const SANDBOXES: Key = key(
    "sandboxes",
    Takes::Each(&Takes::Or(&[Takes::Text, Takes::Mapping(&SANDBOX_DECLARED)])),
    "Places apart to work in. Each brings tools: shell, read_file, write_file and apply_patch.",
);
const MCP: Key = key(
    "mcp",
    Takes::Each(&Takes::Mapping(&MCP_SERVER)),
    "Servers of the Model Context Protocol, whose tools agents and steps can call as SERVER.TOOL.",
)
.later();
const AGENTS: Key = key(
    "agents",
    Takes::Each(&Takes::Mapping(&AGENT)),
    "Who works: a model with a system prompt, tools, perhaps a team, and limits.",
);

pub(crate) const WORKFLOW: Mapping = Mapping {
    what: "a workflow",
    name: "workflow",
    keys: &[
        VERSION,
        key("name", Takes::Text, "The workflow's name. Default: the file's."),
        key("description", Takes::Text, "What the workflow is for, for people."),
        IMPORTS,
        key(
            "inputs",
            Takes::Each(&declarations::INPUT_FORMS),
            "What the caller gives, by name, each with its type. Expressions read `inputs.NAME`.",
        ),
        key(
            "defaults",
            Takes::Mapping(&DEFAULTS),
            "What agents and steps are where they say nothing themselves.",
        ),
        MODELS,
        CORPORA,
        SANDBOXES,
        MCP,
        AGENTS,
        key(
            "steps",
            Takes::Each(&Takes::Mapping(&STEP)),
            "What happens. A step that refers to another waits for it; all others run at once.",
        )
        .required(),
        key(
            "outputs",
            Takes::Each(&Takes::Value),
            "What the run gives, by name, once all steps have ended.",
        ),
        key(
            "limits",
            Takes::Mapping(&RUN_LIMITS),
            "What the run as a whole may use.",
        ),
    ],
};

/// A file that others import.
pub(crate) const SHARED: Mapping = Mapping {
    what: "an imported file",
    name: "shared",
    keys: &[VERSION, IMPORTS, MODELS, CORPORA, SANDBOXES, MCP, AGENTS],
};

pub(crate) const DEFAULTS: Mapping = Mapping {
    what: "`defaults`",
    name: "defaults",
    keys: &[
        key(
            "model",
            Takes::Name(Names::Model),
            "The model of agents that name none.",
        ),
        key(
            "limits",
            Takes::Mapping(&AGENT_LIMITS),
            "The limits of agents, each where the agent does not set it.",
        ),
        key(
            "retry",
            Takes::Or(&[Takes::Integer(1, 100), Takes::Mapping(&RETRY)]),
            "What steps do after a failure, unless they have `retry`.",
        ),
        key(
            "timeout",
            Takes::Duration,
            "How long one attempt at a step may take, unless it has `timeout`.",
        ),
        key(
            "parallel",
            Takes::Integer(1, 10_000),
            "Items at once of steps with `for_each`, unless they have `parallel`.",
        ),
        key(
            "on_error",
            Takes::Words(&["fail", "continue"]),
            "What a failure means for the run, unless the step has `on_error`.",
        ),
        key(
            "on_crash",
            Takes::Words(&["ask", "retry", "fail"]),
            "What becomes of an interrupted command or call that may not happen twice, unless the step has `on_crash`.",
        ),
        key(
            "cache",
            CACHE_FORMS,
            "Whether steps with `agent` or `tool` use answers of earlier calls, unless they have `cache`.",
        ),
    ],
};
