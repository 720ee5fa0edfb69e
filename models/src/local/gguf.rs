//! A GGUF file: its metadata, and its tensors as they lie in the file.

use super::decoder::Bytes;
use candle_core::quantized::{GgmlDType, gguf_file};
use candle_core::{Result, bail};
use memmap2::Mmap;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

/// A file that is open.
pub struct Gguf {
    content: gguf_file::Content,
    bytes: Mmap,
}

impl Gguf {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// A file that is no GGUF, or shorter than its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path)?;
        let content = gguf_file::Content::read(&mut std::io::BufReader::new(&file))?;
        let bytes = mapped(&file)?;
        let opened = Self { content, bytes };
        for name in opened.content.tensor_infos.keys() {
            opened.tensor(name)?;
        }
        Ok(opened)
    }

    /// What the file says of the model.
    pub fn metadata(&self) -> &HashMap<String, gguf_file::Value> {
        &self.content.metadata
    }

    /// Whether it holds a tensor.
    pub fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// A matrix.
    ///
    /// # Errors
    /// One that is not there, or has other than two dimensions.
    pub fn matrix(&self, name: &str) -> Result<Bytes<'_>> {
        let (kind, dimensions, bytes) = self.tensor(name)?;
        let &[outputs, inputs] = dimensions else {
            bail!("`{name}` has {} dimensions where a matrix has two", dimensions.len());
        };
        Ok(Bytes {
            kind,
            bytes: Cow::Borrowed(bytes),
            outputs,
            inputs,
        })
    }

    /// A matrix of heads whose rows lie pair by pair, as llama.cpp turns them: here with the first numbers of all
    /// pairs before the second ones, as the model was published.
    ///
    /// # Errors
    /// As [`Self::matrix`].
    pub fn in_halves(&self, name: &str, heads: usize) -> Result<Bytes<'_>> {
        let read = self.matrix(name)?;
        let row = read.bytes.len() / read.outputs.max(1);
        let dimension = read.outputs / heads.max(1);
        if dimension == 0 || !dimension.is_multiple_of(2) {
            bail!("`{name}` has {} rows, which are no {heads} heads", read.outputs);
        }
        let mut bytes = Vec::with_capacity(read.bytes.len());
        for head in read.bytes.chunks_exact(dimension * row) {
            for half in 0..2 {
                for pair in head.chunks_exact(2 * row) {
                    bytes.extend_from_slice(&pair[half * row..][..row]);
                }
            }
        }
        Ok(Bytes {
            bytes: Cow::Owned(bytes),
            ..read
        })
    }

    /// A vector; none where the file has none.
    pub fn vector(&self, name: &str) -> Option<Result<Vec<f32>>> {
        let read = || {
            let (kind, _, bytes) = self.tensor(name)?;
            numbers(kind, bytes)
        };
        self.has(name).then(read)
    }

    fn tensor(&self, name: &str) -> Result<(GgmlDType, &[usize], &[u8])> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            bail!("the file holds no `{name}`");
        };
        let count = info.shape.elem_count();
        if !count.is_multiple_of(info.ggml_dtype.block_size()) {
            bail!(
                "`{name}` has {count} numbers, which are no whole blocks of {:?}",
                info.ggml_dtype
            );
        }
        let length = count / info.ggml_dtype.block_size() * info.ggml_dtype.type_size();
        let begin = (self.content.tensor_data_offset + info.offset) as usize;
        let Some(bytes) = self.bytes.get(begin..begin.saturating_add(length)) else {
            bail!(
                "`{name}` ends at byte {} of a file of {}: the file is truncated; get it again",
                begin.saturating_add(length),
                self.bytes.len()
            );
        };
        Ok((info.ggml_dtype, info.shape.dims(), bytes))
    }
}

/// The numbers of a tensor that is not quantised.
///
/// # Errors
/// One that is.
pub fn numbers(kind: GgmlDType, bytes: &[u8]) -> Result<Vec<f32>> {
    let pairs = || bytes.as_chunks::<2>().0.iter();
    match kind {
        GgmlDType::F32 => Ok(bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| f32::from_le_bytes(*word))
            .collect()),
        GgmlDType::F16 => Ok(pairs().map(|pair| half::f16::from_le_bytes(*pair).to_f32()).collect()),
        GgmlDType::BF16 => Ok(pairs().map(|pair| half::bf16::from_le_bytes(*pair).to_f32()).collect()),
        other => bail!("numbers written as {other:?} where plain ones are needed"),
    }
}

#[expect(unsafe_code, reason = "a map of a file, so that gigabytes are not copied")]
fn mapped(file: &std::fs::File) -> Result<Mmap> {
    // SAFETY: the file is only read, while the model is loaded. Someone who changes it meanwhile changes the numbers;
    // someone who cuts it off ends the program, as with any mapped file.
    Ok(unsafe { Mmap::map(file) }?)
}
