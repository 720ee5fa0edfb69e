//! Models that are whole, and the same ones damaged in every way that happens.

use super::*;
use candle_core::quantized::gguf_file;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use std::path::PathBuf;
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/local/fixtures")
        .join(name)
}

/// A copy of a fixture, to be damaged.
fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(fixture(name).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn faults(folder: &Path) -> Vec<String> {
    let files = Files::at(folder).unwrap();
    verify("it", &files, &mut |_| ()).faults
}

fn change(path: &Path, change: impl Fn(&str) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed);
    std::fs::write(path, changed).unwrap();
}

#[test]
fn whole_models_have_no_faults() {
    for name in ["bert", "modernbert", "qwen3", "bert-reranker"] {
        let verified = verify(name, &Files::at(&fixture(name)).unwrap(), &mut |_| ());
        assert_eq!(verified.faults, [""; 0], "{name}");
        assert!(verified.tensors > 10);
    }
}

#[test]
fn the_shape_is_read_from_the_heads() {
    let shape = Shape::of(&Files::at(&fixture("qwen3")).unwrap()).unwrap();
    insta::assert_json_snapshot!(shape, @r#"
    {
      "family": "qwen3",
      "purpose": "vectors",
      "layers": 4,
      "heads": 4,
      "kv_heads": 2,
      "head_dimension": 8,
      "width": 32,
      "inner": 48,
      "vocabulary": 78,
      "context": 160,
      "tied": false,
      "parameters": 33568,
      "weights": 134272,
      "format": "F32"
    }
    "#);
}

#[test]
fn a_file_that_was_cut_short_is_named() {
    for name in ["bert", "qwen3"] {
        let whole = std::fs::read(fixture(name).join("model.safetensors")).unwrap();
        for length in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
            let folder = copy(name);
            std::fs::write(folder.path().join("model.safetensors"), &whole[..length]).unwrap();
            let faults = faults(folder.path());
            assert!(
                faults[0].contains("model.safetensors: ") && faults[0].contains("cut short"),
                "{faults:?}"
            );
        }
    }
}

#[test]
fn a_configuration_of_another_model_is_told_by_its_tensors() {
    let folder = copy("qwen3");
    change(&folder.path().join("config.json"), |text| {
        text.replace("\"intermediate_size\": 48", "\"intermediate_size\": 64")
    });
    let told = faults(folder.path());
    assert_eq!(told.len(), 4 * 3);
    assert!(
        told[0].contains("`layers.0.mlp.gate_proj.weight` has the shape [48, 32] instead of [64, 32]"),
        "{told:?}"
    );
    let folder = copy("qwen3");
    change(&folder.path().join("config.json"), |text| {
        text.replace("\"model_type\": \"qwen3\"", "\"model_type\": \"mamba\"")
    });
    let told = faults(folder.path());
    assert!(
        told[0].contains("`mamba` are not known; qwen3, qwen2, llama"),
        "{told:?}"
    );
}

