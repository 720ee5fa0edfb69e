//! An index that grew by updates answers as one that was made at once, and readers keep what they opened.

use crate::support::{Folder, HASHED, Hashing, call, encoders, keyword, recipe, semantic};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use troupe_core::port::Error;
use troupe_core::port::embedder::{Embedder, Recipe, Role};
use troupe_tools::{Corpus, CorpusOptions, Opened, State, discard, status, verify};

const WORDS: [&str; 12] = [
    "river", "stone", "fox", "jumps", "over", "winter", "grows", "slowly", "the", "sea", "falls", "hills",
];

/// A sentence of five words that a number picks.
fn sentence(number: u8) -> String {
    let pick = |at: u8| WORDS[(number.wrapping_mul(7).wrapping_add(at.wrapping_mul(number | 1)) % 12) as usize];
    let words: Vec<&str> = (0..5).map(pick).collect();
    format!("{}.", words.join(" "))
}

/// What happens to a corpus between two openings.
#[derive(Debug, Clone)]
enum Edit {
    Write { file: u8, sentences: Vec<u8> },
    Lines { file: u8, lines: Vec<(u8, u8)> },
    Remove { file: u8 },
    Rename { from: u8, to: u8 },
}

fn edit() -> impl Strategy<Value = Edit> {
    let sentences = prop::collection::vec(any::<u8>(), 1..8);
    let lines = prop::collection::vec((0u8..9, any::<u8>()), 0..12);
    prop_oneof![
        (0u8..5, sentences).prop_map(|(file, sentences)| Edit::Write { file, sentences }),
        (0u8..3, lines).prop_map(|(file, lines)| Edit::Lines { file, lines }),
        (0u8..5).prop_map(|file| Edit::Remove { file }),
        (0u8..5, 0u8..5).prop_map(|(from, to)| Edit::Rename { from, to }),
    ]
}

fn apply(folder: &Folder, edit: &Edit) {
    let text = |file: &u8| folder.path().join(format!("corpus/{file}.md"));
    match edit {
        Edit::Write { file, sentences } => {
            let sentences: Vec<String> = sentences.iter().map(|number| sentence(*number)).collect();
            folder.put(&format!("corpus/{file}.md"), sentences.join(" ").as_bytes());
        }
        Edit::Lines { file, lines } => {
            let line = |(id, number): &(u8, u8)| json!({ "id": id, "text": sentence(*number) }).to_string();
            let lines: Vec<String> = lines.iter().map(line).collect();
            folder.put(&format!("corpus/{file}.jsonl"), lines.join("\n").as_bytes());
        }
        Edit::Remove { file } => _ = std::fs::remove_file(text(file)),
        Edit::Rename { from, to } => _ = std::fs::rename(text(from), text(to)),
    }
}

fn options(folder: &Folder, index: &str, graph_from: usize) -> CorpusOptions {
    CorpusOptions {
        chunk_tokens: 8,
        embedder: String::new(),
        index_folder: folder.path().join(index),
        graph_from,
        ..folder.options(&["corpus/*"])
    }
}

fn open(options: &CorpusOptions) -> Opened {
    Corpus::open(options, encoders(Hashing::new()), &|_| ()).unwrap()
}

/// Everything that a corpus shows.
fn shown(corpus: &Arc<Corpus>) -> Vec<String> {
    let mut shown: Vec<String> = corpus
        .chunks()
        .map(|chunk| format!("{} {} {}", chunk.id, chunk.file, chunk.text))
        .collect();
    for word in ["fox", "ove", "the sea", "e", "river stone"] {
        shown.push(keyword(corpus, &[word, "winter"], 20).text);
        shown.push(semantic(corpus, word, 20).text);
        shown.push(call(corpus, "hybrid_search", json!({ "query": word })).unwrap().text);
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn updates_lead_where_a_build_leads(edits in prop::collection::vec(edit(), 1..12)) {
        let folder = Folder::new(&[("corpus/keep.md", "One file stays as it is. Always.")]);
        let grown = options(&folder, ".grown", usize::MAX);
        for edit in &edits {
            apply(&folder, edit);
            let grown = open(&grown);
            let fresh = open(&options(&folder, ".fresh", usize::MAX));
            prop_assert_eq!(shown(&grown.corpus), shown(&fresh.corpus));
            prop_assert_eq!(&grown.warnings, &fresh.warnings);
            prop_assert_eq!(grown.corpus.fingerprint(), fresh.corpus.fingerprint());
            discard(&options(&folder, ".fresh", usize::MAX)).unwrap();
        }
        prop_assert_eq!(verify(&grown, &encoders(Hashing::new())).unwrap(), Vec::<String>::new());
    }
}

/// Counts the texts that it embeds.
struct Counting(AtomicUsize, Recipe);

impl Embedder for Counting {
    fn recipe(&self) -> &Recipe {
        &self.1
    }

    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        self.0.fetch_add(texts.len(), Ordering::Relaxed);
        Hashing::new().embed(role, texts)
    }
}

#[test]
fn a_line_that_is_added_is_the_only_one_that_is_read() {
    let line = |number: u32| format!("{{\"id\": {number}, \"text\": \"Line number {number} of many lines.\"}}\n");
    let lines: String = (0..500).map(line).collect();
    let folder = Folder::new(&[("corpus/lines.jsonl", &lines)]);
    let counting = Arc::new(Counting(AtomicUsize::new(0), recipe("counting", HASHED)));
    let options = options(&folder, ".index", usize::MAX);
    let open = || Corpus::open(&options, encoders(counting.clone()), &|_| ()).unwrap();
    open();
    assert_eq!(counting.0.swap(0, Ordering::Relaxed), 500);
    folder.put("corpus/lines.jsonl", format!("{}{lines}", line(777)).as_bytes());
    let opened = open();
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    assert_eq!((opened.corpus.len(), opened.built), (501, true));
    assert_eq!(opened.corpus.chunks().next().unwrap().id, "777");
    let status = status(&options, counting.recipe()).unwrap();
    assert_eq!((status.state, status.segments, status.chunks), (State::Current, 2, 501));
}

#[test]
fn segments_stay_few() {
    let folder = Folder::new(&[("corpus/first.md", "The first file of all.")]);
    let options = options(&folder, ".index", usize::MAX);
    for number in 0..40u32 {
        folder.put(
            &format!("corpus/{number}.md"),
            format!("File of number {number} here.").as_bytes(),
        );
        open(&options);
        let segments = status(&options, Hashing::new().recipe()).unwrap().segments;
        // sizes at least double from one to the next
        assert!(
            segments <= (number + 2).ilog2() as usize + 1,
            "{segments} after {number}"
        );
    }
}

#[test]
fn readers_go_on_with_what_they_opened() {
    let folder = Folder::new(&[("corpus/a.md", "The fox jumps over the dog.")]);
    let options = options(&folder, ".index", 0);
    let before = open(&options).corpus;
    let found = shown(&before);
    for number in 0..5u8 {
        folder.put("corpus/a.md", sentence(number).as_bytes());
        assert!(open(&options).built);
        assert_eq!(shown(&before), found);
    }
    let State::Stale { changed, .. } = ({
        folder.put("corpus/a.md", b"Something else stands here now.");
        status(&options, Hashing::new().recipe()).unwrap().state
    }) else {
        panic!("the file changed");
    };
    assert_eq!(changed, ["corpus/a.md"]);
}
