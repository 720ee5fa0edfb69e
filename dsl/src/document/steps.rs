//! `steps`: what happens.

use super::keys::{self, Keys};
use super::limits::{self, AgentLimits};
use super::run;
use super::{Spanned, names, types, values};
use crate::code;
use crate::expression::{self, Tree, Written};
use crate::nearest;
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::failure::FailureKind;
use troupe_core::ir::Retry;
use troupe_core::types::Type;

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: Spanned<String>,
    pub(crate) verb: Option<Verb>,
    pub(crate) when: Option<Written>,
    pub(crate) needs: Vec<Spanned<String>>,
    pub(crate) fan_out: Option<FanOut>,
    pub(crate) retry: Retry,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) limits: AgentLimits,
    pub(crate) output: Option<Type>,
}

/// What a step does. Parts that could not be read are absent.
#[derive(Debug)]
pub(crate) enum Verb {
    Agent {
        agent: Spanned<String>,
        prompt: Option<Tree>,
    },
    Tool {
        tool: Spanned<String>,
        arguments: Option<Tree>,
    },
    Run(run::Command),
}

#[derive(Debug)]
pub(crate) struct FanOut {
    /// Absent when it could not be read.
    pub(crate) items: Option<Written>,
    pub(crate) variable: String,
    pub(crate) parallel: u32,
}

const VERBS: [&str; 3] = ["agent", "tool", "run"];
const LATER_VERBS: [&str; 5] = ["discuss", "plan", "environment", "workflow", "approve"];

const KEYS: Keys = Keys {
    what: "a step",
    known: &[
        "agent", "prompt", "tool", "with", "run", "env", "stdin", "when", "needs", "for_each", "as", "parallel",
        "retry", "timeout", "limits", "output",
    ],
    later: &[
        "discuss",
        "plan",
        "environment",
        "workflow",
        "approve",
        "repeat",
        "on_error",
        "on_crash",
        "cache",
        "sandbox",
        "key",
        "artifacts",
        "schema",
    ],
};
const RETRY: Keys = Keys {
    what: "`retry`",
    known: &["attempts", "backoff", "errors"],
    later: &[],
};

/// The keys that go with one verb alone.
const OWNED: [(&str, &[&str]); 6] = [
    ("prompt", &["agent"]),
    ("limits", &["agent"]),
    ("with", &["tool"]),
    ("env", &["run"]),
    ("stdin", &["run"]),
    ("output", &["agent", "run"]),
];

pub(super) fn read(report: &mut Report, section: &Entry) -> Vec<Step> {
    let entries = values::mapping(report, section, "names with steps").unwrap_or(&[]);
    entries.iter().map(|entry| step(report, entry)).collect()
}

fn step(report: &mut Report, entry: &Entry) -> Step {
    names::identifier(report, &entry.key, entry.key_span, "a step");
    let fields = values::mapping(report, entry, "the step's verb and keys");
    let readable = fields.is_some();
    let fields = fields.unwrap_or(&[]);
    KEYS.check(report, fields);
    let get = |key: &str| keys::get(fields, key);
    Step {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        verb: if readable {
            verb(report, entry.key_span, fields)
        } else {
            None
        },
        when: get("when").and_then(|e| expression::bare(report, &e.value, "when")),
        needs: get("needs").map_or_else(Vec::new, |e| values::names(report, e)),
        fan_out: fan_out(report, fields),
        retry: get("retry").map_or(Retry::NONE, |e| retry(report, e)),
        timeout_ms: get("timeout").and_then(|e| values::duration_ms(report, e)),
        limits: get("limits").map_or_else(AgentLimits::default, |e| limits::agent(report, e)),
        // A type that could not be read is any: its uses are not a second mistake.
        output: get("output").map(|e| types::read(report, &e.value).unwrap_or(Type::Any)),
    }
}

fn verb(report: &mut Report, owner: Span, fields: &[Entry]) -> Option<Verb> {
    let found: Vec<&Entry> = fields.iter().filter(|e| VERBS.contains(&e.key.as_str())).collect();
    let later = fields.iter().any(|e| LATER_VERBS.contains(&e.key.as_str()));
    let first = match found.as_slice() {
        // The verb that is not available yet has been reported.
        [] if later => return None,
        [] => {
            report.add(
                Diagnostic::error(code::VERBS, owner, "a step needs a verb: what it does")
                    .hint(format!("one of {}", nearest::list(VERBS))),
            );
            return None;
        }
        [one] => *one,
        [first, second, ..] => {
            let message = format!(
                "a step has exactly one verb, and this one has `{}` and `{}`",
                first.key, second.key
            );
            report.add(
                Diagnostic::error(code::VERBS, second.key_span, message)
                    .related(first.key_span, "the first verb")
                    .hint("make two steps of it"),
            );
            return None;
        }
    };
    foreign_keys(report, fields, first);
    let get = |key: &str| keys::get(fields, key);
    match first.key.as_str() {
        "agent" => {
            let agent = values::text(report, first);
            let prompt = keys::require(report, fields, "prompt", owner, "a step with `agent`")
                .and_then(|e| expression::text(report, &e.value, "`prompt`"));
            agent.map(|agent| Verb::Agent { agent, prompt })
        }
        "tool" => {
            let tool = values::text(report, first);
            let arguments = arguments(report, first, get("with"));
            tool.map(|tool| Verb::Tool { tool, arguments })
        }
        _ => Some(Verb::Run(run::read(report, first, get("env"), get("stdin")))),
    }
}

