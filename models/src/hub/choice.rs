//! Which files of a repository make a model: its weights in one form, and the small files that say what they are.

use super::Remote;
use troupe_core::port::{Error, ErrorKind};

/// The files to fetch, in this order: what is small comes first, so that a model that is not known is refused early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Each with its path in the model's folder.
    pub files: Vec<(Remote, String)>,
}

/// What says how a model is built, cut into tokens, and spoken to.
const COMPANIONS: [&str; 12] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "model.safetensors.index.json",
];

/// Chooses by the usual names, or the weights for which `wanted` holds.
///
/// # Errors
/// `Missing` where there are no such weights, `Invalid` where there are several: one has to be named.
pub fn choose(files: &[Remote], wanted: Option<&dyn Fn(&str) -> bool>) -> Result<Choice, Error> {
    let weights: Vec<&Remote> = files.iter().filter(|file| is_weight(&file.path)).collect();
    let chosen: Vec<&Remote> = match wanted {
        Some(wanted) => weights.iter().copied().filter(|file| wanted(&file.path)).collect(),
        None => usual(&weights),
    };
    let ggufs = chosen.iter().filter(|file| file.path.ends_with(".gguf")).count();
    if chosen.is_empty() {
        let kind = ErrorKind::Missing;
        return Err(Error::new(
            kind,
            format!("no weights to read there; {}", offer(&weights)),
        ));
    }
    if ggufs > 1 || (ggufs == 1 && chosen.len() > 1) {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("several sets of weights there; {}", offer(&chosen)),
        ));
    }
    let single = chosen.len() == 1;
    let companions = files.iter().filter(|file| COMPANIONS.contains(&file.path.as_str()));
    // The index of parts that are not fetched would be followed in vain.
    let companions = companions.filter(|file| !(single && file.path.ends_with(".index.json")));
    let mut all: Vec<(Remote, String)> = companions.map(|file| (file.clone(), file.path.clone())).collect();
    all.extend(chosen.into_iter().map(|file| {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let name = if single && name.ends_with(".safetensors") {
            "model.safetensors"
        } else {
            name
        };
        (file.clone(), name.to_owned())
    }));
    Ok(Choice { files: all })
}

fn is_weight(path: &str) -> bool {
    path.ends_with(".safetensors") || path.ends_with(".gguf")
}

/// One file of safetensors, or all the parts that are numbered as one; otherwise the GGUF files.
fn usual<'a>(weights: &[&'a Remote]) -> Vec<&'a Remote> {
    let named = |holds: &dyn Fn(&str) -> bool| -> Vec<&'a Remote> {
        weights.iter().copied().filter(|file| holds(&file.path)).collect()
    };
    let whole = named(&|path| path == "model.safetensors");
    if !whole.is_empty() {
        return whole;
    }
    let parts = named(&|path| path.starts_with("model-") && path.ends_with(".safetensors"));
    if !parts.is_empty() {
        return parts;
    }
    named(&|path| path.ends_with(".gguf"))
}

fn offer(weights: &[&Remote]) -> String {
    let Some(first) = weights.first() else {
        return "safetensors and GGUF are read".to_owned();
    };
    let names: Vec<String> = weights
        .iter()
        .map(|file| match file.bytes {
            Some(bytes) => format!("{} ({:.1} GB)", file.path, bytes as f64 / 1e9),
            None => file.path.clone(),
        })
        .collect();
    format!(
        "say which with --file, such as --file '{}': {}",
        first.path,
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::Digest;
    use super::*;

    fn chosen(paths: &[&str], wanted: Option<&dyn Fn(&str) -> bool>) -> Result<Vec<String>, String> {
        let remote = |path: &&str| Remote {
            path: (*path).to_owned(),
            bytes: None,
            digest: Digest::Unknown,
        };
        let files: Vec<Remote> = paths.iter().map(remote).collect();
        let choice = choose(&files, wanted).map_err(|error| error.message)?;
        Ok(choice.files.into_iter().map(|(_, name)| name).collect())
    }

    #[test]
    fn one_form_of_the_weights_is_taken_and_nothing_else() {
        let all = [
            "README.md",
            "config.json",
            "pytorch_model.bin",
            "model.safetensors",
            "onnx/model.onnx",
            "1_Pooling/config.json",
        ];
        assert_eq!(
            chosen(&all, None).unwrap(),
            ["config.json", "1_Pooling/config.json", "model.safetensors"]
        );
        let parts = [
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "consolidated.safetensors",
        ];
        assert_eq!(
            chosen(&parts, None).unwrap(),
            ["model.safetensors.index.json", parts[0], parts[1]]
        );
    }

    #[test]
    fn of_several_quantisations_one_is_named() {
        let all = ["q/m-Q4_K_M.gguf", "q/m-Q8_0.gguf", "README.md"];
        let told = chosen(&all, None).unwrap_err();
        assert!(told.contains("--file") && told.contains("q/m-Q8_0.gguf"), "{told}");
        assert_eq!(
            chosen(&all, Some(&|path| path.contains("Q4_K"))).unwrap(),
            ["m-Q4_K_M.gguf"]
        );
        assert!(chosen(&all, Some(&|_| false)).unwrap_err().contains("no weights"));
        assert!(
            chosen(&["model.bin"], None)
                .unwrap_err()
                .contains("safetensors and GGUF are read")
        );
    }
}
