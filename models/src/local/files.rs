//! The folder of a model: where it is, and what its files say about it (the layout of sentence-transformers).

use super::encoder::{self, Encoder, Family};
use super::failed;
use super::shelf::{self, Files};
use super::tensors;
use super::tokens::Tokenizer;
use super::weights::{self, Weights};
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use troupe_core::port::Error;
use troupe_core::port::embedder::Pooling;

/// A model that is open.
pub struct Opened {
    /// The model and its weights, such as `local/all-MiniLM-L6-v2 3f2a…`.
    pub identity: String,
    /// Which family it belongs to.
    pub family: Family,
    /// What gives tokens their vectors.
    pub encoder: Encoder,
    /// What cuts texts.
    pub tokenizer: Tokenizer,
    /// `config.json`.
    pub config: Value,
    /// Its tensors, for whoever wants more of them.
    pub weights: Weights,
    folder: PathBuf,
}

impl Opened {
    /// Opens the model called `name` in one of `places`.
    ///
    /// # Errors
    /// `Missing` when it is in none of them, and as [`Self::new`].
    pub fn find(name: &str, places: &[PathBuf]) -> Result<Self, Error> {
        match shelf::find(name, places)? {
            Files::Folder(folder) => Self::new(name, &folder),
            Files::Gguf(path) => {
                let message = format!(
                    "{} is GGUF; embedders and rerankers are read from safetensors",
                    path.display()
                );
                Err(failed(&format!("local/{name}"), message))
            }
        }
    }

    /// Opens the model in `folder`, called `name`.
    ///
    /// # Errors
    /// `Invalid`, with the file and what is wrong with it.
    pub fn new(name: &str, folder: &Path) -> Result<Self, Error> {
        let label = format!("local/{name}");
        let config = json(folder, "config.json")?.unwrap_or_default();
        let kind = config["model_type"].clone();
        let family = Family::deserialize(&kind).map_err(|_| {
            let message = format!("models of the type {kind} are not known; bert, modernbert and qwen3 are");
            failed(&label, message)
        })?;
        let files = tensors::parts(folder).map_err(|error| failed(&label, error))?;
        let read = || -> candle_core::Result<(Encoder, Weights)> {
            let weights = Weights::read(&files)?;
            Ok((encoder::load(family, &config, &weights)?, weights))
        };
        let (encoder, weights) = read().map_err(|error| failed(&label, error))?;
        let print = weights::fingerprint(&files).map_err(|error| failed(&label, error))?;
        // Without a word from sentence-transformers, a text is cut where the model ends.
        let said = json(folder, "sentence_bert_config.json")?.and_then(|said| said["max_seq_length"].as_u64());
        let most = said.map_or(encoder.tokens_max, |said| encoder.tokens_max.min(said as usize));
        let tokenizer = Tokenizer::read(&folder.join("tokenizer.json"), most).map_err(|error| failed(&label, error))?;
        Ok(Self {
            identity: format!("{label} {print}"),
            family,
            encoder,
            tokenizer,
            config,
            weights,
            folder: folder.to_owned(),
        })
    }

    /// How its tokens become one vector, as its files say.
    ///
    /// # Errors
    /// `Invalid` for a way, or a further step, that is not known here.
    pub fn pooling(&self) -> Result<Pooling, Error> {
        let modules = json(&self.folder, "modules.json")?;
        for module in modules.iter().flat_map(|modules| modules.as_array()).flatten() {
            let kind = module["type"].as_str().unwrap_or_default();
            let kind = kind.rsplit('.').next().unwrap_or(kind);
            if !["Transformer", "Pooling", "Normalize"].contains(&kind) {
                let message = format!("its modules.json has a step `{kind}`, which is not known here");
                return Err(failed(&self.identity, message));
            }
        }
        let Some(said) = json(&self.folder, "1_Pooling/config.json")? else {
            return Ok(match self.family {
                Family::Bert | Family::ModernBert => Pooling::Mean,
                Family::Qwen3 => Pooling::Last,
            });
        };
        let fields = said.as_object().into_iter().flatten();
        let on = fields.filter(|(_, value)| value.as_bool() == Some(true));
        let ways = on.filter_map(|(name, _)| name.strip_prefix("pooling_mode_"));
        match ways.collect::<Vec<_>>().as_slice() {
            ["mean_tokens"] => Ok(Pooling::Mean),
            ["cls_token"] => Ok(Pooling::First),
            ["lasttoken"] => Ok(Pooling::Last),
            other => {
                let message = format!(
                    "its tokens are pooled by {}; mean, first and last are known here",
                    other.join(" and ")
                );
                Err(failed(&self.identity, message))
            }
        }
    }

    /// What is put before a text of a kind (`query`, `document` …), as its files say: the first kind that they know.
    ///
    /// # Errors
    /// `Invalid` for a file that is no JSON.
    pub fn prompt(&self, kinds: &[&str]) -> Result<String, Error> {
        let said = json(&self.folder, "config_sentence_transformers.json")?.unwrap_or_default();
        let known = kinds.iter().find_map(|kind| said["prompts"][kind].as_str());
        Ok(known.unwrap_or_default().to_owned())
    }
}

/// A file of the folder, where it is there.
fn json(folder: &Path, name: &str) -> Result<Option<Value>, Error> {
    let path = folder.join(name);
    let failed = |error: &dyn std::fmt::Display| failed(&path.display().to_string(), error);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}
