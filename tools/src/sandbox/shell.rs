//! `shell`: a command in the sandbox.

use super::{Bench, Kind, MOST, USUAL, output, shown};
use crate::arguments::Arguments;
use async_trait::async_trait;
use serde_json::json;
use std::time::Duration;
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

pub(super) struct Shell;

#[async_trait]
impl Kind for Shell {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: String::new(),
            description: format!(
                "Run a shell command in the sandbox and read what it prints. Files stay from one command to the next; \
                 variables, the working directory and background processes do not, so put what belongs together into \
                 one command. Nobody can answer a prompt: use flags such as `-y`. A command that takes longer than \
                 `seconds` ({} unless you say otherwise) is ended.",
                USUAL.as_secs()
            ),
            parameters: json!({
                "type": "object",
                "properties": {
                    "command": { "type": "string", "description": "What `sh -c` runs." },
                    "seconds": { "type": "integer", "description": format!("How long it may take, at most {}.", MOST.as_secs()) },
                },
                "required": ["command"],
            }),
            result: Type::Object(
                [
                    ("exit_code".to_owned(), Type::Integer),
                    ("stdout".to_owned(), Type::String),
                    ("stderr".to_owned(), Type::String),
                ]
                .into_iter()
                .collect(),
            ),
        }
    }

    fn example(&self) -> &'static str {
        r#"{"command": "ls -la && cat README.md"}"#
    }

    async fn answer(&self, bench: &Bench<'_>, arguments: &Arguments<'_>) -> Result<ToolOutput, Error> {
        let command = arguments.text("command")?;
        let seconds = arguments.count("seconds")?;
        let most = seconds.map_or(USUAL, Duration::from_secs);
        if most.is_zero() || most > MOST {
            return Err(arguments.invalid(&format!("`seconds` must be from 1 to {}", MOST.as_secs())));
        }
        let exit = bench.run(&command, &[], None, most).await?;
        let mut text = match exit.code {
            -1 => "The command did not end by itself.\n".to_owned(),
            code => format!("exit code {code}\n"),
        };
        for (name, printed) in [("stdout", &exit.stdout), ("stderr", &exit.stderr)] {
            if !printed.trim().is_empty() {
                text.push_str(&format!("{name}:\n{}\n", shown(printed.trim_end())));
            }
        }
        text.truncate(text.trim_end().len());
        Ok(output(
            text,
            json!({ "exit_code": exit.code, "stdout": exit.stdout, "stderr": exit.stderr }),
        ))
    }
}
