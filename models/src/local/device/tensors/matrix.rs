//! Matrices of weights in the memory of a device of candle's, and rows times them.

use crate::local::device::Weights;
use crate::local::gguf;
use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{DType, Device, Module, Result, Tensor};

/// Outputs × inputs.
pub struct Matrix {
    weights: Kept,
    bias: Option<Tensor>,
}

enum Kept {
    /// As numbers.
    Plain(Tensor),
    /// As the blocks of a file; where single rows are taken, the blocks are in the processor's memory as well, since
    /// nothing reads some of them from the device's.
    Blocks(QMatMul, Option<Blocks>),
}

struct Blocks {
    kind: GgmlDType,
    bytes: Vec<u8>,
    outputs: usize,
    inputs: usize,
}

impl Matrix {
    /// Puts weights into the memory of a device, plain ones as `kind`.
    pub fn new(device: &Device, kind: DType, weights: &Weights<'_>, bias: Option<Vec<f32>>) -> Result<Self> {
        let plain = |numbers: &[f32], inputs: usize| {
            let numbers = Tensor::from_slice(numbers, (numbers.len() / inputs, inputs), &Device::Cpu)?;
            numbers.to_dtype(kind)?.to_device(device).map(Kept::Plain)
        };
        let weights = match weights {
            Weights::Numbers(numbers, inputs) => plain(numbers, *inputs)?,
            Weights::Bytes(read) => match read.kind {
                GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => {
                    plain(&gguf::numbers(read.kind, &read.bytes)?, read.inputs)?
                }
                blocks => {
                    let storage = QStorage::from_data(read.bytes.as_ref().into(), device, blocks)?;
                    let tensor = QTensor::new(storage, (read.outputs, read.inputs))?;
                    Kept::Blocks(QMatMul::from_qtensor(tensor)?, None)
                }
            },
        };
        let bias = bias.map(|bias| Tensor::new(bias, device)).transpose()?;
        Ok(Self { weights, bias })
    }

    /// The same, of which single rows are taken too.
    pub fn with_rows(mut self, weights: &Weights<'_>) -> Self {
        if let (Kept::Blocks(_, rows), Weights::Bytes(read)) = (&mut self.weights, weights) {
            *rows = Some(Blocks {
                kind: read.kind,
                bytes: read.bytes.to_vec(),
                outputs: read.outputs,
                inputs: read.inputs,
            });
        }
        self
    }

    /// Rows times the matrix, and the bias.
    pub fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        let product = match &self.weights {
            Kept::Plain(numbers) => {
                let rows = rows.to_dtype(numbers.dtype())?;
                rows.matmul(&numbers.t()?)?.to_dtype(DType::F32)?
            }
            Kept::Blocks(product, _) => product.forward(rows)?,
        };
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }

    /// Some of its rows.
    pub fn rows(&self, device: &Device, which: &[u32]) -> Result<Tensor> {
        match &self.weights {
            Kept::Plain(numbers) => {
                let which = Tensor::new(which, device)?;
                numbers.index_select(&which, 0)?.to_dtype(DType::F32)
            }
            Kept::Blocks(_, Some(blocks)) => blocks.rows(which)?.to_device(device),
            Kept::Blocks(_, None) => candle_core::bail!("rows of a matrix that is kept for products alone"),
        }
    }
}

impl Blocks {
    fn rows(&self, which: &[u32]) -> Result<Tensor> {
        let size = self.bytes.len() / self.outputs;
        let bytes: Vec<u8> = which
            .iter()
            .flat_map(|row| &self.bytes[*row as usize * size..][..size])
            .copied()
            .collect();
        let storage = QStorage::from_data(bytes.into(), &Device::Cpu, self.kind)?;
        QTensor::new(storage, (which.len(), self.inputs))?.dequantize(&Device::Cpu)
    }
}
