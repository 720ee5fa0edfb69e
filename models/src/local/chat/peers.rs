//! Checks against the files of llama.cpp, which are not part of this project: real templates and real vocabularies.
//!
//! `LLAMA_CPP=FOLDER cargo test … peers -- --ignored`, after `fixtures/chat/make.py FOLDER/models/templates`.

use super::tests::request;
use super::*;
use std::path::PathBuf;

fn models() -> PathBuf {
    PathBuf::from(std::env::var("LLAMA_CPP").expect("LLAMA_CPP names a folder with llama.cpp")).join("models")
}

#[test]
#[ignore = "needs llama.cpp's files"]
fn prompts_of_many_templates() {
    let folder = models().join("templates");
    let expected = json_file(&folder.join("expected.json")).unwrap();
    let mut other = Vec::new();
    for (name, made) in expected["templates"].as_object().unwrap() {
        let text = text_file(&folder.join(format!("{name}.jinja"))).unwrap().unwrap();
        let template = match Template::new(&Source::from(text), special_texts(made)) {
            Ok(template) => template,
            Err(error) => {
                let all_refused = made["prompts"].as_array().unwrap().iter().all(Value::is_object);
                other.push(format!("{name}: {error} (refused by transformers too: {all_refused})"));
                continue;
            }
        };
        let prompts = made["prompts"].as_array().unwrap().chunks(2);
        let mut counts = [0; 4];
        let mut first = String::new();
        for (case, prompts) in expected["cases"].as_array().unwrap().iter().zip(prompts) {
            for (prompt, thinking) in prompts.iter().zip([true, false]) {
                let rendered = template.render(&request(case), thinking);
                let kind = match (prompt.as_str(), &rendered) {
                    (Some(prompt), Ok(rendered)) if prompt == rendered => 0,
                    (None, _) => 1,
                    (Some(_), Ok(_)) => 2,
                    (Some(_), Err(_)) => 3,
                };
                if kind > 1 && first.is_empty() {
                    first = format!("\n--- {prompt}\n+++ {rendered:?}");
                }
                counts[kind] += 1;
            }
        }
        println!(
            "{name}: {:?}, equal {}, refused there {}, other {}, failed {}",
            template.dialect(),
            counts[0],
            counts[1],
            counts[2],
            counts[3]
        );
        if counts[2] + counts[3] > 0 {
            other.push(format!("{name}{first}"));
        }
    }
    assert!(other.is_empty(), "{} templates:\n{}", other.len(), other.join("\n"));
}

#[test]
#[ignore = "needs llama.cpp's files"]
fn tokens_of_real_vocabularies() {
    let mut wrong = Vec::new();
    for name in [
        "qwen2",
        "llama-bpe",
        "gpt-2",
        "starcoder",
        "refact",
        "command-r",
        "mpt",
        "llama-spm",
        "phi-3",
    ] {
        let file = |extension: &str| models().join(format!("ggml-vocab-{name}.gguf{extension}"));
        let mut reader = std::fs::File::open(file("")).unwrap();
        let metadata = gguf_file::Content::read(&mut reader).unwrap().metadata;
        let vocabulary = match Vocabulary::from_metadata(&metadata) {
            Ok(vocabulary) => vocabulary,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let texts = text_file(&file(".inp")).unwrap().unwrap();
        let tokens = text_file(&file(".out")).unwrap().unwrap();
        for (text, tokens) in texts.split("\n__ggml_vocab_test__\n").zip(tokens.lines()) {
            let tokens: Vec<u32> = tokens.split_whitespace().map(|token| token.parse().unwrap()).collect();
            let encoded = vocabulary.encode(text).unwrap();
            if encoded != tokens {
                wrong.push(format!("{name}: {text:?}\n  {tokens:?}\n  {encoded:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