fn foreign_keys(report: &mut Report, fields: &[Entry], verb: &Entry) {
    for field in fields {
        let Some((_, owners)) = OWNED.iter().find(|(key, _)| *key == field.key) else {
            continue;
        };
        if owners.contains(&verb.key.as_str()) {
            continue;
        }
        let message = format!("`{}` does not go with `{}`", field.key, verb.key);
        let mut problem = Diagnostic::error(code::VERBS, field.key_span, message).related(verb.key_span, "the verb");
        problem = match (field.key.as_str(), verb.key.as_str()) {
            ("output", "tool") => problem.hint("the tool itself says what type its result has"),
            _ => problem.hint(format!("it goes with {}", nearest::list(owners.iter().copied()))),
        };
        report.add(problem);
    }
}

fn arguments(report: &mut Report, verb: &Entry, with: Option<&Entry>) -> Option<Tree> {
    let Some(with) = with else {
        return Some(Tree::Object(Vec::new(), verb.value.span));
    };
    let empty = Node {
        span: with.key_span,
        kind: Kind::Map(Vec::new()),
    };
    let node = if with.value.is_null() { &empty } else { &with.value };
    if !matches!(node.kind, Kind::Map(_)) {
        let message = format!("`with` takes a mapping of arguments, and this is {}", node.describe());
        report.error(code::WRONG_KIND, node.span, message);
        return None;
    }
    expression::value(report, node)
}

fn fan_out(report: &mut Report, fields: &[Entry]) -> Option<FanOut> {
    let get = |key: &str| keys::get(fields, key);
    let Some(for_each) = get("for_each") else {
        for key in ["as", "parallel"] {
            if let Some(entry) = get(key) {
                report.add(
                    Diagnostic::error(code::MISSING_KEY, entry.key_span, format!("`{key}` needs `for_each`"))
                        .hint("`for_each` names the list whose items the step works on"),
                );
            }
        }
        return None;
    };
    let items = expression::bare(report, &for_each.value, "for_each");
    let variable = get("as").and_then(|e| values::text(report, e)).map(|name| {
        let fits = names::identifier(report, &name.value, name.span, "an item");
        if fits && names::ROOTS.contains(&name.value.as_str()) {
            report.add(
                Diagnostic::error(
                    code::SHADOWS,
                    name.span,
                    format!("an item named `{}` would hide the variable of that name", name.value),
                )
                .hint("choose another name after `as`"),
            );
        }
        name.value
    });
    Some(FanOut {
        items,
        variable: variable.unwrap_or_else(|| "item".to_owned()),
        parallel: get("parallel")
            .and_then(|e| values::count(report, e, 1..=10_000))
            .unwrap_or(8),
    })
}

fn retry(report: &mut Report, section: &Entry) -> Retry {
    let mut retry = Retry::NONE;
    let Kind::Map(entries) = &section.value.kind else {
        if let Some(attempts) = values::count(report, section, 1..=100) {
            retry.attempts = attempts;
        }
        return retry;
    };
    RETRY.check(report, entries);
    let get = |key: &str| keys::get(entries, key);
    if let Some(attempts) = keys::require(report, entries, "attempts", section.key_span, "`retry`")
        .and_then(|e| values::count(report, e, 1..=100))
    {
        retry.attempts = attempts;
    }
    if let Some(ms) = get("backoff").and_then(|e| values::duration_ms(report, e)) {
        retry.backoff_ms = ms;
    }
    for word in get("errors").map_or_else(Vec::new, |e| values::names(report, e)) {
        match FailureKind::ALL.into_iter().find(|kind| kind.word() == word.value) {
            Some(kind) => retry.errors.push(kind),
            None => {
                let words = FailureKind::ALL.map(FailureKind::word);
                let mut problem = Diagnostic::error(
                    code::WRONG_KIND,
                    word.span,
                    format!("there is no kind of failure `{}`", word.value),
                );
                problem.hints = report.hints(&word.value, "kinds", &words);
                report.add(problem);
            }
        }
    }
    retry
}
