//! A GGUF file: its metadata, and its tensors as they lie in the file.

use super::chat::Metadata;
use super::stored::{Bytes, Kept, Order};
use super::tensors::{self, Tensors};
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo};
use candle_core::{Result, bail};
use memmap2::Mmap;
use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that is open.
pub struct Gguf {
    path: PathBuf,
    metadata: Arc<Metadata>,
    tensors: HashMap<String, TensorInfo>,
    /// Where the first of them begins.
    begin: u64,
    bytes: Arc<Mmap>,
}

impl Gguf {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// A file that is no GGUF, or shorter than its header says, by its name.
    pub fn open(path: &Path) -> std::result::Result<Self, String> {
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let mapped = std::fs::File::open(path).and_then(|file| mapped(&file));
        let bytes = mapped.map_err(|error| told(&error))?;
        // From a reader of files the place of every word of the vocabulary would be asked of the system.
        let content = Content::read(&mut Cursor::new(&bytes[..]));
        let content = content.map_err(|error| told(&format!("is no GGUF file, or was cut short: {error}")))?;
        let opened = Self {
            path: path.to_owned(),
            metadata: Arc::new(content.metadata),
            tensors: content.tensor_infos,
            begin: content.tensor_data_offset,
            bytes: Arc::new(bytes),
        };
        opened.described()?;
        Ok(opened)
    }

    /// What the header says.
    ///
    /// # Errors
    /// A tensor that ends behind the end of the file.
    pub fn described(&self) -> std::result::Result<Tensors, String> {
        let length = self.bytes.len() as u64;
        let tensors = tensors::described(&self.tensors, self.begin, length);
        Ok(Tensors {
            tensors: tensors.map_err(|error| format!("{}: {error}", self.path.display()))?,
            files: vec![self.path.clone()],
            metadata: Arc::clone(&self.metadata),
        })
    }

    /// Brings all of the file into memory and into the map, and waits for that. It is advice to the system: where that
    /// does not take it, the first use waits.
    pub fn fetch(&self) {
        #[cfg(target_os = "linux")]
        for advice in [memmap2::Advice::WillNeed, memmap2::Advice::PopulateRead] {
            let _ = self.bytes.advise(advice);
        }
    }

    /// What the file says of the model.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Whether it holds a tensor.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A matrix.
    ///
    /// # Errors
    /// One that is not there, or has other than two dimensions.
    pub fn matrix(&self, name: &str) -> Result<Bytes> {
        let (kind, dimensions, part) = self.tensor(name)?;
        let &[outputs, inputs] = dimensions else {
            bail!("`{name}` has {} dimensions where a matrix has two", dimensions.len());
        };
        let Some(bytes) = Kept::mapped(&self.bytes, part) else {
            bail!("`{name}` is no part of the file");
        };
        Ok(Bytes {
            kind,
            bytes,
            order: Order::Rows,
            outputs,
            inputs,
        })
    }

    /// A matrix of heads whose rows lie pair by pair.
    ///
    /// # Errors
    /// As [`Self::matrix`].
    pub fn in_halves(&self, name: &str, heads: usize) -> Result<Bytes> {
        let read = self.matrix(name)?;
        let dimension = read.outputs / heads.max(1);
        if dimension == 0 || !dimension.is_multiple_of(2) || dimension * heads != read.outputs {
            bail!("`{name}` has {} rows, which are no {heads} heads", read.outputs);
        }
        Ok(Bytes {
            order: Order::Pairs(dimension),
            ..read
        })
    }

    /// A vector; none where the file has none.
    pub fn vector(&self, name: &str) -> Option<Result<Vec<f32>>> {
        let read = || {
            let (kind, _, part) = self.tensor(name)?;
            numbers(kind, &self.bytes[part])
        };
        self.has(name).then(read)
    }

    fn tensor(&self, name: &str) -> Result<(GgmlDType, &[usize], Range<usize>)> {
        let Some(info) = self.tensors.get(name) else {
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
        let begin = self.begin.saturating_add(info.offset) as usize;
        let end = begin.saturating_add(length);
        if end > self.bytes.len() {
            bail!(
                "`{name}` ends at byte {end} of a file of {}: the file is truncated; get it again",
                self.bytes.len()
            );
        }
        Ok((info.ggml_dtype, info.shape.dims(), begin..end))
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
fn mapped(file: &std::fs::File) -> std::io::Result<Mmap> {
    // SAFETY: the file is only read, as long as the model is there. Someone who changes it meanwhile changes the numbers;
    // someone who cuts it off ends the program, as with any mapped file. A download puts another file into its place.
    unsafe { Mmap::map(file) }
}
