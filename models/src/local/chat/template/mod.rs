//! A model's own chat template: requests to the text that the model was trained on.

mod date;
mod messages;
mod python;
mod source;

pub use source::Source;

use super::dialect::{Calls, Dialect, THINK};
use messages::Accepts;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind};
use serde::Serialize;
use serde_json::Value;
use troupe_core::port::model::ModelRequest;

/// Special tokens by the names that templates know them by: `bos_token`, `eos_token`.
pub type SpecialTexts = serde_json::Map<String, Value>;

/// See the module. It is rendered as `transformers` does it.
///
/// System prompt and tools come first in all templates that were seen, and are written in the order of the request: the
/// prompts of siblings begin alike, byte for byte.
pub struct Template {
    environment: Environment<'static>,
    special: SpecialTexts,
    dialect: Dialect,
    accepts: Accepts,
    /// Whether prompts end inside of a thought: without thinking, and with it.
    opens: [bool; 2],
}

/// What stands for the template that is used when tools are on offer, where a model has two.
const WITH_TOOLS: &str = "tool_use";
const PLAIN: &str = "default";

impl Template {
    /// Reads a template, and tries what it can show.
    ///
    /// # Errors
    /// A template that cannot be read, or that shows not even one message.
    pub fn new(source: &Source, special: SpecialTexts) -> Result<Self, String> {
        let mut environment = python::environment();
        let named = [(PLAIN, Some(&source.plain)), (WITH_TOOLS, source.tools.as_ref())];
        for (name, text) in named.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            let text = python::without_generation(text);
            let added = environment.add_template_owned(name, text);
            added.map_err(|error| format!("the chat template cannot be read: {}", told(&error)))?;
        }
        let mut template = Self {
            environment,
            special,
            dialect: Dialect::of(source.tools.as_ref().unwrap_or(&source.plain)),
            accepts: Accepts::default(),
            opens: [false; 2],
        };
        if template
            .fill(&messages::one(), &[], true)
            .is_err_and(|error| error.contains("strftime_now"))
        {
            python::dated(&mut template.environment);
        }
        template.accepts = Accepts::tried(|messages, tools| template.fill(messages, tools, true))?;
        if !template.accepts.shows_tools() {
            template.dialect.calls = Calls::Tagged;
        }
        for thinking in [false, true] {
            let prompt = template.fill(&messages::one(), &[], thinking)?;
            template.opens[usize::from(thinking)] = prompt.trim_end().ends_with(THINK);
        }
        Ok(template)
    }

    /// How the model of this template writes.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether a prompt ends inside of a thought, so that the answer begins there.
    pub fn opens(&self, thinking: bool) -> bool {
        self.opens[usize::from(thinking)]
    }

    /// The prompt of a request, up to where the model goes on. `thinking`: whether it may think first, where the
    /// template leaves that open.
    ///
    /// # Errors
    /// What the template refuses, in its own words.
    pub fn render(&self, request: &ModelRequest, thinking: bool) -> Result<String, String> {
        let (messages, tools) = messages::of(request, self.dialect.calls, self.accepts);
        self.fill(&messages, &tools, thinking)
    }

    fn fill(&self, messages: &[Value], tools: &[Value], thinking: bool) -> Result<String, String> {
        let name = match self.environment.get_template(WITH_TOOLS) {
            Ok(_) if !tools.is_empty() => WITH_TOOLS,
            _ => PLAIN,
        };
        let given = Given {
            messages,
            tools: (!tools.is_empty()).then_some(tools),
            add_generation_prompt: true,
            enable_thinking: thinking,
            special: &self.special,
        };
        let template = self.environment.get_template(name);
        template
            .and_then(|template| template.render(Serde(given)))
            .map_err(|error| {
                let refused = error.kind() == ErrorKind::InvalidOperation;
                let what = if refused { "refuses this" } else { "fails" };
                format!("the model's chat template {what}: {}", told(&error))
            })
    }
}

/// What templates are given.
#[derive(Serialize)]
struct Given<'a> {
    messages: &'a [Value],
    /// Templates ask whether there are tools by their truth, or by whether they are none.
    tools: Option<&'a [Value]>,
    add_generation_prompt: bool,
    enable_thinking: bool,
    #[serde(flatten)]
    special: &'a SpecialTexts,
}

/// An error with its line.
fn told(error: &minijinja::Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.line() {
        Some(line) => format!("{what} (line {line})"),
        None => what,
    }
}

#[cfg(test)]
mod tests;
