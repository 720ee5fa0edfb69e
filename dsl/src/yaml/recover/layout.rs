//! Mistakes of layout: tabs, and lines that stand too far left or right.

use super::lines::Shape;
use super::{Repair, Scene, keys, moved, spaces};
use crate::code;
use std::collections::HashMap;

/// Lines that are looked at above the place where something was noticed.
const MAX_LINES: usize = 5_000;

/// Lines that are indented with tabs, and a tab after `:`.
pub(super) fn tabs(scene: &Scene<'_>) -> Vec<Repair> {
    let mut repairs = Vec::new();
    let led = |n: usize| {
        let line = scene.lines.get(n);
        let blank = &line[..line.len() - line.trim_start().len()];
        blank.contains('\t') && scene.shape(n).is_some()
    };
    let first = (scene.line..scene.lines.count().min(scene.line + 3)).find(|n| led(*n));
    if let Some(first) = first {
        let run: Vec<usize> = (first..scene.lines.count()).take_while(|n| led(*n)).collect();
        let line = scene.lines.get(first);
        let width = line.len() - line.trim_start().len();
        let before = scene.before(first).map(|(_, shape)| shape);
        let beside = before.map(|shape| shape.indent);
        let under = before.filter(Shape::opens).map(|shape| shape.indent + unit(scene));
        let targets = under.into_iter().chain(beside);
        let single = targets.map(|indent| vec![(first, moved(line, indent))]);
        let all = [2, 4, 8].map(|width| {
            let blank = " ".repeat(width);
            let spaced = |n: &usize| {
                let line = scene.lines.get(*n);
                let content = line.trim_start();
                let head = line[..line.len() - content.len()].replace('\t', &blank);
                (*n, format!("{head}{content}"))
            };
            run.iter().map(spaced).collect::<Vec<_>>()
        });
        let lone = run.len() == 1;
        let ways: Vec<_> = if lone {
            single.chain(all).collect()
        } else {
            all.into_iter().chain(single).collect()
        };
        for changes in ways {
            let message = "the line is indented with a tab, and YAML is indented with spaces";
            let problem = scene
                .problem(code::TAB, first, (0, width), message)
                .hint("put spaces in its place, two for each level, or let `troupe fmt` and your editor do so");
            repairs.push(Repair {
                problem,
                changes,
                lost: false,
            });
        }
    }
    let line = scene.lines.get(scene.line);
    if let Some(at) = line.find(":\t") {
        let text = format!("{}: {}", &line[..at], line[at + 1..].trim_start());
        let problem = scene
            .problem(
                code::TAB,
                scene.line,
                (at + 1, at + 2),
                "a tab stands here, where YAML takes a space",
            )
            .hint("put a space in its place");
        repairs.push(Scene::repair(problem, scene.line, text));
    }
    repairs
}

/// Text under `|` of which a line stands no further right than the key.
pub(super) fn text_too_far_left(scene: &Scene<'_>) -> Option<Repair> {
    if !scene.says(&["simple key", "expected key", "mapping values", "wrongly indented"]) {
        return None;
    }
    let mut at = scene.line;
    // Up to the first line of what was taken for one text.
    for _ in 0..MAX_LINES {
        let (above, shape) = scene.before(at)?;
        at = above;
        let (over, _) = scene.before(above)?;
        if shape.colon().is_some() && scene.text_block(above).is_none() {
            return None;
        }
        let Some(owner) = scene
            .text_block(over)
            .or_else(|| scene.shape(over)?.opens_text().then_some(over))
        else {
            continue;
        };
        let own = scene.shape(owner)?.indent;
        if keys::looks_like_key(scene, above, shape) {
            return None;
        }
        if shape.indent > own && scene.text_block(above) == Some(owner) {
            return None;
        }
        let wanted = (owner + 1..above)
            .find_map(|n| Some(scene.shape(n)?.indent))
            .unwrap_or(own + 2);
        let until = scene.line.min(scene.lines.count());
        let stray = (above..until).filter(|n| {
            scene
                .shape(*n)
                .is_some_and(|s| s.indent < wanted && s.colon().is_none())
        });
        let changes: Vec<_> = stray.map(|n| (n, moved(scene.lines.get(n), wanted))).collect();
        let message = "this line ends the text above, which stands further right than its key";
        let problem = scene
            .problem(
                code::INDENTATION,
                above,
                (shape.indent, shape.indent + shape.content.len()),
                message,
            )
            .related(
                scene.problem("", owner, (own, own + 1), "").labels[0].span,
                "the key of the text",
            )
            .hint(format!("if it belongs to the text, indent it by {}", spaces(wanted)));
        return (!changes.is_empty()).then_some(Repair {
            problem,
            changes,
            lost: false,
        });
    }
    None
}

