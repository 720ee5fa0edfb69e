//! The same models as GGUF, plain and quantised.

use super::{Alone, Decoder, Expected, Source, assert_near, load, opened};
use crate::local::device::Processor;
use crate::local::gguf::Gguf;
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor, safetensors};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What llama.cpp's converter calls the tensors of the published files.
const NAMES: [(&str, &str); 13] = [
    ("model.embed_tokens", "token_embd"),
    ("model.norm", "output_norm"),
    ("lm_head", "output"),
    ("model.layers.", "blk."),
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_", "attn_q_"),
    ("self_attn.k_", "attn_k_"),
    ("self_attn.v_", "attn_v_"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

fn name(published: &str) -> String {
    let named = NAMES
        .iter()
        .fold(published.to_owned(), |name, (from, to)| name.replace(from, to));
    named.replace("_proj", "")
}

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/local/fixtures/decoders")
        .join(family)
}

/// Rows of heads as llama.cpp's converter writes them for the family llama: pair by pair.
fn in_pairs(tensor: &Tensor, heads: usize) -> Tensor {
    let (rows, inputs) = tensor.dims2().unwrap();
    let heads_apart = tensor.reshape((heads, 2, rows / heads / 2, inputs)).unwrap();
    heads_apart.transpose(1, 2).unwrap().reshape((rows, inputs)).unwrap()
}

/// Writes tensors with the numbers of a `config.json`; what cannot be as `kind` stays f32.
fn written(family: &str, config: &serde_json::Value, tensors: &HashMap<String, Tensor>, kind: GgmlDType, path: &Path) {
    let count = |key: &str| config[key].as_u64().unwrap() as u32;
    let key = |name: &str| format!("{family}.{name}");
    let mut metadata = vec![
        ("general.architecture".to_owned(), Value::String(family.to_owned())),
        (
            key("rope.freq_base"),
            Value::F32(config["rope_parameters"]["rope_theta"].as_f64().unwrap() as f32),
        ),
        (
            key("attention.layer_norm_rms_epsilon"),
            Value::F32(config["rms_norm_eps"].as_f64().unwrap() as f32),
        ),
    ];
    for (name, from) in [
        ("block_count", "num_hidden_layers"),
        ("embedding_length", "hidden_size"),
        ("feed_forward_length", "intermediate_size"),
        ("attention.head_count", "num_attention_heads"),
        ("attention.head_count_kv", "num_key_value_heads"),
        ("attention.key_length", "head_dim"),
        ("context_length", "max_position_embeddings"),
    ] {
        metadata.push((key(name), Value::U32(count(from))));
    }
    let made = tensors.iter().map(|(published, tensor)| {
        let heads = match published {
            name if name.contains("q_proj") => Some("num_attention_heads"),
            name if name.contains("k_proj") => Some("num_key_value_heads"),
            _ => None,
        };
        let tensor = match heads.filter(|_| family == "llama") {
            Some(heads) => in_pairs(tensor, count(heads) as usize),
            None => tensor.clone(),
        };
        let fits = tensor.dims().len() == 2 && tensor.dims()[1].is_multiple_of(kind.block_size());
        let kind = if fits { kind } else { GgmlDType::F32 };
        (name(published), QTensor::quantize(&tensor, kind).unwrap())
    });
    let made: Vec<(String, QTensor)> = made.collect();
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = made.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

fn read(path: &Path) -> Decoder {
    load(Processor, &Source::Gguf(Gguf::open(path).unwrap())).unwrap()
}

fn last_logits(decoder: &Decoder, expected: &Expected) -> Vec<f32> {
    Alone::new(decoder).read(&expected.prompt).pop().unwrap()
}

#[test]
fn a_gguf_is_the_model_that_was_published() {
    let place = tempfile::tempdir().unwrap();
    for family in ["qwen3", "qwen2", "mistral"] {
        let (_, expected) = opened(family);
        let config = std::fs::read(folder(family).join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        let tensors = safetensors::load(folder(family).join("model.safetensors"), &Device::Cpu).unwrap();
        let path = place.path().join(format!("{family}.gguf"));
        // llama.cpp has one name for what is built like Llama.
        let architecture = if family == "mistral" { "llama" } else { family };
        written(architecture, &config, &tensors, GgmlDType::F32, &path);
        assert_near(&last_logits(&read(&path), &expected), &expected.logits[3], family);
        // With eight bits for weights and rows, a model of 32 numbers a row loses a few parts in a hundred.
        written(architecture, &config, &tensors, GgmlDType::Q8_0, &path);
        let got = last_logits(&read(&path), &expected);
        assert!(
            distance(&got, &expected.logits[3]) < 0.1,
            "{family}: {}",
            distance(&got, &expected.logits[3])
        );
    }
}

/// The root of the mean square of the differences, over that of the numbers.
fn distance(got: &[f32], right: &[f32]) -> f32 {
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|number| number * number).sum::<f32>();
    let differences = square(&mut got.iter().zip(right).map(|(got, right)| got - right));
    (differences / square(&mut right.iter().copied())).sqrt()
}

/// Weights of a model that is wide enough for blocks of 256.
fn wide() -> (serde_json::Value, HashMap<String, Tensor>) {
    let config = serde_json::json!({
        "hidden_size": 256, "num_hidden_layers": 2, "intermediate_size": 512, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 64, "max_position_embeddings": 256, "rms_norm_eps": 1e-6,
        "rope_parameters": { "rope_theta": 10000.0 },
    });
    let mut state = 7u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize], scale: f32, shift: f32| {
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| random() * scale + shift).collect();
        tensors.insert(
            format!("{name}.weight"),
            Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap(),
        );
    };
    add("model.embed_tokens".to_owned(), &[128, 256], 1.0, 0.0);
    add("model.norm".to_owned(), &[256], 0.2, 1.0);
    for layer in 0..2 {
        let mut add = |part: &str, shape: &[usize], scale, shift| {
            add(format!("model.layers.{layer}.{part}"), shape, scale, shift)
        };
        for (part, outputs, inputs) in [
            ("self_attn.q_proj", 256, 256),
            ("self_attn.k_proj", 128, 256),
            ("self_attn.v_proj", 128, 256),
            ("self_attn.o_proj", 256, 256),
            ("mlp.gate_proj", 512, 256),
            ("mlp.up_proj", 512, 256),
            ("mlp.down_proj", 256, 512),
        ] {
            add(part, &[outputs, inputs], 0.2, 0.0);
        }
        for (part, width) in [
            ("input_layernorm", 256),
            ("post_attention_layernorm", 256),
            ("self_attn.q_norm", 64),
            ("self_attn.k_norm", 64),
        ] {
            add(part, &[width], 0.2, 1.0);
        }
    }
    (config, tensors)
}

