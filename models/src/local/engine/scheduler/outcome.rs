//! What a step made, handed to those who wait for it.

use super::{Scheduler, Share};
use crate::local::decoder::Made;
use crate::local::engine::job::{Event, Work, Writer};
use crate::local::engine::sequence::Sequence;
use crate::local::kernels::{BLOCK, Distribution};

/// Another continuation of a sequence's prompt, and the logits behind that.
struct Branch {
    of: usize,
    writer: Writer,
    logits: Vec<f32>,
}

impl Scheduler {
    /// Hands out what a step made.
    pub(super) fn take(&mut self, shares: &[Share], mut made: Made) {
        let (vocabulary, width) = (self.decoder.vocabulary(), self.decoder.architecture().width);
        let (mut logits, mut hidden) = (
            made.logits.chunks_exact_mut(vocabulary),
            made.hidden.chunks_exact(width),
        );
        let (mut ended, mut branches) = (Vec::new(), Vec::new());
        for share in shares {
            let sequence = &mut self.running[share.sequence];
            let (begin, wanted) = (sequence.computed, sequence.wanted(share.tokens));
            sequence.computed += share.tokens;
            sequence.note_read();
            let goes_on = match &mut sequence.work {
                Work::Hold(_) => true,
                Work::Score(..) => {
                    for (at, logits) in wanted.zip(logits.by_ref()) {
                        let next = sequence.tokens[begin + at + 1] as usize;
                        sequence.numbers.push(Distribution::of(logits).log_probability(next));
                    }
                    sequence.hand_over(Event::Scores)
                }
                Work::Hidden(..) => {
                    sequence.numbers.resize(width, 0.0);
                    let share = 1.0 / sequence.tokens.len() as f32;
                    for state in hidden.by_ref().take(sequence.computed - begin) {
                        let numbers = sequence.numbers.iter_mut().zip(state);
                        numbers.for_each(|(mean, number)| *mean += number * share);
                    }
                    sequence.hand_over(Event::Hidden)
                }
                Work::Write(_) if wanted.is_empty() => true,
                Work::Write(writers) => {
                    let Some(logits) = logits.next() else { break };
                    branches.extend(writers.drain(1..).map(|writer| Branch {
                        of: share.sequence,
                        writer,
                        logits: logits.to_vec(),
                    }));
                    sequence.write(logits, self.settings.context)
                }
            };
            if !goes_on {
                ended.push(share.sequence);
            }
        }
        for branch in branches {
            self.branch(branch);
        }
        ended.sort_unstable();
        for at in ended.into_iter().rev() {
            self.end(at);
        }
    }

    /// Begins a branch.
    fn branch(&mut self, branch: Branch) {
        let mut sequence = self.fork(branch.of, branch.writer);
        let mut logits = branch.logits;
        if sequence.write(&mut logits, self.settings.context) {
            self.running.push(sequence);
        } else {
            sequence.release(&mut self.pool);
        }
    }

    /// Another sequence over the prompt of a running one: it shares all blocks, and writes to none that it shares.
    pub fn fork(&mut self, of: usize, writer: Writer) -> Sequence {
        let trunk = &self.running[of];
        let sequence = Sequence {
            tokens: trunk.tokens[..trunk.prompt].to_vec(),
            prompt: trunk.prompt,
            computed: trunk.prompt,
            blocks: trunk.blocks[..trunk.prompt.div_ceil(BLOCK)].to_vec(),
            work: Work::Write(vec![writer]),
            branch: trunk.branch.clone(),
            passed: trunk.passed,
            is_read: true,
            reused: Some(trunk.prompt),
            numbers: Vec::new(),
        };
        for block in &sequence.blocks {
            self.pool.share(*block);
        }
        sequence
    }
}
