//! What the heads of weight files say: which tensors there are, of which shape, in which format, and that all of
//! their bytes are there. The weights themselves are not read.

use super::chat::Metadata;
use super::gguf::Gguf;
use super::shelf::Files;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::TensorInfo;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A tensor in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its dimensions, the slowest first.
    pub shape: Vec<usize>,
    /// How its numbers are stored: `BF16`, `Q4_K` …
    pub format: String,
    /// Bytes in the file.
    pub bytes: u64,
}

/// The tensors of a model.
#[derive(Debug, Default)]
pub struct Tensors {
    /// By name.
    pub tensors: BTreeMap<String, Described>,
    /// The files that hold them.
    pub files: Vec<PathBuf>,
    /// What a GGUF file says beside its tensors.
    pub metadata: Arc<Metadata>,
}

impl Tensors {
    /// Reads the heads of a model's weight files.
    ///
    /// # Errors
    /// A file that is absent, cut short, or of another format, by its name.
    pub fn of(files: &Files) -> Result<Self, String> {
        match files {
            Files::Gguf(path) => Gguf::open(path)?.described(),
            Files::Folder(folder) => {
                let mut all = Self::default();
                for path in parts(folder)? {
                    all.tensors.extend(safetensors(&path)?);
                    all.files.push(path);
                }
                Ok(all)
            }
        }
    }

    /// Numbers in all tensors.
    pub fn parameters(&self) -> u64 {
        self.tensors
            .values()
            .map(|tensor| elements(&tensor.shape).unwrap_or(0))
            .sum()
    }

    /// Bytes of all tensors.
    pub fn bytes(&self) -> u64 {
        self.tensors.values().map(|tensor| tensor.bytes).sum()
    }

    /// The format that most bytes are in.
    pub fn format(&self) -> String {
        let mut bytes: BTreeMap<&str, u64> = BTreeMap::new();
        for tensor in self.tensors.values() {
            *bytes.entry(&tensor.format).or_default() += tensor.bytes;
        }
        let most = bytes.into_iter().max_by_key(|(_, bytes)| *bytes);
        most.map_or_else(String::new, |(format, _)| format.to_owned())
    }
}

/// The safetensors of a folder: one file, or those that an index names.
///
/// # Errors
/// No such file, or an index that cannot be read.
pub fn parts(folder: &Path) -> Result<Vec<PathBuf>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let one = folder.join("model.safetensors");
    if one.is_file() {
        return Ok(vec![one]);
    }
    let path = folder.join("model.safetensors.index.json");
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    match std::fs::read(&path) {
        Ok(bytes) => {
            let index: Index = serde_json::from_slice(&bytes).map_err(|error| told(&error))?;
            let names: BTreeSet<String> = index.weight_map.into_values().collect();
            if let Some(name) = names.iter().find(|name| name.contains(['/', '\\'])) {
                return Err(told(&format!("`{name}` is no file beside it")));
            }
            Ok(names.into_iter().map(|name| folder.join(name)).collect())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "there is no {}; other formats of weights are not read",
            one.display()
        )),
        Err(error) => Err(told(&error)),
    }
}

fn elements(shape: &[usize]) -> Option<u64> {
    shape.iter().try_fold(1u64, |all, &one| all.checked_mul(one as u64))
}

/// Bits of one number (the format's own list of types).
fn bits(format: &str) -> Option<u64> {
    Some(match format {
        "F64" | "I64" | "U64" => 64,
        "F32" | "I32" | "U32" => 32,
        "BF16" | "F16" | "I16" | "U16" => 16,
        "F8_E4M3" | "F8_E5M2" | "I8" | "U8" | "BOOL" => 8,
        _ => return None,
    })
}

/// The head of a safetensors file: its length in eight bytes, then JSON; the tensors follow without gaps.
fn safetensors(path: &Path) -> Result<Vec<(String, Described)>, String> {
    /// The longest head that the format allows.
    const HEAD_MAX: u64 = 100_000_000;
    #[derive(Deserialize)]
    struct Entry {
        dtype: String,
        shape: Vec<usize>,
        data_offsets: (u64, u64),
    }
    let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let mut file = File::open(path).map_err(|error| told(&error))?;
    let length = file.metadata().map_err(|error| told(&error))?.len();
    let mut head = [0; 8];
    let read = file.read_exact(&mut head);
    let head = u64::from_le_bytes(head);
    let rest = length.saturating_sub(8);
    if read.is_err() || head > rest.min(HEAD_MAX) {
        return Err(told(&format!(
            "is no safetensors file, or was cut short: it has {length} bytes"
        )));
    }
    let mut text = vec![0; head as usize];
    file.read_exact(&mut text).map_err(|error| told(&error))?;
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&text).map_err(|error| told(&format!("is no safetensors file: {error}")))?;
    entries.remove("__metadata__");
    let mut end = 0;
    let mut described = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let wrong = |what: &dyn std::fmt::Display| told(&format!("tensor `{name}`: {what}"));
        let entry = Entry::deserialize(entry).map_err(|error| wrong(&error))?;
        let bits = bits(&entry.dtype).ok_or_else(|| wrong(&format!("the format {} is not known", entry.dtype)))?;
        let (from, to) = entry.data_offsets;
        let bytes = elements(&entry.shape)
            .and_then(|n| n.checked_mul(bits))
            .map(|bits| bits / 8);
        if to.checked_sub(from) != bytes {
            return Err(wrong(&format!(
                "bytes {from} to {to} do not hold {:?} numbers of {}",
                entry.shape, entry.dtype
            )));
        }
        end = end.max(to);
        let tensor = Described {
            shape: entry.shape,
            format: entry.dtype,
            bytes: to - from,
        };
        described.push((name, tensor));
    }
    if end != rest - head {
        return Err(told(&whole(end + head + 8, length)));
    }
    Ok(described)
}

/// What is said of a file that is not as long as its head says.
fn whole(expected: u64, length: u64) -> String {
    let how = if length < expected {
        "was cut short"
    } else {
        "has more than its head describes"
    };
    format!("{how}: {expected} bytes are described, {length} are there; pull it again")
}

/// The tensors of a GGUF file of `length` bytes, the first of which begins at `begin`.
///
/// # Errors
/// A tensor that ends behind the end of the file.
pub fn described(
    tensors: &HashMap<String, TensorInfo>,
    begin: u64,
    length: u64,
) -> Result<BTreeMap<String, Described>, String> {
    let mut all = BTreeMap::new();
    for (name, info) in tensors {
        let blocks = info.ggml_dtype.block_size() as u64;
        let shape = info.shape.dims().to_vec();
        let bytes = elements(&shape).and_then(|n| (n / blocks).checked_mul(info.ggml_dtype.type_size() as u64));
        let end = bytes.and_then(|bytes| begin.checked_add(info.offset)?.checked_add(bytes));
        let (Some(bytes), Some(end)) = (bytes, end) else {
            return Err(format!("tensor `{name}`: {shape:?} is more than there can be"));
        };
        if end > length {
            return Err(whole(end, length));
        }
        let format = format_name(info.ggml_dtype);
        all.insert(name.clone(), Described { shape, format, bytes });
    }
    Ok(all)
}

/// `Q4_K`, as llama.cpp and everybody else writes it.
fn format_name(format: GgmlDType) -> String {
    let name = format!("{format:?}");
    match name.strip_suffix('K').filter(|name| !name.contains('_')) {
        Some(bits) => format!("{bits}_K"),
        None => name,
    }
}
