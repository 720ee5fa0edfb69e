//! A language model in memory: how it is talked to, and the engine that computes.

use super::place::{Place, SEQUENCES};
use crate::local::chat::Chat;
use crate::local::decoder::{Model, Source};
use crate::local::device;
use crate::local::engine::{Engine, Settings};
use crate::local::gguf::Gguf;
use crate::local::shape::Shape;
use crate::local::shelf::Files;
use crate::local::weights::Weights;
use crate::local::{failed, tensors};
use serde_json::Value;
use std::sync::Arc;
use troupe_core::port::{Error, ErrorKind};
use troupe_core::sampling::Sampling;

/// See the module.
pub struct Loaded {
    /// How it is talked to.
    pub(in crate::local) chat: Chat,
    /// What computes.
    pub(in crate::local) engine: Engine,
    /// How its engine is run.
    pub(in crate::local) settings: Settings,
    /// How its makers would have it sampled.
    defaults: Sampling,
}

impl Loaded {
    /// Reads a model's files: its words while its weights are brought from the disk. Memory is looked at first.
    ///
    /// # Errors
    /// `Invalid`: the file and what is wrong with it, or what memory is needed and there.
    pub fn read(label: &str, files: &Files) -> Result<Self, Error> {
        let told = |error: &dyn std::fmt::Display| failed(label, error);
        let (source, shape) = opened(files)?;
        let place = Place::new(&shape, device::chosen()).map_err(|error| told(&error.message))?;
        let (tokens, step_tokens) = (place.tokens, place.step_tokens);
        let (chat, decoder) = std::thread::scope(|scope| {
            let chat = scope.spawn(|| chat(&source, files));
            let decoder = place.load(&source).map_err(|error| told(&first_line(&error)));
            (chat.join(), decoder)
        });
        let chat = chat.map_err(|_| told(&"its words could not be read: a fault of this program"))?;
        let (chat, decoder) = (chat.map_err(|error| told(&error))?, decoder?);
        if chat.vocabulary().size() > decoder.vocabulary() {
            let message = format!(
                "its tokenizer has {} tokens and its table of words {}: they do not belong together",
                chat.vocabulary().size(),
                decoder.vocabulary()
            );
            return Err(told(&message));
        }
        let settings = Settings {
            cache_tokens: tokens,
            context: decoder.architecture().context.min(tokens),
            sequences: SEQUENCES,
            step_tokens,
            threads: threads(),
        };
        Ok(Self {
            chat,
            engine: Engine::start(decoder, settings).map_err(|error| told(&error))?,
            settings,
            defaults: defaults(&json(files, "generation_config.json")),
        })
    }

    /// What is asked for, and what the model's makers would have for the rest.
    pub(in crate::local) fn sampling(&self, asked: &Sampling) -> Sampling {
        let own = &self.defaults;
        Sampling {
            temperature: asked.temperature.or(own.temperature),
            top_p: asked.top_p.or(own.top_p),
            top_k: asked.top_k.or(own.top_k),
            min_p: asked.min_p.or(own.min_p),
            repetition_penalty: asked.repetition_penalty.or(own.repetition_penalty),
            ..asked.clone()
        }
    }
}

fn chat(source: &Source, files: &Files) -> Result<Chat, String> {
    match source {
        Source::Safetensors(..) => Chat::read(files.folder()),
        Source::Gguf(file) => Chat::from_metadata(file.metadata()),
    }
}

/// Reads a model's words and prepares its grammars, and leaves its weights alone.
///
/// # Errors
/// `Invalid`: the file and what is wrong with it.
pub fn words(label: &str, files: &Files) -> Result<Chat, Error> {
    let (source, _) = opened(files)?;
    chat(&source, files).map_err(|error| failed(label, error))
}

/// A decoder alone.
pub struct Alone {
    /// The decoder.
    pub model: Arc<dyn Model>,
    /// What its files say.
    pub shape: Shape,
    /// The most tokens of a step where it is.
    pub step_tokens: usize,
}

/// Reads the decoder alone.
///
/// # Errors
/// `Invalid`: the file and what is wrong with it.
pub fn decoder(label: &str, files: &Files) -> Result<Alone, Error> {
    let (source, shape) = opened(files)?;
    let place = Place::new(&shape, device::chosen()).map_err(|error| failed(label, error.message))?;
    let step_tokens = place.step_tokens;
    let model = place.load(&source).map_err(|error| failed(label, first_line(&error)))?;
    Ok(Alone {
        model,
        shape,
        step_tokens,
    })
}

/// What is wrong; behind it candle says where in the program that was noticed.
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// A model's files, and what they say it is; the header of a GGUF file is read once for both.
fn opened(files: &Files) -> Result<(Source, Shape), Error> {
    match files {
        Files::Folder(folder) => {
            let shape = Shape::of(files)?;
            let read = || Weights::read(&tensors::parts(folder)?).map_err(|error| first_line(&error));
            let weights = read().map_err(|error| failed(&folder.display().to_string(), error))?;
            Ok((Source::Safetensors(json(files, "config.json"), weights), shape))
        }
        Files::Gguf(path) => {
            let file = Gguf::open(path).map_err(|error| Error::new(ErrorKind::Invalid, error))?;
            let said = file.described().and_then(|tensors| Shape::from(files, &tensors));
            let shape = said.map_err(|error| failed(&path.display().to_string(), error))?;
            Ok((Source::Gguf(file), shape))
        }
    }
}

/// Half of the cores: agents run tools on the same ones.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (cores / 2).max(1)
}

/// A file beside the weights; null where it is not there or no JSON.
fn json(files: &Files, name: &str) -> Value {
    let bytes = std::fs::read(files.folder().join(name)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// `generation_config.json`, as transformers reads it.
fn defaults(said: &Value) -> Sampling {
    let number = |key: &str| said[key].as_f64();
    if said["do_sample"] == Value::Bool(false) {
        return Sampling::default().forced();
    }
    Sampling {
        temperature: number("temperature"),
        top_p: number("top_p"),
        top_k: said["top_k"]
            .as_u64()
            .and_then(|most| u32::try_from(most).ok())
            .filter(|most| *most > 0),
        min_p: number("min_p"),
        repetition_penalty: number("repetition_penalty"),
        ..Sampling::default()
    }
}
