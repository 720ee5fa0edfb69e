//! Which key does what in a model, with its words: what keys do, what the footer names and what the help lists is one.

mod front;
mod run;

use super::model::{Model, Overlay};
use super::screen::{self, Subject};
use ratatui::crossterm::event::KeyCode;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Move(Move),
    /// Look into the chosen row.
    Open,
    Back,
    Close,
    Help,
    /// Show rows that hold some words.
    Filter,
    /// The screen of the same subject at a position.
    Tab(usize),
    NextTab,
    /// Fold or unfold the chosen row.
    Turn,
    /// Another order, or the other way round.
    Order,
    Reverse,
    Answer,
    Cancel,
    Raise,
    Resume,
    Fork,
    Edit,
    /// Give a text to the pager.
    Page,
    /// Open the run's file in the editor.
    File,
    Copy,
    /// Look into a chunk that the chosen row names.
    Chunks,
    Travel(Travel),
    /// In a choice or a typed line.
    Accept,
    Dismiss,
    Erase,
    EraseAll,
}

/// Where the choice moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Up,
    Down,
    HalfUp,
    HalfDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

/// Where in the run's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Travel {
    Earlier,
    Later,
    MuchEarlier,
    MuchLater,
    Beginning,
    Present,
    /// To an event whose number is typed.
    To,
}

/// A key: its code, and whether Ctrl is held.
pub(super) type Key = (KeyCode, bool);

/// Keys and what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) keys: Vec<Key>,
    pub(super) command: Command,
    /// A word for the footer; empty for what is only in the help.
    pub(super) word: &'static str,
    /// A sentence for the help.
    pub(super) about: &'static str,
}

pub(super) fn char(letter: char) -> Key {
    (KeyCode::Char(letter), false)
}

pub(super) fn ctrl(letter: char) -> Key {
    (KeyCode::Char(letter), true)
}

pub(super) fn binding(
    keys: impl IntoIterator<Item = Key>,
    command: Command,
    word: &'static str,
    about: &'static str,
) -> Binding {
    Binding {
        keys: keys.into_iter().collect(),
        command,
        word,
        about,
    }
}

/// All keys that do something now, the most telling first.
pub(super) fn keymap(model: &Model) -> Vec<Binding> {
    match &model.overlay {
        Some(Overlay::Help(_)) => front::help(),
        Some(Overlay::Prompt { .. }) => front::prompt(),
        Some(Overlay::Choose(_)) => front::choice(),
        None => below(model),
    }
}

/// All keys of the screen itself, whatever is in front of it.
pub(super) fn below(model: &Model) -> Vec<Binding> {
    let mut keys = (model.spot().screen.keys)(model);
    if matches!(model.spot().screen.of, Subject::Run | Subject::Agent) {
        keys.extend(run::keys(model));
    }
    keys.extend(general(model));
    keys
}

/// The command of a key.
pub(super) fn command(model: &Model, key: Key) -> Option<Command> {
    let bound = keymap(model).into_iter().find(|binding| binding.keys.contains(&key));
    bound.map(|binding| binding.command)
}

fn general(model: &Model) -> Vec<Binding> {
    use KeyCode::{Backspace, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};
    let plain = |code| (code, false);
    let tabs = screen::beside(model.spot().screen).count();
    let mut keys = Vec::new();
    if model.spots.len() > 1 || !model.spot().filter.is_empty() {
        let back = [plain(Esc), plain(Left), plain(Backspace), char('h')];
        keys.push(binding(back, Command::Back, "back", "back to where you came from"));
    }
    keys.push(binding(
        [char('/')],
        Command::Filter,
        "search",
        "show what holds some words",
    ));
    if tabs > 1 {
        keys.push(binding(
            [plain(Tab)],
            Command::NextTab,
            "next",
            "the next screen of the same subject",
        ));
        for at in 0..tabs.min(9) {
            let digit = std::char::from_digit(u32::try_from(at + 1).unwrap_or(9), 10).unwrap_or('9');
            let about = screen::beside(model.spot().screen)
                .nth(at)
                .map_or("", |screen| screen.about);
            keys.push(binding([char(digit)], Command::Tab(at), "", about));
        }
    }
    let step = |keys: [Key; 2], go, about| binding(keys, Command::Move(go), "", about);
    keys.extend([
        step([plain(Up), char('k')], Move::Up, "up"),
        step([plain(Down), char('j')], Move::Down, "down"),
        step([plain(PageUp), ctrl('b')], Move::PageUp, "a page up"),
        step([plain(PageDown), ctrl('f')], Move::PageDown, "a page down"),
        step([ctrl('u'), ctrl('p')], Move::HalfUp, "half a page up"),
        step([ctrl('d'), ctrl('n')], Move::HalfDown, "half a page down"),
        step([plain(Home), char('g')], Move::Top, "to the top"),
        step([plain(End), char('G')], Move::Bottom, "to the end, and follow it"),
        binding(
            [plain(Enter), plain(Right), char('l')],
            Command::Open,
            "",
            "look into the chosen row",
        ),
        binding([char('o')], Command::Page, "", "the text of the chosen row in $PAGER"),
        binding([char('y')], Command::Copy, "", "copy the text of the chosen row"),
        binding([char('?')], Command::Help, "keys", "all keys"),
        binding(
            [char('q'), ctrl('c')],
            Command::Close,
            "close",
            "close the screens; runs go on",
        ),
    ]);
    keys
}

/// A key's name, as short as it can be told.
pub(super) fn name((code, ctrl): Key, unicode: bool) -> String {
    let name = match code {
        KeyCode::Char(' ') => "space".into(),
        KeyCode::Char(letter) => letter.to_string(),
        KeyCode::Up if unicode => "↑".into(),
        KeyCode::Down if unicode => "↓".into(),
        KeyCode::Left if unicode => "←".into(),
        KeyCode::Right if unicode => "→".into(),
        KeyCode::PageUp => "pgup".into(),
        KeyCode::PageDown => "pgdn".into(),
        other => format!("{other:?}").to_lowercase(),
    };
    if ctrl { format!("ctrl-{name}") } else { name }
}
