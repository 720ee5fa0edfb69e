//! The verb `run`: a command.

use super::artifacts::{self, Artifacts};
use super::fields::Fields;
use super::sandboxes::{self, Sandbox};
use super::values;
use crate::code;
use crate::expression::{self, Tree};
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node, Scalar};
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) arguments: Vec<Tree>,
    pub(crate) env: Vec<(String, Tree)>,
    pub(crate) stdin: Option<Tree>,
    pub(crate) sandbox: Option<Sandbox>,
    pub(crate) artifacts: Option<Artifacts>,
}

pub(super) fn read(report: &mut Report, verb: &Entry, fields: &Fields<'_>) -> Command {
    Command {
        arguments: arguments(report, &verb.value),
        env: fields
            .get("env")
            .map_or_else(Vec::new, |entry| variables(report, entry)),
        stdin: fields.get("stdin").and_then(|entry| match entry.value.kind {
            // Data goes to the process as JSON.
            Kind::List(_) | Kind::Map(_) => expression::value(report, &entry.value),
            Kind::Scalar(_) => expression::text(report, &entry.value, "`stdin`"),
        }),
        sandbox: fields
            .get("sandbox")
            .map(|entry| sandboxes::of_command(report, fields, entry)),
        artifacts: fields.get("artifacts").map(|entry| artifacts::read(report, entry)),
    }
}

fn arguments(report: &mut Report, node: &Node) -> Vec<Tree> {
    match &node.kind {
        Kind::List(items) => {
            if items.is_empty() {
                report.error(
                    code::WRONG_KIND,
                    node.span,
                    "`run` is an empty list: it needs a program",
                );
            }
            items
                .iter()
                .filter_map(|item| expression::text(report, item, "an argument of `run`"))
                .collect()
        }
        Kind::Scalar(scalar) => shell(report, node, scalar),
        Kind::Map(_) => {
            report.add(
                Diagnostic::error(
                    code::WRONG_KIND,
                    node.span,
                    "`run` takes a command, and this is a mapping",
                )
                .hint("write text for the shell, or a list: [program, argument]"),
            );
            Vec::new()
        }
    }
}

/// Text goes to `sh -c`, where a value put into the text would be read as code.
fn shell(report: &mut Report, node: &Node, scalar: &Scalar) -> Vec<Tree> {
    if let Some(at) = scalar.text.find("${{") {
        let end = scalar.text[at..].find("}}").map_or(scalar.text.len(), |n| at + n + 2);
        let source = &report.sources.files[node.span.source.0 as usize].text;
        let span = node.places(scalar, source).span(at, end);
        let inside = &scalar.text[at..end];
        report.add(
            Diagnostic::error(
                code::SHELL_TEXT,
                span,
                "a value put into a shell's text would be read as code",
            )
            .hint(format!(
                "hand it over as a variable: `env: {{ VALUE: {} }}`, and write \"$VALUE\" in the command",
                crate::yaml::quoted(inside)
            ))
            .hint("or write the command as a list, which no shell reads: `run: [program, argument]`"),
        );
        return Vec::new();
    }
    let Some(text) = expression::text(report, node, "`run`") else {
        return Vec::new();
    };
    let word = |word: &str| Tree::Literal(Value::from(word), node.span);
    vec![word("sh"), word("-c"), text]
}

pub(super) fn variables(report: &mut Report, section: &Entry) -> Vec<(String, Tree)> {
    let entries = values::mapping(report, section, "names of variables with values").unwrap_or(&[]);
    let mut variables = Vec::new();
    for entry in entries {
        let shaped = !entry.key.is_empty() && !entry.key.contains(['=', '\0']);
        if !shaped {
            report.error(
                code::BAD_NAME,
                entry.key_span,
                "an environment variable's name has no `=` in it, and is not empty",
            );
        }
        if let Some(tree) = expression::text(report, &entry.value, "an environment variable") {
            variables.push((entry.key.clone(), tree));
        }
    }
    variables
}
