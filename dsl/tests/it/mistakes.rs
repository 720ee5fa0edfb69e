//! Mistakes as people make them: each is told, with its code and at its line, alone and among others.
//!
//! `tests/mistakes` holds workflows without a mistake and `seeds.txt`, whose head says how it is read.

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use troupe_core::diagnostic::{Severity, SourceId};
use troupe_dsl::{Compiled, Folder, compile};

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
    alone: bool,
    /// Whether the compiler says something else as yet.
    open: bool,
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
type Told = BTreeSet<(usize, String)>;

impl Seed {
    fn end(&self) -> usize {
        self.at + self.old
    }

    /// The file with this mistake alone.
    pub fn text(&self, text: &str) -> String {
        applied(text, &[self])
    }

    /// Whether two mistakes can stand in one file: apart, and none where the other is told.
    fn is_apart(&self, other: &Seed) -> bool {
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
fn applied(text: &str, seeds: &[&Seed]) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut ordered: Vec<&&Seed> = seeds.iter().collect();
    ordered.sort_by_key(|seed| std::cmp::Reverse(seed.at));
    for seed in ordered {
        lines.splice(seed.at..seed.end(), seed.new.iter().map(String::as_str));
    }
    lines.join("\n") + "\n"
}

/// What must be told when all these mistakes are in place.
fn expected(seeds: &[&Seed]) -> Told {
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

pub fn compiled(file: &str, text: &str) -> Compiled {
    compile(file, text.as_bytes(), &Folder::new(folder()))
}

/// The errors, and those warnings that are asked for.
fn told(compiled: &Compiled, asked: &Told) -> Told {
    let file = &compiled.sources.files[0];
    let mut told = Told::new();
    for d in &compiled.diagnostics {
        let place = (file.line_column(d.labels[0].span.start).0, d.code.to_owned());
        let inside = d.labels[0].span.source == SourceId(0);
        if !inside || d.severity == Severity::Error || asked.contains(&place) {
            told.insert(place);
        }
    }
    told
}

fn shown(compiled: &Compiled) -> String {
    let mut shown = String::new();
    for d in compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
        let line = compiled.sources.files[0].line_column(d.labels[0].span.start).0;
        let _ = writeln!(shown, "    {line}: {}: {}", d.code, d.message);
    }
    shown
}

/// Groups of mistakes that stand apart, each mistake in one.
fn together<'s>(seeds: &[&'s Seed]) -> Vec<Vec<&'s Seed>> {
    let mut groups: Vec<Vec<&Seed>> = Vec::new();
    for seed in seeds {
        let fits = |group: &Vec<&Seed>| group.iter().all(|other| seed.is_apart(other));
        match groups.iter_mut().find(|group| fits(group)) {
            Some(group) => group.push(seed),
            None => groups.push(vec![seed]),
        }
    }
    groups
}

#[test]
fn the_workflows_are_without_a_mistake() {
    let mut wrong = String::new();
    for (name, text) in workflows() {
        let compiled = compiled(&name, &text);
        for d in compiled.diagnostics.iter().filter(|d| d.code != "T0901") {
            let file = compiled
                .sources
                .get(d.labels[0].span.source)
                .expect("the file is there");
            let line = file.line_column(d.labels[0].span.start).0;
            let _ = writeln!(wrong, "{}:{line}: {}: {} {:?}", file.name, d.code, d.message, d.hints);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_mistake_is_told_at_its_line_and_nothing_else() {
    let workflows = workflows();
    let seeds = seeds();
    assert!(seeds.len() >= 100, "there are {} mistakes", seeds.len());
    let mut wrong = Vec::new();
    for seed in &seeds {
        let text = workflows
            .iter()
            .find(|(name, _)| *name == seed.file)
            .map(|(_, text)| text.as_str());
        let edited = seed.text(text.unwrap_or_default());
        let compiled = compiled(&seed.file, &edited);
        let expected = expected(&[seed]);
        let told = told(&compiled, &expected);
        if (told != expected) != seed.open {
            let is = if seed.open { "no longer open" } else { "expected" };
            wrong.push(format!(
                "{}: {}\n  {is} {expected:?}\n{}",
                seed.file,
                seed.title,
                shown(&compiled)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} mistakes are told otherwise:\n{}",
        wrong.len(),
        seeds.len(),
        wrong.join("\n")
    );
}

#[test]
fn no_mistake_hides_another() {
    let seeds = seeds();
    let mut wrong = Vec::new();
    for (name, text) in workflows() {
        let own: Vec<&Seed> = seeds
            .iter()
            .filter(|seed| seed.file == name && !seed.alone && !seed.open)
            .collect();
        for group in together(&own) {
            let compiled = compiled(&name, &applied(&text, &group));
            let expected = expected(&group);
            let told = told(&compiled, &expected);
            let missing: Vec<_> = expected.difference(&told).collect();
            let more: Vec<_> = told.difference(&expected).collect();
            // Warnings are for files without a mistake.
            let is_warned = |code: &str| matches!(&code[..3], "T07") || matches!(code, "T0210" | "T0211" | "T0504");
            if missing.iter().any(|(_, code)| !is_warned(code)) || !more.is_empty() {
                let titles: Vec<&str> = group.iter().map(|seed| seed.title.as_str()).collect();
                wrong.push(format!(
                    "{name}: {titles:?}\n  not told {missing:?}\n  told as well {more:?}\n{}",
                    shown(&compiled)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines of a workflow that are lost, doubled, moved in or out, or stand elsewhere.
fn damaged() -> impl Strategy<Value = (String, String)> {
    let edit = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..5_usize,
        1..9_usize,
    );
    (prop::sample::select(workflows()), prop::collection::vec(edit, 1..10)).prop_map(|((name, text), edits)| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, to, kind, spaces) in edits {
            let (at, to) = (at.index(lines.len()), to.index(lines.len()));
            match kind {
                0 if lines.len() > 1 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                2 => lines[at].insert_str(0, &" ".repeat(spaces)),
                3 => {
                    let out = lines[at].len() - lines[at].trim_start().len();
                    lines[at].drain(..out.min(spaces));
                }
                _ => lines.swap(at, to),
            }
        }
        (name, lines.join("\n"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    /// It ends at all, and with a reason for every workflow that there is not.
    #[test]
    fn damaged_lines_end_in_a_report((name, text) in damaged()) {
        let compiled = compiled(&name, &text);
        prop_assert!(compiled.workflow.is_some() != compiled.has_errors());
        for label in compiled.diagnostics.iter().flat_map(|d| &d.labels) {
            let file = compiled.sources.get(label.span.source).expect("the file is there");
            prop_assert!(file.text.get(label.span.start as usize..label.span.end as usize).is_some());
        }
    }
}
