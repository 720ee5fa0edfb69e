//! Words of tokenizer files and of GGUF metadata.

use super::super::tests::{fixture, vocabulary};
use super::super::writer::Writer;
use super::*;
use candle_core::quantized::gguf_file::Value as Field;
use proptest::prelude::*;
use serde_json::Value;

const TEXTS: [&str; 4] = [
    "<|im_start|>user\nWho sleeps, Größe 東京?<|im_end|>\n",
    "  don't  12345 \n\n\tx",
    "<tool_call>\n{\"name\": \"find\"}\n</tool_call>",
    "e\u{301} 🦦",
];

#[test]
fn the_bytes_of_a_texts_tokens_are_the_text() {
    let vocabulary = vocabulary();
    for text in TEXTS {
        let tokens = vocabulary.encode(text).unwrap();
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|token| vocabulary.word(*token).bytes.clone())
            .collect();
        // The tokenizer composes letters and their accents.
        assert_eq!(String::from_utf8(bytes).unwrap(), text.replace("e\u{301}", "é"));
    }
    let end = vocabulary.token("<|im_end|>").unwrap();
    assert!(vocabulary.word(end).special);
    assert!(!vocabulary.word(vocabulary.token("<tool_call>").unwrap()).special);
    assert_eq!(vocabulary.token("no such token"), None);
    assert_eq!(
        vocabulary.word(vocabulary.size() as u32),
        &Word {
            bytes: Vec::new(),
            special: true
        }
    );
}

/// What a GGUF file of the fixture's tokenizer says.
fn metadata() -> Metadata {
    let file: Value = serde_json::from_slice(&std::fs::read(fixture("tokenizer.json")).unwrap()).unwrap();
    let vocabulary = vocabulary();
    let mut words: Vec<(String, u32)> = file["model"]["vocab"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(word, token)| (word.clone(), token.as_u64().unwrap() as u32))
        .collect();
    let added = file["added_tokens"].as_array().unwrap().iter();
    words.extend(added.map(|added| {
        (
            added["content"].as_str().unwrap().to_owned(),
            added["id"].as_u64().unwrap() as u32,
        )
    }));
    words.sort_by_key(|(_, token)| *token);
    let kinds = words.iter().map(|(word, token)| {
        match (
            vocabulary.word(*token).special,
            word.contains("tool_") || word.contains("think>"),
        ) {
            (true, _) => 3,
            (false, true) => 4,
            (false, false) => 1,
        }
    });
    let kinds = Field::Array(kinds.map(Field::I32).collect());
    let merges = file["model"]["merges"].as_array().unwrap().iter().map(|merge| {
        let pair: Vec<&str> = merge.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        Field::String(pair.join(" "))
    });
    let text = |text: &str| Field::String(text.to_owned());
    Metadata::from([
        ("tokenizer.ggml.model".to_owned(), text("gpt2")),
        ("tokenizer.ggml.pre".to_owned(), text("qwen2")),
        ("tokenizer.ggml.merges".to_owned(), Field::Array(merges.collect())),
        ("tokenizer.ggml.token_type".to_owned(), kinds),
        (
            "tokenizer.ggml.tokens".to_owned(),
            Field::Array(words.into_iter().map(|(word, _)| Field::String(word)).collect()),
        ),
    ])
}

#[test]
fn a_gguf_file_holds_the_same_vocabulary() {
    let (folder, file) = (vocabulary(), Vocabulary::from_metadata(&metadata()).unwrap());
    assert_eq!(folder.words(), file.words());
    for text in TEXTS {
        assert_eq!(folder.encode(text), file.encode(text), "{text}");
    }
}

