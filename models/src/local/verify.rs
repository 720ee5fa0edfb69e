//! Whether a model's files are what they should be: their checksums, the tensors that the configuration needs in the
//! shapes that it gives them, and a tokenizer that fits the table of words.

use super::files::Opened;
use super::manifest::{Manifest, Sum};
use super::shape::{Family, Shape, whole};
use super::shelf::Files;
use super::tensors::Tensors;
use super::through;
use candle_core::quantized::gguf_file::Value;
use std::path::Path;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Verified {
    /// Files whose content was compared with a checksum.
    pub sums: usize,
    /// Tensors whose shapes were compared.
    pub tensors: usize,
    /// What is wrong, each by the name of its file or tensor.
    pub faults: Vec<String>,
}

/// Looks at everything; `read` hears how many bytes more were read for checksums.
pub fn verify(name: &str, files: &Files, read: &mut dyn FnMut(u64)) -> Verified {
    let mut verified = Verified::default();
    sums(files.folder(), &mut verified, read);
    structure(name, files, &mut verified);
    verified
}

/// The same without checksums: what can be known in a moment.
pub fn structure(name: &str, files: &Files, verified: &mut Verified) {
    let shape = Tensors::of(files).and_then(|tensors| Shape::from(files, &tensors).map(|shape| (tensors, shape)));
    let (tensors, shape) = match shape {
        Ok(both) => both,
        Err(fault) => return verified.faults.push(fault),
    };
    match files {
        Files::Folder(folder) if !shape.family.is_decoder() => {
            if let Err(fault) = runs(name, folder) {
                verified.faults.push(fault);
            }
            verified.tensors = tensors.tensors.len();
        }
        _ => shapes(files, &shape, &tensors, verified),
    }
    if let Err(fault) = words(files, &shape, &tensors) {
        verified.faults.push(fault);
    }
}

fn sums(folder: &Path, verified: &mut Verified, read: &mut dyn FnMut(u64)) {
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest.unwrap_or_default(),
        Err(fault) => return verified.faults.push(fault),
    };
    for (name, expected) in manifest.files {
        let path = folder.join(&name);
        verified.sums += 1;
        let fault = match Sum::of(&path, read) {
            Ok(sum) if sum == expected => continue,
            Ok(sum) if sum.bytes != expected.bytes => {
                format!(
                    "{}: has {} bytes instead of {}",
                    path.display(),
                    sum.bytes,
                    expected.bytes
                )
            }
            Ok(sum) => format!(
                "{}: its sha256 is {} instead of {}",
                path.display(),
                sum.sha256,
                expected.sha256
            ),
            Err(error) => format!("{}: {error}", path.display()),
        };
        verified.faults.push(fault);
    }
}

