//! Answers held to a grammar: what a model writes is always JSON that fits, or calls of tools that there are.

mod constraint;
mod lark;
mod tokens;

pub use constraint::{Constraint, Mask};
pub use lark::Shape;

use super::Vocabulary;
use super::dialect::Dialect;
use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use serde_json::Value;
use troupe_core::port::model::{ModelRequest, ToolChoice};
use troupe_core::port::{Error, ErrorKind};

/// Makes the constraints of one model's answers.
pub struct Grammars {
    factory: ParserFactory,
    dialect: Dialect,
}

/// Tokens that are allowed together, most of the time: blanks; what stands in a JSON text; words without the beginning of
/// any mark. A mask is then put together from them, and few tokens are looked at one by one.
const SLICES: [&str; 5] = [
    r"[\x20\x0A\x0D\x09]+",
    r#"[^"\\<\[\x00-\x1F\x7F]{1,10}"#,
    r#"[^"\\<\[\x00-\x1F\x7F]{1,30}"#,
    r#"[^"\\<\[\x00-\x1F\x7F]+"#,
    r#"[^"\\\x00-\x1F\x7F]+"#,
];

impl Grammars {
    /// Prepares the vocabulary of a model, once. `eos`: the tokens that end its answers.
    ///
    /// # Errors
    /// A vocabulary without an end, or one that the library refuses.
    pub fn new(vocabulary: &Vocabulary, dialect: Dialect, eos: &[u32]) -> Result<Self, String> {
        let environment = tokens::environment(vocabulary, dialect, eos)?;
        let slices = SLICES.map(str::to_owned);
        let factory = ParserFactory::new(&environment, Default::default(), &slices);
        let mut factory = factory.map_err(|error| format!("the tokenizer does not serve for grammars: {error}"))?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self { factory, dialect })
    }

    /// What the answer to a request is held to; none where it is free text and no tool is on offer.
    ///
    /// `opened`: the prompt ended inside of a thought. `thinking`: a thought may come first.
    ///
    /// # Errors
    /// `Invalid` for a JSON Schema that cannot be held to, with its owner and the part of it, and for a call of a tool
    /// that there is not.
    pub fn constrain(&self, request: &ModelRequest, opened: bool, thinking: bool) -> Result<Option<Constraint>, Error> {
        if let ToolChoice::Named(name) = &request.calling.choice
            && request.tools.iter().all(|tool| tool.name != *name)
        {
            let message = format!("`{name}` is to be called, and is no tool on offer");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let shape = Shape {
            dialect: self.dialect,
            opened,
            thinking: thinking && self.dialect.thinks,
        };
        let Some(grammar) = lark::grammar(request, shape) else {
            return Ok(None);
        };
        match self.matcher(TopLevelGrammar::from_lark(grammar)) {
            Ok(matcher) => Ok(Some(Constraint::new(matcher))),
            Err(error) => Err(Error::new(ErrorKind::Invalid, self.blamed(request, error))),
        }
    }

    fn matcher(&self, grammar: TopLevelGrammar) -> Result<Matcher, String> {
        let matcher = Matcher::new(self.factory.create_parser(grammar));
        matcher.get_error().map_or(Ok(matcher), Err)
    }

    /// Whose schema it is that no grammar can be made of, and which part of it.
    fn blamed(&self, request: &ModelRequest, error: String) -> String {
        let refused = |schema: &Value| self.matcher(TopLevelGrammar::from_json_schema(schema.clone())).err();
        let output = lark::answer(request).map(|schema| ("`output` type".to_owned(), schema));
        let tools = request.tools.iter();
        let tools = tools.map(|tool| {
            (
                format!("parameters of the tool `{}`", tool.name),
                lark::parameters(tool),
            )
        });
        for (owner, schema) in output.into_iter().chain(tools) {
            if let Some(error) = refused(&schema) {
                let (place, error) = part(&refused, schema, error);
                return format!("no grammar can be made of the {owner}{place}: {error}");
            }
        }
        format!("no grammar can be made of this answer and its tools: {error}")
    }
}

/// The innermost part of a schema that is refused when it stands alone, and why.
fn part(refused: &impl Fn(&Value) -> Option<String>, mut schema: Value, mut error: String) -> (String, String) {
    let mut place = String::new();
    // What all parts need to be read alone: where references lead, and how JSON is written.
    let shared: Vec<(&str, Value)> = ["$defs", "definitions", "x-guidance"]
        .into_iter()
        .filter_map(|key| Some((key, schema.get(key)?.clone())))
        .collect();
    'inner: loop {
        for (step, mut inner) in parts(&schema) {
            let Some(fields) = inner.as_object_mut() else {
                continue;
            };
            fields.extend(shared.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
            if let Some(deeper) = refused(&inner) {
                place = format!("{place}{}{step}", if place.is_empty() { ", at " } else { "." });
                (schema, error) = (inner, deeper);
                continue 'inner;
            }
        }
        return (place, error);
    }
}

/// The schemas inside of a schema, with the way there.
fn parts(schema: &Value) -> Vec<(String, Value)> {
    let named = ["properties", "patternProperties"].into_iter().flat_map(|key| {
        let fields = schema[key].as_object().into_iter().flatten();
        fields.map(move |(name, inner)| (format!("{key}.{name}"), inner.clone()))
    });
    let listed = ["anyOf", "oneOf", "allOf", "prefixItems"].into_iter().flat_map(|key| {
        let items = schema[key].as_array().into_iter().flatten().enumerate();
        items.map(move |(at, inner)| (format!("{key}.{at}"), inner.clone()))
    });
    let single = ["items", "additionalProperties"].into_iter();
    let single = single.filter_map(|key| Some((key.to_owned(), schema.get(key)?.clone())));
    named.chain(listed).chain(single).collect()
}

#[cfg(test)]
mod tests;
