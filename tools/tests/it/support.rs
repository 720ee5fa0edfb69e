//! Corpora in temporary folders, and embedders that need no training.

use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::embedder::{Embedder, Pooling, Recipe, Role};
use troupe_core::port::tokens::TokenCounter;
use troupe_core::port::tool::Invocation;
use troupe_tools::{Corpus, CorpusOptions, Encoders, Face, GRAPH_FROM, Opened};

/// Character trigrams of words, hashed into a vector: near texts share letters.
pub struct Hashing {
    recipe: Recipe,
}

/// Words count as tokens.
pub struct Words;

impl TokenCounter for Words {
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

/// A recipe without prefixes.
pub fn recipe(name: &str, dimension: usize) -> Recipe {
    Recipe {
        name: name.to_owned(),
        dimension,
        pooling: Pooling::Mean,
        query_prefix: String::new(),
        passage_prefix: String::new(),
    }
}

impl Hashing {
    pub fn new() -> Arc<Self> {
        let recipe = recipe("hashing", HASHED);
        Arc::new(Self { recipe })
    }
}

pub const HASHED: usize = 64;

impl Embedder for Hashing {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn embed(&self, _: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        Ok(texts.iter().map(|text| hashed(text)).collect())
    }
}

fn hashed(text: &str) -> Vec<f32> {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let mut vector = vec![0.0f32; HASHED];
    for gram in letters.windows(3) {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for letter in gram {
            hash = (hash ^ u64::from(*letter as u32)).wrapping_mul(0x0100_0000_01b3);
        }
        // mixes the low bits into the high ones
        hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        vector[(hash >> 32) as usize % HASHED] += if hash >> 63 == 0 { 1.0 } else { -1.0 };
    }
    unit(vector)
}

pub fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// Gives each known sentence the cosine asked for with every query; other texts are zero.
pub struct Scripted {
    cosines: HashMap<String, f32>,
    recipe: Recipe,
}

impl Scripted {
    pub fn new(cosines: &[(&str, f32)]) -> Arc<Self> {
        let cosines = cosines.iter().map(|(text, cosine)| ((*text).to_owned(), *cosine));
        Arc::new(Self {
            cosines: cosines.collect(),
            recipe: recipe("scripted", 2),
        })
    }
}

impl Embedder for Scripted {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let one = |text: &&str| match (role, self.cosines.get(*text)) {
            (Role::Query, _) => vec![1.0, 0.0],
            (_, Some(cosine)) => vec![*cosine, (1.0 - cosine * cosine).sqrt()],
            _ => vec![0.0, 0.0],
        };
        Ok(texts.iter().map(one).collect())
    }
}

/// A workflow's folder.
pub struct Folder(pub tempfile::TempDir);

impl Folder {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.put(name, text.as_bytes()));
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn options(&self, patterns: &[&str]) -> CorpusOptions {
        CorpusOptions {
            name: "papers".into(),
            root: self.path().to_owned(),
            patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            chunk_tokens: 1000,
            embedder: String::new(),
            index_folder: self.path().join(".troupe/corpora"),
            graph_from: GRAPH_FROM,
        }
    }

    pub fn open(&self, patterns: &[&str]) -> Opened {
        open(&self.options(patterns), Hashing::new())
    }
}

/// An embedder with the rest that a corpus reads with.
pub fn encoders(embedder: Arc<dyn Embedder>) -> Encoders {
    Encoders {
        embedder,
        tokens: Arc::new(Words),
        reranker: None,
    }
}

pub fn open(options: &CorpusOptions, embedder: Arc<dyn Embedder>) -> Opened {
    Corpus::open(options, encoders(embedder), &|_| ()).unwrap()
}

/// A corpus of ready chunks with the ids "0", "1", …
pub fn chunks(texts: &[&str]) -> (Folder, Arc<Corpus>) {
    chunks_embedded(texts, Hashing::new())
}

pub fn chunks_embedded(texts: &[&str], embedder: Arc<dyn Embedder>) -> (Folder, Arc<Corpus>) {
    let entries: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(n, t)| json!({ "id": n, "text": t }))
        .collect();
    let folder = Folder::new(&[("chunks.json", &Value::from(entries).to_string())]);
    let opened = open(&folder.options(&["chunks.json"]), embedder);
    assert_eq!(opened.warnings, Vec::<String>::new());
    (folder, opened.corpus)
}

/// Calls a tool by its plain name.
pub fn call(corpus: &Arc<Corpus>, tool: &str, arguments: Value) -> Result<ToolOutput, Error> {
    call_having_read(corpus, tool, arguments, &[])
}

pub fn call_having_read(
    corpus: &Arc<Corpus>,
    tool: &str,
    arguments: Value,
    read: &[&str],
) -> Result<ToolOutput, Error> {
    call_of(corpus, tool, &Face::faithful(""), arguments, read)
}

/// Calls a tool of a corpus that is shown in some way.
pub fn call_of(
    corpus: &Arc<Corpus>,
    tool: &str,
    face: &Face,
    arguments: Value,
    read: &[&str],
) -> Result<ToolOutput, Error> {
    let tool = troupe_tools::tool(corpus, tool, face).unwrap();
    let read: BTreeSet<String> = read.iter().map(|id| (*id).to_owned()).collect();
    let invocation = Invocation {
        key: "test".into(),
        arguments,
        read: Arc::new(read),
        place: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let output = runtime.block_on(tool.call(invocation));
    if let Ok(output) = &output {
        assert_eq!(tool.spec().result.check(&output.result), Ok(()));
    }
    output
}

pub fn keyword(corpus: &Arc<Corpus>, keywords: &[&str], top_k: usize) -> ToolOutput {
    call(
        corpus,
        "keyword_search",
        json!({ "keywords": keywords, "top_k": top_k }),
    )
    .unwrap()
}

pub fn semantic(corpus: &Arc<Corpus>, query: &str, top_k: usize) -> ToolOutput {
    call(corpus, "semantic_search", json!({ "query": query, "top_k": top_k })).unwrap()
}

/// `(id, score)` of every chunk of a search's result.
pub fn scores(output: &ToolOutput) -> Vec<(String, f64)> {
    let chunks = output.result["chunks"].as_array().unwrap();
    chunks
        .iter()
        .map(|c| (c["id"].as_str().unwrap().to_owned(), c["score"].as_f64().unwrap()))
        .collect()
}

pub fn ids(output: &ToolOutput) -> Vec<String> {
    scores(output).into_iter().map(|(id, _)| id).collect()
}

/// The sentences of the `n`th chunk of a search's result.
pub fn sentences(output: &ToolOutput, n: usize) -> Vec<String> {
    serde_json::from_value(output.result["chunks"][n]["sentences"].clone()).unwrap()
}
