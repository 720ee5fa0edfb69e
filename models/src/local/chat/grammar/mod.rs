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
use troupe_core::port::model::ModelRequest;
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
    /// `Invalid` for a JSON Schema that cannot be held to, with its owner and the part of it.
    pub fn constrain(&self, request: &ModelRequest, opened: bool, thinking: bool) -> Result<Option<Constraint>, Error> {
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

    /// Whose schema it is that no grammar can be made of.
    fn blamed(&self, request: &ModelRequest, error: String) -> String {
        let refused = |schema: Value| self.matcher(TopLevelGrammar::from_json_schema(schema)).err();
        if let Some(error) = lark::answer(request).and_then(refused) {
            return format!(
                "no grammar can be made of the `output` type, so that an answer cannot be held to it: {error}"
            );
        }
        let mut tools = request.tools.iter();
        let tool = tools.find_map(|tool| Some((&tool.name, refused(lark::parameters(tool))?)));
        match tool {
            Some((name, error)) => format!("no grammar can be made of the parameters of the tool `{name}`: {error}"),
            None => format!("no grammar can be made of this answer and its tools: {error}"),
        }
    }
}

#[cfg(test)]
mod tests;
