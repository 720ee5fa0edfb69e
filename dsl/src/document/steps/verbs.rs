//! What a step does: exactly one verb, with the keys that go with it.

use crate::code;
use crate::document::fields::Fields;
use crate::document::{Spanned, run, values};
use crate::expression::{self, Tree};
use crate::language::{DISCUSS, ENVIRONMENT, Key, VERBS};
use crate::nearest;
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;

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
    Run(Box<run::Command>),
    Workflow {
        path: Spanned<String>,
        inputs: Option<Tree>,
    },
    Approve(Approve),
    Discuss(Discuss),
    Plan {
        vibe: Option<Tree>,
        given: Option<Tree>,
    },
    Environment {
        /// What it is given, an object.
        given: Option<Tree>,
    },
}

#[derive(Debug)]
pub(crate) struct Approve {
    pub(crate) message: Option<Tree>,
    pub(crate) choices: Vec<Spanned<String>>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) on_deadline: Option<Spanned<String>>,
}

#[derive(Debug)]
pub(crate) struct Discuss {
    pub(crate) agents: Vec<Spanned<String>>,
    pub(crate) lead: Option<Spanned<String>>,
    pub(crate) prompt: Option<Tree>,
}

impl Verb {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Agent { .. } => "agent",
            Self::Tool { .. } => "tool",
            Self::Run(_) => "run",
            Self::Workflow { .. } => "workflow",
            Self::Approve(_) => "approve",
            Self::Discuss(_) => "discuss",
            Self::Plan { .. } => "plan",
            Self::Environment { .. } => "environment",
        }
    }
}

pub(super) fn read(report: &mut Report, fields: &Fields<'_>) -> Option<Verb> {
    let verb = the_one(report, fields)?;
    foreign_keys(report, fields, verb);
    Some(match verb.0 {
        "agent" => {
            fields.require(report, "prompt");
            let prompt = fields.template(report, "prompt");
            let agent = fields.text(report, "agent")?;
            Verb::Agent { agent, prompt }
        }
        "tool" => {
            let arguments = arguments(report, fields, verb.1);
            let tool = fields.text(report, "tool")?;
            Verb::Tool { tool, arguments }
        }
        "run" => Verb::Run(Box::new(run::read(report, verb.1, fields))),
        "workflow" => {
            let inputs = arguments(report, fields, verb.1);
            let path = fields.text(report, "workflow")?;
            Verb::Workflow { path, inputs }
        }
        "approve" => Verb::Approve(approve(report, fields)),
        "discuss" => discuss(report, fields, verb.1),
        "plan" => Verb::Plan {
            vibe: fields.template(report, "plan"),
            given: arguments(report, fields, verb.1),
        },
        _ => environment(report, fields),
    })
}

/// The step's one verb.
fn the_one<'a>(report: &mut Report, fields: &Fields<'a>) -> Option<(&'static str, &'a Entry)> {
    let verbs = || fields.iter().filter(|(key, _)| VERBS.contains(&key.name));
    // A slip that reads like a verb is none where the step has one.
    let is_exact = |(key, entry): &(&Key, &Entry)| key.name == entry.key;
    let any_exact = verbs().any(|verb| is_exact(&verb));
    let mut found = verbs().filter(|verb| !any_exact || is_exact(verb));
    let Some((key, first)) = found.next() else {
        let problem = Diagnostic::error(code::NO_VERB, fields.owner, "a step needs a verb: what it does");
        report.add(problem.hint(format!("one of {}", nearest::list(VERBS))));
        return None;
    };
    if let Some((other, second)) = found.next() {
        let message = format!(
            "a step has exactly one verb, and this one has `{}` and `{}`",
            key.name, other.name
        );
        report.add(
            Diagnostic::error(code::VERBS, second.key_span, message)
                .related(first.key_span, "the first verb")
                .hint("make two steps of it"),
        );
        return None;
    }
    Some((key.name, first))
}

/// Reports keys that go with other verbs.
fn foreign_keys(report: &mut Report, fields: &Fields<'_>, verb: (&'static str, &Entry)) {
    for (key, entry) in fields.iter() {
        if key.verbs.is_empty() || key.verbs.contains(&verb.0) {
            continue;
        }
        let message = format!("`{}` does not go with `{}`", key.name, verb.0);
        let problem =
            Diagnostic::error(code::FOREIGN_KEY, entry.key_span, message).related(verb.1.key_span, "the verb");
        report.add(match (key.name, verb.0) {
            ("output", "tool") => problem.hint("the tool itself says what type its result has"),
            ("output", "workflow") => problem.hint("the workflow's own `outputs` are the output"),
            ("output", "approve") => problem.hint("its output is `{choice, comment}`"),
            _ => problem.hint(format!("it goes with {}", nearest::list(key.verbs.iter().copied()))),
        });
    }
}

/// The mapping under `with`; an empty one where there is none.
fn arguments(report: &mut Report, fields: &Fields<'_>, verb: &Entry) -> Option<Tree> {
    let Some(with) = fields.get("with") else {
        return Some(Tree::Object(Vec::new(), verb.key_span));
    };
    let empty = Node {
        span: with.key_span,
        kind: Kind::Map(Vec::new()),
    };
    let node = if with.value.is_null() { &empty } else { &with.value };
    if !matches!(node.kind, Kind::Map(_)) {
        values::wrong_kind(report, node.span, "with", "a mapping of arguments", node);
        return None;
    }
    expression::value(report, node)
}