/// The usual step from one level to the next in this file.
fn unit(scene: &Scene<'_>) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let mut above: Option<Shape<'_>> = None;
    for n in 0..scene.lines.count().min(MAX_LINES) {
        let Some(shape) = scene.shape(n) else { continue };
        if let Some(above) = above.filter(Shape::opens)
            && shape.indent > above.indent
        {
            *counts.entry(shape.indent - above.indent).or_default() += 1;
        }
        above = Some(shape);
    }
    counts
        .into_iter()
        .max_by_key(|(step, count)| (*count, usize::MAX - step))
        .map_or(2, |(step, _)| step)
}

/// An open level: where its lines start, and whether they are items of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Level {
    indent: usize,
    items: bool,
}

/// Lines of the section that fit no level of those above them, each brought to one that is there.
pub(super) fn misplaced(scene: &Scene<'_>) -> Vec<Repair> {
    let structural = [
        "simple key",
        "expected key",
        "mapping values",
        "'-' indicator",
        "sequence entries",
        "indentation",
    ];
    if !scene.says(&structural) {
        return Vec::new();
    }
    let unit = unit(scene);
    let last = scene.line.min(scene.lines.count() - 1);
    let earliest = last.saturating_sub(MAX_LINES);
    let top = |n: &usize| {
        scene
            .shape(*n)
            .is_some_and(|shape| shape.indent == 0 && !shape.is_item())
    };
    let first = (earliest..last).rev().find(top).unwrap_or(earliest);
    let mut levels = vec![Level {
        indent: 0,
        items: false,
    }];
    let mut above: Option<Shape<'_>> = None;
    let mut text_under: Option<usize> = None;
    let mut repairs = Vec::new();
    for n in first..=last {
        let Some(shape) = scene.shape(n) else { continue };
        if text_under.is_some_and(|indent| shape.indent > indent) {
            continue;
        }
        let under = scene.after(n).filter(|_| shape.opens()).map(|(_, next)| next.indent);
        for target in targets(&levels, above, (shape, under), unit) {
            repairs.push(shifted(scene, n, shape, target));
        }
        let level = Level {
            indent: shape.indent,
            items: shape.is_item(),
        };
        levels
            .retain(|open| open.indent < level.indent || *open == level || open.indent == level.indent && level.items);
        if !levels.contains(&level) {
            levels.push(level);
        }
        let inner = Level {
            indent: shape.indent + shape.dashes(),
            items: false,
        };
        if shape.is_item() && shape.colon().is_some() {
            levels.push(inner);
        }
        text_under = shape.opens_text().then_some(shape.indent);
        above = Some(Shape {
            indent: inner.indent,
            content: &shape.content[shape.dashes()..],
        });
    }
    repairs.truncate(8);
    repairs
}

/// The levels at which a line may have been meant to stand; none where it stands on one. `under` is
/// where the lines under it stand.
fn targets(
    levels: &[Level],
    above: Option<Shape<'_>>,
    (shape, under): (Shape<'_>, Option<usize>),
    unit: usize,
) -> Vec<usize> {
    let items = shape.is_item();
    let Some(above) = above.filter(|_| !shape.content.starts_with(['"', '\'', '[', '{'])) else {
        return Vec::new();
    };
    let opened = above.opens().then_some(above.indent + unit);
    let on_level = levels.contains(&Level {
        indent: shape.indent,
        items,
    });
    let fits = on_level || opened == Some(shape.indent) || (items && above.opens() && shape.indent == above.indent);
    if fits {
        return Vec::new();
    }
    let mut targets: Vec<usize> = levels
        .iter()
        .filter(|open| open.items == items)
        .map(|open| open.indent)
        .collect();
    targets.extend(opened);
    targets.sort_unstable();
    targets.dedup();
    // The nearest first, unless what stands under it says otherwise; of two that are as near, the
    // inner one, which its neighbours stand on.
    let owns = |target: usize| under == Some(target + unit);
    targets.sort_by_key(|target| (!owns(*target), target.abs_diff(shape.indent), usize::MAX - target));
    targets.retain(|target| *target != shape.indent);
    targets.truncate(2);
    targets
}

fn shifted(scene: &Scene<'_>, line: usize, shape: Shape<'_>, target: usize) -> Repair {
    let (side, by) = if target > shape.indent {
        ("left", target - shape.indent)
    } else {
        ("right", shape.indent - target)
    };
    let message = format!("the line stands {} too far {side}", spaces(by));
    let end = shape.indent + shape.colon().unwrap_or(shape.content.len());
    let problem = scene
        .problem(code::INDENTATION, line, (shape.indent, end), message)
        .hint(format!(
            "lines of one mapping or list stand under each other: indent this one by {}",
            spaces(target)
        ));
    Scene::repair(problem, line, moved(scene.lines.get(line), target))
}
