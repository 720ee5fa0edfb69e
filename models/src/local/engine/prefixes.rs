//! What was computed before and may be asked for again: a tree of token sequences, a block of each node
//! (RadixAttention, Zheng et al. 2024).

use super::pool::Pool;
use crate::local::kernels::BLOCK;
use std::cmp::Reverse;
use std::sync::{Arc, Weak};
use troupe_core::port::branch::Branch;

/// How much of a sequence is there already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Its first tokens, in whole blocks.
    pub blocks: Vec<usize>,
    /// A block of which only the first tokens are the sequence's, and how many.
    pub partly: Option<(usize, usize)>,
}

impl Found {
    /// Tokens that need not be computed.
    pub fn tokens(&self) -> usize {
        self.blocks.len() * BLOCK + self.partly.map_or(0, |(_, tokens)| tokens)
    }

    /// What the first `tokens` tokens of a sequence in `blocks` are.
    pub fn of(blocks: &[usize], tokens: usize) -> Self {
        let whole = tokens / BLOCK;
        let rest = tokens % BLOCK;
        Self {
            blocks: blocks[..whole].to_vec(),
            partly: (rest > 0).then(|| (blocks[whole], rest)),
        }
    }
}

struct Node {
    /// At most a block's; only a leaf has fewer.
    tokens: Vec<u32>,
    block: usize,
    children: Vec<usize>,
    parent: Option<usize>,
    /// When it was last of use.
    used: u64,
    /// The agent whose next request begins with it, for as long as there may be one; and the step when it was kept.
    expected: Option<(Weak<Branch>, u64)>,
}

impl Node {
    fn branch(&self) -> Option<Arc<Branch>> {
        self.expected.as_ref()?.0.upgrade()
    }

    /// Lower ones are given up first: what nobody will ask for, then what is asked for after others, then what those
    /// ask for who began last.
    fn worth(&self) -> (u8, Reverse<u32>, u64) {
        match self.branch() {
            None => (0, Reverse(0), self.used),
            Some(branch) => (1 + u8::from(!branch.waits()), Reverse(branch.rank()), self.used),
        }
    }

    /// Whether somebody new of this rank leaves it where it is: an older agent will be back for it before long.
    fn is_spared(&self, rank: u32, now: u64) -> bool {
        let branch = self.branch().filter(|branch| !branch.waits() && branch.rank() < rank);
        let kept = self.expected.as_ref().map_or(0, |(_, step)| *step);
        branch.is_some() && now.saturating_sub(kept) < PATIENCE
    }
}

/// Steps for which an agent that runs its tools is waited for: after that its memory serves somebody else.
const PATIENCE: u64 = 64;

/// The tree. It holds one reference to the block of each node.
#[derive(Default)]
pub struct Prefixes {
    nodes: Vec<Option<Node>>,
    vacant: Vec<usize>,
    roots: Vec<usize>,
    clock: u64,
    /// The engine's current step.
    pub now: u64,
}

/// How many tokens two sequences begin with alike.
pub fn alike(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl Prefixes {
    /// The longest beginning of `tokens` that is there.
    pub fn find(&mut self, tokens: &[u32]) -> Found {
        let mut found = Found::default();
        self.walk(tokens, |node, alike| {
            if alike == BLOCK {
                found.blocks.push(node.block);
            } else {
                found.partly = Some((node.block, alike));
            }
        });
        found
    }

    /// Keeps the blocks of `tokens`, as far as they are not there yet.
    /// `branch`: whoever may go on from them.
    pub fn keep(&mut self, tokens: &[u32], blocks: &[usize], branch: Option<&Arc<Branch>>, pool: &mut Pool) {
        let mut parent = None;
        self.clock += 1;
        for (tokens, block) in tokens.chunks(BLOCK).zip(blocks) {
            let same = self.best(parent, tokens);
            parent = match same {
                Some((node, alike)) if alike == tokens.len() => Some(node),
                // A leaf that was shorter gives way to what it became.
                Some((node, alike)) if self.node(node).tokens.len() == alike => {
                    pool.share(*block);
                    let node_in = self.node_mut(node);
                    let before = std::mem::replace(&mut node_in.block, *block);
                    node_in.tokens = tokens.to_vec();
                    pool.release(before);
                    Some(node)
                }
                _ => {
                    pool.share(*block);
                    Some(self.add(parent, tokens, *block))
                }
            };
            if let Some(node) = parent {
                let (clock, now) = (self.clock, self.now);
                let node = self.node_mut(node);
                node.used = clock;
                if let Some(branch) = branch {
                    node.expected = Some((Arc::downgrade(branch), now));
                }
            }
        }
    }

    /// Gives up what nobody holds and will be of use last, or was of no use for the longest time; whether there was
    /// anything. `newcomer`: the rank of whoever begins with it, where that can wait.
    pub fn give_up(&mut self, pool: &mut Pool, newcomer: Option<u32>) -> bool {
        let leaves = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(at, node)| Some((at, node.as_ref()?)));
        let spare = leaves.filter(|(_, node)| node.children.is_empty() && !pool.is_shared(node.block));
        let spare = spare.filter(|(_, node)| newcomer.is_none_or(|rank| !node.is_spared(rank, self.now)));
        let Some((at, _)) = spare.min_by_key(|(_, node)| node.worth()) else {
            return false;
        };
        if let Some(node) = self.nodes[at].take() {
            let siblings = match node.parent {
                Some(parent) => &mut self.node_mut(parent).children,
                None => &mut self.roots,
            };
            siblings.retain(|sibling| *sibling != at);
            self.vacant.push(at);
            pool.release(node.block);
        }
        true
    }

    /// Goes along `tokens` as far as there are nodes; each is told with how many of its tokens are theirs.
    fn walk(&mut self, tokens: &[u32], mut visit: impl FnMut(&mut Node, usize)) {
        self.clock += 1;
        let (clock, mut parent) = (self.clock, None);
        for tokens in tokens.chunks(BLOCK) {
            let Some((node, alike)) = self.best(parent, tokens) else {
                break;
            };
            let node_in = self.node_mut(node);
            node_in.used = clock;
            visit(node_in, alike);
            if alike < BLOCK {
                break;
            }
            parent = Some(node);
        }
    }

    /// The child that begins most like `tokens`.
    fn best(&self, parent: Option<usize>, tokens: &[u32]) -> Option<(usize, usize)> {
        let children = parent.map_or(&self.roots, |parent| &self.node(parent).children);
        let alike = children
            .iter()
            .map(|child| (*child, alike(&self.node(*child).tokens, tokens)));
        alike.filter(|(_, alike)| *alike > 0).max_by_key(|(_, alike)| *alike)
    }

    fn add(&mut self, parent: Option<usize>, tokens: &[u32], block: usize) -> usize {
        let node = Node {
            tokens: tokens.to_vec(),
            block,
            children: Vec::new(),
            parent,
            used: self.clock,
            expected: None,
        };
        let at = self.vacant.pop().unwrap_or(self.nodes.len());
        if at == self.nodes.len() {
            self.nodes.push(Some(node));
        } else {
            self.nodes[at] = Some(node);
        }
        match parent {
            Some(parent) => self.node_mut(parent).children.push(at),
            None => self.roots.push(at),
        }
        at
    }

    fn node(&self, at: usize) -> &Node {
        self.nodes[at].as_ref().expect("links lead to nodes")
    }

    fn node_mut(&mut self, at: usize) -> &mut Node {
        self.nodes[at].as_mut().expect("links lead to nodes")
    }
}