#[test]
fn a_gguf_file_may_hold_pieces() {
    let words = ["<unk>", "<s>", "</s>", "<0x0A>", "▁", "a", "b", "ab", "▁ab"];
    let scores = [0.0, 0.0, 0.0, 0.0, -3.0, -4.0, -5.0, -1.0, -2.0];
    let kinds = [2, 3, 3, 6, 1, 1, 1, 1, 1];
    let metadata = Metadata::from([
        ("tokenizer.ggml.model".to_owned(), Field::String("llama".to_owned())),
        (
            "tokenizer.ggml.tokens".to_owned(),
            Field::Array(words.iter().map(|word| Field::String((*word).to_owned())).collect()),
        ),
        (
            "tokenizer.ggml.scores".to_owned(),
            Field::Array(scores.into_iter().map(Field::F32).collect()),
        ),
        (
            "tokenizer.ggml.token_type".to_owned(),
            Field::Array(kinds.into_iter().map(Field::I32).collect()),
        ),
        ("tokenizer.ggml.unknown_token_id".to_owned(), Field::U32(0)),
    ]);
    let vocabulary = Vocabulary::from_metadata(&metadata).unwrap();
    let tokens = vocabulary.encode("ab<s>b\nab").unwrap();
    assert_eq!(tokens, [8, 1, 4, 6, 3, 7]);
    // The first space is the vocabulary's, the second one the text's.
    let mut writer = Writer::new(&vocabulary, &[]);
    let written: String = tokens
        .iter()
        .filter_map(|token| writer.push(&vocabulary, *token))
        .collect();
    assert_eq!(written, "ab b\nab");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let with = |field: &str, value: Option<Field>| {
        let mut metadata = metadata();
        metadata.remove(field);
        metadata.extend(value.map(|value| (field.to_owned(), value)));
        Vocabulary::from_metadata(&metadata).err().unwrap_or_default()
    };
    let text = |text: &str| Some(Field::String(text.to_owned()));
    insta::assert_snapshot!(with("tokenizer.ggml.model", text("bert")), @"tokenizer.ggml.model: `bert` is not read here, byte-level BPE (`gpt2`) and SentencePiece's BPE (`llama`) are; the same model's folder with its tokenizer.json can be used instead");
    insta::assert_snapshot!(with("tokenizer.ggml.pre", text("glm4")), @"tokenizer.ggml.pre: how `glm4` splits text is not known here; known are qwen2, deepseek-r1-qwen, llama-bpe, llama3, llama-v3, falcon3, tekken, gpt-2, mpt, olmo, jais, phi-2, smollm, starcoder, refact, command-r, default");
    insta::assert_snapshot!(with("tokenizer.ggml.tokens", None), @"tokenizer.ggml.tokens is missing: the file does not say how text becomes tokens");
    insta::assert_snapshot!(with("tokenizer.ggml.merges", Some(Field::Array(vec![Field::U8(1)]))), @"tokenizer.ggml.merges: expected texts, found U8");
    insta::assert_snapshot!(with("tokenizer.ggml.token_type", Some(Field::Array(Vec::new()))), @"tokenizer.ggml.token_type has 0 numbers for 919 tokens");
    let folder = tempfile::tempdir().unwrap();
    assert!(
        Vocabulary::read(folder.path())
            .err()
            .unwrap()
            .contains("tokenizer.json")
    );
    let bert = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local/fixtures/bert");
    assert!(Vocabulary::read(&bert).err().unwrap().contains("decoder"));
}

proptest! {
    #[test]
    fn tokens_are_written_as_their_text(text in "[ -~\n\u{e0}-\u{ff}\u{300}-\u{304}\u{6771}-\u{67ff}\u{1f980}-\u{1f9bf}]{0,40}") {
        let vocabulary = vocabulary();
        let tokens = vocabulary.encode(&text).unwrap();
        let mut writer = Writer::new(&vocabulary, &[]);
        let mut written: String = tokens.iter().filter_map(|token| writer.push(&vocabulary, *token)).collect();
        prop_assert_eq!(written.contains('\u{FFFD}'), text.contains('\u{FFFD}'));
        written.extend(writer.finish());
        let composed: String = unicode_normalization::UnicodeNormalization::nfc(text.as_str()).collect();
        prop_assert_eq!(written, composed);
    }
}
