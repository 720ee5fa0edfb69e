//! A sequence that is being computed.

use super::job::{Event, Job, Work, Writer};
use super::pool::Pool;
use super::prefixes::{Found, alike};
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use troupe_core::message::Finish;
use troupe_core::port::branch::Branch;
use troupe_core::recording::{Seen, Written};

/// An agent of a large team is passed by the turns of all that began before it, some dozens each. Beyond that there is
/// no end to those who come: other runs, whose agents are numbered anew.
pub const PASSED_MOST: u32 = 1_000;

/// A job, and how far it is.
pub struct Sequence {
    /// What was given, and what was written.
    pub tokens: Vec<u32>,
    /// Tokens of them that were given.
    pub prompt: usize,
    /// Tokens whose keys and values are in the blocks.
    pub computed: usize,
    /// The blocks, in order.
    pub blocks: Vec<usize>,
    /// What is wanted.
    pub work: Work,
    /// The agent that asks.
    pub branch: Option<Arc<Branch>>,
    /// How often others who came later went first.
    pub passed: u32,
    /// Whether the prompt was read, and its listeners know.
    pub is_read: bool,
    /// Tokens that were found instead of computed, at the first beginning.
    pub reused: Option<usize>,
    /// What [`Work::Score`] and [`Work::Hidden`] have so far.
    pub numbers: Vec<f32>,
}

impl Sequence {
    /// A job that was not begun.
    pub fn new(job: Job) -> Self {
        Self {
            prompt: job.prompt.len(),
            tokens: job.prompt,
            computed: 0,
            blocks: Vec::new(),
            work: job.work,
            branch: job.branch,
            passed: 0,
            is_read: false,
            reused: None,
            numbers: Vec::new(),
        }
    }

    /// Lower ones go first: whoever is no agent waits for nobody, and whoever was passed so often waits no longer.
    pub fn rank(&self) -> u32 {
        let branch = self.branch.as_ref().filter(|_| self.passed < PASSED_MOST);
        branch.map_or(0, |branch| branch.rank())
    }

    /// Those who are told of it.
    pub fn listeners(&self) -> impl Iterator<Item = &UnboundedSender<Event>> {
        let (writers, other): (&[_], _) = match &self.work {
            Work::Write(writers) => (writers, None),
            Work::Score(_, listener) | Work::Hidden(_, listener) | Work::Hold(listener) => (&[], Some(listener)),
        };
        writers.iter().map(|writer| &writer.listener).chain(other)
    }

    /// Tells everybody.
    pub fn tell(&self, event: &Event) {
        for listener in self.listeners() {
            // Whoever has gone needs no word.
            let _ = listener.send(event.clone());
        }
    }

    /// Whether nobody listens any more.
    pub fn is_forsaken(&self) -> bool {
        self.listeners().all(UnboundedSender::is_closed)
    }

    /// Tokens that must be computed still.
    pub fn pending(&self) -> usize {
        self.tokens.len() - self.computed
    }

    /// Whether it writes, and its prompt was computed.
    pub fn is_writing(&self) -> bool {
        self.is_read && matches!(self.work, Work::Write(_))
    }

    /// How many of its tokens may be taken from elsewhere: what is wanted of a token needs it computed.
    pub fn reusable(&self) -> usize {
        match self.work {
            Work::Write(_) => self.tokens.len() - 1,
            Work::Score(from, _) => from - 1,
            Work::Hidden(..) => 0,
            Work::Hold(_) => self.tokens.len(),
        }
    }

    /// What this sequence has of the beginning of another one's tokens.
    pub fn offers(&self, tokens: &[u32]) -> Found {
        Found::of(&self.blocks, alike(&self.tokens[..self.computed], tokens))
    }

    /// How many tokens of another one it will have computed, if it goes on.
    pub fn promises(&self, tokens: &[u32]) -> usize {
        alike(&self.tokens, tokens)
    }

    /// The rows of the next `count` tokens whose logits are wanted.
    pub fn wanted(&self, count: usize) -> Range<usize> {
        let end = self.computed + count;
        match self.work {
            Work::Write(_) if end == self.tokens.len() => count - 1..count,
            // The logits of a token are about the next one.
            Work::Score(from, _) => {
                let (first, last) = ((from - 1).max(self.computed), end.min(self.tokens.len() - 1));
                first.min(last) - self.computed..last.max(first.min(last)) - self.computed
            }
            _ => 0..0,
        }
    }

    /// Tells, once, that the prompt was computed.
    pub fn note_read(&mut self) {
        if !self.is_read && self.computed >= self.prompt {
            self.is_read = true;
            let reused = self.reused.unwrap_or_default();
            self.tell(&Event::Read {
                prompt: self.prompt,
                reused,
            });
        }
    }

    /// Tells the numbers that were gathered, once all tokens were computed; whether there are more to come.
    pub fn hand_over(&mut self, event: impl Fn(Vec<f32>) -> Event) -> bool {
        if self.pending() > 0 {
            return true;
        }
        let event = event(std::mem::take(&mut self.numbers));
        self.tell(&event);
        false
    }

    /// Gives its blocks back.
    pub fn release(&mut self, pool: &mut Pool) {
        for block in self.blocks.drain(..) {
            pool.release(block);
        }
        self.computed = 0;
    }

    /// Writes on: what follows the logits of its last token. Whether it goes on.
    pub fn write(&mut self, logits: &mut [f32], context: usize) -> bool {
        let Work::Write(writers) = &mut self.work else {
            return false;
        };
        let [writer] = writers.as_mut_slice() else { return false };
        let mut told = Vec::new();
        let end = match next(writer, logits, &mut told) {
            Ok(end) => end,
            Err(error) => {
                let _ = writer.listener.send(Event::Failed(error));
                return false;
            }
        };
        let mut end = end.then_some(Finish::Stop);
        for written in told {
            if self.tokens.len() == context || self.tokens.len() - self.prompt == writer.most {
                end = Some(Finish::Length);
                break;
            }
            self.tokens.push(written.token);
            let _ = writer.listener.send(Event::Token(written));
        }
        if end.is_none() && (self.tokens.len() == context || self.tokens.len() - self.prompt >= writer.most) {
            end = Some(Finish::Length);
        }
        match end {
            Some(finish) => {
                let _ = writer.listener.send(Event::End(finish));
                false
            }
            None => true,
        }
    }
}

/// The next token and those that the grammar dictates behind it; whether the answer ends with them.
fn next(writer: &mut Writer, logits: &mut [f32], told: &mut Vec<Written>) -> Result<bool, String> {
    let (token, seen) = match &mut writer.constraint {
        Some(constraint) => {
            let mask = constraint.mask()?;
            writer.sampler.choose(logits, |logits| mask.apply(logits))
        }
        None => writer.sampler.choose(logits, |_| {}),
    };
    let mut take = |writer: &mut Writer, token: u32, seen: Option<Seen>| -> Result<bool, String> {
        if writer.ends.contains(&token) {
            return Ok(true);
        }
        told.push(Written { token, seen });
        match &mut writer.constraint {
            Some(constraint) => {
                constraint.take(token)?;
                Ok(constraint.is_done())
            }
            None => Ok(false),
        }
    };
    if take(writer, token, Some(seen))? {
        return Ok(true);
    }
    let forced = writer
        .constraint
        .as_mut()
        .map(crate::local::chat::Constraint::forced)
        .unwrap_or_default();
    for token in forced {
        writer.sampler.take(token);
        if take(writer, token, None)? {
            return Ok(true);
        }
    }
    Ok(false)
}
