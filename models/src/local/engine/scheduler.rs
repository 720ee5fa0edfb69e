//! Which sequences go through the model next, and whose blocks are where.
//!
//! A step takes the next token of everyone who writes and, in the room that is left, parts of prompts. What one
//! sequence has computed another one takes; what one is about to compute another one waits for.

mod outcome;
mod room;

use super::Settings;
use super::job::{Event, Job, Work};
use super::pool::Pool;
use super::prefixes::Prefixes;
use super::sequence::Sequence;
use crate::local::decoder::{Batch, Model, Piece, Session};
use crate::local::kernels::BLOCK;
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module.
pub struct Scheduler {
    decoder: Box<dyn Session>,
    settings: Settings,
    pool: Pool,
    prefixes: Prefixes,
    waiting: VecDeque<Sequence>,
    /// In the order of their beginning.
    running: Vec<Sequence>,
    counts: Counts,
    /// What ended it: a trouble of its device.
    broken: Option<String>,
}

/// What an engine has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps of the model.
    pub steps: u64,
    /// Tokens that went through it.
    pub computed: u64,
    /// Tokens of prompts that did not need to.
    pub reused: u64,
    /// Sequences that lost their memory to others, and were computed again.
    pub preempted: u64,
}

/// A part of a running sequence that goes into a step.
#[derive(Debug, Clone, Copy)]
struct Share {
    sequence: usize,
    tokens: usize,
}

impl Scheduler {
    /// Over an empty cache.
    ///
    /// # Errors
    /// When the device has no memory for it.
    pub fn new(model: Arc<dyn Model>, settings: Settings) -> Result<Self, String> {
        let blocks = settings.cache_tokens.div_ceil(BLOCK);
        Ok(Self {
            pool: Pool::new(blocks),
            decoder: model.session(blocks)?,
            settings,
            prefixes: Prefixes::default(),
            waiting: VecDeque::new(),
            running: Vec::new(),
            counts: Counts::default(),
            broken: None,
        })
    }

    /// What was done.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes a job. One that can never be done is told so at once.
    pub fn submit(&mut self, job: Job) {
        let sequence = Sequence::new(job);
        if let Some(trouble) = self.trouble(&sequence) {
            sequence.tell(&Event::Failed(trouble));
            return;
        }
        let mut at = self.waiting.len();
        while let Some(other) = at.checked_sub(1).and_then(|last| self.waiting.get_mut(last))
            && other.rank() > sequence.rank()
        {
            other.passed += 1;
            at -= 1;
        }
        self.waiting.insert(at, sequence);
    }

    fn trouble(&self, sequence: &Sequence) -> Option<String> {
        if self.broken.is_some() {
            return self.broken.clone();
        }
        let length = sequence.tokens.len();
        let most = self.settings.context.min(self.pool.blocks() * BLOCK);
        let vocabulary = self.decoder.vocabulary();
        if length == 0 || matches!(sequence.work, Work::Score(from, _) if from == 0 || from >= length) {
            return Some("nothing is given before what is asked for".to_owned());
        }
        if length >= most {
            return Some(format!(
                "a prompt of {length} tokens, and the model has room for {most}, the answer included: shorten it, or give the model more context"
            ));
        }
        if let Some(token) = sequence.tokens.iter().find(|token| **token as usize >= vocabulary) {
            return Some(format!("token {token}, and the model knows {vocabulary}"));
        }
        match sequence.work {
            Work::Hidden(layer, _) if layer > self.decoder.architecture().layers => Some(format!(
                "layer {layer}, and the model has {}",
                self.decoder.architecture().layers
            )),
            _ => None,
        }
    }

