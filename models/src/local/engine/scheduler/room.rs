//! Memory of sequences: who gets blocks, and who gives them up.

use super::{Scheduler, Share};
use crate::local::engine::prefixes::Found;
use crate::local::engine::sequence::Sequence;
use crate::local::kernels::BLOCK;

impl Scheduler {
    /// Gives a sequence what was found for it; whether there is room for the rest.
    pub(super) fn begin(&mut self, sequence: &mut Sequence, found: &Found) -> bool {
        let needed = (sequence.tokens.len() + 1).div_ceil(BLOCK) - found.blocks.len();
        for block in &found.blocks {
            self.pool.share(*block);
        }
        let partly = found.partly.inspect(|(block, _)| self.pool.share(*block));
        // Those who run need a block each soon, and would take it from whoever came last.
        let wished = needed + self.running.len();
        // While others are at work, somebody new does not push out those who will be back before long.
        let works = self.running.iter().any(|running| running.pending() > 0);
        let newcomer = works.then(|| sequence.rank());
        self.prefixes.now = self.counts.steps;
        while self.pool.free() < wished && self.prefixes.give_up(&mut self.pool, newcomer) {}
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
        // All that somebody wants held may be there.
        sequence.note_read();
        true
    }

    /// Makes room for more tokens of a sequence, if need be by taking it from those that go last. Those in `kept` go into
    /// the next step; whoever loses their room is in `gone` then.
    pub(super) fn room(&mut self, at: usize, tokens: usize, kept: &[usize], gone: &mut Vec<usize>) -> bool {
        loop {
            if self.grow(at, tokens) {
                return true;
            }
            if self.prefixes.give_up(&mut self.pool, None) {
                continue;
            }
            let own = self.running[at].rank();
            let others = (0..self.running.len()).filter(|other| {
                *other != at
                    && !kept.contains(other)
                    && !gone.contains(other)
                    && !self.running[*other].blocks.is_empty()
                    && self.running[*other].rank() >= own
            });
            let Some(other) = others.max_by_key(|other| (self.running[*other].rank(), *other)) else {
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

    /// Those who lost their room wait again, before others of their rank.
    pub(super) fn preempt(&mut self, mut gone: Vec<usize>, shares: &mut [Share]) {
        gone.sort_unstable();
        for at in gone.into_iter().rev() {
            let sequence = self.running.remove(at);
            self.counts.preempted += 1;
            let behind = self.waiting.iter().position(|other| other.rank() >= sequence.rank());
            self.waiting.insert(behind.unwrap_or(self.waiting.len()), sequence);
            for share in shares.iter_mut().filter(|share| share.sequence > at) {
                share.sequence -= 1;
            }
        }
    }
}
