//! Matrices as a file has them: their bytes stay where they are.

use candle_core::quantized::GgmlDType;
use memmap2::Mmap;
use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Bytes that do not move: a part of a mapped file, which the map is kept for, or memory.
pub struct Kept(Place);

enum Place {
    Mapped(Arc<Mmap>, Range<usize>),
    Memory(Vec<u8>),
}

impl Kept {
    /// A part of a file; none where it ends before.
    pub fn mapped(file: &Arc<Mmap>, part: Range<usize>) -> Option<Self> {
        file.get(part.clone())?;
        Some(Self(Place::Mapped(Arc::clone(file), part)))
    }
}

impl Kept {
    /// Says that they will not be read for a while: the pages of a file need not be held then. They come back when
    /// they are read.
    #[expect(unsafe_code, reason = "advice that would lose what was written, and nothing is")]
    pub fn leave(&self) {
        #[cfg(target_os = "linux")]
        if let Place::Mapped(file, part) = &self.0 {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is of a file and only read, so that its pages are the file's whenever they come back.
            let _ = unsafe { file.unchecked_advise_range(advice, part.start, part.len()) };
        }
    }
}

impl From<Vec<u8>> for Kept {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Place::Memory(bytes))
    }
}

impl Deref for Kept {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Mapped(file, part) => &file[part.clone()],
            Place::Memory(bytes) => bytes,
        }
    }
}

impl Debug for Kept {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.len())
    }
}

/// Which of a file's rows is which output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The rows in their order.
    Rows,
    /// Heads of so many rows, which lie pair by pair, as llama.cpp turns them: the first ones of all pairs are outputs
    /// before the second ones, as the model was published.
    Pairs(usize),
}

impl Order {
    /// The row of an output.
    pub fn row(self, output: usize) -> usize {
        match self {
            Self::Rows => output,
            Self::Pairs(head) => {
                let (first, within) = (output / head * head, output % head);
                first + within % (head / 2) * 2 + within / (head / 2)
            }
        }
    }
}

/// A matrix in a file.
#[derive(Debug)]
pub struct Bytes {
    /// How numbers are written.
    pub kind: GgmlDType,
    /// Row after row.
    pub bytes: Kept,
    /// Which row is which output.
    pub order: Order,
    /// Rows.
    pub outputs: usize,
    /// Numbers in a row.
    pub inputs: usize,
}

impl Bytes {
    /// The rows in the order of the outputs.
    pub fn rows(&self) -> Cow<'_, [u8]> {
        if self.order == Order::Rows {
            return Cow::Borrowed(&self.bytes);
        }
        let row = self.bytes.len() / self.outputs.max(1);
        let mut rows = Vec::with_capacity(self.bytes.len());
        for output in 0..self.outputs {
            rows.extend_from_slice(&self.bytes[self.order.row(output) * row..][..row]);
        }
        Cow::Owned(rows)
    }
}
