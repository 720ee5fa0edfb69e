//! The keys of what is in front of a screen: the help, a typed line, a choice.

use super::{Binding, Command, Move, binding, char, ctrl};
use ratatui::crossterm::event::KeyCode;

pub(super) fn help() -> Vec<Binding> {
    use KeyCode::{Down, Enter, Esc, Up};
    let plain = |code| (code, false);
    vec![
        binding([plain(Up), char('k')], Command::Move(Move::Up), "", "up"),
        binding([plain(Down), char('j')], Command::Move(Move::Down), "more", "down"),
        binding(
            [plain(Esc), char('?'), char('q'), plain(Enter), ctrl('c')],
            Command::Dismiss,
            "back",
            "back",
        ),
    ]
}

pub(super) fn prompt() -> Vec<Binding> {
    use KeyCode::{Backspace, Enter, Esc};
    let plain = |code| (code, false);
    vec![
        binding([plain(Enter)], Command::Accept, "done", "take what was typed"),
        binding([plain(Esc), ctrl('c')], Command::Dismiss, "leave it", "take nothing"),
        binding([plain(Backspace), ctrl('h')], Command::Erase, "", "erase a character"),
        binding([ctrl('u'), ctrl('w')], Command::EraseAll, "", "erase all"),
    ]
}

pub(super) fn choice() -> Vec<Binding> {
    use KeyCode::{Down, Enter, Esc, Up};
    let plain = |code| (code, false);
    vec![
        binding([plain(Up), char('k')], Command::Move(Move::Up), "", "up"),
        binding([plain(Down), char('j')], Command::Move(Move::Down), "choose", "down"),
        binding([plain(Enter)], Command::Accept, "take it", "take the chosen one"),
        binding(
            [plain(Esc), char('q'), char('n'), ctrl('c')],
            Command::Dismiss,
            "leave it",
            "decide nothing",
        ),
    ]
}
