//! Which key does what in a model, with its words: what keys do, what the footer names and what the help lists is one.

mod front;

use super::model::{Model, Overlay};
use super::screen::{self, Subject};
use ratatui::crossterm::event::KeyCode;
use troupe_core::port::journal::RunStatus;

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
        keys.extend(of_run(model));
    }
    keys.extend(general(model));
    keys
}

/// The command of a key.
pub(super) fn command(model: &Model, key: Key) -> Option<Command> {
    let bound = keymap(model).into_iter().find(|binding| binding.keys.contains(&key));
    bound.map(|binding| binding.command)
}

/// What can be done about the run that is looked at.
fn of_run(model: &Model) -> Vec<Binding> {
    let Some(facts) = model.facts() else {
        return Vec::new();
    };
    let is_whole = facts.run.parent().is_none();
    let (status, is_past) = (facts.standing.status, model.past.is_some());
    let mut keys = Vec::new();
    let mut offer = |when: bool, binding: Binding| keys.extend(Some(binding).filter(|_| when));
    offer(
        is_whole && !is_past && !facts.questions.is_empty(),
        binding([char('a')], Command::Answer, "answer", "answer what the run asks"),
    );
    offer(
        is_whole && !is_past && !status.is_over(),
        binding(
            [char('x')],
            Command::Cancel,
            "cancel",
            "cancel the run; it can be gone on with",
        ),
    );
    let rests =
        facts.standing.interrupted || matches!(status, RunStatus::Waiting | RunStatus::Failed | RunStatus::Cancelled);
    offer(
        is_whole && !is_past && rests,
        binding(
            [char('R')],
            Command::Resume,
            "resume",
            "go on with the run: try again what failed",
        ),
    );
    offer(
        is_whole && (is_past || status != RunStatus::Succeeded),
        binding(
            [char('F')],
            Command::Fork,
            "fork",
            "start a run that shares this one's past, from here",
        ),
    );
    offer(
        is_whole,
        binding(
            [char('e')],
            Command::Edit,
            "edit",
            "edit the chosen step's output, and fork the run with it",
        ),
    );
    offer(
        true,
        binding([char('E')], Command::File, "", "open the run's file in $EDITOR"),
    );
    keys.extend(travel(is_past));
    keys
}

fn travel(is_past: bool) -> Vec<Binding> {
    let go = |key, travel, word, about| binding([char(key)], Command::Travel(travel), word, about);
    let mut keys = vec![
        binding(
            [char('[')],
            Command::Travel(Travel::Earlier),
            "earlier",
            "one event earlier",
        ),
        go('{', Travel::MuchEarlier, "", "a twentieth of the run earlier"),
        go('^', Travel::Beginning, "", "to the first event"),
        go('#', Travel::To, "", "to an event by its number"),
    ];
    if is_past {
        keys.push(go(']', Travel::Later, "later", "one event later"));
        keys.push(go('}', Travel::MuchLater, "", "a twentieth of the run later"));
        keys.push(go('.', Travel::Present, "now", "back to the present"));
    }
    keys
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