#[test]
fn a_tokenizer_of_another_model_is_told() {
    let folder = copy("qwen3");
    let path = folder.path().join("tokenizer.json");
    change(&path, |text| {
        let mut file: serde_json::Value = serde_json::from_str(text).unwrap();
        file["model"]["vocab"]["stranger"] = 500.into();
        file.to_string()
    });
    let told = faults(folder.path());
    assert!(
        told[0].contains("tokenizer.json: has 501 tokens, the table of words has 78 rows"),
        "{told:?}"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(faults(folder.path())[0].contains("tokenizer.json: is absent"));
}

#[test]
fn a_changed_byte_is_found_by_its_checksum() {
    let folder = copy("qwen3");
    let path = folder.path().join("model.safetensors");
    let files = ["config.json", "model.safetensors"].map(|name| {
        (
            name.to_owned(),
            Sum::of(&folder.path().join(name), &mut |_| ()).unwrap(),
        )
    });
    let manifest = Manifest {
        source: "test".into(),
        revision: None,
        files: files.into(),
    };
    manifest.write(folder.path()).unwrap();
    assert_eq!(faults(folder.path()), [""; 0]);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let told = faults(folder.path());
    assert!(
        told.len() == 1 && told[0].contains("model.safetensors: its sha256 is"),
        "{told:?}"
    );
}

/// A tiny Llama in GGUF, as llama.cpp would name its parts.
fn gguf(path: &Path, architecture: &str, words: usize) {
    let shape = |rows: usize, columns: usize| {
        let tensor = Tensor::zeros((rows, columns), DType::F32, &Device::Cpu).unwrap();
        QTensor::quantize(&tensor, GgmlDType::Q8_0).unwrap()
    };
    let norm = || QTensor::quantize(&Tensor::zeros(32, DType::F32, &Device::Cpu).unwrap(), GgmlDType::F32).unwrap();
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), shape(40, 32)),
        ("output_norm.weight".to_owned(), norm()),
    ];
    for (name, rows, columns) in [
        ("attn_q", 32, 32),
        ("attn_k", 16, 32),
        ("attn_v", 16, 32),
        ("attn_output", 32, 32),
    ] {
        tensors.push((format!("blk.0.{name}.weight"), shape(rows, columns)));
    }
    for (name, rows, columns) in [("ffn_gate", 64, 32), ("ffn_up", 64, 32), ("ffn_down", 32, 64)] {
        tensors.push((format!("blk.0.{name}.weight"), shape(rows, columns)));
    }
    for name in ["attn_norm", "ffn_norm"] {
        tensors.push((format!("blk.0.{name}.weight"), norm()));
    }
    let key = |name: &str| format!("{architecture}.{name}");
    let mut metadata: Vec<(String, Value)> = [
        ("block_count", 1),
        ("attention.head_count", 4),
        ("attention.head_count_kv", 2),
        ("embedding_length", 32),
        ("feed_forward_length", 64),
        ("context_length", 128),
    ]
    .map(|(name, number)| (key(name), Value::U32(number)))
    .into();
    metadata.push(("general.architecture".into(), Value::String(architecture.into())));
    let tokens = (0..words).map(|n| Value::String(n.to_string())).collect();
    metadata.push(("tokenizer.ggml.tokens".into(), Value::Array(tokens)));
    metadata.push(("tokenizer.ggml.eos_token_id".into(), Value::U32(2)));
    metadata.push(("tokenizer.chat_template".into(), Value::String("{{ messages }}".into())));
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

#[test]
fn a_gguf_file_says_everything_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    gguf(&path, "llama", 40);
    let files = Files::at(folder.path()).unwrap();
    assert_eq!(faults(folder.path()), [""; 0]);
    let shape = Shape::of(&files).unwrap();
    assert_eq!(
        (shape.family, shape.kv_heads, shape.head_dimension, shape.vocabulary),
        (Family::Llama, 2, 8, 40)
    );
    assert_eq!((shape.format.as_str(), shape.tied), ("Q8_0", true));
    assert_eq!(special_tokens(&files), [("eos", "2".to_owned())]);
    assert_eq!(template(&files), Some("its metadata"));

    let whole = std::fs::read(&path).unwrap();
    for length in [0, 3, 60, 900, whole.len() - 40] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let told = faults(folder.path());
        assert!(
            told[0].contains("tiny.gguf: ") && told[0].contains("cut short"),
            "{length}: {told:?}"
        );
    }
    gguf(&path, "llama", 41);
    assert!(faults(folder.path())[0].contains("has 41 tokens, the table of words has 40 rows"));
    gguf(&path, "rwkv", 40);
    assert!(faults(folder.path())[0].contains("`rwkv` are not known"));
    gguf(&path, "qwen3", 40);
    assert!(faults(folder.path())[0].contains("tensor `blk.0.attn_q_norm.weight` is absent"));
}
