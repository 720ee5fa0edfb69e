//! What each kind of file becomes, and that no bytes are too strange.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::path::PathBuf;

const KINDS: [Kind; 8] = [
    Kind::Markdown,
    Kind::Text,
    Kind::Page,
    Kind::Print,
    Kind::Lines,
    Kind::Rows,
    Kind::Chunks,
    Kind::Code,
];

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The documents of a file, and what is wrong with it.
fn read(kind: Kind, bytes: &[u8], tokens: usize) -> (Vec<Document>, Vec<String>) {
    let file = CorpusFile {
        path: PathBuf::from("f"),
        shown: "f".into(),
        document: "f".into(),
        kind,
    };
    let cut = Cut { tokens, count: &words };
    let mut warnings = Vec::new();
    let entries = entries(&file, bytes, &mut warnings);
    let mut found = Vec::new();
    for entry in entries {
        found.extend(documents(&file, &entry, &cut, &mut warnings));
    }
    (found, warnings)
}

fn one(kind: Kind, text: &str) -> Document {
    let (mut documents, warnings) = read(kind, text.as_bytes(), 100);
    assert_eq!((documents.len(), warnings), (1, Vec::new()));
    documents.remove(0)
}

fn metadata(document: &Document) -> Value {
    Value::Object(document.metadata.clone())
}

#[test]
fn a_page_becomes_markdown_without_what_is_no_text() {
    let page = "<!doctype html><html><head><title>Otters &amp; urchins</title><style>p{}</style>\
        <meta name=\"author\" content=\"A. Person\"><meta name=viewport content=\"x\"></head><body><nav>Home</nav>\
        <h1>Otters</h1><p>They hold <b>hands</b>.</p><pre><code>let a = 1;\n\nlet b = 2;</code></pre>\
        <script>alert(1)</script></body></html>";
    let document = one(Kind::Page, page);
    assert_eq!(
        document.chunks,
        ["# Otters\n\nThey hold **hands**.\n\n```\nlet a = 1;\n\nlet b = 2;\n```"]
    );
    assert_eq!(
        metadata(&document),
        json!({ "title": "Otters & urchins", "author": "A. Person" })
    );
}

#[test]
fn a_page_that_is_nested_too_deeply_is_named() {
    let (documents, warnings) = read(Kind::Page, "<div>".repeat(20_000).as_bytes(), 100);
    assert_eq!(documents, []);
    assert_eq!(
        warnings,
        ["f: more than 10000 elements in one another, the file is left out"]
    );
    let flat = "<p>One<br>line<img src=x>".repeat(20_000);
    assert_eq!(read(Kind::Page, flat.as_bytes(), 100).1, Vec::<String>::new());
    assert_eq!(
        one(Kind::Page, "<form><p>Inside a form.</p></form>").chunks,
        ["Inside a form."]
    );
    let deep = format!("{}deep down{}", "<div>".repeat(9_000), "</div>".repeat(9_000));
    assert_eq!(one(Kind::Page, &deep).chunks, ["deep down"]);
}

#[test]
fn a_print_has_its_text_layer() {
    let (documents, warnings) = read(Kind::Print, include_bytes!("../../../tests/files/otters.pdf"), 100);
    assert_eq!(warnings, Vec::<String>::new());
    let text = documents[0].chunks.join("\n");
    assert!(
        text.contains("Otters hold hands while they sleep, so that the current does not part them."),
        "{text}"
    );
    assert!(text.contains("On the second page there are urchins."), "{text}");
}

#[test]
fn prints_without_text_and_broken_ones_are_named() {
    let said = |bytes: &[u8]| read(Kind::Print, bytes, 100).1.join("\n");
    let scanned = include_bytes!("../../../tests/files/scanned.pdf");
    assert_eq!(
        said(scanned),
        "f: a PDF without a text layer, scanned perhaps, the file is left out"
    );
    assert_eq!(
        said(b"GIF89a"),
        "f: not a PDF, whatever its name says, the file is left out"
    );
    let whole = include_bytes!("../../../tests/files/otters.pdf");
    assert!(said(&whole[..whole.len() / 2]).starts_with("f: a broken or locked PDF ("));
    assert!(said(b"%PDF-1.7 and nothing more").starts_with("f: a broken or locked PDF ("));
}

#[test]
fn a_table_of_passages_is_read_like_lines() {
    let (documents, warnings) = read(
        Kind::Rows,
        b"id,title,text,year,tags\n1,Otter,\"They hold\nhands.\",2021,a\n2,,Alone.,x,\n",
        100,
    );
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(documents[0].id.as_deref(), Some("1"));
    assert_eq!(documents[0].chunks, ["Otter\nThey hold\nhands."]);
    assert_eq!(
        metadata(&documents[0]),
        json!({ "title": "Otter", "year": 2021, "tags": "a" })
    );
    assert_eq!(documents[1].chunks, ["Alone."]);
}

#[test]
fn a_table_without_texts_shows_its_cells() {
    let (documents, warnings) = read(Kind::Rows, b"name\tlegs\notter\t4\nhen\t2\n", 100);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(documents[1].id.as_deref(), Some("hen"));
    assert_eq!(documents[1].chunks, ["name: hen\nlegs: 2"]);
    assert_eq!(metadata(&documents[1]), json!({ "name": "hen", "legs": 2 }));
}

