//! How a family of models writes tool calls and thoughts.

/// What begins a thought.
pub const THINK: &str = "<think>";
/// What ends a thought.
pub const THOUGHT: &str = "</think>";

/// How a family writes tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// `<tool_call>\n{"name": …, "arguments": …}\n</tool_call>`, once for each call: Qwen, Hermes, many others.
    Tagged,
    /// `<tool_call>\n<function=name>\n<parameter=key>\nvalue\n</parameter>\n</function>\n</tool_call>`, once for each
    /// call: Qwen3-Coder. A text stands there as it is, any other value as JSON.
    Functions,
    /// `<tool_call>name\n<arg_key>key</arg_key>\n<arg_value>value</arg_value>\n</tool_call>`, once for each call:
    /// GLM-4.5. Values are as in [`Self::Functions`].
    Pairs,
    /// `{"name": …, "parameters": …}` as the whole message, behind `<|python_tag|>` or bare: Llama 3.
    Bare,
    /// `[TOOL_CALLS][{"name": …, "arguments": …}]`, one list at the end: Mistral until 2024.
    Listed,
    /// `[TOOL_CALLS]name[ARGS]{…}`, once for each call: Mistral since 2025.
    Named,
}

impl Calls {
    /// What a call begins with, where it begins with a mark.
    pub fn opening(self) -> &'static str {
        match self {
            Self::Tagged | Self::Functions | Self::Pairs => "<tool_call>",
            Self::Bare => "<|python_tag|>",
            Self::Listed | Self::Named => "[TOOL_CALLS]",
        }
    }

    /// What a call ends with, where that is not the end of the answer.
    pub fn closing(self) -> Option<&'static str> {
        matches!(self, Self::Tagged | Self::Functions | Self::Pairs).then_some("</tool_call>")
    }

    /// The key of a call's arguments, where the call is JSON.
    pub fn arguments(self) -> &'static str {
        match self {
            Self::Bare => "parameters",
            _ => "arguments",
        }
    }
}

/// How one model writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Its tool calls.
    pub calls: Calls,
    /// Whether it may write thoughts, between `<think>` and `</think>`, before its answer.
    pub thinks: bool,
}

impl Dialect {
    /// The dialect of a model with this chat template: it shows the model earlier calls the way they are written.
    /// A template that shows none is [`Calls::Tagged`], as the one used for it is.
    pub fn of(template: &str) -> Self {
        let has = |mark: &str| template.contains(mark);
        let calls = if has("<tool_call>") && has("<function=") && has("<parameter=") {
            Calls::Functions
        } else if has("<tool_call>") && has("<arg_key>") {
            Calls::Pairs
        } else if has("<tool_call>") {
            Calls::Tagged
        } else if has("[TOOL_CALLS]") && has("[ARGS]") {
            Calls::Named
        } else if has("[TOOL_CALLS]") {
            Calls::Listed
        } else if has("<|python_tag|>") || (has("ipython") && has("parameters")) {
            Calls::Bare
        } else {
            Calls::Tagged
        };
        Self {
            calls,
            thinks: has(THOUGHT),
        }
    }

    /// The marks that a reader of the model's text must see, even those that are special tokens.
    pub fn marks(&self) -> impl Iterator<Item = &'static str> {
        let calls = [Some(self.calls.opening()), self.calls.closing()];
        let inner: &[&str] = match self.calls {
            Calls::Named => &[ARGUMENTS],
            Calls::Pairs => &PAIR,
            _ => &[],
        };
        let thoughts = [THINK, THOUGHT].into_iter().filter(|_| self.thinks);
        calls.into_iter().flatten().chain(inner.iter().copied()).chain(thoughts)
    }
}

/// What is between name and arguments in [`Calls::Named`].
pub const ARGUMENTS: &str = "[ARGS]";

/// What is around the keys and the values in [`Calls::Pairs`].
pub const PAIR: [&str; 4] = ["<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"];
