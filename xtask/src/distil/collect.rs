//! Owns the training text: which files of which Debian packages, how many texts of each, and
//! the sampling of them into one file, one text a line.
//!
//! Everything is deterministic: texts are ordered by a hash of themselves, so the same
//! packages give the same file, and any prefix of it is a fair sample.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{dictionary, markup, sentences};

/// How texts are read out of a file.
#[derive(Clone, Copy)]
enum Form {
    WordNet,
    WordNetQuestions,
    Headed,
    Webster,
    Html,
    Manual,
    Pod,
    Plain,
    Quoted,
}

/// Texts from the files below `path` (relative to the unpacked packages) named `*ending`.
struct Source {
    path: &'static str,
    ending: &'static str,
    form: Form,
    /// Texts taken at most.
    quota: usize,
}

const fn source(path: &'static str, ending: &'static str, form: Form, quota: usize) -> Source {
    Source {
        path,
        ending,
        form,
        quota,
    }
}

/// `collect.sh` fetches and unpacks the packages of these files.
const SOURCES: &[Source] = &[
    source("usr/share/dictd/wn.dict.dz", "", Form::WordNet, 36_000),
    source("usr/share/dictd/wn.dict.dz", "", Form::WordNetQuestions, 12_000),
    source("usr/share/dictd/gcide.dict.dz", "", Form::Webster, 22_000),
    source("usr/share/dictd/foldoc.dict.dz", "", Form::Headed, 5_000),
    source("usr/share/dictd/jargon.dict.dz", "", Form::Headed, 1_500),
    source("usr/share/dictd/devil.dict.dz", "", Form::Headed, 700),
    source("usr/share/dictd/elements.dict.dz", "", Form::Headed, 500),
    source("usr/share/doc/anarchism/html", ".html", Form::Html, 12_000),
    source("usr/share/doc/debian-history", ".html", Form::Html, 500),
    source("usr/share/games/fortunes", "", Form::Plain, 6_000),
    source("usr/share/games/wesnoth", ".cfg", Form::Quoted, 4_000),
    source("usr/share/games/freeciv", "", Form::Quoted, 2_500),
    source("usr/share/crawl/dat/descript", ".txt", Form::Plain, 1_500),
    source("usr/share/angband", ".txt", Form::Plain, 500),
    source("usr/share/doc/garlic-doc", ".html", Form::Html, 500),
    source("usr/share/doc/gnumed", ".html", Form::Html, 1_500),
    source("usr/share/doc/python-biopython-doc/Doc", ".html", Form::Html, 2_500),
    source("usr/share/doc/python3-nipype", ".html", Form::Html, 2_000),
    source("usr/share/doc/python-sklearn-doc", ".html", Form::Html, 5_000),
    source("usr/share/doc/python-astropy-doc", ".html", Form::Html, 3_000),
    source("usr/share/doc/octave", ".html", Form::Html, 1_500),
    source("usr/share/doc/postgresql-doc-15", ".html", Form::Html, 2_000),
    source("usr/share/doc/python3.11", ".html", Form::Html, 3_000),
    source("usr/share/doc/debian-handbook/html/en-US", ".html", Form::Html, 2_000),
    source("usr/share/doc/debian-policy", ".html", Form::Html, 500),
    source("usr/share/help/C", ".page", Form::Html, 1_500),
    source("usr/share/perl", ".pod", Form::Pod, 3_000),
    source("usr/share/man", ".gz", Form::Manual, 3_000),
];

/// Reads the packages unpacked below `root` and writes the sampled texts to `out`.
pub fn collect(root: &Path, out: &Path) -> Result<()> {
    let mut seen = HashSet::new();
    let mut texts = Vec::new();
    for source in SOURCES {
        let mut found = read_source(root, source)?;
        found.retain(|text| seen.insert(hash(text.bytes())));
        let all = found.len();
        found.sort_by_key(|text| hash(text.bytes()));
        found.truncate(source.quota);
        println!("{:>7} of {all:>7} texts from {}", found.len(), source.path);
        texts.append(&mut found);
    }
    // A second hash: the first one has decided what was taken, so its order is not free.
    texts.sort_by_key(|text| hash(text.bytes()).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    println!("{:>7} texts written to {}", texts.len(), out.display());
    std::fs::write(out, texts.join("\n") + "\n").context("writing the training text")
}

fn read_source(root: &Path, source: &Source) -> Result<Vec<String>> {
    let mut files = Vec::new();
    list_files(&root.join(source.path), source.ending, &mut files);
    files.sort();
    if files.is_empty() {
        println!("nothing at {}: is its package unpacked?", source.path);
    }
    let mut texts = Vec::new();
    for file in files {
        let content = read_text(&file)?;
        match source.form {
            Form::WordNet => dictionary::wordnet(&content, &mut texts),
            Form::WordNetQuestions => dictionary::wordnet_questions(&content, &mut texts),
            Form::Headed => dictionary::headed(&content, &mut texts),
            Form::Webster => dictionary::webster(&content, &mut texts),
            Form::Html => sentences::of_paragraphs(&markup::html(&content), &mut texts),
            Form::Manual => sentences::of_paragraphs(&markup::manual(&content), &mut texts),
            Form::Pod => sentences::of_paragraphs(&markup::pod(&content), &mut texts),
            Form::Plain => sentences::of_paragraphs(&markup::plain(&content), &mut texts),
            Form::Quoted => sentences::of_paragraphs(&markup::quoted(&content), &mut texts),
        }
    }
    Ok(texts)
}

fn list_files(path: &Path, ending: &str, files: &mut Vec<PathBuf>) {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let Ok(entries) = std::fs::read_dir(path) else {
        // Fortune and rule files have no ending; their indices and encodings do.
        let wanted = if ending.is_empty() && !name.ends_with(".dz") {
            !name.contains('.') || name.ends_with(".ruleset") || name == "helpdata.txt"
        } else {
            name.ends_with(ending)
        };
        if path.is_file() && wanted {
            files.push(path.to_owned());
        }
        return;
    };
    for entry in entries.flatten() {
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        // Two-letter folders hold translations.
        let translated = entry.file_name().len() == 2 && !ending.is_empty() && ending != ".gz";
        if !link && !translated {
            list_files(&entry.path(), ending, files);
        }
    }
}

fn read_text(file: &Path) -> Result<String> {
    let reading = || format!("reading {}", file.display());
    let bytes = std::fs::read(file).with_context(reading)?;
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    // Every Debian has gzip; standard input, because `dictd` files have an ending unknown to it.
    let unpacked = Command::new("gzip")
        .arg("-dc")
        .stdin(File::open(file)?)
        .output()
        .with_context(reading)?;
    ensure!(unpacked.status.success(), "gzip cannot unpack {}", file.display());
    Ok(String::from_utf8_lossy(&unpacked.stdout).into_owned())
}

/// FNV-1a, 64 bits.
pub fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xCBF2_9CE4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
