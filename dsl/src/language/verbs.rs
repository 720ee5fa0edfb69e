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
        key("repository", Takes::Template, "The repository: a path or an address.").required(),
        key("commit", Takes::Template, "The commit to build at.").required(),
        key("test_patch", Takes::Template, "The patch that adds the tests."),
        key(
            "fix_patch",
            Takes::Template,
            "The patch after which the tests must pass.",
        ),
        key(
            "language",
            Takes::Words(&[
                "python",
                "javascript",
                "typescript",
                "rust",
                "go",
                "java",
                "c",
                "cpp",
                "php",
                "ruby",
            ]),
            "The main language. Default: found out from the files.",
        ),
        key(
            "attempts",
            Takes::Integer(1, 20),
            "Rounds of planning, building and verifying. Default: 5.",
        ),
    ],
};