/// What the weights lose in a format is the format's; what the rows lose when they become integers is ours, and stays
/// below 3 % of the logits.
#[test]
fn quantised_weights_give_what_they_stand_for() {
    let place = tempfile::tempdir().unwrap();
    let (config, tensors) = wide();
    let (_, expected) = opened("qwen3");
    for kind in [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K, GgmlDType::Q8_0] {
        let path = place.path().join("quantised.gguf");
        written("qwen3", &config, &tensors, kind, &path);
        let got = last_logits(&read(&path), &expected);
        let stand_for = tensors.iter().map(|(name, tensor)| {
            let stands_for = match tensor.dims().len() {
                2 => QTensor::quantize(tensor, kind)
                    .unwrap()
                    .dequantize(&Device::Cpu)
                    .unwrap(),
                _ => tensor.clone(),
            };
            (name.clone(), stands_for)
        });
        let path = place.path().join("plain.gguf");
        written("qwen3", &config, &stand_for.collect(), GgmlDType::F32, &path);
        let right = last_logits(&read(&path), &expected);
        let lost = distance(&got, &right);
        assert!(lost < 0.03 && lost > 0.0, "{kind:?}: {lost}");
    }
}

#[test]
fn a_broken_file_is_told_by_what_is_wrong() {
    let place = tempfile::tempdir().unwrap();
    let (config, tensors) = wide();
    let path = place.path().join("model.gguf");
    let told = |path: &Path| match Gguf::open(path).map(|file| load(Processor, &Source::Gguf(file))) {
        Ok(Ok(_)) => "nothing".to_owned(),
        // Behind it is where it came from, when that is asked for.
        Ok(Err(error)) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        Err(error) => error,
    };
    written("qwen3", &config, &tensors, GgmlDType::Q4K, &path);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1000]).unwrap();
    assert!(
        told(&path).contains("was cut short") && told(&path).contains("pull it again"),
        "{}",
        told(&path)
    );
    written("gemma3", &config, &tensors, GgmlDType::Q4K, &path);
    assert!(
        told(&path).contains("family \"gemma3\" are not known"),
        "{}",
        told(&path)
    );
    let mut thin = tensors.clone();
    thin.insert(
        "model.norm.weight".to_owned(),
        Tensor::ones(128, candle_core::DType::F32, &Device::Cpu).unwrap(),
    );
    written("qwen3", &config, &thin, GgmlDType::Q4K, &path);
    assert_eq!(told(&path), "`output_norm.weight` has 128 numbers where 256 are needed");
    thin.remove("model.layers.1.mlp.up_proj.weight");
    written("qwen3", &config, &thin, GgmlDType::Q4K, &path);
    assert_eq!(told(&path), "the file holds no `blk.1.ffn_up.weight`");
}
