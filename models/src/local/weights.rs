//! The tensors of a model's files.

use candle_core::{DType, Device, Result, Tensor, bail, safetensors};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Every tensor of a model, by name.
pub struct Weights {
    tensors: HashMap<String, Tensor>,
    /// What the encoder's own names stand behind in this file: models with a head put their encoder under a name.
    prefix: &'static str,
}

/// What encoders are found under, by the families' usual classes.
const PREFIXES: [&str; 3] = ["", "bert.", "model."];
/// The table of words has one of these names in all families.
const WORDS: [&str; 3] = [
    "embeddings.word_embeddings.weight",
    "embeddings.tok_embeddings.weight",
    "embed_tokens.weight",
];

impl Weights {
    /// Reads `files`, the parts of one model.
    ///
    /// # Errors
    /// Files that are no safetensors, or hold no table of words.
    pub fn read(files: &[PathBuf]) -> Result<Self> {
        let mut tensors = HashMap::new();
        for file in files {
            tensors.extend(safetensors::load(file, &Device::Cpu)?);
        }
        let holds = |prefix: &&str| {
            WORDS
                .iter()
                .any(|name| tensors.contains_key(&format!("{prefix}{name}")))
        };
        let Some(prefix) = PREFIXES.into_iter().find(|prefix| holds(prefix)) else {
            bail!("the weights hold no table of words under a known name");
        };
        Ok(Self { tensors, prefix })
    }

    /// The full name of something in the encoder.
    pub fn inner(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A matrix of f32.
    pub fn matrix(&self, name: &str) -> Result<Tensor> {
        let tensor = self.get(name)?;
        tensor.dims2()?;
        tensor.to_dtype(DType::F32)
    }

    /// A vector of f32.
    pub fn vector(&self, name: &str) -> Result<Vec<f32>> {
        self.get(name)?.to_dtype(DType::F32)?.to_vec1()
    }

    /// As [`Self::vector`], or nothing where the model has none.
    pub fn vector_if_there(&self, name: &str) -> Result<Option<Vec<f32>>> {
        self.has(name).then(|| self.vector(name)).transpose()
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn get(&self, name: &str) -> Result<&Tensor> {
        match self.tensors.get(name) {
            Some(tensor) => Ok(tensor),
            None => bail!("the weights hold no `{name}`"),
        }
    }
}

/// Names the content of weights: their lengths and a sample of their bytes, read in milliseconds.
pub fn fingerprint(files: &[PathBuf]) -> std::io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    /// Places that are looked at in a file.
    const SAMPLES: u64 = 256;
    const BYTES: usize = 4096;
    let mut hasher = blake3::Hasher::new();
    let mut sample = |path: &Path| -> std::io::Result<()> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        hasher.update(&length.to_le_bytes());
        let mut bytes = Vec::with_capacity(BYTES);
        for at in 0..SAMPLES.min(length.div_ceil(BYTES as u64)) {
            file.seek(SeekFrom::Start(
                length * at / SAMPLES.min(length.div_ceil(BYTES as u64)),
            ))?;
            bytes.clear();
            file.by_ref().take(BYTES as u64).read_to_end(&mut bytes)?;
            hasher.update(&bytes);
        }
        Ok(())
    };
    files.iter().try_for_each(|file| sample(file))?;
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}
