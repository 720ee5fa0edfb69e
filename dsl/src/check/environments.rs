//! The verb `environment`: the tool behind it, what it is given and what it gives.

use super::fit;
use super::names::{Found, Scope};
use crate::document::{Document, Verb};
use crate::expression::Tree;
use crate::report::Report;
use crate::tool_types::Signature;
use indexmap::IndexMap;
use troupe_core::ir::{ENVIRONMENT, EffectClass, Tool, ToolSource};
use troupe_core::types::Type;

/// The tool, where a step needs it. What it makes is named by what it is made of: again is the same.
pub(super) fn tools(document: &Document) -> Option<(Tool, Signature)> {
    let is_one = |verb: &Verb| matches!(verb, Verb::Environment { .. });
    let mut verbs = document.steps.iter().filter_map(|step| step.verb.as_ref());
    verbs.any(is_one).then(|| {
        let tool = Tool {
            path: ENVIRONMENT.to_owned(),
            source: ToolSource::Environment,
            class: EffectClass::Idempotent,
        };
        let signature = Signature {
            arguments: Vec::new(),
            result: result(),
        };
        (tool, signature)
    })
}

/// Where the tool stands.
pub(super) fn found(tools: &[Tool]) -> Option<usize> {
    tools.iter().position(|tool| tool.source == ToolSource::Environment)
}

/// What is known of an environment.
pub(super) fn result() -> Type {
    let texts = || Type::List(Box::new(Type::String));
    let optional = |kind: Type| kind.or(Type::Null);
    let fields = [
        ("verified", Type::Boolean),
        ("mendable", Type::Boolean),
        ("verdict", optional(Type::String)),
        ("reason", Type::String),
        ("image", optional(Type::String)),
        ("sources", Type::String),
        ("language", optional(Type::String)),
        ("setup", Type::String),
        ("test", Type::String),
        ("runner", Type::String),
        ("tests", texts()),
        ("attempts", Type::Integer),
        ("category", optional(Type::String)),
        ("guidance", texts()),
        ("log", Type::String),
        ("fail_to_pass", texts()),
        ("pass_to_pass", texts()),
    ];
    let fields: IndexMap<String, Type> = fields.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    Type::Object(fields)
}

/// What is given: texts where texts are wanted.
pub(super) fn check(report: &mut Report, scope: &Scope<'_>, found: &mut Found, given: &Tree) {
    let Tree::Object(fields, _) = given else { return };
    for (name, _, tree) in fields {
        match name.as_str() {
            "instance" | "attempts" => drop(fit::kind(report, scope, found, tree)),
            _ => fit::words(report, scope, found, tree),
        }
    }
}
