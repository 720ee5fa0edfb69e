//! Tells `<think>…</think>` at the head of an answer from the answer.
//!
//! Only at the head: local reasoning models write the marks there, and further on they are words
//! of the answer, which may well be about such models.

use troupe_core::port::model::Delta;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Where in the answer the next character stands.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the first visible character; what is held may still become [`OPEN`].
    #[default]
    Head,
    /// Between the marks; what is held may still become [`CLOSE`].
    Inside,
    /// In the answer.
    Answer,
}

/// The state between two pieces of content.
#[derive(Debug, Default)]
pub struct ThinkingMarks {
    place: Place,
    held: String,
}

impl ThinkingMarks {
    /// Takes the next piece of content.
    pub fn push(&mut self, piece: &str, deltas: &mut Vec<Delta>) {
        if self.place == Place::Answer {
            return push_text(piece, deltas);
        }
        self.held.push_str(piece);
        while self.advance(deltas) {}
    }

    /// The answer ended: what is held is what it looks like.
    pub fn finish(&mut self, deltas: &mut Vec<Delta>) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside => push_thinking(&held, deltas),
            Place::Head | Place::Answer => push_text(&held, deltas),
        }
        self.place = Place::Answer;
    }

    /// One step; whether another may follow.
    fn advance(&mut self, deltas: &mut Vec<Delta>) -> bool {
        match self.place {
            Place::Answer => false,
            Place::Head => {
                let visible = self.held.trim_start();
                if let Some(rest) = visible.strip_prefix(OPEN) {
                    self.held = rest.to_owned();
                    self.place = Place::Inside;
                    return true;
                }
                if OPEN.starts_with(visible) {
                    return false;
                }
                self.place = Place::Answer;
                push_text(&std::mem::take(&mut self.held), deltas);
                false
            }
            Place::Inside => {
                if let Some((thought, rest)) = self.held.split_once(CLOSE) {
                    push_thinking(thought, deltas);
                    // The blank line after the mark belongs to the mark.
                    self.held = rest.trim_start().to_owned();
                    self.place = Place::Head;
                    return true;
                }
                let kept = (1..CLOSE.len())
                    .rev()
                    .find(|n| self.held.ends_with(&CLOSE[..*n]))
                    .unwrap_or(0);
                let tail = self.held.split_off(self.held.len() - kept);
                push_thinking(&std::mem::replace(&mut self.held, tail), deltas);
                false
            }
        }
    }
}

fn push_text(text: &str, deltas: &mut Vec<Delta>) {
    if !text.is_empty() {
        deltas.push(Delta::Text(text.to_owned()));
    }
}

fn push_thinking(text: &str, deltas: &mut Vec<Delta>) {
    if !text.is_empty() {
        deltas.push(Delta::Thinking(text.to_owned()));
    }
}
