//! Limits of an agent and of a run.

use super::{Mapping, Takes, key};

pub(crate) const AGENT_LIMITS: Mapping = Mapping {
    what: "an agent's `limits`",
    name: "agent_limits",
    keys: &[
        key(
            "turns",
            Takes::Integer(1, 10_000),
            "Model turns before the answer is forced. Default: 15; of a lead 10, of a subagent 20.",
        ),
        key(
            "tokens",
            Takes::Integer(1, 1 << 50),
            "Tokens of all prompts and answers, subagents included. Default: 128000; of a lead 2000000.",
        ),
        key(
            "context_tokens",
            Takes::Integer(1, 1 << 30),
            "Tokens that one prompt may hold. Default: 32000.",
        ),
        key(
            "seconds",
            Takes::Integer(1, 31_622_400),
            "Seconds of wall time before the answer is forced. Default: 3600.",
        ),
        key(
            "working_seconds",
            Takes::Integer(1, 1 << 40),
            "Seconds of model and tool calls, subagents included, without waiting for places and rate limits. Default: 3600; of a lead 36000.",
        ),
        key(
            "cost",
            Takes::Number(0.000_001, 1e9),
            "US dollars for model calls, subagents included. Default: 10; of a lead 100.",
        ),
        key(
            "gpu_seconds",
            Takes::Integer(1, 1 << 40),
            "Seconds of accelerators, subagents included, as far as models know them. Default: 3600; of a lead 36000.",
        ),
        key(
            "output_bytes",
            Takes::Integer(1, 1 << 30),
            "Bytes of the answer. Default: 1048576.",
        ),
    ],
};

pub(crate) const RUN_LIMITS: Mapping = Mapping {
    what: "a workflow's `limits`",
    name: "run_limits",
    keys: &[
        key(
            "tokens",
            Takes::Integer(1, 1 << 50),
            "Tokens of all agents together. Default: 20000000.",
        ),
        key(
            "turns",
            Takes::Integer(1, 1 << 50),
            "Model calls of all agents together. Default: 1000000.",
        ),
        key(
            "seconds",
            Takes::Integer(1, 31_622_400),
            "Seconds of wall time, whether a process drives the run or not. Default: 31536000, a year.",
        ),
        key(
            "working_seconds",
            Takes::Integer(1, 1 << 40),
            "Seconds of all model and tool calls, without waiting for places and rate limits. Default: 36000000.",
        ),
        key(
            "cost",
            Takes::Number(0.000_001, 1e9),
            "US dollars for all model calls. Default: 1000.",
        ),
        key(
            "gpu_seconds",
            Takes::Integer(1, 1 << 40),
            "Seconds of accelerators, as far as models know them. Default: 3600000.",
        ),
        key(
            "fan_out",
            Takes::Integer(1, 1_000_000),
            "Items of one `for_each`. Default: 10000.",
        ),
        key(
            "agents",
            Takes::Integer(1, 10_000_000),
            "Agents started, subagents included. Default: 200000.",
        ),
        key(
            "depth",
            Takes::Integer(0, 64),
            "Levels of called workflows and teams below the run. Default: 8.",
        ),
        key(
            "artifact_mb",
            Takes::Integer(1, 1 << 30),
            "MiB of the files that one command gives (`artifacts`). Default: 1024.",
        ),
        key(
            "mode",
            Takes::Words(&["enforce", "audit"]),
            "Whether a limit ends work, or is told and ends nothing. Default: enforce; a called workflow has its caller's.",
        ),
    ],
};
