//! Which sequences go through the model next, and whose blocks are where.
//!
//! A step takes the next token of everyone who writes and, in the room that is left, parts of prompts. What one
//! sequence has computed another one takes; what one is about to compute another one waits for.

use super::Settings;
use super::job::{Event, Job, Work};
use super::pool::Pool;
use super::prefixes::{Found, Prefixes};
use super::sequence::Sequence;
use crate::local::decoder::{Batch, Decoder, Made, Piece};
use crate::local::kernels::{BLOCK, Distribution};
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module.
pub struct Scheduler {
    decoder: Arc<Decoder>,
    settings: Settings,
    pool: Pool,
    prefixes: Prefixes,
    waiting: VecDeque<Sequence>,
    /// In the order of their beginning.
    running: Vec<Sequence>,
    counts: Counts,
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
    pub fn new(decoder: Arc<Decoder>, settings: Settings) -> Self {
        Self {
            pool: Pool::new(decoder.layout(), settings.cache_tokens.div_ceil(BLOCK)),
            decoder,
            settings,
            prefixes: Prefixes::default(),
            waiting: VecDeque::new(),
            running: Vec::new(),
            counts: Counts::default(),
        }
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
        let behind = self.waiting.iter().position(|other| other.rank > sequence.rank);
        self.waiting.insert(behind.unwrap_or(self.waiting.len()), sequence);
    }

