//! `read_file`: lines of a file in the sandbox.

use super::{Bench, Kind, output, shown};
use crate::arguments::Arguments;
use async_trait::async_trait;
use serde_json::json;
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

/// Lines that a call without `lines` reads.
const LINES: u64 = 400;

pub(super) struct ReadFile;

#[async_trait]
impl Kind for ReadFile {
    fn name(&self) -> &'static str {
        "read_file"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: String::new(),
            description: format!(
                "Read a text file of the sandbox: {LINES} lines from the first one, unless you say from which line and \
                 how many."
            ),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": { "type": "string", "description": "The file; relative paths start where commands do." },
                    "from": { "type": "integer", "description": "The first line, from 1." },
                    "lines": { "type": "integer", "description": "How many lines." },
                },
                "required": ["path"],
            }),
            result: Type::Object(
                [
                    ("text".to_owned(), Type::String),
                    ("from".to_owned(), Type::Integer),
                    ("lines".to_owned(), Type::Integer),
                ]
                .into_iter()
                .collect(),
            ),
        }
    }

    fn example(&self) -> &'static str {
        r#"{"path": "src/main.c", "from": 120, "lines": 60}"#
    }

    async fn answer(&self, bench: &Bench<'_>, arguments: &Arguments<'_>) -> Result<ToolOutput, Error> {
        let path = arguments.text("path")?;
        let from = arguments.count("from")?.unwrap_or(1).max(1);
        let most = arguments.count("lines")?.unwrap_or(LINES).max(1);
        let whole = bench.read(&path).await?;
        let (skipped, taken) = (usize_of(from - 1), usize_of(most));
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let part: String = lines.iter().skip(skipped).take(taken).copied().collect();
        let last = (skipped + taken).min(lines.len());
        let head = match lines.len() {
            0 => format!("{path} is empty"),
            count if skipped >= count => format!("{path} has {count} lines, and none from line {from} on"),
            count => format!("{path}, lines {from} to {last} of {count}:\n{}", shown(&part)),
        };
        Ok(output(
            head,
            json!({ "text": part, "from": from, "lines": lines.len() }),
        ))
    }
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX / 2)
}
