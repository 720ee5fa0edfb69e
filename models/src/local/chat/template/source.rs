//! Where a model keeps its chat template.

use super::super::{Metadata, text_file};
use candle_core::quantized::gguf_file;
use serde_json::Value;
use std::path::Path;

/// The text of a model's chat template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The template.
    pub plain: String,
    /// Another one for when tools are on offer, where the model has one.
    pub tools: Option<String>,
}

impl Default for Source {
    /// `ChatML`, with tools as Qwen and Hermes write them: what most models without a template were trained on.
    fn default() -> Self {
        Self::from(include_str!("chatml.jinja").to_owned())
    }
}

impl From<String> for Source {
    fn from(plain: String) -> Self {
        Self { plain, tools: None }
    }
}

impl Source {
    /// Finds the template of a model's folder: `chat_template.jinja`, or what `config` (its `tokenizer_config.json`)
    /// says, one or several under names. None where it has none.
    ///
    /// # Errors
    /// A file that cannot be read, or a list of templates without a `default`.
    pub fn find(folder: &Path, config: &Value) -> Result<Option<Self>, String> {
        if let Some(text) = text_file(&folder.join("chat_template.jinja"))? {
            return Ok(Some(Self::from(text)));
        }
        match &config["chat_template"] {
            Value::String(text) => Ok(Some(Self::from(text.clone()))),
            Value::Array(named) => {
                let find = |name: &str| {
                    let found = named.iter().find(|entry| entry["name"] == name);
                    found.and_then(|entry| entry["template"].as_str()).map(str::to_owned)
                };
                let plain = find("default").ok_or("tokenizer_config.json: chat_template has none called `default`")?;
                Ok(Some(Self {
                    plain,
                    tools: find("tool_use"),
                }))
            }
            _ => Ok(None),
        }
    }

    /// The template in a GGUF file's metadata.
    pub fn from_metadata(metadata: &Metadata) -> Option<Self> {
        let text = |field: &str| match metadata.get(field) {
            Some(gguf_file::Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        Some(Self {
            plain: text("tokenizer.chat_template")?,
            tools: text("tokenizer.chat_template.tool_use"),
        })
    }
}
