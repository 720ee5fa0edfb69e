//! YAML files beside workflows, such as suites: read with the same parser, so that whatever is wrong has a place.

use crate::report::Report;
use crate::yaml::{self, Kind, Node, Plain};
use crate::{Compiled, code, expression, nearest};
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, SourceFile, SourceId, Span};
use troupe_core::expression::{Expression, Template};

/// A file that is being read. What is wrong is collected, and told by [`Reading::finish`].
pub struct Reading(Report);

/// A value with its place.
#[derive(Debug, Clone)]
pub struct Item(Node);

/// A key of a mapping with its value.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key as the file has it, or the one that was meant.
    pub key: String,
    /// Where the key stands.
    pub span: Span,
    /// Its value.
    pub item: Item,
}

impl Item {
    /// Where it stands.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// The text of a scalar, whatever it means.
    pub fn text(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Scalar(scalar) if scalar.plain() != Plain::Null => Some(&scalar.text),
            _ => None,
        }
    }

    /// The members of a list.
    pub fn list(&self) -> Option<Vec<Item>> {
        match &self.0.kind {
            Kind::List(nodes) => Some(nodes.iter().cloned().map(Item).collect()),
            _ => None,
        }
    }

    /// The number that a plain scalar means.
    pub fn number(&self) -> Option<f64> {
        match &self.0.kind {
            Kind::Scalar(scalar) => match scalar.plain() {
                Plain::Integer(number) => Some(number as f64),
                Plain::Number(number) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is there, in a few words.
    pub fn describe(&self) -> String {
        self.0.describe()
    }
}

impl Reading {
    /// Parses a file; the root is absent when there is none to read.
    pub fn open(name: &str, bytes: &[u8]) -> (Self, Option<Item>) {
        let mut report = Report::new(name);
        let root = yaml::decode(&mut report, bytes).map(str::to_owned).and_then(|text| {
            report.sources.files[0] = SourceFile {
                name: name.to_owned(),
                text: text.clone(),
            };
            yaml::read(&mut report, SourceId(0), &text)
        });
        (Self(report), root.map(Item))
    }

    /// Notes a mistake: a value that does not fit.
    pub fn wrong(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.0
            .add(Diagnostic::error(code::WRONG_KIND, span, message).hint(hint));
    }

    /// Notes a name that nothing has; the hints name the nearest and the known ones.
    pub fn unknown(&mut self, span: Span, message: impl Into<String>, name: &str, what: &str, known: &[&str]) {
        let mut problem = Diagnostic::error(code::UNKNOWN_KEY, span, message);
        for hint in self.0.hints(name, what, known) {
            problem = problem.hint(hint);
        }
        self.0.add(problem);
    }

    /// Any mapping's entries, in the order of the file. Something else is a mistake.
    pub fn entries(&mut self, item: &Item, what: &str) -> Vec<Field> {
        let Kind::Map(entries) = &item.0.kind else {
            let message = format!("{what} is a mapping, and this is {}", item.describe());
            self.wrong(item.span(), message, "write `key: value` lines, indented below it");
            return Vec::new();
        };
        let field = |entry: &yaml::Entry| Field {
            key: entry.key.clone(),
            span: entry.key_span,
            item: Item(entry.value.clone()),
        };
        entries.iter().map(field).collect()
    }

    /// A mapping's entries with the known keys. Any other key is a mistake; the nearest known one is taken for it.
    pub fn fields(&mut self, item: &Item, what: &str, known: &[&str]) -> Vec<Field> {
        let mut fields = self.entries(item, what);
        for at in 0..fields.len() {
            let key = fields[at].key.clone();
            if known.contains(&key.as_str()) {
                continue;
            }
            self.unknown(
                fields[at].span,
                format!("{what} has no key `{key}`"),
                &key,
                "keys",
                known,
            );
            let meant = nearest::nearest(&key, known.iter().copied());
            if let Some(meant) = meant.filter(|meant| fields.iter().all(|field| field.key != *meant)) {
                meant.clone_into(&mut fields[at].key);
            }
        }
        fields
    }

    /// Notes that a mapping lacks a key.
    pub fn missing(&mut self, span: Span, what: &str, key: &str, about: &str) {
        let problem = Diagnostic::error(code::MISSING_KEY, span, format!("{what} needs `{key}`"));
        self.0.add(problem.hint(format!("`{key}`: {about}")));
    }

    /// A value with expressions in it. Expressions that read other variables than `roots` are mistakes.
    pub fn template(&mut self, item: &Item, roots: &[&str]) -> Option<Template> {
        let template = expression::value(&mut self.0, &item.0)?.template();
        let mut strange = Vec::new();
        template.each_expression(&mut |expression| strange.extend(strangers(expression, roots)));
        self.strange(&strange, roots);
        Some(template)
    }

    /// One expression, without the `${{ }}` around it. Reading other variables than `roots` is a mistake.
    pub fn expression(&mut self, item: &Item, key: &str, roots: &[&str]) -> Option<Expression> {
        let expression = expression::bare(&mut self.0, &item.0, key)?.expression;
        let strange = strangers(&expression, roots);
        self.strange(&strange, roots);
        Some(expression)
    }

    fn strange(&mut self, strange: &[(String, Span)], roots: &[&str]) {
        for (name, span) in strange {
            self.unknown(*span, format!("there is no `{name}` here"), name, "variables", roots);
        }
    }

    /// Plain data, without expressions.
    pub fn value(&mut self, item: &Item) -> Option<Value> {
        match expression::value(&mut self.0, &item.0)?.template() {
            Template::Literal(value) => Some(value),
            template => template.evaluate(&Nothing).ok(),
        }
    }

    /// Everything that was found; `workflow` is always absent.
    pub fn finish(self) -> Compiled {
        let (diagnostics, sources) = self.0.finish();
        Compiled {
            workflow: None,
            diagnostics,
            sources,
        }
    }
}

/// Variables that an expression reads and `roots` does not have; names that macros bind are theirs.
fn strangers(expression: &Expression, roots: &[&str]) -> Vec<(String, Span)> {
    let is_bound = |name: &str| expression.source().contains(&format!("({name},")) || name.starts_with(['@', '_']);
    let names = expression.roots().iter().map(|(name, _)| name);
    let strange = names.filter(|name| !roots.contains(&name.as_str()) && !is_bound(name));
    strange.map(|name| (name.clone(), expression.span())).collect()
}

struct Nothing;

impl troupe_core::expression::Scope for Nothing {
    fn root(&self, _: &str, _: Option<&[String]>) -> Option<Value> {
        None
    }

    fn path<'a>(&'a self, _: &[String]) -> Option<std::borrow::Cow<'a, Value>> {
        None
    }
}
