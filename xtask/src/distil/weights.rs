//! Owns the reading of a `safetensors` file: eight bytes of header length, a JSON header of
//! names, types and byte ranges, then the numbers, little-endian.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A file of named tensors of 32-bit numbers.
pub struct Weights {
    header: Value,
    data: Vec<u8>,
}

impl Weights {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let mut bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length)) as usize;
        let header = bytes.get(8..8 + length).context("the header is cut short")?;
        let header = serde_json::from_slice(header).context("reading the header")?;
        Ok(Self {
            header,
            data: bytes.split_off(8 + length),
        })
    }

    /// The numbers of tensor `name`, row-major.
    pub fn numbers(&self, name: &str) -> Result<Vec<f32>> {
        let entry = self
            .header
            .get(name)
            .with_context(|| format!("the model has no {name}"))?;
        ensure!(entry["dtype"] == "F32", "{name} is {} and not F32", entry["dtype"]);
        let offset = |at: usize| entry["data_offsets"][at].as_u64().map(|offset| offset as usize);
        let range = offset(0).zip(offset(1)).context("a tensor without offsets")?;
        let bytes = self
            .data
            .get(range.0..range.1)
            .context("a tensor beyond the file's end")?;
        let numbers = bytes.chunks_exact(4);
        Ok(numbers
            .map(|four| f32::from_le_bytes(four.try_into().expect("chunks of four bytes")))
            .collect())
    }
}