#[test]
fn rows_that_do_not_fit_are_named_by_their_line() {
    let (documents, warnings) = read(Kind::Rows, b"id,text\n1,fine\n2\n,no id\n4,also fine\n", 100);
    assert_eq!(documents.len(), 2);
    assert_eq!(
        warnings,
        [
            "f:3: 1 fields where the header has 2, the row is left out",
            "f:4: no id, the row is left out"
        ]
    );
    let (_, warnings) = read(Kind::Rows, b"only,a,header\n", 100);
    assert_eq!(warnings, ["f: a table needs a header and rows, left out"]);
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_rows_in_silence() {
    let (documents, warnings) = read(Kind::Rows, b"id,text\n1,fine\n2,\"open\n3,lost\n4,lost too\n", 100);
    assert_eq!(documents.len(), 1);
    assert_eq!(
        warnings,
        ["f:3: a quote that is opened here is never closed, the rest is left out"]
    );
}

#[test]
fn cells_that_look_like_numbers_keep_what_they_say() {
    let table = b"id,zip,version,number,many,share\n1,01234,1.10,42,12345678901234567890123,0.5\n";
    let (documents, _) = read(Kind::Rows, table, 100);
    let expected = json!({
        "zip": "01234", "version": "1.10", "number": 42, "many": "12345678901234567890123", "share": 0.5,
    });
    assert_eq!(metadata(&documents[0]), expected);
}

#[test]
fn a_row_is_read_the_same_wherever_it_stands() {
    let file = |rows: &str| format!("id,text\n{rows}");
    let mut warnings = Vec::new();
    let shown = CorpusFile {
        path: PathBuf::from("f"),
        shown: "f".into(),
        document: "f".into(),
        kind: Kind::Rows,
    };
    let (one, two) = (file("a,first\nb,second\n"), file("b,second\n"));
    let last = |text: &str, warnings: &mut Vec<String>| -> (Vec<u8>, Vec<u8>) {
        let entry = *entries(&shown, text.as_bytes(), warnings).last().unwrap();
        (entry.head.to_vec(), entry.body.to_vec())
    };
    assert_eq!(last(&one, &mut warnings), last(&two, &mut warnings));
}

#[test]
fn front_matter_is_metadata() {
    let document = one(
        Kind::Markdown,
        "---\ntitle: \"On otters\"\nyear: 2021\nscore: 0.5\ncode: 007\ntags: [sea, 'small, ones']\ndraft: false\n---\n# Otters\n",
    );
    assert_eq!(document.chunks, ["# Otters"]);
    let expected = json!({
        "title": "On otters", "year": 2021, "score": 0.5, "code": "007", "tags": ["sea", "small, ones"], "draft": false,
    });
    assert_eq!(metadata(&document), expected);
    for text in [
        "---\nauthor:\n  name: x\n---\ntext",
        "---\nno end: here",
        "---\n\n---\nA rule.",
        "--- no",
    ] {
        let document = one(Kind::Markdown, text);
        assert_eq!(
            (document.chunks.join(""), document.metadata.len()),
            (text.to_owned(), 0)
        );
    }
}

#[test]
fn other_fields_of_a_line_are_metadata() {
    let document = one(
        Kind::Lines,
        r#"{"id": 7, "title": "Otter", "text": "Hands.", "year": 2021, "tags": ["a", 1], "deep": {"x": 1}, "none": null}"#,
    );
    assert_eq!(
        metadata(&document),
        json!({ "title": "Otter", "year": 2021, "tags": ["a", 1] })
    );
    let (documents, warnings) = read(
        Kind::Lines,
        format!(r#"{{"id": 1, "text": "x", "long": "{}"}}"#, "y".repeat(70_000)).as_bytes(),
        100,
    );
    assert_eq!(documents[0].metadata.len(), 0);
    assert_eq!(warnings, ["f:1: more than 64 KiB of metadata, kept without it"]);
}

#[test]
fn code_is_cut_between_its_blocks() {
    let code = "use a;\n\n/// One.\nfn one() {\n    first();\n\n    second();\n}\n\nfn two() {\n    third();\n}\n";
    let (documents, _) = read(Kind::Code, code.as_bytes(), 8);
    assert_eq!(
        documents[0].chunks,
        [
            "use a;",
            "/// One.\nfn one() {\n    first();\n\n    second();\n}",
            "fn two() {\n    third();\n}"
        ]
    );
}

#[test]
fn an_endless_line_is_left_out() {
    let mut bytes = b"{\"id\": 1, \"text\": \"fine\"}\n{\"id\": 2, \"text\": \"".to_vec();
    bytes.resize(100 << 20, b'x');
    bytes.extend(b"\"}\n{\"id\": 3, \"text\": \"fine too\"}\n");
    let (documents, warnings) = read(Kind::Lines, &bytes, 100);
    assert_eq!(documents.len(), 2);
    assert_eq!(warnings, ["f:2: longer than 64 MiB, the line is left out"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        for kind in KINDS {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let (documents, warnings) = read(kind, bytes, 5);
                prop_assert!(!documents.is_empty() || !warnings.is_empty());
                prop_assert!(documents.iter().all(|document| !document.chunks.is_empty()));
            }
        }
    }

    #[test]
    fn code_loses_nothing(text in "[ab\n \t{}.]{0,300}") {
        let (documents, _) = read(Kind::Code, text.as_bytes(), 3);
        let kept: String = documents.iter().flat_map(|document| &document.chunks).flat_map(|chunk| chunk.split_whitespace()).collect();
        let whole: String = text.split_whitespace().collect();
        prop_assert_eq!(kept, whole);
    }
}
