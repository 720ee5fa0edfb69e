//! `write_file`: a file's whole text in the sandbox.

use super::{Bench, Kind, output};
use crate::arguments::Arguments;
use async_trait::async_trait;
use serde_json::json;
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

pub(super) struct WriteFile;

#[async_trait]
impl Kind for WriteFile {
    fn name(&self) -> &'static str {
        "write_file"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: String::new(),
            description: "Write a file of the sandbox: `text` becomes all that is in it. Folders that are missing are \
                          made. To change a part of a file, use a patch instead, if you have a tool for that."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": { "type": "string", "description": "The file; relative paths start where commands do." },
                    "text": { "type": "string", "description": "Its whole text." },
                },
                "required": ["path", "text"],
            }),
            result: Type::Object(
                [("path".to_owned(), Type::String), ("bytes".to_owned(), Type::Integer)]
                    .into_iter()
                    .collect(),
            ),
        }
    }

    fn example(&self) -> &'static str {
        r#"{"path": "notes/plan.md", "text": "1. Read the tests.\n"}"#
    }

    async fn answer(&self, bench: &Bench<'_>, arguments: &Arguments<'_>) -> Result<ToolOutput, Error> {
        let path = arguments.text("path")?;
        let text = arguments.any_text("text")?;
        let bytes = text.len();
        bench.write(&path, text).await?;
        let message = format!("wrote {bytes} bytes to {path}");
        Ok(output(message, json!({ "path": path, "bytes": bytes })))
    }
}
