//! A run's steps, the runs that they started, and their agents as a tree of rows; wide groups folded into a count.

use super::model::Spot;
use super::page::Row;
use crate::census::{Census, Group, Tally};
use crate::outline::{Rail, choose_agents};
use crate::view::activity;
use std::collections::BTreeSet;
use troupe_core::id::ActorId;
use troupe_core::view::RunView;

/// Rows of a group before the rest of it is folded into a count.
const GROUP_MAX: usize = 12;
/// Levels that are told apart; a team may lead its own kind to any depth.
const LEVELS_MAX: usize = 48;

/// A row of the tree.
pub(super) struct Branch {
    pub(super) row: Row,
    pub(super) rails: Vec<Rail>,
    /// Those who have no row, of a row that stands for them.
    pub(super) rest: Tally,
}

/// The tree as somebody folded and filtered it.
pub(super) fn branches(view: &RunView, census: &Census, spot: &Spot) -> Vec<Branch> {
    let mut tree = Tree {
        view,
        census,
        spot,
        branches: Vec::new(),
    };
    for step in 0..view.steps.len() {
        match spot.filter.is_empty() {
            true => tree.step(step),
            false => tree.found(step),
        }
    }
    tree.branches
}

struct Tree<'a> {
    view: &'a RunView,
    census: &'a Census,
    spot: &'a Spot,
    branches: Vec<Branch>,
}

/// Whose group is listed.
#[derive(Clone, Copy)]
enum Owner {
    Step(usize),
    Lead(ActorId),
}

impl Owner {
    fn rest(self) -> Row {
        match self {
            Self::Step(step) => Row::RestOfStep(number(step)),
            Self::Lead(actor) => Row::RestOfLead(actor),
        }
    }
}

impl Tree<'_> {
    fn push(&mut self, row: Row, rails: &[Rail]) {
        self.branches.push(Branch {
            row,
            rails: rails.to_vec(),
            rest: Tally::default(),
        });
    }

    fn step(&mut self, step: usize) {
        let row = Row::Step(number(step));
        let is_folded = self.spot.turned.contains(&row);
        self.push(row, &[]);
        if is_folded {
            return;
        }
        let children = self.view.steps[step].children.len();
        let is_open = self.spot.turned.contains(&Row::RestOfStep(number(step)));
        let shown = if is_open { children } else { children.min(GROUP_MAX) };
        for child in 0..shown {
            let last = child + 1 == children;
            self.push(
                Row::Child(number(step), number(child)),
                &[if last { Rail::Last } else { Rail::Branch }],
            );
        }
        if children > GROUP_MAX {
            let waiting = (children - shown) as u64;
            self.rest(
                Owner::Step(step),
                Tally {
                    waiting,
                    ..Tally::default()
                },
                &[],
            );
        }
        self.group(Owner::Step(step), self.census.steps[step].roots, 0, &mut Vec::new());
    }

    fn group(&mut self, owner: Owner, group: Group, waiting: u64, rails: &mut Vec<Rail>) {
        let is_wide = group.size() > GROUP_MAX;
        let is_open = self.spot.turned.contains(&owner.rest());
        let mut rest = Tally {
            waiting,
            ..Tally::default()
        };
        let shown: Vec<ActorId> = if is_wide && !is_open {
            let chosen = choose_agents(self.view, self.census, group, GROUP_MAX - 1);
            let seated: BTreeSet<ActorId> = chosen.iter().copied().collect();
            let standing = self.census.members(group).filter(|actor| !seated.contains(actor));
            standing.for_each(|actor| rest += Tally::one(self.view, actor));
            chosen
        } else {
            self.census.members(group).collect()
        };
        let has_rest = rest.total() > 0 || is_wide;
        for (position, actor) in shown.iter().enumerate() {
            let last = position + 1 == shown.len() && !has_rest;
            self.agent(*actor, last, rails);
        }
        if has_rest {
            self.rest(owner, rest, rails);
        }
    }

    fn agent(&mut self, actor: ActorId, last: bool, rails: &mut Vec<Rail>) {
        rails.push(if last { Rail::Last } else { Rail::Branch });
        self.push(Row::Agent(actor), rails);
        rails.pop();
        if self.spot.turned.contains(&Row::Agent(actor)) || rails.len() >= LEVELS_MAX {
            return;
        }
        let waiting = self.view.agents[actor.at()].waiting;
        let led = self.census.children(actor);
        if led.size() > 0 || waiting > 0 {
            rails.push(if last { Rail::Gap } else { Rail::Through });
            self.group(Owner::Lead(actor), led, waiting.into(), rails);
            rails.pop();
        }
    }

    fn rest(&mut self, owner: Owner, rest: Tally, rails: &[Rail]) {
        let rails = rails.iter().copied().chain([Rail::Last]).collect();
        let row = owner.rest();
        self.branches.push(Branch { row, rails, rest });
    }

    /// A step and those of its agents that the filter admits, all beside each other.
    fn found(&mut self, step: usize) {
        let at = self.branches.len();
        let view = self.view;
        for (actor, agent) in (0u32..).zip(&view.agents).filter(|(_, agent)| agent.step.at() == step) {
            let is_meant = self.spot.admits(&agent.address)
                || self.spot.admits(&agent.task)
                || self.spot.admits(&activity(view, agent));
            if is_meant {
                self.push(Row::Agent(ActorId(actor)), &[]);
            }
        }
        if self.branches.len() > at || self.spot.admits(&view.steps[step].name) {
            let branch = Branch {
                row: Row::Step(number(step)),
                rails: Vec::new(),
                rest: Tally::default(),
            };
            self.branches.insert(at, branch);
        }
    }
}

/// Positions are told in 32 bits: no view has more of anything.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
