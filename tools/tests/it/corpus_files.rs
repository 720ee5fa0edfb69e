//! Which files become which chunks, and what is said about the rest.

use crate::support::{Folder, Hashing, encoders};
use troupe_core::port::{self, ErrorKind};
use troupe_tools::{Corpus, Error};

fn ids(folder: &Folder, patterns: &[&str]) -> Vec<String> {
    folder
        .open(patterns)
        .corpus
        .chunks()
        .map(|chunk| chunk.id.to_owned())
        .collect()
}

#[test]
fn document_ids_are_paths_below_the_common_folder_without_extension() {
    let folder = Folder::new(&[
        ("corpus/2602.03442.md", "A paper."),
        ("corpus/2602.04634.md", "Another paper."),
        ("corpus/deep/er/notes.v2.txt", "Notes."),
        ("corpus/.hidden/secret.md", "Not this."),
        ("corpus/.draft.md", "Nor this."),
        ("other/x.md", "Nor this."),
    ]);
    assert_eq!(ids(&folder, &["corpus/**/*.md"]), ["2602.03442", "2602.04634"]);
    assert_eq!(ids(&folder, &["corpus/*.md"]), ["2602.03442", "2602.04634"]);
    assert_eq!(
        ids(&folder, &["corpus"]),
        ["2602.03442", "2602.04634", "deep/er/notes.v2"]
    );
    assert_eq!(ids(&folder, &["corpus/deep/er/notes.v2.txt"]), ["notes.v2"]);
    assert_eq!(
        ids(&folder, &["other/*", "./corpus/2602*", "other/../other/x.md"]),
        ["corpus/2602.03442", "corpus/2602.04634", "other/x"]
    );
}

