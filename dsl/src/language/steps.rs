//! A step and its modifiers.

use super::{AGENT_LIMITS, DISCUSS, ENVIRONMENT, Key, Mapping, Names, Takes, key, one_or_more};

const DATA_WITH_EXPRESSIONS: Takes = Takes::Each(&Takes::Value);

pub(crate) const STEP: Mapping = Mapping {
    what: "a step",
    name: "step",
    keys: &[
        key(
            "agent",
            Takes::Name(Names::Agent),
            "One agent works on `prompt` until its answer fits `output` or a limit ends it.",
        ),
        key(
            "discuss",
            Takes::Or(&[Takes::List(&Takes::Name(Names::Agent)), Takes::Mapping(&DISCUSS)]),
            "Several agents answer `prompt` in rounds, reading each other; a vote or a synthesis is the output.",
        )
        .later(),
        key(
            "plan",
            Takes::Template,
            "A planner turns this intent into a workflow file, checks it, runs it and verifies the result.",
        )
        .later(),
        key(
            "environment",
            Takes::Mapping(&ENVIRONMENT),
            "A verified image for a repository at a commit.",
        ),
        key(
            "tool",
            Takes::Name(Names::Tool),
            "One call of a tool, with the arguments under `with`.",
        ),
        key(
            "run",
            Takes::Or(&[Takes::Text, Takes::List(&Takes::Template)]),
            "A command: text for `sh -c`, or a list that no shell reads. Its output is `{exit_code, stdout, stderr}`, or stdout as JSON where `output` says what it is; with `artifacts` their paths as well.",
        ),
        key(
            "workflow",
            Takes::Name(Names::Workflow),
            "Another workflow, as a run of its own: a file, or `std/NAME`. Its inputs stand under `with`.",
        ),
        key(
            "approve",
            Takes::Template,
            "Waits for a person, who reads this and chooses. Its output is `{choice, comment}`.",
        ),
        key("prompt", Takes::Template, "What the agents work on.").with(&["agent", "discuss"]),
        key(
            "with",
            DATA_WITH_EXPRESSIONS,
            "The arguments of the tool, the inputs of the workflow, or what the planner is given.",
        )
        .with(&["tool", "workflow", "plan"]),
        key(
            "env",
            Takes::Each(&Takes::Template),
            "Environment variables added to the command's own.",
        )
        .with(&["run"]),
        key(
            "stdin",
            Takes::Value,
            "What the command reads: text as it is, everything else as JSON.",
        )
        .with(&["run"]),
        key(
            "artifacts",
            Takes::Or(&[
                Takes::Template,
                Takes::List(&Takes::Template),
                Takes::Each(&Takes::Template),
            ]),
            "Files and folders that the command makes, for the run to keep: paths and patterns, in a list or by name. Their paths for later steps are the output's `artifacts`.",
        )
        .with(&["run"]),
        key(
            "choices",
            Takes::List(&Takes::Text),
            "What the person can choose. Default: [approve, reject].",
        )
        .with(&["approve"]),
        key(
            "deadline",
            Takes::Duration,
            "How long the person is waited for. Default: as long as the workflow's `limits.seconds` last.",
        )
        .with(&["approve"]),
        key(
            "on_deadline",
            Takes::Name(Names::Choice),
            "The choice that is taken when the deadline has passed; without one the step fails.",
        )
        .with(&["approve"]),
        key(
            "when",
            Takes::Expression,
            "The step is skipped unless this is true. Looked at once, before `for_each`.",
        ),
        key(
            "needs",
            one_or_more!(Takes::Name(Names::Step)),
            "Steps to wait for although nothing of them is read.",
        ),
        key(
            "for_each",
            Takes::Expression,
            "A list; the step is done once for each item.",
        ),
        key("as", Takes::Text, "The name of the item in expressions. Default: item."),
        key("parallel", Takes::Integer(1, 10_000), "Items at once. Default: 8."),
        key(
            "key",
            Takes::Expression,
            "A text or whole number that names each item, unlike all others.",
        ),
        key(
            "repeat",
            Takes::Mapping(&REPEAT),
            "The step is done again and again until a condition holds.",
        ),
        key(
            "retry",
            Takes::Or(&[Takes::Integer(1, 100), Takes::Mapping(&RETRY)]),
            "What to do after a failure: attempts in all, or more. Default: 1.",
        ),
        key("timeout", Takes::Duration, "How long one attempt may take."),
        key(
            "limits",
            Takes::Mapping(&AGENT_LIMITS),
            "Narrows the agent's limits for this step.",
        )
        .with(&["agent", "discuss", "plan"]),
        key(
            "on_error",
            Takes::Words(&["fail", "continue"]),
            "What a failure that is not retried means: `fail` ends the run; with `continue` the output is null and the failure stands in `steps.NAME.errors`. Default: fail.",
        ),
        key(
            "effect",
            Takes::Words(&["pure", "idempotent", "once"]),
            "Whether the call or the command may happen twice: `pure` changes nothing, `idempotent` takes a repetition with the same key for the same, `once` may not. Default: once; a tool says it itself.",
        )
        .with(&["run", "tool"]),
        key(
            "on_crash",
            Takes::Words(&["ask", "retry", "fail"]),
            "What becomes of an effect of class `once` that was interrupted: a person is asked, it is repeated, or the step fails. Default: ask.",
        )
        .with(&["run", "tool"]),
        key(
            "cache",
            CACHE_FORMS,
            "Model and tool calls that were made before, here or in another run, give the answer that they gave then. `{ for: 7d }` says how old it may be. Default: false.",
        )
        .with(&["agent", "discuss", "tool"]),
        key(
            "sandbox",
            Takes::Or(&[Takes::Text, Takes::Mapping(&SANDBOX)]),
            "Where the command runs: an image, or more. Without it on this machine.",
        )
        .with(&["run"]),
        key(
            "output",
            Takes::Type,
            "What the answer must be. Default: string; for `run` the record of the process.",
        )
        .with(&["agent", "discuss", "plan", "run"]),
        key("description", Takes::Text, "What the step is for, for people."),
    ],
};

