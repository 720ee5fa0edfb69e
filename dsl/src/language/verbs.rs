//! The verbs that are mappings, and the list of all.

use super::{Mapping, Names, Takes, key, one_or_more};

/// What a step can do; exactly one of these.
pub(crate) const VERBS: [&str; 8] = [
    "agent",
    "discuss",
    "plan",
    "environment",
    "tool",
    "run",
    "workflow",
    "approve",
];

pub(crate) const DISCUSS: Mapping = Mapping {
    what: "`discuss`",
    name: "discuss",
    keys: &[
        key(
            "agents",
            one_or_more!(Takes::Name(Names::Agent)),
            "Who discusses: at least two.",
        )
        .required(),
        key(
            "rounds",
            Takes::Integer(1, 100),
            "Synchronous rounds; everybody reads the answers of the round before. Default: 3.",
        ),
        key(
            "decide",
            Takes::Words(&["vote", "synthesis"]),
            "How the answers become one: the majority, or one agent's synthesis. Default: vote.",
        ),
        key(
            "lead",
            Takes::Name(Names::Agent),
            "Who writes the synthesis. Default: the first of `agents`.",
        ),
    ],
};

pub(crate) const ENVIRONMENT: Mapping = Mapping {
    what: "`environment`",
    name: "environment",
    keys: &[
        key(
            "instance",
            Takes::Value,
            "A repository at a commit, a test patch and a fix patch, as a line of `troupe env build` has them.",
        )
        .required(),
        key(
            "base",
            Takes::Template,
            "The image that it starts from. Default: debian:bookworm.",
        ),
        key(
            "attempts",
            Takes::Integer(1, 20),
            "Rounds of planning, building and verifying. Default: 5.",
        ),
        key(
            "setup",
            Takes::Template,
            "A bash script that installs what the tests need. With `test` and `runner`: this plan is checked, and no other one.",
        ),
        key("test", Takes::Template, "The command that runs the tests."),
        key(
            "runner",
            Takes::Template,
            "What prints the results, such as `pytest`; `lines` for any runner with a line for each test.",
        ),
    ],
};