fn approve(report: &mut Report, fields: &Fields<'_>) -> Approve {
    let default = |word: &str| Spanned {
        value: word.to_owned(),
        span: fields.owner,
    };
    let mut choices = vec![default("approve"), default("reject")];
    if let Some(entry) = fields.get("choices") {
        let is_list = matches!(entry.value.kind, Kind::List(_));
        choices = if is_list {
            values::names(report, entry)
        } else {
            Vec::new()
        };
        if !is_list {
            values::wrong_kind(report, entry.value.span, "choices", "a list", &entry.value);
        } else if choices.is_empty() {
            report.error(
                code::WRONG_KIND,
                entry.value.span,
                "`choices` is empty: a person needs something to choose",
            );
        }
        for (at, choice) in choices.iter().enumerate() {
            if let Some(first) = choices[..at].iter().find(|earlier| earlier.value == choice.value) {
                let message = format!("the choice `{}` stands there twice", choice.value);
                report.add(
                    Diagnostic::error(code::DUPLICATE_NAME, choice.span, message).related(first.span, "first here"),
                );
            }
        }
    }
    let on_deadline = fields.text(report, "on_deadline");
    if let Some(taken) = &on_deadline {
        on_deadline_fits(report, fields, taken, &choices);
    }
    Approve {
        message: fields.template(report, "approve"),
        choices,
        deadline_ms: fields.duration_ms(report, "deadline"),
        on_deadline,
    }
}

fn on_deadline_fits(report: &mut Report, fields: &Fields<'_>, taken: &Spanned<String>, choices: &[Spanned<String>]) {
    if !fields.has("deadline") {
        let problem = Diagnostic::error(code::MISSING_KEY, taken.span, "`on_deadline` needs `deadline`");
        report.add(problem.hint("`deadline: 2d` says how long the person is waited for"));
    }
    // Choices that could not be read were reported.
    if !choices.is_empty() && choices.iter().all(|choice| choice.value != taken.value) {
        let known: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
        let mut problem = Diagnostic::error(
            code::WRONG_WORD,
            taken.span,
            format!("there is no choice `{}`", taken.value),
        );
        problem.hints = report.hints(&taken.value, "choices", &known);
        report.add(problem);
    }
}

fn discuss(report: &mut Report, fields: &Fields<'_>, verb: &Entry) -> Verb {
    fields.require(report, "prompt");
    let prompt = fields.template(report, "prompt");
    let (agents, lead) = match &verb.value.kind {
        Kind::Map(_) => match fields.inner(report, "discuss", &DISCUSS) {
            Some(inner) => {
                inner.require(report, "agents");
                inner.count(report, "rounds");
                inner.word(report, "decide");
                (inner.names(report, "agents"), inner.text(report, "lead"))
            }
            None => (Vec::new(), None),
        },
        _ => (values::names(report, verb), None),
    };
    if agents.len() == 1 {
        let problem = Diagnostic::error(
            code::WRONG_KIND,
            agents[0].span,
            "a discussion needs at least two agents",
        );
        report.add(problem.hint("one agent on its own is a step with `agent`"));
    }
    Verb::Discuss(Discuss { agents, lead, prompt })
}

fn environment(report: &mut Report, fields: &Fields<'_>) -> Verb {
    let Some((entry, inner)) = fields
        .get("environment")
        .zip(fields.inner(report, "environment", &ENVIRONMENT))
    else {
        return Verb::Environment { given: None };
    };
    inner.require(report, "instance");
    let mut given = Vec::new();
    if let Some(instance) = inner.get("instance") {
        let tree = expression::value(report, &instance.value);
        given.extend(tree.map(|tree| ("instance".to_owned(), instance.key_span, tree)));
    }
    for key in ["base", "setup", "test", "runner"] {
        let tree = inner.template(report, key);
        given.extend(
            inner
                .get(key)
                .zip(tree)
                .map(|(entry, tree)| (key.to_owned(), entry.key_span, tree)),
        );
    }
    if let Some((entry, attempts)) = inner.get("attempts").zip(inner.count(report, "attempts")) {
        let tree = Tree::Literal(Value::from(attempts), entry.value.span);
        given.push(("attempts".to_owned(), entry.key_span, tree));
    }
    whole_plan(report, &inner);
    Verb::Environment {
        given: Some(Tree::Object(given, entry.value.span)),
    }
}

/// A plan is given whole.
fn whole_plan(report: &mut Report, fields: &Fields<'_>) {
    let parts = ["setup", "test", "runner"];
    // A slip was reported as what it is.
    let written = |key: &&str| fields.get(key).filter(|entry| entry.key == **key);
    let Some(entry) = parts.iter().find_map(written) else {
        return;
    };
    for missing in parts.iter().filter(|key| fields.get(key).is_none()) {
        let message = format!("`{missing}` is missing: a plan is `setup`, `test` and `runner`");
        report.add(
            Diagnostic::error(code::MISSING_KEY, entry.key_span, message)
                .hint("without all three, the rules for the repository's language make a plan"),
        );
    }
}