pub(crate) const REPEAT: Mapping = Mapping {
    what: "`repeat`",
    name: "repeat",
    keys: &[
        key(
            "until",
            Takes::Expression,
            "Looked at after each round; sees `output`, `round` (from 1) and `carry`.",
        )
        .required(),
        key(
            "max",
            Takes::Integer(1, 1_000),
            "Rounds after which the step fails unless `until` holds.",
        )
        .required(),
        key(
            "carry",
            Takes::Value,
            "What the next round sees as `carry`; null in the first. Sees the same as `until`.",
        ),
    ],
};

pub(crate) const RETRY: Mapping = Mapping {
    what: "`retry`",
    name: "retry",
    keys: &[
        key(
            "attempts",
            Takes::Integer(1, 100),
            "Attempts in all, the first included.",
        )
        .required(),
        key(
            "backoff",
            Takes::Duration,
            "The pause before the second attempt; doubled before each further one. Default: 1s.",
        ),
        key(
            "errors",
            one_or_more!(Takes::Words(&[
                "model",
                "tool",
                "process",
                "output",
                "timeout",
                "expression",
                "limit",
                "in_doubt",
                "internal"
            ])),
            "The kinds of failure that are retried. Default: those that a repetition can mend.",
        ),
    ],
};

/// Whether a step uses the cache, or how old an answer may be.
pub(super) const CACHE_FORMS: Takes = Takes::Or(&[Takes::Boolean, Takes::Mapping(&CACHE)]);

pub(crate) const CACHE: Mapping = Mapping {
    what: "`cache`",
    name: "cache",
    keys: &[key("for", Takes::Duration, "How old an answer may be.").required()],
};

const IMAGE: Key = key("image", Takes::Template, "The image that it starts from.").required();
const DIRECTORY: Key = key(
    "directory",
    Takes::Text,
    "Where commands start; made when it is not there. Default: /work.",
);
const NETWORK: Key = key(
    "network",
    Takes::Or(&[Takes::Words(&["none", "all"]), Takes::List(&Takes::Text)]),
    "`none`, `all`, or the hosts that may be reached. Default: none.",
);
const RIGHTS: Key = key(
    "rights",
    Takes::Words(&["least", "install"]),
    "`install`: those that package managers need, to own files and to act as other users. Default: least.",
);
const CPUS: Key = key("cpus", Takes::Number(0.01, 1024.0), "Processors.");
const MEMORY: Key = key("memory_mb", Takes::Integer(16, 1 << 30), "Memory in MiB.");
const DISK: Key = key("disk_mb", Takes::Integer(16, 1 << 30), "Disk in MiB.");
const PIDS: Key = key("pids", Takes::Integer(1, 1 << 20), "Processes at once.");

/// The sandbox of a command.
pub(crate) const SANDBOX: Mapping = Mapping {
    what: "`sandbox`",
    name: "sandbox",
    keys: &[IMAGE, DIRECTORY, NETWORK, RIGHTS, CPUS, MEMORY, DISK, PIDS],
};

/// A sandbox with a name.
pub(crate) const SANDBOX_DECLARED: Mapping = Mapping {
    what: "a sandbox",
    name: "sandbox_declared",
    keys: &[
        IMAGE,
        DIRECTORY,
        NETWORK,
        RIGHTS,
        CPUS,
        MEMORY,
        DISK,
        PIDS,
        key(
            "share",
            Takes::Words(&["agent", "run"]),
            "Whether each agent and each step has one of its own, or all of a run meet in one. Default: agent.",
        ),
    ],
};
