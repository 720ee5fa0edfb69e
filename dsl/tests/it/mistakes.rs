//! Mistakes as people make them: each is told, with its code and at its line, alone and among others.

use crate::memory;
use crate::seeds::{Seed, Told, applied, expected, folder, seeds, workflows};
use proptest::prelude::*;
use std::fmt::Write as _;
use troupe_core::diagnostic::{Severity, SourceId};
use troupe_dsl::{Compiled, Folder, compile};

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

#[test]
fn a_default_model_is_looked_up_though_no_agent_needs_it() {
    let told = |model: &str| -> Vec<&str> {
        let step = "steps: { a: { workflow: std/refine, with: { task: x } } }";
        let text = format!("troupe: 1\nlimits: {{ tokens: 1000 }}\ndefaults: {{ model: {model} }}\n{step}\n");
        memory::compiled(&text).diagnostics.iter().map(|d| d.code).collect()
    };
    assert_eq!(told("fast"), ["T0205"]);
    assert_eq!(told("openai/gpt-5-mini"), Vec::<&str>::new());
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
