//! The index on disk: reused, renewed in part, mended, built once by many.

use crate::support::{Folder, HASHED, Hashing, encoders, keyword, recipe, scores, semantic};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use troupe_core::port::embedder::{Embedder, Recipe, Role};
use troupe_core::port::{Error, ErrorKind};
use troupe_tools::{Corpus, Opened, Progress};

/// Counts the texts that it embeds; its name and length of vectors can be chosen.
struct Counting {
    recipe: Recipe,
    embedded: AtomicUsize,
}

impl Counting {
    fn new(name: &'static str, dimension: usize) -> Arc<Self> {
        Arc::new(Self {
            recipe: recipe(name, dimension),
            embedded: AtomicUsize::new(0),
        })
    }
}

impl Embedder for Counting {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
        let cut = |mut vector: Vec<f32>| {
            vector.truncate(self.recipe.dimension);
            vector
        };
        Ok(Hashing::new().embed(role, texts)?.into_iter().map(cut).collect())
    }
}

fn papers() -> Folder {
    Folder::new(&[
        ("corpus/a.md", "The fox jumps over the dog. It runs away."),
        ("corpus/b.md", "Rivers flow into the sea. Rain falls on hills."),
        (
            "corpus/c.jsonl",
            "{\"id\": \"c1\", \"text\": \"Trees grow slowly in winter.\"}\nbroken\n",
        ),
    ])
}

fn open(folder: &Folder, embedder: &Arc<Counting>) -> Opened {
    let embedder: Arc<dyn Embedder> = embedder.clone();
    Corpus::open(&folder.options(&["corpus/*"]), encoders(embedder), &|_| ()).unwrap()
}

/// The folder of the one index.
fn index(folder: &Folder) -> PathBuf {
    let entries = std::fs::read_dir(folder.path().join(".troupe/corpora")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap()
}

fn parts(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(parts(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

#[test]
fn an_index_is_reused_while_the_contents_agree() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    let first = open(&folder, &embedder);
    assert!(first.built);
    let after = embedder.embedded.load(Ordering::Relaxed);
    // a new time stamp alone is no change
    let file = std::fs::File::options()
        .write(true)
        .open(folder.path().join("corpus/a.md"))
        .unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    for _ in 0..2 {
        let again = open(&folder, &embedder);
        assert!(!again.built);
        assert_eq!(again.warnings, first.warnings);
        assert_eq!(
            keyword(&again.corpus, &["fox", "hills"], 5),
            keyword(&first.corpus, &["fox", "hills"], 5)
        );
        assert_eq!(
            semantic(&again.corpus, "water in rivers", 5),
            semantic(&first.corpus, "water in rivers", 5)
        );
    }
    assert_eq!(embedder.embedded.load(Ordering::Relaxed), after + 4, "queries only");
}

#[test]
fn a_change_of_the_same_length_in_the_same_instant_is_seen() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    open(&folder, &embedder);
    let path = folder.path().join("corpus/a.md");
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    folder.put("corpus/a.md", b"The cat jumps over the dog. It runs away.");
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    let changed = open(&folder, &embedder);
    assert!(changed.built);
    assert_eq!(scores(&keyword(&changed.corpus, &["cat"], 5)).len(), 1);
}

#[test]
fn only_new_sentences_are_embedded_again() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    open(&folder, &embedder);
    assert_eq!(embedder.embedded.swap(0, Ordering::Relaxed), 5);
    folder.put("corpus/b.md", b"Rivers flow into the sea. Snow falls on hills.");
    folder.put("corpus/d.md", b"Quite another text.");
    std::fs::remove_file(folder.path().join("corpus/a.md")).unwrap();
    let changed = open(&folder, &embedder);
    assert!(changed.built);
    assert_eq!(embedder.embedded.swap(0, Ordering::Relaxed), 2);
    let ids: Vec<&str> = changed.corpus.chunks().map(|chunk| chunk.id).collect();
    assert_eq!(ids, ["b", "c1", "d"]);
    // what was taken over is what a build from nothing gives
    std::fs::remove_dir_all(folder.path().join(".troupe")).unwrap();
    let anew = open(&folder, &embedder);
    assert_eq!(
        semantic(&changed.corpus, "rivers of snow", 5),
        semantic(&anew.corpus, "rivers of snow", 5)
    );
}

#[test]
fn any_part_cut_short_altered_or_gone_is_noticed_and_mended() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    let healthy = keyword(&open(&folder, &embedder).corpus, &["fox", "the"], 5);
    let count = parts(&index(&folder)).len();
    assert!(count > 4);
    for at in 0..count {
        for harm in 0..3 {
            let part = parts(&index(&folder))[at].clone();
            let mut bytes = std::fs::read(&part).unwrap();
            match harm {
                0 if !bytes.is_empty() => std::fs::write(&part, &bytes[..bytes.len() / 2]).unwrap(),
                1 if !bytes.is_empty() => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 0x15;
                    std::fs::write(&part, bytes).unwrap();
                }
                _ => std::fs::remove_file(&part).unwrap(),
            }
            let mended = open(&folder, &embedder);
            assert_eq!(
                keyword(&mended.corpus, &["fox", "the"], 5),
                healthy,
                "{}",
                part.display()
            );
            // a flipped bit in a stamp of the manifest may be harmless
            if mended.built {
                assert!(
                    mended.warnings.iter().any(|w| w.contains("made anew")),
                    "{}",
                    part.display()
                );
            }
            assert!(!open(&folder, &embedder).built);
        }
    }
}

