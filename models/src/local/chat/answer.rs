//! An answer's text taken apart while it arrives: thoughts, words, tool calls.

mod calls;
mod marked;

use super::dialect::{Calls, Dialect, THINK, THOUGHT};
use super::stops::beginning;
use std::sync::Arc;
use troupe_core::port::model::Delta;
use troupe_core::port::tool::ToolSpec;

/// Where in the answer the next character stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where something begins: what is held may become any mark, and blanks here belong to the marks around them.
    Head,
    /// In a thought.
    Thought,
    /// In words that are shown.
    Text,
    /// Behind the mark that opens a call.
    Call,
}

/// The state between two pieces of an answer. What comes out does not depend on where the pieces were cut.
#[derive(Debug)]
pub struct Answer {
    /// How calls are written; none where no tools are on offer, and a call is words like any other.
    calls: Option<Calls>,
    /// The tools on offer: where values are not written as JSON, they say which of them are texts.
    tools: Arc<[ToolSpec]>,
    /// Whether a thought may still begin.
    thinks: bool,
    place: Place,
    /// Whether something of this place was handed out: blanks before that belong to the mark.
    begun: bool,
    held: String,
    /// Calls so far.
    position: usize,
}

impl Answer {
    /// A reader of one answer. `tools`: those that may be called; `opened`: whether the prompt ended inside of a thought.
    pub fn new(dialect: Dialect, tools: Arc<[ToolSpec]>, opened: bool) -> Self {
        Self {
            calls: (!tools.is_empty()).then_some(dialect.calls),
            tools,
            thinks: dialect.thinks,
            place: if opened { Place::Thought } else { Place::Head },
            begun: false,
            held: String::new(),
            position: 0,
        }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, piece: &str) -> Vec<Delta> {
        let mut deltas = Vec::new();
        self.held.push_str(piece);
        while self.advance(&mut deltas) {}
        deltas
    }

    /// The answer has ended: what is held is what it looks like.
    pub fn finish(&mut self) -> Vec<Delta> {
        let mut deltas = Vec::new();
        // A call that is not whole was held, in case that its closing mark stood inside of a text.
        while let (Place::Call, Some(calls)) = (self.place, self.calls) {
            let closing = calls.closing().unwrap_or_default();
            let held = std::mem::take(&mut self.held);
            let (inner, rest) = match held.split_once(closing) {
                Some((inner, rest)) if !closing.is_empty() => (inner, rest),
                _ => (held.as_str(), ""),
            };
            self.call(calls, inner, &mut deltas);
            self.enter(Place::Head, rest.to_owned());
            while self.advance(&mut deltas) {}
        }
        let held = std::mem::take(&mut self.held);
        let held = if self.begun { held.trim_end() } else { held.trim() };
        let piece = if self.place == Place::Thought {
            Delta::Thinking
        } else {
            Delta::Text
        };
        push(piece, held, &mut deltas);
        deltas
    }

    /// One step; whether another may follow.
    fn advance(&mut self, deltas: &mut Vec<Delta>) -> bool {
        match (self.place, self.calls) {
            (Place::Head, _) => self.head(),
            (Place::Thought, _) => self.until(Some(THOUGHT), Place::Head, Delta::Thinking, deltas),
            (Place::Text, calls) => self.until(calls.map(Calls::opening), Place::Call, Delta::Text, deltas),
            (Place::Call, Some(calls)) => self.closed(calls, deltas),
            (Place::Call, None) => false,
        }
    }

    /// What begins at a head, as soon as that is certain.
    fn head(&mut self) -> bool {
        let visible = self.held.trim_start();
        if visible.is_empty() {
            return false;
        }
        let thought = self.thinks.then_some((THINK, Place::Thought));
        let call = self.calls.map(|calls| (calls.opening(), Place::Call));
        for (mark, place) in [thought, call].into_iter().flatten() {
            if let Some(rest) = visible.strip_prefix(mark) {
                self.enter(place, rest.to_owned());
                return true;
            }
            if mark.starts_with(visible) {
                return false;
            }
        }
        let place = match self.calls {
            Some(Calls::Bare) => match calls::is_bare(visible) {
                Some(true) => Place::Call,
                Some(false) => Place::Text,
                None => return false,
            },
            _ => Place::Text,
        };
        // Further on, the mark of a thought is a word of the answer, which may well be about such models.
        self.thinks = false;
        self.enter(place, visible.to_owned());
        true
    }

    fn enter(&mut self, place: Place, held: String) {
        self.place = place;
        self.begun = false;
        self.held = held;
    }

    /// Hands out what stands before `mark`, which leads to `next`, and holds what may become the mark or blanks before it.
    fn until(&mut self, mark: Option<&str>, next: Place, piece: fn(String) -> Delta, deltas: &mut Vec<Delta>) -> bool {
        if !self.begun {
            self.held.drain(..self.held.len() - self.held.trim_start().len());
        }
        let found = mark.and_then(|mark| self.held.find(mark).map(|at| (at, at + mark.len())));
        let (end, rest) = found.unwrap_or_else(|| {
            let end = self.held.len() - beginning(&self.held, mark.into_iter());
            (end, end)
        });
        let body = self.held[..end].trim_end();
        self.begun |= !body.is_empty();
        push(piece, body, deltas);
        if found.is_some() {
            self.enter(next, self.held[rest..].to_owned());
        } else {
            self.held.drain(..body.len());
        }
        found.is_some()
    }

    /// Hands out a call whose closing mark is there. The mark may stand in one of its texts, and then closes nothing.
    fn closed(&mut self, calls: Calls, deltas: &mut Vec<Delta>) -> bool {
        let Some(closing) = calls.closing() else {
            return false;
        };
        let whole = |(at, _): &(usize, &str)| calls::is_whole(calls, &self.tools, &self.held[..*at]);
        let Some((at, _)) = self.held.match_indices(closing).find(whole) else {
            return false;
        };
        let held = std::mem::take(&mut self.held);
        self.call(calls, &held[..at], deltas);
        self.enter(Place::Head, held[at + closing.len()..].to_owned());
        true
    }

    /// The calls between two marks. What holds none is shown, marks and all: nothing that a model wrote is lost.
    fn call(&mut self, calls: Calls, inner: &str, deltas: &mut Vec<Delta>) {
        let read = calls::read(calls, &self.tools, inner);
        if read.is_empty() {
            let bare = calls == Calls::Bare && inner.starts_with('{');
            let opening = if bare { "" } else { calls.opening() };
            let text = format!("{opening}{inner}{}", calls.closing().unwrap_or_default());
            push(Delta::Text, text.trim_end(), deltas);
        }
        for call in read {
            deltas.push(Delta::ToolCall {
                position: self.position,
                id: call.id,
                name: Some(call.name),
                arguments: call.arguments,
            });
            self.position += 1;
        }
    }
}

fn push(piece: fn(String) -> Delta, text: &str, deltas: &mut Vec<Delta>) {
    if !text.is_empty() {
        deltas.push(piece(text.to_owned()));
    }
}

#[cfg(test)]
mod tests;