    fn trouble(&self, sequence: &Sequence) -> Option<String> {
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
            Work::Hidden(layer, _) if layer > self.decoder.architecture.layers => Some(format!(
                "layer {layer}, and the model has {}",
                self.decoder.architecture.layers
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
        let batch = Batch::new(pieces, tap);
        let made = self.decoder.step(self.pool.numbers(), &batch);
        self.counts.steps += 1;
        self.counts.computed += batch.tokens.len() as u64;
        self.take(&shares, made);
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
        self.prefixes
            .keep(&sequence.tokens[..sequence.computed], &sequence.blocks, &mut self.pool);
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

    /// Gives a sequence what was found for it; whether there is room for the rest.
    fn begin(&mut self, sequence: &mut Sequence, found: &Found) -> bool {
        let needed = (sequence.tokens.len() + 1).div_ceil(BLOCK) - found.blocks.len();
        for block in &found.blocks {
            self.pool.share(*block);
        }
        let partly = found.partly.inspect(|(block, _)| self.pool.share(*block));
        // Those who run need a block each soon, and would take it from whoever came last.
        let wished = needed + self.running.len();
        while self.pool.free() < wished && self.prefixes.give_up(&mut self.pool) {}
        let has_room = self.pool.free() >= wished || self.running.is_empty() && self.pool.free() >= needed;
        sequence.blocks.clone_from(&found.blocks);
        let mut reused = found.blocks.len() * BLOCK;
        if let Some((block, tokens)) = partly {
            if let Some(own) = has_room.then(|| self.pool.copy(block)).flatten() {
                sequence.blocks.push(own);
                reused += tokens;
            }
            self.pool.release(block);
        }
        sequence.computed = reused;
        if !has_room {
            sequence.release(&mut self.pool);
            return false;
        }
        if sequence.reused.is_none() {
            sequence.reused = Some(reused);
            self.counts.reused += reused as u64;
        }
        if sequence.pending() == 0 {
            // All that somebody wants held is there.
            let event = Event::Read {
                prompt: sequence.prompt,
                reused,
            };
            sequence.is_read = true;
            sequence.tell(&event);
        }
        true
    }

    /// Who goes into the next step with how much: those who write first.
    fn shares(&mut self, tap: Option<usize>) -> Vec<Share> {
        let mut order: Vec<usize> = (0..self.running.len()).collect();
        order.sort_by_key(|at| (!self.running[*at].is_writing(), self.running[*at].rank));
        let mut ranks: Vec<usize> = Vec::new();
        let mut left = self.settings.step_tokens;
        let mut shares: Vec<Share> = Vec::new();
        let mut gone: Vec<usize> = Vec::new();
        for at in order {
            let sequence = &self.running[at];
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

    /// Makes room for more tokens of a sequence, if need be by taking it from those that began last. Those in `kept` go
    /// into the next step; whoever loses their room is in `gone` then.
    fn room(&mut self, at: usize, tokens: usize, kept: &[usize], gone: &mut Vec<usize>) -> bool {
        loop {
            if self.grow(at, tokens) {
                return true;
            }
            if self.prefixes.give_up(&mut self.pool) {
                continue;
            }
            let last = (0..self.running.len()).rev().find(|other| {
                *other != at
                    && !kept.contains(other)
                    && !gone.contains(other)
                    && !self.running[*other].blocks.is_empty()
            });
            let Some(other) = last.filter(|other| self.running[*other].rank >= self.running[at].rank) else {
                gone.push(at);
                self.running[at].release(&mut self.pool);
                return false;
            };
            gone.push(other);
            self.running[other].release(&mut self.pool);
        }
    }

    /// Blocks of its own for the next tokens; whether there were enough.
    fn grow(&mut self, at: usize, tokens: usize) -> bool {
        let sequence = &mut self.running[at];
        if let Some(block) = sequence.blocks.get_mut(sequence.computed / BLOCK)
            && self.pool.is_shared(*block)
        {
            let Some(own) = self.pool.copy(*block) else {
                return false;
            };
            self.pool.release(std::mem::replace(block, own));
        }
        while sequence.blocks.len() * BLOCK < sequence.computed + tokens {
            let Some(block) = self.pool.take() else { return false };
            sequence.blocks.push(block);
        }
        true
    }

    /// Those who lost their room wait again.
    fn preempt(&mut self, mut gone: Vec<usize>, shares: &mut [Share]) {
        gone.sort_unstable();
        for at in gone.into_iter().rev() {
            let sequence = self.running.remove(at);
            self.counts.preempted += 1;
            self.waiting.push_front(sequence);
            for share in shares.iter_mut().filter(|share| share.sequence > at) {
                share.sequence -= 1;
            }
        }
    }

    /// Hands out what a step made.
    fn take(&mut self, shares: &[Share], mut made: Made) {
        let vocabulary = self.decoder.vocabulary();
        let width = self.decoder.architecture.width;
        let (mut logits, mut hidden) = (
            made.logits.chunks_exact_mut(vocabulary),
            made.hidden.chunks_exact(width),
        );
        let mut ended = Vec::new();
        let mut branches = Vec::new();
        for share in shares {
            let sequence = &mut self.running[share.sequence];
            let wanted = sequence.wanted(share.tokens);
            let begin = sequence.computed;
            sequence.computed += share.tokens;
            if !sequence.is_read && sequence.computed >= sequence.prompt {
                sequence.is_read = true;
                let reused = sequence.reused.unwrap_or_default();
                sequence.tell(&Event::Read {
                    prompt: sequence.prompt,
                    reused,
                });
            }
            let is_whole = sequence.pending() == 0;
            match &mut sequence.work {
                Work::Score(..) => {
                    for at in wanted {
                        let Some(logits) = logits.next() else { break };
                        let next = sequence.tokens[begin + at + 1] as usize;
                        sequence.numbers.push(Distribution::of(logits).log_probability(next));
                    }
                    if is_whole {
                        let event = Event::Scores(std::mem::take(&mut sequence.numbers));
                        sequence.tell(&event);
                        ended.push(share.sequence);
                    }
                }
                Work::Hidden(..) => {
                    sequence.numbers.resize(width, 0.0);
                    for state in hidden.by_ref().take(share.tokens) {
                        sequence
                            .numbers
                            .iter_mut()
                            .zip(state)
                            .for_each(|(sum, number)| *sum += number);
                    }
                    if is_whole {
                        let count = sequence.tokens.len() as f32;
                        sequence.numbers.iter_mut().for_each(|sum| *sum /= count);
                        let event = Event::Hidden(std::mem::take(&mut sequence.numbers));
                        sequence.tell(&event);
                        ended.push(share.sequence);
                    }
                }
                Work::Hold(_) => {}
                Work::Write(writers) => {
                    if !wanted.is_empty()
                        && let Some(logits) = logits.next()
                    {
                        let others = writers.split_off(1);
                        for writer in others {
                            branches.push((share.sequence, writer, logits.to_vec()));
                        }
                        if !sequence.write(logits, self.settings.context) {
                            ended.push(share.sequence);
                        }
                    }
                }
            }
        }
        for (sequence, writer, mut logits) in branches {
            self.branch(sequence, writer, &mut logits);
        }
        ended.sort_unstable();
        for at in ended.into_iter().rev() {
            self.end(at);
        }
    }

    /// Another continuation of a prompt: it shares all blocks, and writes to none that it shares.
    fn branch(&mut self, of: usize, writer: super::job::Writer, logits: &mut [f32]) {
        let trunk = &self.running[of];
        let mut branch = Sequence {
            tokens: trunk.tokens[..trunk.prompt].to_vec(),
            prompt: trunk.prompt,
            computed: trunk.prompt,
            blocks: trunk.blocks[..trunk.prompt.div_ceil(BLOCK)].to_vec(),
            work: Work::Write(vec![writer]),
            rank: trunk.rank,
            is_read: true,
            reused: Some(trunk.prompt),
            numbers: Vec::new(),
        };
        for block in &branch.blocks {
            self.pool.share(*block);
        }
        if branch.write(logits, self.settings.context) {
            self.running.push(branch);
        } else {
            branch.release(&mut self.pool);
        }
    }
}

#[cfg(test)]
mod tests;
