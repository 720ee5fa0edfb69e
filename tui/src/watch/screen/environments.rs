//! Environments: builds of such, and below them the verified ones, each below the one that it grew from.

use super::build::{elapsed, standing};
use super::{Screen, Subject};
use crate::outline::Rail;
use crate::text;
use crate::view::{Pen, Tone, padded, tree};
use crate::watch::keymap::{Binding, Command, binding};
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::source::{BuildRow, Passage, Wish};
use crate::words::{counted, duration};
use ratatui::text::Line;
use std::collections::{BTreeMap, BTreeSet};
use troupe_core::port::pool::Environment;

pub(super) static SCREEN: Screen = Screen {
    name: "environments",
    about: "builds of images in which the tests of repositories run, and those that were verified",
    of: Subject::Workspace,
    follows: false,
    page,
    keys,
    open,
    text: copied,
};

const IMAGE_COLUMNS: usize = 36;
/// Builds that are over and have a row without being asked for.
const OVER: usize = 4;
/// Levels of lineage that are indented.
const LEVELS_MAX: usize = 6;

fn keys(model: &Model) -> Vec<Binding> {
    let enter = (ratatui::crossterm::event::KeyCode::Enter, false);
    let (word, about) = match model.spot().chosen {
        None => return Vec::new(),
        Some(Row::Build(_)) => ("look into", "the build's attempts, and what its commands print"),
        Some(Row::RestOfBuilds) => ("show", "show or hide earlier builds"),
        Some(_) => ("scripts", "the environment's scripts"),
    };
    vec![binding([enter], Command::Open, word, about)]
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

/// A row of the screen.
enum Shown<'a> {
    Build(&'a BuildRow),
    /// So many builds that are over.
    Rest(usize),
    Environment(Grown<'a>),
}

fn page(model: &Model) -> Page<'_> {
    let (Some(all), Some(builds)) = (&model.environments, &model.builds) else {
        return Page::nothing("reading the pool");
    };
    let spot = model.spot();
    let mut grown = grown(all);
    if !spot.filter.is_empty() {
        grown.retain(|(one, _)| {
            spot.admits(&format!(
                "{} {} {} {} {}",
                one.image, one.repository, one.version, one.language, one.instance
            ))
        });
    }
    let pen = model.pen();
    let at_work = builds.iter().filter(|row| row.at_work).count() as u64;
    let titles = format!("  {:IMAGE_COLUMNS$}  {:10}  {}", "IMAGE", "LANGUAGE", "REPOSITORY");
    let mut shown = built(model, builds);
    shown.extend(grown.into_iter().map(Shown::Environment));
    let counts = [
        counted(all.len() as u64, "verified environment", "verified environments"),
        counted(at_work, "build at work", "builds at work"),
    ];
    Page {
        head: vec![
            pen.row(pen.facts(counts.map(|count| (Tone::Plain, count))), Vec::new()),
            pen.line(Tone::Quiet, &titles),
        ],
        rows: shown.iter().map(row).collect(),
        nothing: "no environment was verified; `troupe env build` builds some".to_owned(),
        paint: Box::new(move |at, pen| match &shown[at] {
            Shown::Build(build) => build_line(pen, model.now_ms, build),
            Shown::Rest(count) => {
                let earlier = counted(*count as u64, "earlier build", "earlier builds");
                pen.line(Tone::Quiet, &format!("{} {earlier}", pen.theme.symbols().cut))
            }
            Shown::Environment(grown) => line(pen, model.now_ms, grown),
        }),
    }
}

fn row(shown: &Shown<'_>) -> Row {
    match shown {
        Shown::Build(build) => Row::Build(build.name.clone()),
        Shown::Rest(_) => Row::RestOfBuilds,
        Shown::Environment((one, _)) => Row::Environment(one.image.clone()),
    }
}

/// Builds at work, and then the last ones that are over.
fn built<'a>(model: &Model, builds: &'a [BuildRow]) -> Vec<Shown<'a>> {
    let spot = model.spot();
    let admitted = builds
        .iter()
        .filter(|row| spot.admits(&format!("{} {}", row.view.instance, row.view.repository)));
    let (at_work, over): (Vec<&BuildRow>, Vec<&BuildRow>) = admitted.partition(|row| row.at_work);
    let all = spot.turned.contains(&Row::RestOfBuilds) || !spot.filter.is_empty();
    let few = if all { over.len() } else { OVER };
    let rest = over.len().saturating_sub(OVER);
    let mut shown: Vec<Shown<'_>> = at_work
        .into_iter()
        .chain(over.into_iter().take(few))
        .map(Shown::Build)
        .collect();
    if rest > 0 && spot.filter.is_empty() {
        shown.push(Shown::Rest(rest));
    }
    shown
}

fn build_line(pen: Pen, now_ms: u64, row: &BuildRow) -> Line<'static> {
    let symbols = pen.theme.symbols();
    let (symbol, tone, words) = standing(symbols, row);
    let room = IMAGE_COLUMNS - 2;
    let left = vec![
        pen.span(tone, format!("{symbol} ")),
        pen.span(Tone::Strong, padded(&row.view.instance, room, symbols.cut)),
        pen.foreign(tone, &format!("  {words}")),
    ];
    let time = duration(elapsed(row, now_ms));
    pen.row(left, vec![pen.span(Tone::Quiet, format!("{time:>9}"))])
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
    match model.spot().chosen.clone() {
        Some(Row::Build(name)) => model.enter_build(name),
        Some(row @ Row::RestOfBuilds) => model.turn(row),
        _ => read(model),
    }
    Vec::new()
}

/// The scripts of the chosen environment.
fn read(model: &mut Model) {
    if let Some((title, text)) = copied(model) {
        model.enter_text(Passage {
            title,
            file: None,
            text,
        });
    }
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
