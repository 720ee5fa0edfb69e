//! Agents and their teams.

use super::{AGENT_LIMITS, Mapping, Names, Takes, key, one_or_more};

pub(crate) const AGENT: Mapping = Mapping {
    what: "an agent",
    name: "agent",
    keys: &[
        key(
            "model",
            Takes::Name(Names::Model),
            "An alias from `models`, or `provider/name`. Default: `defaults.model`.",
        ),
        key(
            "system",
            Takes::Template,
            "The system prompt: text, or the path of a .md or .txt file. May read `inputs` and `env`.",
        ),
        key(
            "tools",
            one_or_more!(Takes::Name(Names::Grant)),
            "What it may call: a corpus (all its tools), `corpus.tool`, an MCP server or one tool of it.",
        ),
        key(
            "team",
            Takes::Or(&[Takes::List(&Takes::Name(Names::Agent)), Takes::Mapping(&TEAM)]),
            "The agents that it may start as subagents; an agent with a team is a lead.",
        ),
        key(
            "limits",
            Takes::Mapping(&AGENT_LIMITS),
            "What it may use. Every limit has a default.",
        ),
        key("description", Takes::Text, "What the agent is for, for people."),
    ],
};

pub(crate) const TEAM: Mapping = Mapping {
    what: "a team",
    name: "team",
    keys: &[
        key(
            "agents",
            one_or_more!(Takes::Name(Names::Agent)),
            "Who may be started; the first is the default.",
        )
        .required(),
        key(
            "parallel",
            Takes::Integer(1, 10_000),
            "Subagents that work at the same time. Default: 5.",
        ),
        key(
            "per_wave",
            Takes::Integer(1, 10_000),
            "Subagents of one request; more are dropped, and the lead is told. Default: 10.",
        ),
    ],
};