#[test]
fn chunks_know_their_file() {
    let folder = Folder::new(&[("a/x.md", "One."), ("a/y.jsonl", r#"{"id": "k", "text": "Two."}"#)]);
    let corpus = folder.open(&["a/*"]).corpus;
    assert_eq!(corpus.chunk("x").unwrap().file, "a/x.md");
    assert_eq!(corpus.chunk("k").unwrap().file, "a/y.jsonl");
    assert_eq!(corpus.chunk("nope"), None);
}

#[test]
fn lines_are_documents_and_a_title_is_their_first_line() {
    let lines = [
        r#"{"id": "a", "title": "Ed Wood", "text": "A film."}"#,
        r#"{"_id": 7, "contents": "Only text."}"#,
        r#"{"id": "b", "title": "Ed Wood", "text": "Ed Wood is a film."}"#,
        r#"{"id": "c", "title": "Ed Wood", "text": "Ed Wood\nA film."}"#,
        "",
    ];
    let folder = Folder::new(&[("corpus.jsonl", &lines.join("\r\n"))]);
    let opened = folder.open(&["corpus.jsonl"]);
    let found: Vec<(&str, &str)> = opened.corpus.chunks().map(|chunk| (chunk.id, chunk.text)).collect();
    assert_eq!(
        found,
        [
            ("a", "Ed Wood\nA film."),
            ("7", "Only text."),
            ("b", "Ed Wood\nEd Wood is a film."),
            ("c", "Ed Wood\nA film."),
        ]
    );
    assert_eq!(opened.warnings, Vec::<String>::new());
}

#[test]
fn long_texts_are_cut_at_sentence_ends_and_ready_chunks_are_not() {
    let long = "One two three four. Five six seven! Eight nine ten eleven?";
    let line = serde_json::json!({ "id": "line", "text": long }).to_string();
    let endless = [long; 6].join(" ");
    let endless = serde_json::json!({ "id": "endless", "text": endless }).to_string();
    let line = format!("{line}\n{endless}");
    let ready = serde_json::json!([format!("ready:{long}")]).to_string();
    let folder = Folder::new(&[("a.md", long), ("b.jsonl", &line), ("c.json", &ready)]);
    let mut options = folder.options(&["*"]);
    options.chunk_tokens = 7;
    let corpus = Corpus::open(&options, encoders(Hashing::new()), &|_| ())
        .unwrap()
        .corpus;
    let found: Vec<(&str, &str)> = corpus.chunks().map(|chunk| (chunk.id, chunk.text)).collect();
    let (first, second) = ("One two three four. Five six seven!", "Eight nine ten eleven?");
    let expected = [("a", first), ("a#2", second), ("line", long)];
    assert_eq!(found[..3], expected);
    // A line is a passage with a name of its own, up to four times the size of a chunk.
    assert_eq!((found[3], found[4].0), (("endless", first), "endless#2"));
    assert_eq!(found.last(), Some(&("ready", long)));
}

#[test]
fn trouble_is_named_by_file_and_line_and_the_rest_is_indexed() {
    let folder = Folder::new(&[
        (
            "a.jsonl",
            "{\"id\": \"1\", \"text\": \"fine\"}\n{\"id\": \"2\", \"text\"\n[1]\n{\"text\": \"no id\"}\n{\"id\": \"5\"}\n{\"id\": \"6\", \"text\": \"fine too\"}",
        ),
        ("b.json", r#"["1:one", "no colon", 5, {"id": "x"}, ":no id", "e:"]"#),
        ("c.json", r#"{"not": "chunks"}"#),
        ("d.json", "[1, 2"),
        ("e.md", " \n\n"),
        ("f.txt", ""),
        ("i.exe", "a,b"),
        ("k.json", r#"[{"id": "1", "title": "a list of something else"}]"#),
    ]);
    folder.put("g.txt", b"fine\nthen \xFF\xFE");
    folder.put("h.md", b"\x7fELF\0\0\0");
    folder.put("j.jsonl", b"{\"id\": \"7\", \"text\": \"\xFF\"}");
    let opened = folder.open(&["*"]);
    insta::assert_snapshot!(opened.warnings.join("\n"), @r#"
i.exe: not a kind of file that has text to search, left out
a.jsonl:2: not JSON (EOF while parsing an object at column 18), the line is left out
a.jsonl:3: not a JSON object, the line is left out
a.jsonl:4: no `id` that is text or a number, the line is left out
a.jsonl:5: no `text` that is a string, the line is left out
b.json, entry 2: no colon between id and text, left out
b.json, entry 3: neither text nor an object, left out
b.json, entry 4: no `text` that is a string, left out
b.json, entry 5: an empty id, left out
b.json, entry 6: an empty text, left out
c.json: not a list of chunks (an array of "id:text" strings or of objects with `id` and `text`), left out
d.json:1: not JSON (EOF while parsing a list at column 5), left out
e.md: empty
f.txt: empty
g.txt:2: not UTF-8 text, the file is left out
h.md: a binary file (it has NUL bytes), left out
j.jsonl:1: not UTF-8 text, the line is left out
k.json: not a list of chunks (an array of "id:text" strings or of objects with `id` and `text`), left out
b.json: the id `1` is already used by a.jsonl:1; this one becomes `1~2`
"#);
    let found: Vec<(&str, &str)> = opened.corpus.chunks().map(|chunk| (chunk.id, chunk.text)).collect();
    assert_eq!(found, [("1", "fine"), ("6", "fine too"), ("1~2", "one")]);
    // the same is said when the index is found
    let again = folder.open(&["*"]);
    assert!(!again.built);
    assert_eq!(again.warnings, opened.warnings);
}

#[test]
fn many_troubles_of_one_file_are_counted() {
    let lines = "nonsense\n".repeat(5000) + r#"{"id": "1", "text": "fine"}"#;
    let folder = Folder::new(&[("a.jsonl", &lines)]);
    let warnings = folder.open(&["a.jsonl"]).warnings;
    assert_eq!(warnings.len(), 21);
    assert_eq!(warnings[20], "a.jsonl: 4980 more entries like these were left out");
}

#[test]
fn an_id_used_twice_is_told_apart_and_both_places_are_named() {
    let folder = Folder::new(&[
        (
            "a.jsonl",
            "{\"id\": \"x\", \"text\": \"one\"}\n{\"id\": \"x\", \"text\": \"two\"}\n{\"id\": \"x~2\", \"text\": \"three\"}",
        ),
        ("x.md", "four"),
        ("x.txt", "five"),
    ]);
    let opened = folder.open(&["*"]);
    insta::assert_snapshot!(opened.warnings.join("\n"), @r#"
a.jsonl:2: the id `x` is already used by a.jsonl:1; this one becomes `x~2`
a.jsonl:3: the id `x~2` is already used by another document; this one becomes `x~2~2`
x.md: the id `x` is already used by a.jsonl:1; this one becomes `x~3`
x.txt: the id `x` is already used by a.jsonl:1; this one becomes `x~4`
"#);
    let found: Vec<&str> = opened.corpus.chunks().map(|chunk| chunk.id).collect();
    assert_eq!(found, ["x", "x~2", "x~2~2", "x~3", "x~4"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_round_in_circles_are_warnings() {
    let folder = Folder::new(&[("a.md", "Readable text.")]);
    std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("b.md")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).unwrap();
    let opened = folder.open(&["**/*.md"]);
    assert_eq!(opened.corpus.len(), 1);
    let ends = opened.warnings.iter().filter_map(|warning| warning.rsplit('/').next());
    let mut ends: Vec<&str> = ends.collect();
    ends.sort_unstable();
    assert_eq!(
        ends,
        [
            "b.md: cannot be read: a broken link",
            "round: a link to a folder, not followed"
        ]
    );
}

fn refused(folder: &Folder, patterns: &[&str]) -> Error {
    Corpus::open(&folder.options(patterns), encoders(Hashing::new()), &|_| ())
        .err()
        .unwrap()
}

#[test]
fn a_corpus_without_text_is_an_error_that_names_the_patterns() {
    let folder = Folder::new(&[("a.md", ""), ("b.jsonl", "nonsense")]);
    let shown = |error: &Error| error.to_string().replace(folder.path().to_str().unwrap(), "<folder>");
    let none = refused(&folder, &["docs/*.md", "more/**"]);
    insta::assert_snapshot!(shown(&none), @r#"
corpus `papers` has no text: `docs/*.md`, `more/**` match no file below <folder>
"#);
    let empty = refused(&folder, &["*"]);
    insta::assert_snapshot!(shown(&empty), @r#"
corpus `papers` has no text: `*` match 2 files without a usable chunk
  a.md: empty
  b.jsonl:1: not JSON (expected ident at column 2), the line is left out
"#);
    assert_eq!(port::Error::from(empty).kind, ErrorKind::Missing);
    let pattern = refused(&folder, &["docs/[a"]);
    insta::assert_snapshot!(shown(&pattern), @r#"
corpus `papers`: the pattern `docs/[a` cannot be read: unclosed character class; missing ']'
"#);
    assert_eq!(port::Error::from(pattern).kind, ErrorKind::Invalid);
}

#[test]
fn megabytes_without_a_sentence_end_are_cut_all_the_same() {
    let words = "wordwordwordword ".repeat(300_000);
    let folder = Folder::new(&[("huge.txt", &words), ("solid.md", &"x".repeat(2 << 20))]);
    let opened = folder.open(&["*"]);
    assert!(opened.corpus.chunks().all(|chunk| chunk.text.len() <= 32_000));
    let letters = |text: &str| text.bytes().filter(|byte| *byte != b' ').count();
    let kept: usize = opened.corpus.chunks().map(|chunk| letters(chunk.text)).sum();
    assert_eq!(kept, letters(&words) + (2 << 20));
}