    /// Whether there is nothing to do until another job comes or a listener goes.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.iter().all(|sequence| sequence.pending() == 0)
    }

    /// Sequences that write.
    pub fn writing(&self) -> usize {
        self.running.iter().filter(|sequence| sequence.is_writing()).count()
    }

    /// Goes one step. What comes of it is told to the listeners.
    pub fn step(&mut self) {
        self.forget();
        self.admit();
        let tap = self.running.iter().find_map(|sequence| match sequence.work {
            Work::Hidden(layer, _) if sequence.pending() > 0 => Some(layer),
            _ => None,
        });
        let shares = self.shares(tap);
        if shares.is_empty() {
            self.let_go();
            return;
        }
        let pieces = shares.iter().map(|share| {
            let sequence = &self.running[share.sequence];
            Piece {
                tokens: &sequence.tokens[sequence.computed..][..share.tokens],
                begin: sequence.computed,
                blocks: &sequence.blocks,
                wanted: sequence.wanted(share.tokens),
                tapped: matches!(sequence.work, Work::Hidden(..)),
            }
        });
        let mut batch = Batch::new(pieces, tap);
        batch.copies = self.pool.copies();
        let made = match self.decoder.step(&batch) {
            Ok(made) => made,
            Err(trouble) => return self.break_down(&trouble),
        };
        self.counts.steps += 1;
        self.counts.computed += batch.tokens.len() as u64;
        self.take(&shares, made);
    }

    /// The device is gone, and all that was in its memory: whoever waits is told, and whoever asks from now on.
    fn break_down(&mut self, trouble: &str) {
        let trouble = format!("the model's device failed: {trouble}; start again");
        for sequence in self.running.drain(..).chain(self.waiting.drain(..)) {
            sequence.tell(&Event::Failed(trouble.clone()));
        }
        self.broken = Some(trouble);
    }

    /// Nothing can go on: if somebody waits for room, what is only held makes it.
    fn let_go(&mut self) {
        let held = |sequence: &Sequence| matches!(sequence.work, Work::Hold(_));
        if let (false, Some(at)) = (self.waiting.is_empty(), self.running.iter().rposition(held)) {
            self.end(at);
        }
    }

    /// Lets go of sequences that nobody listens to.
    fn forget(&mut self) {
        self.waiting.retain(|sequence| !sequence.is_forsaken());
        for at in (0..self.running.len()).rev() {
            if self.running[at].is_forsaken() {
                self.end(at);
            }
        }
    }

    /// A running sequence ends; what it computed may be of use later.
    fn end(&mut self, at: usize) {
        let mut sequence = self.running.remove(at);
        let tokens = &sequence.tokens[..sequence.computed];
        self.prefixes.now = self.counts.steps;
        self.prefixes
            .keep(tokens, &sequence.blocks, sequence.branch.as_ref(), &mut self.pool);
        sequence.release(&mut self.pool);
    }

    /// Begins what there is room for.
    fn admit(&mut self) {
        let mut later = VecDeque::new();
        while let Some(mut sequence) = self.waiting.pop_front() {
            if self.running.len() >= self.settings.sequences {
                later.push_back(sequence);
                break;
            }
            let tokens = &sequence.tokens[..sequence.reusable()];
            let mut found = self.prefixes.find(tokens);
            for running in &self.running {
                let offer = running.offers(tokens);
                if offer.tokens() > found.tokens() {
                    found = offer;
                }
            }
            // Somebody is about to compute more of it.
            let promised = self.running.iter().map(|running| running.promises(tokens)).max();
            if promised > Some(found.tokens()) {
                later.push_back(sequence);
                continue;
            }
            if !self.begin(&mut sequence, &found) {
                later.push_back(sequence);
                // In their order: a long one would wait for ever.
                break;
            }
            self.running.push(sequence);
        }
        later.append(&mut self.waiting);
        self.waiting = later;
    }

    /// Who goes into the next step with how much: those who write first.
    fn shares(&mut self, tap: Option<usize>) -> Vec<Share> {
        let mut order: Vec<usize> = (0..self.running.len()).collect();
        order.sort_by_key(|at| (!self.running[*at].is_writing(), self.running[*at].rank()));
        let mut ranks: Vec<usize> = Vec::new();
        let mut left = self.settings.step_tokens;
        let mut shares: Vec<Share> = Vec::new();
        let mut gone: Vec<usize> = Vec::new();
        for at in order {
            let sequence = &mut self.running[at];
            sequence.passed += u32::from(left == 0 && sequence.pending() > 0);
            let tokens = sequence.pending().min(left);
            let fits = !matches!(sequence.work, Work::Hidden(layer, _) if Some(layer) != tap);
            if tokens == 0 || !fits || gone.contains(&at) {
                continue;
            }
            if self.room(at, tokens, &ranks, &mut gone) {
                left -= tokens;
                ranks.push(at);
                shares.push(Share { sequence: at, tokens });
            }
        }
        self.preempt(gone, &mut shares);
        shares
    }
}

#[cfg(test)]
mod tests;