/// An encoder is small enough to be used: a tensor that is absent or of another shape fails then.
fn runs(name: &str, folder: &Path) -> Result<(), String> {
    let opened = Opened::new(name, folder).map_err(|error| error.message)?;
    let texts = opened.tokenizer.texts(vec!["An owl hunts at night.".to_owned()])?;
    let used = through(
        &opened.encoder,
        &texts,
        |rows: &[candle_core::Tensor]| Ok(rows.to_vec()),
    );
    used.map(|_: Vec<candle_core::Tensor>| ())
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// Every tensor of a decoder that its configuration speaks of.
fn shapes(files: &Files, shape: &Shape, tensors: &Tensors, verified: &mut Verified) {
    // The bare model of a family, as encoders are published, lacks the name of the whole in front.
    let bare = tensors.tensors.contains_key("embed_tokens.weight");
    for (name, expected) in decoder(shape, matches!(files, Files::Gguf(_))) {
        let name = if bare {
            name.trim_start_matches("model.").to_owned()
        } else {
            name
        };
        verified.tensors += 1;
        let fault = match tensors.tensors.get(&name) {
            Some(tensor) if tensor.shape == expected => continue,
            Some(tensor) => format!(
                "tensor `{name}` has the shape {:?} instead of {expected:?}",
                tensor.shape
            ),
            None if name == "lm_head.weight" && bare => continue,
            None => format!("tensor `{name}` is absent"),
        };
        verified.faults.push(format!("{}: {fault}", files.path().display()));
    }
}

/// The tensors of a decoder, by their names in safetensors (Hugging Face's `modeling_*.py`) or in GGUF (llama.cpp's
/// `llama-arch.cpp`).
fn decoder(shape: &Shape, gguf: bool) -> Vec<(String, Vec<usize>)> {
    let (queries, kept) = (
        shape.heads * shape.head_dimension,
        shape.kv_heads * shape.head_dimension,
    );
    let (width, inner) = (shape.width, shape.inner);
    let mut layer: Vec<(&str, &str, Vec<usize>)> = vec![
        ("self_attn.q_proj.weight", "attn_q.weight", vec![queries, width]),
        ("self_attn.k_proj.weight", "attn_k.weight", vec![kept, width]),
        ("self_attn.v_proj.weight", "attn_v.weight", vec![kept, width]),
        ("self_attn.o_proj.weight", "attn_output.weight", vec![width, queries]),
        ("mlp.gate_proj.weight", "ffn_gate.weight", vec![inner, width]),
        ("mlp.up_proj.weight", "ffn_up.weight", vec![inner, width]),
        ("mlp.down_proj.weight", "ffn_down.weight", vec![width, inner]),
        ("input_layernorm.weight", "attn_norm.weight", vec![width]),
        ("post_attention_layernorm.weight", "ffn_norm.weight", vec![width]),
    ];
    match shape.family {
        Family::Qwen3 => layer.extend([
            (
                "self_attn.q_norm.weight",
                "attn_q_norm.weight",
                vec![shape.head_dimension],
            ),
            (
                "self_attn.k_norm.weight",
                "attn_k_norm.weight",
                vec![shape.head_dimension],
            ),
        ]),
        Family::Qwen2 => layer.extend([
            ("self_attn.q_proj.bias", "attn_q.bias", vec![queries]),
            ("self_attn.k_proj.bias", "attn_k.bias", vec![kept]),
            ("self_attn.v_proj.bias", "attn_v.bias", vec![kept]),
        ]),
        Family::Llama | Family::Mistral | Family::Bert | Family::ModernBert => {}
    }
    let pick = |published: &str, own: &str| if gguf { own.to_owned() } else { published.to_owned() };
    let mut all = vec![
        (
            pick("model.embed_tokens.weight", "token_embd.weight"),
            vec![shape.vocabulary, width],
        ),
        (pick("model.norm.weight", "output_norm.weight"), vec![width]),
    ];
    if !shape.tied {
        all.push((pick("lm_head.weight", "output.weight"), vec![shape.vocabulary, width]));
    }
    for at in 0..shape.layers {
        let names = layer.iter().map(|(published, own, shape)| {
            let name = pick(&format!("model.layers.{at}.{published}"), &format!("blk.{at}.{own}"));
            (name, shape.clone())
        });
        all.extend(names);
    }
    all
}

/// Every token that texts are cut into has a row in the table of words.
fn words(files: &Files, shape: &Shape, tensors: &Tensors) -> Result<(), String> {
    let path = files.folder().join("tokenizer.json");
    let (named, most) = if path.is_file() {
        let read = tokenizers::Tokenizer::from_file(&path);
        let tokenizer = read.map_err(|error| format!("{}: {error}", path.display()))?;
        let most = tokenizer.get_vocab(true).into_values().max();
        (path.display().to_string(), most.map_or(0, |most| most as usize + 1))
    } else {
        let Some(Value::Array(words)) = tensors.metadata.get("tokenizer.ggml.tokens") else {
            return Err(match files {
                Files::Folder(_) => format!("{}: is absent", path.display()),
                Files::Gguf(file) => format!("{}: holds no `tokenizer.ggml.tokens`", file.display()),
            });
        };
        (files.path().display().to_string(), words.len())
    };
    if most > shape.vocabulary {
        let rows = shape.vocabulary;
        return Err(format!(
            "{named}: has {most} tokens, the table of words has {rows} rows: one of them is of another model"
        ));
    }
    Ok(())
}

/// The tokens that a model's files name for its beginning, its end and for filling up, with their numbers or texts.
pub fn special_tokens(files: &Files) -> Vec<(&'static str, String)> {
    const NAMES: [(&str, &str); 3] = [("bos", "bos_token"), ("eos", "eos_token"), ("pad", "pad_token")];
    let config = json(&files.folder().join("tokenizer_config.json"));
    let metadata = match files {
        Files::Gguf(_) => Tensors::of(files).map(|tensors| tensors.metadata).unwrap_or_default(),
        Files::Folder(_) => Default::default(),
    };
    let found = NAMES.iter().filter_map(|(short, name)| {
        let said = &config[name];
        let text = said.as_str().or_else(|| said["content"].as_str()).map(str::to_owned);
        let number = metadata
            .get(&format!("tokenizer.ggml.{short}_token_id"))
            .and_then(whole);
        Some((*short, text.or_else(|| number.map(|number| number.to_string()))?))
    });
    found.collect()
}

/// Where a model's chat template is, if it has one.
pub fn template(files: &Files) -> Option<&'static str> {
    let folder = files.folder();
    if folder.join("chat_template.jinja").is_file() {
        return Some("chat_template.jinja");
    }
    if !json(&folder.join("tokenizer_config.json"))["chat_template"].is_null() {
        return Some("tokenizer_config.json");
    }
    let Files::Gguf(_) = files else { return None };
    let tensors = Tensors::of(files).ok()?;
    tensors
        .metadata
        .contains_key("tokenizer.chat_template")
        .then_some("its metadata")
}

fn json(path: &Path) -> serde_json::Value {
    let bytes = std::fs::read(path).ok();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
