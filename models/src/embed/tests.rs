//! Owns the tests of the tokenizer, against recorded ids of the reference implementation, and
//! of the embedded table.

use serde_json::Value;
use troupe_core::port::embedder::{Embedder, Role};
use troupe_core::port::tokens::TokenCounter;

use super::{StaticTable, TableError, TableHeader, WordPiece};

const VOCABULARY: &str = include_str!("../../assets/vocab.txt");

fn tokenizer(limit: usize) -> WordPiece {
    WordPiece::new(VOCABULARY, limit).expect("the vocabulary has [UNK]")
}

fn similarity(a: &str, b: &str) -> f32 {
    let table = StaticTable::embedded();
    table.vector(a).iter().zip(table.vector(b)).map(|(x, y)| x * y).sum()
}

/// `fixtures/wordpiece.json` holds what Hugging Face `tokenizers` 0.23.3 makes of each text
/// with the teacher's `tokenizer.json`, special tokens left out.
#[test]
fn ids_equal_the_reference() {
    let cases: Value = serde_json::from_str(include_str!("fixtures/wordpiece.json")).unwrap();
    let tokenizer = tokenizer(1000);
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let ids: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        assert_eq!(tokenizer.encode(text), ids, "{text:?}");
        assert_eq!(tokenizer.count(text), ids.len());
    }
}

#[test]
fn special_tokens_in_text_are_ordinary_text() {
    let tokenizer = tokenizer(1000);
    let special = ["[CLS]", "[SEP]", "[MASK]"].map(|name| tokenizer.token_id(name).unwrap());
    let ids = tokenizer.encode("[CLS] literal [SEP] markers [MASK]");
    assert!(ids.iter().all(|id| !special.contains(id)));
    assert_eq!(ids.first(), tokenizer.token_id("[").as_ref());
}

#[test]
fn ids_stop_at_the_limit() {
    let text = "one two three electroencephalography ".repeat(100);
    let all = tokenizer(usize::MAX).encode(&text);
    let cut = tokenizer(256).encode(&text);
    assert_eq!(cut, all[..256]);
    assert_eq!(tokenizer(256).count(&text), all.len());
}

#[test]
fn tokens_are_found_by_name() {
    let tokenizer = tokenizer(8);
    assert_eq!(tokenizer.token_id("[PAD]"), Some(0));
    assert_eq!(tokenizer.token_id("[UNK]"), Some(tokenizer.unknown_id()));
    assert_ne!(tokenizer.token_id("##ing"), tokenizer.token_id("ing"));
    assert_eq!(tokenizer.token_id("##"), None);
    assert_eq!(tokenizer.token_id("no such token"), None);
    assert_eq!(tokenizer.vocabulary_size(), 30_522);
}

#[test]
fn a_vocabulary_without_unknown_is_refused() {
    assert!(WordPiece::new("a\nb", 8).is_none());
}

#[test]
fn vectors_have_length_one() {
    let table = StaticTable::embedded();
    assert_eq!(table.recipe().dimension, 256);
    for text in [
        "a",
        "Paris",
        "What is the capital of France?",
        &"long text ".repeat(1000),
    ] {
        let vector = table.vector(text);
        assert_eq!(vector.len(), 256);
        let square: f32 = vector.iter().map(|value| value * value).sum();
        assert!((square - 1.0).abs() < 1e-5, "{text:?}: {square}");
    }
}

#[test]
fn text_without_known_tokens_has_the_zero_vector() {
    let table = StaticTable::embedded();
    for text in ["", "  \t\n", "\u{0}\u{FFFD}", "𓀀𓀁", &"x".repeat(101)] {
        assert!(table.vector(text).iter().all(|&value| value == 0.0), "{text:?}");
    }
    assert_eq!(table.count(""), 0);
}

#[test]
fn the_port_gives_the_same_vectors_in_order() {
    let table = StaticTable::embedded();
    let texts = ["first", "", "second one"];
    let vectors = table.embed(Role::Passage, &texts).unwrap();
    assert_eq!(vectors, texts.map(|text| table.vector(text)));
    assert_eq!(table.count("second one"), 2);
}

#[test]
fn the_same_text_has_the_same_vector() {
    let text = "Determinism: the same bits on every call.";
    let table = StaticTable::embedded();
    assert_eq!(table.vector(text), table.vector(text));
    assert_eq!(table.vector("Café MOZART"), table.vector("cafe mozart"));
}

#[test]
fn unknown_words_do_not_move_a_vector() {
    let known = StaticTable::embedded().vector("a heavy storm");
    assert_eq!(StaticTable::embedded().vector("a heavy 𓀀 storm"), known);
}

#[test]
fn similar_sentences_are_nearer_than_others() {
    let triples = [
        (
            "How do vaccines protect against disease?",
            "Immunisation prepares the immune system to fight infection.",
            "The treaty ended the war between the two kingdoms.",
        ),
        (
            "He is an American film director.",
            "She directed several movies in Hollywood.",
            "The enzyme catalyses the hydrolysis of starch.",
        ),
        (
            "The function returns a pointer to the buffer.",
            "This method gives back a reference to memory.",
            "The bird builds its nest in tall trees.",
        ),
        (
            "patients with high blood pressure",
            "treatment of hypertension",
            "football clubs in England",
        ),
        (
            "neural networks for machine translation",
            "deep learning models that translate text",
            "a village in the mountains of Switzerland",
        ),
    ];
    for (text, near, far) in triples {
        let (near, far) = (similarity(text, near), similarity(text, far));
        assert!(near > far + 0.1, "{text:?}: {near} against {far}");
    }
}

#[test]
fn damaged_tables_are_refused() {
    let header = TableHeader {
        dimension: 2,
        vocabulary_size: 2,
        fingerprint: 7,
    };
    let mut bytes = header.to_bytes().to_vec();
    let refused =
        |bytes: &[u8], vocabulary: &'static str| StaticTable::from_bytes(bytes.to_vec(), vocabulary).unwrap_err();
    assert_eq!(refused(b"", "[UNK]\na"), TableError::Format);
    assert_eq!(refused(&bytes[1..], "[UNK]\na"), TableError::Format);
    let expected = TableHeader::BYTES + 2 * (4 + 2);
    let found = TableHeader::BYTES;
    assert_eq!(refused(&bytes, "[UNK]\na"), TableError::Length { expected, found });
    bytes.resize(expected, 0);
    assert_eq!(
        refused(&bytes, "[UNK]"),
        TableError::Vocabulary { expected: 2, found: 1 }
    );
    assert!(StaticTable::from_bytes(bytes.clone(), "[UNK]\na").is_ok());
    bytes[8] = 9;
    assert_eq!(refused(&bytes, "[UNK]\na"), TableError::Format);
}

#[test]
fn rows_are_scaled_bytes() {
    let mut bytes = TableHeader {
        dimension: 2,
        vocabulary_size: 3,
        fingerprint: 0xAB,
    }
    .to_bytes()
    .to_vec();
    [0.0f32, 0.5, 2.0]
        .iter()
        .for_each(|scale| bytes.extend(scale.to_le_bytes()));
    bytes.extend([0i8, 0, 6, 0, 0, -2].map(|value| value as u8));
    let table = StaticTable::from_bytes(bytes, "[UNK]\nup\ndown").unwrap();
    assert_eq!(table.recipe().name, "static-2-00000000000000ab");
    assert_eq!(table.vector("up"), [1.0, 0.0]);
    assert_eq!(table.vector("down"), [0.0, -1.0]);
    // 0.5 × 6 = 3 against 2 × -2 = -4.
    assert_eq!(table.vector("Up, down"), [0.6, -0.8]);
}
