//! What is in front of a screen: choices, typed lines, the help.

use super::{act, travel};
use crate::watch::keymap::Key;
use crate::watch::model::{Model, Overlay, Purpose, Then};
use crate::watch::source::{Act, Wanted, Wish};
use ratatui::crossterm::event::KeyCode;

/// A choice by its number. None when the key is no number, or nothing is to be chosen.
pub(super) fn by_number(model: &mut Model, key: Key) -> Option<Vec<Wish>> {
    let Some(Overlay::Choose(choice)) = &mut model.overlay else {
        return None;
    };
    let (KeyCode::Char(letter), false) = key else {
        return None;
    };
    let at = usize::try_from(letter.to_digit(10)?).ok()?.checked_sub(1)?;
    if at < choice.options.len() {
        choice.at = at;
        return Some(accept(model));
    }
    Some(Vec::new())
}

/// A letter more, or less: rows follow while words for them are typed.
pub(super) fn typed(model: &mut Model) {
    if let Some(Overlay::Prompt {
        purpose: Purpose::Filter(_),
        text,
    }) = &model.overlay
    {
        let text = text.clone();
        model.spot_mut().filter = text;
    }
}

pub(super) fn erase(model: &mut Model, all: bool) {
    if let Some(Overlay::Prompt { text, .. }) = &mut model.overlay {
        match all {
            true => text.clear(),
            false => drop(text.pop()),
        }
    }
    typed(model);
}

/// Takes nothing: what was before stays.
pub(super) fn dismiss(model: &mut Model) {
    if let Some(Overlay::Prompt {
        purpose: Purpose::Filter(before),
        ..
    }) = model.overlay.take()
    {
        model.spot_mut().filter = before;
    }
}

/// Takes what is chosen or typed.
pub(super) fn accept(model: &mut Model) -> Vec<Wish> {
    match model.overlay.take() {
        Some(Overlay::Prompt { purpose, text }) => match purpose {
            Purpose::Filter(_) => Vec::new(),
            Purpose::Comment(act) => vec![Wish::Begin(Wanted::Act(with_comment(act, text)))],
            Purpose::Limits(_) if text.trim().is_empty() => Vec::new(),
            Purpose::Limits(run) => vec![Wish::Begin(Wanted::Act(Act::Raise { run, limits: text }))],
            Purpose::Moment => {
                match text.trim().parse() {
                    Ok(at) => travel::to_event(model, at),
                    Err(_) => model.tell(format!("`{text}` is no number of an event"), true),
                }
                Vec::new()
            }
        },
        Some(Overlay::Choose(mut choice)) if choice.at < choice.options.len() => {
            let (_, then) = choice.options.swap_remove(choice.at);
            follow(model, then)
        }
        _ => Vec::new(),
    }
}

fn with_comment(act: Act, text: String) -> Act {
    match act {
        Act::Answer { run, place, choice, .. } => Act::Answer {
            run,
            place,
            choice,
            comment: text,
        },
        other => other,
    }
}

fn follow(model: &mut Model, then: Then) -> Vec<Wish> {
    match then {
        Then::Nothing => {}
        Then::Close(ending) => return vec![Wish::Close(ending)],
        Then::Do(act) => return vec![Wish::Begin(Wanted::Act(act))],
        Then::Ask(question) => act::ask_choice(model, *question),
        Then::Comment(act) => {
            let (purpose, text) = (Purpose::Comment(act), String::new());
            model.overlay = Some(Overlay::Prompt { purpose, text });
        }
        Then::Chunk(chunk) => {
            let run = model.spot().run.clone();
            let wanted = run.map(|run| Wanted::Chunk { run, chunk });
            return wanted.map(Wish::Begin).into_iter().collect();
        }
    }
    Vec::new()
}
