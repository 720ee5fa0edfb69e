//! The agents of a view by step and by lead, counted in one pass that allocates nothing per agent's text.

use std::ops::AddAssign;
use troupe_core::id::ActorId;
use troupe_core::message::Usage;
use troupe_core::view::{AgentStatus, AgentView, RunView};

const NOBODY: u32 = u32::MAX;

/// Who belongs to whom.
pub(crate) struct Census {
    /// By step, in the view's order.
    pub(crate) steps: Vec<StepCensus>,
    /// Agents that still work, over all steps.
    pub(crate) live: u64,
    kin: Vec<Kin>,
}

/// The agents of a step.
#[derive(Clone, Copy, Default)]
pub(crate) struct StepCensus {
    /// Agents started, subagents included.
    pub(crate) agents: u64,
    /// Those that still work.
    pub(crate) live: u64,
    /// Their model usage.
    pub(crate) usage: Usage,
    /// The agents that work on its items, not those below them.
    pub(crate) roots: Group,
}

/// Agents with the same lead, or the roots of a step: a list threaded through [`Census`].
#[derive(Clone, Copy)]
pub(crate) struct Group {
    first: u32,
    last: u32,
    size: u32,
}

#[derive(Clone, Copy, Default)]
struct Kin {
    children: Group,
    next: Option<u32>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            first: NOBODY,
            last: NOBODY,
            size: 0,
        }
    }
}

impl Group {
    /// How many.
    pub(crate) fn size(self) -> usize {
        self.size as usize
    }
}

impl Census {
    /// Counts the agents of a view.
    pub(crate) fn of(view: &RunView) -> Self {
        let mut census = Self {
            steps: vec![StepCensus::default(); view.steps.len()],
            live: 0,
            kin: vec![Kin::default(); view.agents.len()],
        };
        for (at, agent) in (0u32..).zip(&view.agents) {
            let live = u64::from(works(view, agent));
            let Some(step) = census.steps.get_mut(agent.step.at()) else {
                continue;
            };
            step.agents += 1;
            step.live += live;
            step.usage += agent.usage;
            census.live += live;
            let mut group = match agent.parent {
                None => step.roots,
                Some(parent) => census.kin[parent.at()].children,
            };
            match group.last {
                NOBODY => group.first = at,
                last => census.kin[last as usize].next = Some(at),
            }
            (group.last, group.size) = (at, group.size + 1);
            match agent.parent {
                None => census.steps[agent.step.at()].roots = group,
                Some(parent) => census.kin[parent.at()].children = group,
            }
        }
        census
    }

    /// The subagents of an agent.
    pub(crate) fn children(&self, actor: ActorId) -> Group {
        self.kin[actor.at()].children
    }

    /// The agents of a group in the order in which they started.
    pub(crate) fn members(&self, group: Group) -> impl Iterator<Item = ActorId> {
        let first = (group.size > 0).then_some(group.first);
        std::iter::successors(first, |at| self.kin[*at as usize].next).map(ActorId)
    }
}

/// Whether an agent still works; nobody does once the run is over.
pub(crate) fn works(view: &RunView, agent: &AgentView) -> bool {
    agent.status.is_live() && !view.status.is_over()
}

/// Where agents stand, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Still at work.
    pub(crate) working: u64,
    /// Ended with an answer.
    pub(crate) answered: u64,
    /// Ended without one.
    pub(crate) failed: u64,
    /// Cut off by the end of the run.
    pub(crate) stopped: u64,
    /// Not started yet.
    pub(crate) waiting: u64,
}

impl Tally {
    /// All of a group.
    pub(crate) fn of(view: &RunView, census: &Census, group: Group) -> Self {
        let mut tally = Self::default();
        census.members(group).for_each(|actor| tally += Self::one(view, actor));
        tally
    }

    /// One agent.
    pub(crate) fn one(view: &RunView, actor: ActorId) -> Self {
        let agent = &view.agents[actor.at()];
        let mut tally = Self::default();
        *match &agent.status {
            AgentStatus::Answered => &mut tally.answered,
            AgentStatus::Failed(_) => &mut tally.failed,
            _ if works(view, agent) => &mut tally.working,
            _ => &mut tally.stopped,
        } = 1;
        tally
    }

    /// All of them.
    pub(crate) fn total(self) -> u64 {
        self.working + self.answered + self.failed + self.stopped + self.waiting
    }

    /// `7 more waiting`, `41 more: 4 failed, 30 answered, 7 waiting`.
    pub(crate) fn more(self) -> String {
        let (total, words) = (self.total(), self.words());
        match words.split_once(' ') {
            Some((_, word)) if !words.contains(',') => format!("{total} more {word}"),
            _ => format!("{total} more: {words}"),
        }
    }

    /// `4 failed, 30 answered, 7 waiting`.
    pub(crate) fn words(self) -> String {
        let parts = [
            (self.failed, "failed"),
            (self.working, "working"),
            (self.answered, "answered"),
            (self.stopped, "stopped"),
            (self.waiting, "waiting"),
        ];
        let parts = parts.iter().filter(|(n, _)| *n > 0);
        let words: Vec<String> = parts.map(|(n, word)| format!("{n} {word}")).collect();
        words.join(", ")
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.working += other.working;
        self.answered += other.answered;
        self.failed += other.failed;
        self.stopped += other.stopped;
        self.waiting += other.waiting;
    }
}
