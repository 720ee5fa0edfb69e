//! The pool of verified environments, each below the one that it grew from.

use super::{Screen, Subject};
use crate::outline::Rail;
use crate::text;
use crate::view::{Pen, Tone, padded, tree};
use crate::watch::keymap::{Binding, Command, binding};
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::source::{Passage, Wish};
use crate::words::{counted, duration};
use ratatui::text::Line;
use std::collections::{BTreeMap, BTreeSet};
use troupe_core::port::pool::Environment;

pub(super) static SCREEN: Screen = Screen {
    name: "environments",
    about: "images in which the tests of repositories run, each below the one that it grew from",
    of: Subject::Workspace,
    follows: false,
    page,
    keys,
    open,
    text: copied,
};

const IMAGE_COLUMNS: usize = 36;
/// Levels of lineage that are indented.
const LEVELS_MAX: usize = 6;

fn keys(model: &Model) -> Vec<Binding> {
    let enter = (ratatui::crossterm::event::KeyCode::Enter, false);
    let some = model.spot().chosen.is_some();
    some.then(|| binding([enter], Command::Open, "scripts", "the environment's scripts"))
        .into_iter()
        .collect()
}

/// An environment and its place in a line.
type Grown<'a> = (&'a Environment, Vec<Rail>);

/// Every environment after the one that it grew from.
fn grown<'a>(all: &'a [Environment]) -> Vec<Grown<'a>> {
    let known: BTreeSet<&str> = all.iter().map(|environment| environment.image.as_str()).collect();
    let parent = |environment: &'a Environment| {
        let parent = environment.parent.as_deref();
        // One that claims to have grown from itself has no place but its own.
        parent.filter(|image| known.contains(image) && *image != environment.image)
    };
    let mut stack: Vec<Grown<'_>> = Vec::new();
    let mut below: BTreeMap<&str, Vec<&Environment>> = BTreeMap::new();
    for environment in all.iter().rev() {
        match parent(environment) {
            Some(image) => below.entry(image).or_default().push(environment),
            None => stack.push((environment, Vec::new())),
        }
    }
    let mut grown: Vec<Grown<'_>> = Vec::new();
    while let Some((environment, rails)) = stack.pop() {
        let mut last = true;
        for child in below.remove(environment.image.as_str()).unwrap_or_default() {
            let mut rails: Vec<Rail> = rails.iter().map(continued).collect();
            rails.push(if last { Rail::Last } else { Rail::Branch });
            rails.truncate(LEVELS_MAX);
            last = false;
            stack.push((child, rails));
        }
        grown.push((environment, rails));
    }
    grown
}

/// What the lines of a tree become below a row.
fn continued(rail: &Rail) -> Rail {
    match rail {
        Rail::Branch | Rail::Through => Rail::Through,
        Rail::Last | Rail::Gap => Rail::Gap,
    }
}

fn page(model: &Model) -> Page<'_> {
    let Some(all) = &model.environments else {
        return Page::nothing("reading the pool");
    };
    let spot = model.spot();
    let mut rows = grown(all);
    if !spot.filter.is_empty() {
        rows.retain(|(one, _)| {
            spot.admits(&format!(
                "{} {} {} {} {}",
                one.image, one.repository, one.version, one.language, one.instance
            ))
        });
    }
    let pen = model.pen();
    let titles = format!("  {:IMAGE_COLUMNS$}  {:10}  {}", "IMAGE", "LANGUAGE", "REPOSITORY");
    Page {
        head: vec![
            pen.line(
                Tone::Plain,
                &counted(all.len() as u64, "verified environment", "verified environments"),
            ),
            pen.line(Tone::Quiet, &titles),
        ],
        rows: rows
            .iter()
            .map(|(one, _)| Row::Environment(one.image.clone()))
            .collect(),
        nothing: "no environment was verified; `troupe env build` builds some".to_owned(),
        paint: Box::new(move |at, pen| line(pen, model.now_ms, &rows[at])),
    }
}

fn line(pen: Pen, now_ms: u64, (one, rails): &Grown<'_>) -> Line<'static> {
    let symbols = pen.theme.symbols();
    let tree = tree(symbols, rails);
    let room = IMAGE_COLUMNS.saturating_sub(text::width(&tree));
    let image = padded(&text::tail(&one.image, room, symbols.cut), room, symbols.cut);
    let version = if one.version.is_empty() {
        String::new()
    } else {
        format!(" {}", one.version)
    };
    let left = vec![
        pen.span(Tone::Quiet, tree),
        pen.span(Tone::Strong, image),
        pen.span(Tone::Plain, format!("  {}  ", padded(&one.language, 10, symbols.cut))),
        pen.foreign(Tone::Plain, &format!("{}{version}", one.repository)),
    ];
    let age = duration(now_ms.saturating_sub(one.at_ms));
    pen.row(left, vec![pen.span(Tone::Quiet, format!("{age:>9}"))])
}

fn chosen(model: &Model) -> Option<&Environment> {
    let Some(Row::Environment(image)) = &model.spot().chosen else {
        return None;
    };
    model.environments.as_ref()?.iter().find(|one| one.image == *image)
}

fn open(model: &mut Model) -> Vec<Wish> {
    if let Some((title, text)) = copied(model) {
        model.enter_text(Passage {
            title,
            file: None,
            text,
        });
    }
    Vec::new()
}

fn copied(model: &Model) -> Option<(String, String)> {
    let one = chosen(model)?;
    let parent = one.parent.as_deref().unwrap_or("none");
    let mut text = format!(
        "image       {}\ndigest      {}\ninstance    {}\nrepository  {} {}\nlanguage    {}\nbase        {}\ngrew from   {parent}\n",
        one.image, one.digest, one.instance, one.repository, one.version, one.language, one.base
    );
    let scripts = [
        ("setup of the first of its line", Some(&one.setup)),
        ("what made it from the one that it grew from", one.delta.as_ref()),
        ("tests", Some(&one.evaluation)),
    ];
    for (title, script) in scripts {
        if let Some(script) = script {
            text.push_str(&format!("\n# {title}\n{script}\n"));
        }
    }
    Some((one.image.clone(), text))
}
