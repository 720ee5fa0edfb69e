//! Matrices of weights in the memory of a device of candle's, and rows times them.

use crate::local::device::Weights;
use crate::local::gguf;
use crate::local::stored::Bytes;
use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{DType, Device, Module, Result, Tensor};

/// Outputs × inputs.
pub struct Matrix {
    weights: Numbers,
    bias: Option<Tensor>,
}

enum Numbers {
    /// As numbers.
    Plain(Tensor),
    /// As the blocks of a file. Nothing reads single rows of them from the device's memory, so those come from the file.
    Blocks(QMatMul, Bytes),
}

impl Matrix {
    /// Puts weights into the memory of a device, plain ones as `kind`.
    pub fn new(device: &Device, kind: DType, weights: Weights<'_>, bias: Option<Vec<f32>>) -> Result<Self> {
        let plain = |numbers: &[f32], inputs: usize| {
            let numbers = Tensor::from_slice(numbers, (numbers.len() / inputs, inputs), &Device::Cpu)?;
            numbers.to_dtype(kind)?.to_device(device).map(Numbers::Plain)
        };
        let weights = match weights {
            Weights::Numbers(numbers, inputs) => plain(numbers, inputs)?,
            Weights::Bytes(read) => match read.kind {
                GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => {
                    plain(&gguf::numbers(read.kind, &read.rows())?, read.inputs)?
                }
                blocks => {
                    let storage = QStorage::from_data(read.rows(), device, blocks)?;
                    let tensor = QTensor::new(storage, (read.outputs, read.inputs))?;
                    read.bytes.leave();
                    Numbers::Blocks(QMatMul::from_qtensor(tensor)?, read)
                }
            },
        };
        let bias = bias.map(|bias| Tensor::new(bias, device)).transpose()?;
        Ok(Self { weights, bias })
    }

    /// Rows times the matrix, and the bias.
    pub fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        let product = match &self.weights {
            Numbers::Plain(numbers) => {
                let rows = rows.to_dtype(numbers.dtype())?;
                rows.matmul(&numbers.t()?)?.to_dtype(DType::F32)?
            }
            Numbers::Blocks(product, _) => product.forward(rows)?,
        };
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }

    /// Some of its rows.
    pub fn rows(&self, device: &Device, which: &[u32]) -> Result<Tensor> {
        match &self.weights {
            Numbers::Plain(numbers) => {
                let which = Tensor::new(which, device)?;
                numbers.index_select(&which, 0)?.to_dtype(DType::F32)
            }
            Numbers::Blocks(_, read) => rows_of(read, which)?.to_device(device),
        }
    }
}

fn rows_of(read: &Bytes, which: &[u32]) -> Result<Tensor> {
    let size = read.bytes.len() / read.outputs;
    let rows = which.iter().map(|row| read.order.row(*row as usize));
    let bytes: Vec<u8> = rows
        .flat_map(|row| &read.bytes[row * size..][..size])
        .copied()
        .collect();
    let storage = QStorage::from_data(bytes.into(), &Device::Cpu, read.kind)?;
    QTensor::new(storage, (which.len(), read.inputs))?.dequantize(&Device::Cpu)
}