#[test]
fn the_warning_says_what_was_wrong() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    open(&folder, &embedder);
    let said = |opened: Opened| opened.warnings[0].clone();
    let vectors = index(&folder).join("segment-000001/vectors");
    let bytes = std::fs::read(&vectors).unwrap();
    std::fs::write(&vectors, &bytes[..100]).unwrap();
    insta::assert_snapshot!(said(open(&folder, &embedder)), @r#"
the index of corpus `papers` is cut short: segment-000001/vectors has 100 bytes of 1280; it is made anew
"#);
    std::fs::remove_file(index(&folder).join("manifest.json")).unwrap();
    insta::assert_snapshot!(said(open(&folder, &embedder)), @r#"
the index of corpus `papers` has no readable manifest (No such file or directory (os error 2)); it is made anew
"#);
    let manifest = index(&folder).join("manifest.json");
    let newer = std::fs::read_to_string(&manifest)
        .unwrap()
        .replace("\"format\": 5", "\"format\": 99");
    std::fs::write(&manifest, newer).unwrap();
    insta::assert_snapshot!(said(open(&folder, &embedder)), @r#"
the index of corpus `papers` has format 99 and this program reads 5; it is made anew
"#);
    insta::assert_snapshot!(said(open(&folder, &Counting::new("two", HASHED))), @r#"
the index of corpus `papers` was made by the embedder one (64 numbers), not two (64 numbers); it is made anew
"#);
    insta::assert_snapshot!(said(open(&folder, &Counting::new("two", 32))), @r#"
the index of corpus `papers` was made by the embedder two (64 numbers), not two (32 numbers); it is made anew
"#);
}

#[test]
fn a_build_that_a_crash_left_half_done_is_swept_away() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    open(&folder, &embedder);
    let index = index(&folder);
    // what the next update would write, as far as it got
    let half = index.join("segment-000003");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("texts"), b"junk").unwrap();
    assert!(!open(&folder, &embedder).built);
    folder.put("corpus/d.md", b"Clouds are made of water.");
    let opened = open(&folder, &embedder);
    assert!(opened.built);
    assert_eq!(opened.corpus.chunk("d").unwrap().text, "Clouds are made of water.");
    let manifest = std::fs::read_to_string(index.join("manifest.json")).unwrap();
    for entry in std::fs::read_dir(&index).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "manifest.json" || manifest.contains(&name),
            "{name} is left over"
        );
    }
}

#[test]
fn of_many_builders_at_once_one_builds_and_the_others_use_it() {
    let (folder, embedder) = (papers(), Counting::new("one", HASHED));
    let waited = AtomicUsize::new(0);
    let built = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let progress = |progress| {
                    if progress == Progress::Waiting {
                        waited.fetch_add(1, Ordering::Relaxed);
                    }
                };
                let embedder: Arc<dyn Embedder> = embedder.clone();
                let opened = Corpus::open(&folder.options(&["corpus/*"]), encoders(embedder), &progress).unwrap();
                built.fetch_add(usize::from(opened.built), Ordering::Relaxed);
                assert_eq!(scores(&keyword(&opened.corpus, &["fox"], 5)).len(), 1);
            });
        }
    });
    assert_eq!(built.load(Ordering::Relaxed), 1);
    assert_eq!(embedder.embedded.load(Ordering::Relaxed), 5);
}

#[test]
fn an_index_folder_that_is_a_file_is_a_clear_error() {
    let folder = papers();
    folder.put(".troupe", b"in the way");
    let error = Corpus::open(&folder.options(&["corpus/*"]), encoders(Hashing::new()), &|_| ())
        .err()
        .unwrap();
    assert!(error.to_string().contains("could not be written"), "{error}");
    assert_eq!(Error::from(error).kind, ErrorKind::Storage);
}

#[test]
fn other_options_have_an_index_of_their_own() {
    let folder = papers();
    assert!(folder.open(&["corpus/*"]).built);
    assert!(folder.open(&["corpus/a.md"]).built);
    assert!(!folder.open(&["corpus/*"]).built);
    assert!(!folder.open(&["corpus/a.md"]).built);
}

#[test]
fn a_graph_is_built_read_back_and_agrees_with_the_scan() {
    let word = |seed: u64| {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        format!("{:x}", state >> 40)
    };
    let text = |n: u64| {
        format!(
            "{} {} {} and {}",
            word(5 * n + 1),
            word(5 * n + 2),
            word(5 * n + 3),
            word(n % 7)
        )
    };
    let line = |n: u64| serde_json::json!({ "id": n, "text": text(n) }).to_string();
    let lines: Vec<String> = (0..1500).map(line).collect();
    let folder = Folder::new(&[("corpus/c.jsonl", &lines.join("\n"))]);
    let mut options = folder.options(&["corpus/*"]);
    let scan = Corpus::open(&options, encoders(Hashing::new()), &|_| ()).unwrap();
    options.graph_from = 100;
    let graph = Corpus::open(&options, encoders(Hashing::new()), &|_| ()).unwrap();
    let again = Corpus::open(&options, encoders(Hashing::new()), &|_| ()).unwrap();
    assert!(graph.built && !again.built);
    let mut same = 0;
    for query in (0..1500).step_by(15).map(|n| format!("{} {}", text(n), word(n + 1))) {
        let (exact, walked) = (semantic(&scan.corpus, &query, 5), semantic(&again.corpus, &query, 5));
        assert_eq!(scores(&exact)[0], scores(&walked)[0]);
        same += usize::from(exact == walked);
    }
    assert!(same >= 99, "{same} of 100");
}
