//! The text side of language models: prompts in the model's own form, and what comes back taken apart.

mod answer;
mod dialect;
mod grammar;
mod kinds;
mod stops;
mod template;
mod vocabulary;
mod writer;

pub use answer::Answer;
pub use dialect::{Calls, Dialect};
pub use grammar::{Constraint, Grammars, Mask};
pub use stops::Stops;
pub use template::{Source, SpecialTexts, Template};
pub use vocabulary::{Vocabulary, Word};
pub use writer::Writer;

use candle_core::quantized::gguf_file;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use troupe_core::message::Message;
use troupe_core::port::model::ModelRequest;
use troupe_core::port::{Error, ErrorKind};

/// What a GGUF file says about its model.
pub type Metadata = HashMap<String, gguf_file::Value>;

/// How one model is talked to.
pub struct Chat {
    vocabulary: Vocabulary,
    template: Template,
    grammars: Grammars,
    eos: Vec<u32>,
    /// Special tokens that are marks of the dialect, and so a part of an answer's text.
    marks: Vec<u32>,
}

impl Chat {
    /// Reads the files of a model's folder: `tokenizer.json`, and where they are there `tokenizer_config.json`,
    /// `generation_config.json`, `config.json`, `chat_template.jinja`. Without a template it is `ChatML`.
    ///
    /// # Errors
    /// The file, and what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let vocabulary = Vocabulary::read(folder)?;
        let config = json_file(&folder.join("tokenizer_config.json"))?;
        let special = special_texts(&config);
        let mut eos = BTreeSet::new();
        for name in ["generation_config.json", "config.json"] {
            eos.extend(ids(&json_file(&folder.join(name))?["eos_token_id"]));
        }
        let text = special.get("eos_token").and_then(Value::as_str);
        eos.extend(text.and_then(|text| vocabulary.token(text)));
        let source = Source::find(folder, &config)?.unwrap_or_default();
        Self::new(vocabulary, &source, special, eos).map_err(|error| format!("{}: {error}", folder.display()))
    }

    /// Reads what a GGUF file says.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, String> {
        let vocabulary = Vocabulary::from_metadata(metadata)?;
        let token = |name: &str| metadata.get(&format!("tokenizer.ggml.{name}_token_id"))?.to_u32().ok();
        let text = |token: u32| String::from_utf8_lossy(&vocabulary.word(token).bytes).into_owned();
        let named = ["bos", "eos"]
            .into_iter()
            .filter_map(|name| Some((name, text(token(name)?))));
        let special = named
            .map(|(name, text)| (format!("{name}_token"), Value::from(text)))
            .collect();
        let eos = ["eos", "eot", "eom"].into_iter().filter_map(token).collect();
        let source = Source::from_metadata(metadata).unwrap_or_default();
        Self::new(vocabulary, &source, special, eos)
    }

    fn new(
        vocabulary: Vocabulary,
        source: &Source,
        special: SpecialTexts,
        mut eos: BTreeSet<u32>,
    ) -> Result<Self, String> {
        let template = Template::new(source, special)?;
        // Base models are published with the end of a text as their only end, and trained to end turns all the same.
        let turns = ["<|im_end|>", "<|eot_id|>", "<|eom_id|>"].into_iter();
        eos.extend(
            turns
                .filter(|turn| source.plain.contains(turn))
                .filter_map(|turn| vocabulary.token(turn)),
        );
        let eos: Vec<u32> = eos.into_iter().collect();
        let grammars = Grammars::new(&vocabulary, template.dialect(), &eos)?;
        let marks = template
            .dialect()
            .marks()
            .filter_map(|mark| vocabulary.token(mark))
            .collect();
        Ok(Self {
            vocabulary,
            template,
            grammars,
            eos,
            marks,
        })
    }

    /// The model's words.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The tokens that end an answer, in order.
    pub fn eos(&self) -> &[u32] {
        &self.eos
    }

    /// The tokens of a request, up to where the model goes on.
    ///
    /// # Errors
    /// `Invalid`: what the template refuses.
    pub fn prompt(&self, request: &ModelRequest) -> Result<Vec<u32>, Error> {
        let text = self.template.render(request, thinks(request));
        let tokens = text.and_then(|text| self.vocabulary.encode(&text));
        tokens.map_err(|error| Error::new(ErrorKind::Invalid, error))
    }

    /// The tokens that every request with this system prompt and these tools begins with, whatever is said then.
    ///
    /// # Errors
    /// As [`Self::prompt`].
    pub fn shared(&self, request: &ModelRequest) -> Result<Vec<u32>, Error> {
        let said = |text: &str| {
            let text = text.to_owned();
            let messages = vec![Arc::new(Message::User { text })];
            self.prompt(&ModelRequest {
                messages,
                ..request.clone()
            })
        };
        let (mut tokens, other) = (said("a")?, said("1")?);
        let alike = tokens.iter().zip(&other).take_while(|(a, b)| a == b).count();
        tokens.truncate(alike);
        Ok(tokens)
    }

    /// What turns the tokens of an answer into the text that [`Self::answer`] reads.
    pub fn writer(&self) -> Writer {
        Writer::new(&self.vocabulary, &self.marks)
    }

    /// What takes the answer to a request apart.
    pub fn answer(&self, request: &ModelRequest) -> Answer {
        let opened = self.template.opens(thinks(request));
        Answer::new(self.template.dialect(), Arc::clone(&request.tools), opened)
    }

    /// What the answer to a request is held to; none where any text will do.
    ///
    /// # Errors
    /// `Invalid` for a type or a tool that cannot be held to.
    pub fn constrain(&self, request: &ModelRequest) -> Result<Option<Constraint>, Error> {
        let thinking = thinks(request);
        self.grammars
            .constrain(request, self.template.opens(thinking), thinking)
    }
}

/// An answer that a limit forces is given at once.
fn thinks(request: &ModelRequest) -> bool {
    !request.forced
}

/// The special tokens that a `tokenizer_config.json` names, as text or as an object with the text in it.
fn special_texts(config: &Value) -> SpecialTexts {
    let named = config
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.ends_with("_token"));
    let texts = named.filter_map(|(name, value)| {
        let text = value.as_str().or_else(|| value["content"].as_str())?;
        Some((name.clone(), Value::from(text)))
    });
    texts.collect()
}

/// One number, or a list of them.
fn ids(value: &Value) -> Vec<u32> {
    let each = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    each.iter().filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

/// The text of a file; none where there is no file.
fn text_file(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The JSON of a file; null where there is no file.
fn json_file(path: &Path) -> Result<Value, String> {
    let Some(text) = text_file(path)? else {
        return Ok(Value::Null);
    };
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod peers;
#[cfg(test)]
mod tests;
