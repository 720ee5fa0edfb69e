//! Arguments as models write them: what is meant is taken, what cannot be meant is answered with how to call.

use troupe_core::Value;
use troupe_core::port::{Error, ErrorKind};

/// Chunks listed when the call does not say (A-RAG §1.2).
const TOP_K_DEFAULT: usize = 5;
/// Chunks listed at most.
const TOP_K_MAX: usize = 20;

/// The arguments of one call, and what to answer when they are of no use.
pub struct Arguments<'a> {
    value: &'a Value,
    tool: &'a str,
    example: &'a str,
}

impl<'a> Arguments<'a> {
    /// `example` is a JSON object that shows a right call.
    pub fn new(value: &'a Value, tool: &'a str, example: &'a str) -> Self {
        Self { value, tool, example }
    }

    /// An argument as it was given.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    /// A list of texts. A single text is a list of one; numbers are written out.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let texts = match self.value.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(items)) => items.iter().map(text).collect::<Option<Vec<String>>>(),
            Some(one) => text(one).map(|one| vec![one]),
        };
        texts
            .map(Some)
            .ok_or_else(|| self.invalid(&format!("`{name}` must be a list of strings")))
    }

    /// A text that is not blank.
    pub fn text(&self, name: &str) -> Result<String, Error> {
        let text = self
            .value
            .get(name)
            .and_then(text)
            .filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.invalid(&format!("`{name}` must be a string that is not empty")))
    }

    /// A text, or nothing: what is blank is not given.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(blank)) if blank.trim().is_empty() => Ok(None),
            Some(given) => match text(given) {
                Some(text) => Ok(Some(text)),
                None => Err(self.invalid(&format!("`{name}` must be a string"))),
            },
        }
    }

    /// A text, blank ones too.
    pub fn any_text(&self, name: &str) -> Result<String, Error> {
        let text = self.value.get(name).and_then(text);
        text.ok_or_else(|| self.invalid(&format!("`{name}` must be a string")))
    }

    /// A whole number that is not below 0.
    pub fn count(&self, name: &str) -> Result<Option<u64>, Error> {
        let number = self.number(name, &format!("`{name}` must be a whole number"))?;
        Ok(number.map(|number| number.max(0.0) as u64))
    }

    /// `page`, from 1.
    pub fn page(&self) -> Result<usize, Error> {
        let number = self.number("page", "`page` must be a whole number from 1")?;
        Ok(number.unwrap_or(1.0).clamp(1.0, f64::from(u32::MAX)) as usize)
    }

    /// `top_k`, brought into 1..=20; numbers written as text are numbers.
    pub fn top_k(&self) -> Result<usize, Error> {
        let number = self.number("top_k", "`top_k` must be a whole number from 1 to 20")?;
        Ok(number.map_or(TOP_K_DEFAULT, |number| number.clamp(1.0, TOP_K_MAX as f64) as usize))
    }

    /// A number; numbers written as text are numbers.
    fn number(&self, name: &str, wanted: &str) -> Result<Option<f64>, Error> {
        let number = match self.value.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(digits)) => digits.trim().parse::<f64>().ok().filter(|number| !number.is_nan()),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| self.invalid(wanted))
    }

    /// The error that shows the model a right call.
    pub fn invalid(&self, what: &str) -> Error {
        let message = format!("{}: {what}. Call it like this: {}", self.tool, self.example);
        Error::new(ErrorKind::Invalid, message)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
