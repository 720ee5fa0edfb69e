//! Workflows without a mistake, and mistakes to put into them.
//!
//! `tests/mistakes` holds the workflows and `seeds.txt`, whose head says how it is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")
}

/// The workflows: their names and texts.
pub fn workflows() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a workflow can be read"))
        })
        .collect();
    found.sort();
    found
}

/// A mistake: some lines of a file in place of others.
#[derive(Debug, Clone)]
pub struct Seed {
    pub file: String,
    pub title: String,
    /// The first line that is replaced, from 0.
    at: usize,
    old: usize,
    new: Vec<String>,
    expected: Vec<(String, Place)>,
    /// Whether others would hide it, or it them.
    pub alone: bool,
    /// Whether the compiler says something else as yet.
    pub open: bool,
}

/// The line where a mistake must be told, from 0.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Among the new lines.
    New(usize),
    /// Among the lines of the file as it was.
    Old(usize),
}

/// A code and its line, from 1.
pub type Told = BTreeSet<(usize, String)>;

impl Seed {
    fn end(&self) -> usize {
        self.at + self.old
    }

    /// The file with this mistake alone.
    pub fn text(&self, text: &str) -> String {
        applied(text, &[self])
    }

    /// Whether two mistakes can stand in one file: apart, and none where the other is told.
    pub fn is_apart(&self, other: &Seed) -> bool {
        let touches = |one: &Seed, two: &Seed| {
            one.expected.iter().any(|(_, place)| match place {
                Place::New(_) => false,
                Place::Old(line) => (two.at..two.end()).contains(line),
            })
        };
        (self.end() < other.at || other.end() < self.at) && !touches(self, other) && !touches(other, self)
    }
}

/// The text with the mistakes in place, which must stand apart.
pub fn applied(text: &str, seeds: &[&Seed]) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut ordered: Vec<&&Seed> = seeds.iter().collect();
    ordered.sort_by_key(|seed| std::cmp::Reverse(seed.at));
    for seed in ordered {
        lines.splice(seed.at..seed.end(), seed.new.iter().map(String::as_str));
    }
    lines.join("\n") + "\n"
}

/// What must be told when all these mistakes are in place.
pub fn expected(seeds: &[&Seed]) -> Told {
    let moved = |line: usize| {
        let (added, removed) = seeds
            .iter()
            .filter(|seed| seed.end() <= line)
            .fold((0, 0), |(added, removed), seed| {
                (added + seed.new.len(), removed + seed.old)
            });
        line + added - removed
    };
    let places = seeds.iter().flat_map(|seed| {
        seed.expected.iter().map(move |(code, place)| match place {
            Place::New(line) => (moved(seed.at) + line + 1, code.clone()),
            Place::Old(line) => (moved(*line) + 1, code.clone()),
        })
    });
    places.collect()
}

/// All mistakes of `seeds.txt`.
pub fn seeds() -> Vec<Seed> {
    let text = std::fs::read_to_string(folder().join("seeds.txt")).expect("the mistakes are there");
    let workflows = workflows();
    let mut seeds = Vec::new();
    let mut file = &workflows[0];
    let blocks = text
        .split("\n\n")
        .map(str::trim_end)
        .filter(|block| !block.trim().is_empty());
    for block in blocks.filter(|block| !block.starts_with('#')) {
        let block = block.trim_start_matches('\n');
        match block.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => {
                let found = workflows.iter().find(|(known, _)| known == name);
                file = found.unwrap_or_else(|| panic!("seeds.txt: there is no {name}"));
            }
            None => seeds.push(seed(file, block)),
        }
    }
    seeds
}

fn seed((file, text): &(String, String), block: &str) -> Seed {
    let mut lines = block.lines();
    let title = lines.next().unwrap_or("").to_owned();
    let (mut old, mut new, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        match line.split_at(1) {
            ("-", line) => old.push(line.to_owned()),
            ("+", line) => new.push(line.to_owned()),
            ("!", line) => wanted.push(line.trim().to_owned()),
            _ => panic!("{file}: {title}: a line starts with -, + or !"),
        }
    }
    let whole: Vec<&str> = text.lines().collect();
    let places: Vec<usize> = whole
        .windows(old.len())
        .enumerate()
        .filter(|(_, window)| *window == old.as_slice())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 1, "{file}: {title}: the old lines stand there once");
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let place = |wanted: &str| -> (String, Place) {
        let Some((code, part)) = wanted.split_once(" @ ") else {
            return (wanted.to_owned(), Place::New(same.min(new.len().saturating_sub(1))));
        };
        let is_at = |line: &str| line.contains(part);
        let inside = new.iter().position(|line| is_at(line)).map(Place::New);
        let outside = || {
            let before = whole[..places[0]].iter().position(|line| is_at(line));
            let after = || whole[places[0] + old.len()..].iter().position(|line| is_at(line));
            before
                .or_else(|| after().map(|at| at + places[0] + old.len()))
                .map(Place::Old)
        };
        let found = inside.or_else(outside);
        (
            code.to_owned(),
            found.unwrap_or_else(|| panic!("{file}: {title}: `{part}` is not there")),
        )
    };
    Seed {
        file: file.clone(),
        at: places[0],
        old: old.len(),
        expected: wanted.iter().map(|wanted| place(wanted)).collect(),
        new,
        alone: title.ends_with("(alone)"),
        open: title.ends_with("(open)"),
        title,
    }
}
