//! Secrets at the edge of a run: values for markers on the way out, markers for values on the way back.

use std::sync::Arc;
use troupe_core::effect::Command;
use troupe_core::input::{Exit, Input};
use troupe_core::message::{AssistantMessage, Reply, ToolOutput};
use troupe_core::port::approver::Answer;
use troupe_core::{Object, Value, secret};

/// The values behind the names of secrets. Not printable, so that no log holds one by accident.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Known>);

#[derive(Default)]
struct Known {
    given: Vec<(String, String)>,
    hidden: Vec<(String, String)>,
}

impl Secrets {
    /// Values by name: `given` are written for markers, and both stay out of all that comes back.
    pub fn new(given: Vec<(String, String)>, further: Vec<(String, String)>) -> Self {
        let mut hidden: Vec<(String, String)> = given.iter().cloned().chain(further).collect();
        // A program that prints JSON prints a value as JSON spells it.
        let spelled: Vec<(String, String)> = hidden.iter().filter_map(spelled_in_json).collect();
        hidden.extend(spelled);
        hidden.retain(|(_, value)| !value.is_empty());
        Self(Arc::new(Known { given, hidden }))
    }

    /// Whether there is nothing to hide.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.hidden.is_empty()
    }

    /// The values that are to be hidden.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.hidden.iter().map(|(_, value)| value.as_str())
    }

    fn reveal(&self, text: &str) -> String {
        let value = |name: &str| {
            let found = self.0.given.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        secret::reveal(text, value)
    }

    /// A command as the process gets it.
    pub(crate) fn reveal_command(&self, command: Command) -> Command {
        if self.is_empty() {
            return command;
        }
        let env = command.env.into_iter();
        Command {
            arguments: command.arguments.iter().map(|text| self.reveal(text)).collect(),
            env: env.map(|(name, text)| (name, self.reveal(&text))).collect(),
            stdin: command.stdin.map(|text| self.reveal(&text)),
            sandbox: command.sandbox,
            artifacts: command.artifacts,
        }
    }

    /// Arguments as the tool gets them.
    pub(crate) fn reveal_value(&self, value: Value) -> Value {
        if self.is_empty() {
            return value;
        }
        each_text(value, &|text| self.reveal(&text))
    }

    /// Text for people, without the value of any secret.
    pub fn conceal_text(&self, text: &str) -> String {
        secret::for_people(&secret::conceal(text, &self.0.hidden))
    }

    /// A text without the value of any secret. Marks in it are foreign, unless they were made by ourselves
    /// before the text went into the cache.
    fn conceal(&self, text: &str, cached: bool) -> String {
        if cached {
            return secret::conceal(text, &self.0.hidden);
        }
        secret::conceal(&secret::disarm(text), &self.0.hidden)
    }

    /// A person's answer, without the value of any secret.
    pub fn conceal_answer(&self, mut answer: Answer) -> Answer {
        if !self.is_empty() {
            answer.comment = answer.comment.map(|text| self.conceal(&text, false));
        }
        answer
    }

    /// What came back, without the value of any secret.
    pub(crate) fn conceal_input(&self, input: Input) -> Input {
        if self.is_empty() {
            return input;
        }
        match input {
            Input::ModelReplied { call, reply } => Input::ModelReplied {
                call,
                reply: self.conceal_reply(reply),
            },
            Input::ToolReplied { call, output } => Input::ToolReplied {
                call,
                output: self.conceal_output(output),
            },
            Input::ProcessExited { call, exit } => Input::ProcessExited {
                call,
                exit: Exit {
                    code: exit.code,
                    stdout: self.conceal(&exit.stdout, false),
                    stderr: self.conceal(&exit.stderr, false),
                    artifacts: exit.artifacts,
                },
            },
            Input::Decided { call, answer } => Input::Decided {
                call,
                answer: self.conceal_answer(answer),
            },
            Input::CallFailed { call, mut failure } => {
                failure.message = self.conceal(&failure.message, false);
                Input::CallFailed { call, failure }
            }
            // What a run gives has come through here before, and the others bring no text.
            other => other,
        }
    }

    pub(crate) fn conceal_reply(&self, mut reply: Reply) -> Reply {
        let (before, cached) = (Arc::clone(&reply.message), reply.cached);
        let message = &before;
        let tool_calls = message.tool_calls.iter().cloned().map(|mut call| {
            call.arguments = self.conceal(&call.arguments, cached);
            call
        });
        reply.message = Arc::new(AssistantMessage {
            text: self.conceal(&message.text, cached),
            thinking: self.conceal(&message.thinking, cached),
            tool_calls: tool_calls.collect(),
        });
        if reply.message != before {
            // Its tokens would spell what was concealed.
            reply.recording.clear();
        }
        reply
    }

    pub(crate) fn conceal_output(&self, mut output: ToolOutput) -> ToolOutput {
        let cached = output.cached;
        output.text = self.conceal(&output.text, cached);
        output.result = each_text(output.result, &|text| self.conceal(&text, cached));
        for chunk in output.retrieved.shown.iter_mut().chain(&mut output.retrieved.read) {
            *chunk = self.conceal(chunk, cached);
        }
        output
    }
}

fn spelled_in_json((name, value): &(String, String)) -> Option<(String, String)> {
    let quoted = Value::from(value.as_str()).to_string();
    let spelled = &quoted[1..quoted.len() - 1];
    (spelled != value).then(|| (name.clone(), spelled.to_owned()))
}

fn each_text(value: Value, change: &impl Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|item| each_text(item, change)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let changed: Object = fields
                .map(|(name, field)| (change(name), each_text(field, change)))
                .collect();
            Value::Object(changed)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
