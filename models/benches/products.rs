//! Products of rows with quantised weights of the shapes of Qwen3-0.6B, beside candle's, in one run.
//!
//!     RAYON_NUM_THREADS=1 cargo bench --profile dev -p troupe-models --features local --bench products -- [SHAPE …]
//!
//! Of each: gigabytes of weights, as the file has them, and 10^9 operations (two for a weight and a row) a second of
//! processor time.

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};
use std::borrow::Cow;
use std::sync::Arc;
use troupe_models::local::{Bytes, Order, Quantised};

/// Weights that go by before one is used again: more than a core's share of the caches.
const BYTES: usize = 256 << 20;
/// Processor time that a figure is measured over.
const SECONDS: f64 = 0.3;
const ROWS: [usize; 6] = [1, 4, 8, 16, 64, 256];

struct Shape {
    name: &'static str,
    kind: GgmlDType,
    outputs: usize,
    inputs: usize,
}

const SHAPES: [Shape; 7] = [
    shape("query", GgmlDType::Q4K, 2048, 1024),
    shape("key", GgmlDType::Q4K, 1024, 1024),
    shape("attended", GgmlDType::Q4K, 1024, 2048),
    shape("gate", GgmlDType::Q4K, 3072, 1024),
    shape("down", GgmlDType::Q4K, 1024, 3072),
    shape("gate-q8", GgmlDType::Q8_0, 3072, 1024),
    shape("head", GgmlDType::Q6K, 151_936, 1024),
];

const fn shape(name: &'static str, kind: GgmlDType, outputs: usize, inputs: usize) -> Shape {
    Shape {
        name,
        kind,
        outputs,
        inputs,
    }
}

fn main() -> candle_core::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    println!(
        "{:10} {:>4}  {:>22}  {:>22}  {:>22}",
        "shape", "rows", "Quantised", "candle QMatMul", "candle gemv_fused"
    );
    for shape in SHAPES
        .iter()
        .filter(|shape| wanted.is_empty() || wanted.iter().any(|w| w == shape.name))
    {
        compare(shape)?;
    }
    Ok(())
}

fn compare(shape: &Shape) -> candle_core::Result<()> {
    let bytes = weights(shape)?;
    let copies = (BYTES / bytes.len()).max(1);
    let new = |_| {
        let weights = Bytes {
            kind: shape.kind,
            bytes: bytes.clone().into(),
            order: Order::Rows,
            outputs: shape.outputs,
            inputs: shape.inputs,
        };
        Quantised::new(weights, None)
    };
    let ours: Vec<Quantised> = (0..copies)
        .map(new)
        .collect::<Result<_, _>>()
        .map_err(candle_core::Error::msg)?;
    let tensor = |_| {
        let storage = QStorage::from_data(Cow::Borrowed(&bytes[..]), &Device::Cpu, shape.kind)?;
        Ok(Arc::new(QTensor::new(storage, (shape.outputs, shape.inputs))?))
    };
    let tensors: Vec<Arc<QTensor>> = (0..copies).map(tensor).collect::<candle_core::Result<_>>()?;
    let layer = |tensor: &Arc<QTensor>| QMatMul::from_arc(tensor.clone());
    let layers: Vec<QMatMul> = tensors.iter().map(layer).collect::<candle_core::Result<_>>()?;
    for count in ROWS {
        let rows: Vec<f32> = (0..count * shape.inputs)
            .map(|at| (at * 7919 % 1013) as f32 / 300.0 - 1.7)
            .collect();
        let tensor = Tensor::from_vec(rows.clone(), (count, shape.inputs), &Device::Cpu)?;
        let mut out = vec![0.0; count * shape.outputs];
        let ours = seconds(copies, |at| ours[at].apply_into(&rows, &mut out));
        let candle = seconds(copies, |at| drop(layers[at].forward(&tensor)));
        let fused = |at: usize| QTensor::gemv_fused_shared_lhs(&[&tensors[at]], &tensor);
        // It has no loops for some kinds and counts.
        let fused = fused(0)?.is_some().then(|| seconds(copies, |at| drop(fused(at))));
        let figures = [Some(ours), Some(candle), fused].map(|seconds| {
            let Some(seconds) = seconds else {
                return format!("{:>22}", "-");
            };
            let operations = 2 * count * shape.outputs * shape.inputs;
            format!(
                "{:5.1} GB/s {:6.1} Gop/s",
                bytes.len() as f64 / seconds / 1e9,
                operations as f64 / seconds / 1e9
            )
        });
        println!("{:10} {count:>4}  {}", shape.name, figures.join("  "));
    }
    Ok(())
}

/// A few outputs of the bell that models begin with, over and over.
fn weights(shape: &Shape) -> candle_core::Result<Vec<u8>> {
    const OUTPUTS: usize = 64;
    let few = Tensor::randn(0f32, 0.02, (OUTPUTS, shape.inputs), &Device::Cpu)?;
    let few = QTensor::quantize(&few, shape.kind)?;
    Ok(few.data()?.repeat(shape.outputs / OUTPUTS))
}

/// Processor time of one call, the best of three measurements.
fn seconds(copies: usize, mut call: impl FnMut(usize)) -> f64 {
    // What is made at first use is made before.
    for at in 0..copies {
        call(at);
    }
    let mut best = f64::MAX;
    for _ in 0..3 {
        let (before, mut calls) = (processor_seconds(), 0);
        let spent = loop {
            call(calls % copies);
            calls += 1;
            let spent = processor_seconds() - before;
            if spent > SECONDS {
                break spent;
            }
        };
        best = best.min(spent / calls as f64);
    }
    best
}

/// What all threads of this process have used so far.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}
